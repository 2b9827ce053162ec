//! `cargo xtask conformance`: every rule on every backend.
//!
//! The suite for all of them takes minutes to compile, so it is a program of its own, and this one short.

use crate::tools::{command, replace, succeed, target};
use anyrt_conformance::spec;
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const BUILD: &str = "build --quiet --workspace --all-features --bin backends";

const USAGE: &str = "\
usage: cargo xtask conformance [--backend NAME]... [--json] [--write]

  --backend NAME  only this one, of: tokio, tokio-current-thread, smol, async-std, erased
  --json          prints an array of reports
  --write         updates the block of README.md, and the tables of conformance/SPEC.md
";

#[derive(Default)]
struct Options {
    backends: Vec<String>,
    json: bool,
    write: bool,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--json" => options.json = true,
                "--write" => options.write = true,
                "--backend" => match args.next() {
                    Some(name) if !name.starts_with('-') => options.backends.push(name.clone()),
                    _ => return Err(format!("--backend wants a name\n{USAGE}")),
                },
                other => return Err(format!("unknown argument: {other}\n{USAGE}")),
            }
        }
        if options.write && !options.backends.is_empty() {
            return Err("--write wants all backends, for it replaces the whole table".into());
        }
        if options.write && options.json {
            return Err("--write prints no JSON".into());
        }
        Ok(options)
    }
}

/// Runs the command.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), String> {
    let options = Options::parse(args)?;
    let mut suite = Command::new(program(root)?);
    suite.current_dir(root);
    suite.args(options.json.then_some("--json"));
    suite.args(options.write.then_some("--matrix"));
    suite.args(&options.backends);
    if options.write {
        suite.stdout(Stdio::piped());
    }
    let child = suite.spawn().map_err(|error| error.to_string())?;
    let done = child
        .wait_with_output()
        .map_err(|error| error.to_string())?;
    if options.write {
        let table = String::from_utf8(done.stdout).map_err(|error| error.to_string())?;
        if !table.is_empty() {
            replace(
                &root.join("README.md"),
                "conformance",
                &format!("\n{table}\n"),
            )?;
        }
        let tables = format!("{}\n", spec());
        replace(&root.join("conformance/SPEC.md"), "rules", &tables)?;
    }
    match done.status.success() {
        true => Ok(()),
        false => Err("the suite failed".to_owned()),
    }
}

/// Builds the program. With all features of the workspace it shares with `cargo test` what is beneath it.
fn program(root: &Path) -> Result<PathBuf, String> {
    let mut cargo = command(root);
    cargo.args(BUILD.split_whitespace());
    succeed(&mut cargo)?;
    Ok(target(root).join("debug/backends"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Options, String> {
        Options::parse(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn unknown_words_are_errors() {
        assert!(parse(&["--backend"]).is_err());
        assert!(parse(&["--backend", "--json"]).is_err());
        assert!(parse(&["tokio"]).is_err());
        assert!(parse(&["--write", "--backend", "smol"]).is_err());
        assert!(parse(&["--write", "--json"]).is_err());
    }

    #[test]
    fn backends_are_named_one_by_one() {
        assert!(parse(&[]).unwrap().backends.is_empty());
        let named = parse(&["--backend", "smol", "--json", "--backend", "tokio"]).unwrap();
        assert_eq!(named.backends, ["smol", "tokio"]);
        assert!(named.json && !named.write);
    }
}
