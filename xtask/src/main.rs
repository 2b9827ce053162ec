//! The one entry point for checks: `cargo xtask ci` runs all that CI runs.

mod ci;
mod conformance;
mod manifest;
mod mutants;
mod schedules;
mod tidy;
mod tools;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

const USAGE: &str = "\
usage: cargo xtask <command>

  ci                  every check, in order, up to the first that fails
  tidy                the checks of the sources' text: headers, sizes, banned code, rule ids, cancel safety;
                      --write updates the table of operations
  conformance [..]    the conformance suite on every backend; --write updates its tables
  schedules [N]       the suite on the simulator, under N schedules: 1,000 unless said
  mutants [..]        the suite against faults: every MUST has to fail on one; --full: on no other
";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let outcome = match args.split_first() {
        Some((command, rest)) => run(command, rest),
        None => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str, args: &[String]) -> Result<(), String> {
    match (command, args) {
        ("ci", []) => ci::run(&root()),
        ("conformance", args) => conformance::run(&root(), args),
        ("schedules", args) => schedules::run(&root(), args),
        ("mutants", args) => mutants::run(&root(), args),
        ("tidy", []) => tidy::run(&root()),
        ("tidy", [write]) if write == "--write" => tidy::write(&root()),
        ("help" | "--help" | "-h", _) => {
            print!("{USAGE}");
            Ok(())
        }
        // An argument that is not understood is an error: `ci --fast` must not pass for `ci`.
        _ => Err(format!(
            "xtask: cannot run `{command} {}`\n\n{USAGE}",
            args.join(" ")
        )),
    }
}

/// The root of the workspace, wherever the command was started.
///
/// The path is asked for at run time: two clones that share a target directory share this
/// program, too, and the one built in would be the other's.
fn root() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.parent().map(Path::to_path_buf).unwrap_or_default()
}
