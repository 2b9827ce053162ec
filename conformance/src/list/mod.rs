//! The master list: what the table, the dispatch and the tests of [`suite!`](crate::suite) are made of.
//!
//! A file an area or two; each passes what it was given on to the next, with its own rules added.

mod coordination;
mod groups;
mod lifecycle;
mod limits;
mod operations;
mod tasks;
mod toolkit;

/// Calls the macro in the brackets with all rules, each
/// `(test name, area::function, id, level, kind, text)`, after what else it was given.
#[doc(hidden)]
#[macro_export]
macro_rules! __for_each_rule {
    ([$($callback:tt)+] $($given:tt)*) => {
        $crate::__rules_tasks! { [$($callback)+] [$($given)*] [] }
    };
}
