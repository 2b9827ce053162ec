//! A table of operations, each with a test of its cancel safety. `cargo xtask tidy` reads the rows, and holds them
//! against the docs.
//!
//! The tests of the toolkit include this file, too.

/// Makes a test a row: a file below the sources, an item in it, and the function that drops it at each of its points.
macro_rules! table {
    ($($file:literal { $($item:literal => $module:ident::$test:ident),+ $(,)? })+) => {
        $($(
            #[test]
            fn $test() {
                $module::$test();
            }
        )+)+
    };
}
