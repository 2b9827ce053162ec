//! The conformance suite of [anyrt](https://docs.rs/anyrt): one named test per rule, for any backend.
//!
//! A backend is a type that implements [`Runtime`](anyrt_core::rt::Runtime) and
//! [`BlockOn`](anyrt_core::rt::BlockOn). What those promise is written down in [`SPEC.md`](spec_md), rule by
//! rule, each with a permanent id. To find out whether your backend keeps them, put this
//! into `tests/conformance.rs`:
//!
//! ```
//! # macro_rules! skip { ($($t:tt)*) => {} }
//! # skip! {
//! anyrt_conformance::suite!(MyRuntime::new());
//! # }
//! ```
//!
//! It makes a `#[test]` of each rule, such as `sp_02_dropping_a_handle_detaches`. Each builds the
//! backend anew with the expression and runs on a thread of its own under a watchdog, so that a hang
//! is told from a failure. Rules that do not apply say why (`cargo test -- --show-output`).
//!
//! # Rules that your backend breaks
//!
//! List them in a file, an id and a reason a line, and name the file, relative to the test's own:
//!
//! ```
//! # macro_rules! skip { ($($t:tt)*) => {} }
//! # skip! {
//! anyrt_conformance::suite!(MyRuntime::new(), expectations = "expectations.txt");
//! # }
//! ```
//!
//! ```text
//! # expectations.txt
//! SP-11 handles of this executor carry no location
//! ```
//!
//! A listed rule must fail, or hang: when it passes, its line has to go. A MUST in that file means
//! that the backend does not conform, and the file says so to everyone.
//!
//! # Signals
//!
//! A backend that has [`Signals`](anyrt_core::rt::Signals) says so, and how one is raised; otherwise those rules are
//! skipped:
//!
//! ```
//! # macro_rules! skip { ($($t:tt)*) => {} }
//! # skip! {
//! anyrt_conformance::suite!(MyRuntime::new(), signals = |_, signal| anyrt_conformance::raise(signal));
//! # }
//! ```
//!
//! # As a program
//!
//! [`run_all`] and [`Suite`] give a [`Report`] to print as text, JSON or Markdown. [`probe`] has what the rules
//! watch backends with, and [`mutant`] runtimes that break one promise each, for tests of your own.

mod expectations;
mod list;
mod manual;
mod mortal;
pub mod mutant;
mod outcome;
pub mod probe;
mod report;
mod rule;
pub mod rules;
mod runner;
mod signal;

#[doc = include_str!("../SPEC.md")]
pub mod spec_md {}

pub use expectations::{Expectations, ExpectationsError};
pub use outcome::{Backend, Ctx, Outcome, Stop};
pub use report::{Entry, Report, Verdict, matrix};
pub use rule::{AREAS, Kind, Level, RULES, Rule, spec};
#[doc(hidden)]
pub use runner::__test;
pub use runner::{Suite, WATCHDOG, run_all, watched};
pub use signal::raise;

/// Makes a `#[test]` of each rule, for the backend that the expression builds.
///
/// See the [crate's docs](crate). One suite a module: for several backends write several modules.
#[macro_export]
macro_rules! suite {
    ($make:expr $(,)?) => {
        $crate::__for_each_rule! { [$crate::__tests] ($crate::Suite::new("", || $make)) ("") }
    };
    ($make:expr, signals = $raise:expr $(,)?) => {
        $crate::__for_each_rule! {
            [$crate::__tests] ($crate::Suite::new("", || $make).signals($raise)) ("")
        }
    };
    ($make:expr, expectations = $path:expr $(,)?) => {
        $crate::__for_each_rule! {
            [$crate::__tests] ($crate::Suite::new("", || $make)) (include_str!($path))
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    (
        [($suite:expr) ($expectations:expr)]
        $(($name:ident, $area:ident::$function:ident, $id:literal, $level:ident, $kind:ident, $text:literal))+
    ) => {$(
        #[test]
        #[doc = $text]
        fn $name() {
            $crate::__test($id, $suite, $expectations);
        }
    )+};
}
