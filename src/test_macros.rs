//! The macros that `#[anyrt::test]` expands to: a test for each backend that is on. Which ones are on this crate
//! knows, and a proc macro does not. Here are no tests.
//!
//! Each feature has a macro that gives back what it is given, or nothing. These pairs are written out. A macro
//! could write them, but `$crate::` finds no macro that a macro of the same crate has exported: rustc denies that
//! (`macro_expanded_macro_exports_accessed_by_absolute_paths`). The three tests on threads differ by name and type
//! alone: to write them once would take one more exported macro, and save no lines.

/// One test a backend that is on, of an async function of any runtime.
#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    ($run:ident, $seeds:expr, $($attribute:tt)*) => {
        $crate::__on_tokio! {
            $($attribute)*
            #[::core::prelude::v1::test]
            fn tokio() {
                let rt = <$crate::tokio::Tokio as ::core::default::Default>::default();
                $crate::BlockOn::block_on(&rt, $run(::core::clone::Clone::clone(&rt)))
            }
        }
        $crate::__on_smol! {
            $($attribute)*
            #[::core::prelude::v1::test]
            fn smol() {
                let rt = <$crate::smol::Smol as ::core::default::Default>::default();
                $crate::BlockOn::block_on(&rt, $run(::core::clone::Clone::clone(&rt)))
            }
        }
        $crate::__on_async_std! {
            $($attribute)*
            #[::core::prelude::v1::test]
            fn async_std() {
                let rt = <$crate::async_std::AsyncStd as ::core::default::Default>::default();
                $crate::BlockOn::block_on(&rt, $run(::core::clone::Clone::clone(&rt)))
            }
        }
        $crate::__on_sim! {
            $($attribute)*
            #[::core::prelude::v1::test]
            fn sim() {
                $crate::sim::check($seeds, $run);
            }
        }
        $crate::__on_none! {}
    };
}

#[doc(hidden)]
#[cfg(feature = "tokio")]
#[macro_export]
macro_rules! __on_tokio {
    ($($item:tt)*) => { $($item)* };
}

#[doc(hidden)]
#[cfg(not(feature = "tokio"))]
#[macro_export]
macro_rules! __on_tokio {
    ($($item:tt)*) => {};
}

#[doc(hidden)]
#[cfg(feature = "smol")]
#[macro_export]
macro_rules! __on_smol {
    ($($item:tt)*) => { $($item)* };
}

#[doc(hidden)]
#[cfg(not(feature = "smol"))]
#[macro_export]
macro_rules! __on_smol {
    ($($item:tt)*) => {};
}

#[doc(hidden)]
#[cfg(feature = "async-std")]
#[macro_export]
macro_rules! __on_async_std {
    ($($item:tt)*) => { $($item)* };
}

#[doc(hidden)]
#[cfg(not(feature = "async-std"))]
#[macro_export]
macro_rules! __on_async_std {
    ($($item:tt)*) => {};
}

#[doc(hidden)]
#[cfg(feature = "sim")]
#[macro_export]
macro_rules! __on_sim {
    ($($item:tt)*) => { $($item)* };
}

#[doc(hidden)]
#[cfg(not(feature = "sim"))]
#[macro_export]
macro_rules! __on_sim {
    ($($item:tt)*) => {};
}

#[doc(hidden)]
#[cfg(any(
    feature = "tokio",
    feature = "smol",
    feature = "async-std",
    feature = "sim"
))]
#[macro_export]
macro_rules! __on_none {
    () => {};
}

// A test that runs nowhere must not pass for one.
#[doc(hidden)]
#[cfg(not(any(
    feature = "tokio",
    feature = "smol",
    feature = "async-std",
    feature = "sim"
)))]
#[macro_export]
macro_rules! __on_none {
    () => {
        ::core::compile_error!(
            "anyrt has nothing to test on: turn on one of its features `tokio`, `smol`, `async-std`, `sim`, \
             as a dev-dependency: `anyrt = { version = \"0.1\", features = [\"sim\"] }`"
        );
    };
}
