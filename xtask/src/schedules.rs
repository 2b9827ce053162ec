//! `cargo xtask schedules`: every rule on the simulator, under many schedules.
//!
//! `cargo test` has a few of them; this finds what is rare.

use crate::tools;
use std::path::Path;

const SCHEDULES: u64 = 1_000;
const TEST: &str =
    "test --release -p anyrt-sim --test conformance all_rules_hold_under_all_schedules";

/// Runs the command.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), String> {
    let schedules = parse(args)?;
    let mut cargo = tools::command(root);
    cargo.args(TEST.split_whitespace());
    tools::succeed(cargo.env("ANYRT_SIM_SEEDS", schedules.to_string()))
}

fn parse(args: &[String]) -> Result<u64, String> {
    match args {
        [] => Ok(SCHEDULES),
        [number] => match number.parse() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(format!("not a number of schedules: {number}")),
        },
        _ => Err("usage: cargo xtask schedules [N]".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_schedules_is_more_than_none() {
        let parse =
            |args: &[&str]| parse(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>());
        assert_eq!(parse(&[]), Ok(SCHEDULES));
        assert_eq!(parse(&["12"]), Ok(12));
        for args in [&["0"][..], &["-1"], &["many"], &["1", "2"]] {
            assert!(parse(args).is_err(), "{args:?}");
        }
    }
}
