//! `#[test]` and `#[main]`.

use anyrt::prelude::*;
use std::process::Command;

#[anyrt::test]
async fn by_value(rt: impl Runtime) {
    assert_eq!(rt.spawn(async { 42 }).await.unwrap(), 42);
}

#[anyrt::test(seeds = 3)]
async fn by_reference<R: Runtime>(rt: &R) -> Result<(), std::num::ParseIntError> {
    let seven: u32 = "7".parse()?;
    assert_eq!(rt.spawn(async { 7 }).await.unwrap(), seven);
    Ok(())
}

#[anyrt::test(seeds = 3)]
#[should_panic(expected = "InvalidDigit")]
async fn an_error_fails_it(rt: impl Runtime) -> Result<(), std::num::ParseIntError> {
    rt.spawn(async { "seven".parse() })
        .await
        .unwrap()
        .map(|_: u32| ())
}

#[anyrt::test(seeds = 3)]
#[should_panic(expected = "as it should")]
async fn a_panic_fails_it(rt: impl Runtime) {
    panic!("{} panics, as it should", rt.name());
}

/// A test a backend: none is left out, and none is there twice.
#[test]
fn there_is_a_test_for_each_backend() {
    let mut itself = Command::new(std::env::current_exe().unwrap());
    let listed = itself.args(["--list", "entry::by_value"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let mut tests: Vec<_> = listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .collect();
    tests.sort_unstable();
    let mut want = Vec::new();
    for (is_on, name) in [
        (cfg!(feature = "async-std"), "entry::by_value::async_std"),
        (cfg!(feature = "sim"), "entry::by_value::sim"),
        (cfg!(feature = "smol"), "entry::by_value::smol"),
        (cfg!(feature = "tokio"), "entry::by_value::tokio"),
    ] {
        want.extend(is_on.then_some(name));
    }
    assert_eq!(tests, want);
}

#[cfg(feature = "sim")]
#[anyrt::test(seeds = 7)]
async fn tells(rt: impl Runtime) {
    println!("a run on {}", rt.name());
}

#[cfg(feature = "sim")]
#[test]
fn the_simulator_tries_as_many_schedules_as_it_is_told() {
    let mut itself = Command::new(std::env::current_exe().unwrap());
    let told = itself.args(["--exact", "entry::tells::sim", "--nocapture"]);
    let told = told.env_remove("ANYRT_SIM_SEEDS").output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    assert_eq!(told.matches("a run on sim").count(), 7, "{told}");
}

#[cfg(feature = "smol")]
mod smol {
    use anyrt::{prelude::*, smol::Smol};
    use std::num::ParseIntError;

    /// Docs.
    #[anyrt::main]
    async fn parsed(rt: Smol) -> Result<u32, ParseIntError> {
        let seven = rt.spawn(async { "7".parse() }).await.unwrap()?;
        Ok(seven)
    }

    #[anyrt::main(rt = Smol::global())]
    async fn with_a_value(rt: &impl Runtime) -> &'static str {
        rt.name()
    }

    #[anyrt::main(rt = Smol::global())]
    async fn without_an_argument() -> u32 {
        7
    }

    #[test]
    fn main_blocks_on_its_body() {
        assert_eq!(parsed(), Ok(7));
        assert_eq!(with_a_value(), "smol");
        assert_eq!(without_an_argument(), 7);
    }
}

#[cfg(all(
    any(feature = "tokio", feature = "smol", feature = "async-std"),
    not(all(feature = "tokio", feature = "smol")),
    not(all(feature = "tokio", feature = "async-std")),
    not(all(feature = "smol", feature = "async-std")),
))]
mod default {
    use anyrt::{Elapsed, prelude::*};
    use std::future::pending;

    #[anyrt::timeout("1ms")]
    async fn forever() -> Result<(), Elapsed> {
        pending().await
    }

    #[anyrt::main]
    async fn by_default() -> bool {
        forever().await.is_err()
    }

    #[anyrt::main]
    async fn by_default_with_an_argument(rt: impl Runtime) -> &'static str {
        rt.name()
    }

    #[cfg(feature = "toolkit")]
    mod toolkit {
        use anyrt::{cancel::Cancelled, limit::RateLimitError};

        #[anyrt::rate_limited(1_000_000 per second)]
        async fn rated() -> Result<u32, RateLimitError> {
            Ok(1)
        }

        #[anyrt::concurrent_limited(1)]
        async fn limited(n: u32) -> Result<u32, Cancelled> {
            Ok(n * 2)
        }

        #[anyrt::cached(capacity = 1)]
        async fn cached(n: u32) -> u32 {
            n * 3
        }

        #[anyrt::retry(attempts = 2)]
        async fn retried() -> Result<u32, ()> {
            Ok(4)
        }

        #[test]
        fn the_default_runtime_needs_no_name() {
            anyrt::run(async {
                assert_eq!(rated().await, Ok(1));
                assert_eq!(limited(1).await, Ok(2));
                assert_eq!((cached(1).await, cached(1).await), (3, 3));
                assert_eq!(retried().await, Ok(4));
            });
        }
    }

    #[test]
    fn the_default_runtime_needs_no_name() {
        assert!(by_default());
        assert_eq!(by_default_with_an_argument(), anyrt::runtime().name());
    }
}
