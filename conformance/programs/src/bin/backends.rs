//! Every rule on every backend of anyrt, for `cargo xtask conformance`: `backends [--json | --matrix] [NAME]...`.
//!
//! Prints a text per backend; or the reports as a JSON array; or the text to stderr, and the README's table to
//! stdout. Fails unless all conform, and ends with what does not.

use anyrt_async_std::AsyncStd;
use anyrt_conformance::{Backend, Entry, Report, Suite, matrix, raise};
use anyrt_core::{ConfigError, erased::DynRuntime, rt::Signals};
use anyrt_smol::Smol;
use anyrt_tokio::Tokio;
use std::{env, process::ExitCode};

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

fn main() -> ExitCode {
    let (mut json, mut table, mut rows) = (false, false, Vec::new());
    for arg in env::args().skip(1) {
        match arg.as_str() {
            "--json" => json = true,
            "--matrix" => table = true,
            name => match BACKENDS.iter().find(|(backend, _)| *backend == name) {
                Some(row) => rows.push(*row),
                None => {
                    let names: Vec<_> = BACKENDS.iter().map(|(name, _)| *name).collect();
                    eprintln!("unknown backend: {name}; there are {}", names.join(", "));
                    return ExitCode::FAILURE;
                }
            },
        }
    }
    if rows.is_empty() {
        rows = BACKENDS.to_vec();
    }
    let mut reports = Vec::new();
    for (name, run) in rows {
        let report = run(name);
        match (json, table) {
            (true, _) => {}
            (false, true) => eprintln!("{}", report.to_text()),
            (false, false) => println!("{}", report.to_text()),
        }
        reports.push(report);
    }
    if json {
        let reports: Vec<_> = reports.iter().map(Report::to_json).collect();
        println!("[{}]", reports.join(",\n "));
    } else if table {
        println!("{}", matrix(&reports));
    }
    let bad: Vec<&Report> = reports.iter().filter(|report| !report.conforms()).collect();
    for report in &bad {
        eprintln!("{} does not conform", report.backend);
        for Entry { rule, verdict, .. } in &report.entries {
            if verdict.is_bad() {
                eprintln!("  {} {verdict}\n    {}", rule.id, rule.text);
            }
        }
    }
    match bad.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
