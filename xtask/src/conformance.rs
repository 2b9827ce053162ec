//! `cargo xtask conformance`: every rule on every backend.

use anyrt_async_std::AsyncStd;
use anyrt_conformance::{Backend, Report, Suite, matrix, raise, spec};
use anyrt_core::{ConfigError, erased::DynRuntime, rt::Signals};
use anyrt_smol::Smol;
use anyrt_tokio::Tokio;
use std::{fs, path::Path};

const USAGE: &str = "\
usage: cargo xtask conformance [--backend NAME]... [--json] [--write]

  --backend NAME  only this one, of: tokio, tokio-current-thread, smol, async-std, erased
  --json          prints an array of reports
  --write         updates the block of README.md, and the tables of conformance/SPEC.md
";

/// A backend's name, and what runs the suite on it.
type Row = (&'static str, fn(&'static str) -> Report);

const BACKENDS: &[Row] = &[
    ("tokio", |name| {
        with_signals(name, || built(Tokio::multi_thread()))
    }),
    ("tokio-current-thread", |name| {
        with_signals(name, || built(Tokio::current_thread()))
    }),
    ("smol", |name| with_signals(name, Smol::new)),
    ("async-std", |name| with_signals(name, AsyncStd::default)),
    ("erased", |name| {
        Suite::new(name, || DynRuntime::new(built(Tokio::multi_thread()))).run()
    }),
];

fn with_signals<R: Backend + Signals>(
    name: &str,
    make: impl Fn() -> R + Send + Sync + 'static,
) -> Report {
    let suite = Suite::new(name, make);
    suite.signals(|_, signal| raise(signal)).run()
}

/// The runner takes a panic for a failure of each rule, message and all.
fn built<R>(made: Result<R, ConfigError>) -> R {
    made.unwrap_or_else(|error| panic!("the backend cannot be built: {error}"))
}

#[derive(Default)]
struct Options {
    backends: Vec<Row>,
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
                "--backend" => {
                    let name = args.next().ok_or("--backend wants a name")?;
                    let known = BACKENDS.iter().find(|(backend, _)| backend == name);
                    options
                        .backends
                        .push(*known.ok_or(format!("unknown backend: {name}\n{USAGE}"))?);
                }
                other => return Err(format!("unknown argument: {other}\n{USAGE}")),
            }
        }
        if options.write && !options.backends.is_empty() {
            return Err("--write wants all backends, for it replaces the whole table".into());
        }
        if options.backends.is_empty() {
            options.backends = BACKENDS.to_vec();
        }
        Ok(options)
    }
}

/// Runs the command.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), String> {
    let options = Options::parse(args)?;
    let mut reports = Vec::new();
    for (name, run) in &options.backends {
        let report = run(name);
        if !options.json {
            println!("{}", report.to_text());
        }
        reports.push(report);
    }
    if options.json {
        let reports: Vec<_> = reports.iter().map(Report::to_json).collect();
        println!("[{}]", reports.join(",\n "));
    }
    if options.write {
        let table = format!("\n{}\n", matrix(&reports));
        replace(&root.join("README.md"), "conformance", &table)?;
        let tables = format!("{}\n", spec());
        replace(&root.join("conformance/SPEC.md"), "rules", &tables)?;
    }
    let bad = reports.iter().filter(|report| !report.conforms());
    let bad: Vec<_> = bad.map(|report| report.backend.as_str()).collect();
    if reports.is_empty() || !bad.is_empty() {
        return Err(format!("these backends do not conform: {}", bad.join(", ")));
    }
    Ok(())
}

/// Replaces what lies between a file's markers.
fn replace(path: &Path, block: &str, content: &str) -> Result<(), String> {
    let at = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
    let text = fs::read_to_string(path).map_err(|error| at(&error))?;
    let replaced = with_block(&text, block, content).map_err(|problem| at(&problem))?;
    if replaced != text {
        fs::write(path, replaced).map_err(|error| at(&error))?;
        println!("updated {}", path.display());
    }
    Ok(())
}

fn with_block(text: &str, block: &str, content: &str) -> Result<String, String> {
    let (begin, end) = (
        format!("<!-- {block}:begin -->"),
        format!("<!-- {block}:end -->"),
    );
    let missing = |marker: &str| format!("there is no `{marker}`");
    let (before, rest) = text.split_once(&begin).ok_or_else(|| missing(&begin))?;
    let (_, after) = rest.split_once(&end).ok_or_else(|| missing(&end))?;
    Ok(format!("{before}{begin}\n{content}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Options, String> {
        Options::parse(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_block_is_replaced_and_the_rest_kept() {
        let text = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n";
        let replaced = with_block(text, "x", "new\n").unwrap();
        assert_eq!(replaced, "a\n<!-- x:begin -->\nnew\n<!-- x:end -->\nb\n");
        assert_eq!(with_block(&replaced, "x", "new\n").unwrap(), replaced);
        assert!(with_block("no markers", "x", "new").is_err());
    }

    #[test]
    fn unknown_words_are_errors() {
        assert!(parse(&["--backend", "toki"]).is_err());
        assert!(parse(&["--backend"]).is_err());
        assert!(parse(&["tokio"]).is_err());
        assert!(parse(&["--write", "--backend", "smol"]).is_err());
    }

    #[test]
    fn all_backends_run_unless_some_are_named() {
        assert_eq!(parse(&[]).unwrap().backends.len(), BACKENDS.len());
        let named = parse(&["--backend", "smol", "--json"]).unwrap();
        assert_eq!(
            (named.backends.len(), named.json, named.write),
            (1, true, false)
        );
    }
}
