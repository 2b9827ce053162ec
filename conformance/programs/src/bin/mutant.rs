//! Runs rules on one mutant, for `cargo xtask mutants`: `mutant sim|tokio FAULT RULE...`.
//!
//! A line per rule: its id, the verdict's word, the milliseconds, the message. A fault that is planted in the
//! sources is none of these: it is there, or not, when this program is built.

use anyrt_conformance::{
    Backend, RULES, Suite,
    mutant::{Fault, Mutant},
};
use anyrt_sim::SimRuntime;
use anyrt_tokio::Tokio;
use std::{env, process::ExitCode, time::Duration};

/// A seed whose schedule is first come, first served.
const SEED: u64 = 14;
/// What takes longer than this on a mutant hangs. Without a fault a rule takes less than a second, and has
/// the suite's own limit, so that a machine that is busy with other things fails no control.
const WATCHDOG: Duration = Duration::from_secs(6);

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let [runtime, fault, rules @ ..] = args.as_slice() else {
        eprintln!("usage: mutant sim|tokio FAULT RULE...");
        return ExitCode::FAILURE;
    };
    let Some(fault) = Fault::ALL.iter().copied().find(|one| one.name() == fault) else {
        eprintln!("no fault is called `{fault}`");
        return ExitCode::FAILURE;
    };
    let is_control = fault == Fault::None && env::var_os("ANYRT_PLANTED").is_none();
    let limit = match is_control {
        true => anyrt_conformance::WATCHDOG,
        false => WATCHDOG,
    };
    match runtime.as_str() {
        "sim" => run(rules, || {
            let suite = Suite::new("mutant", move || Mutant::new(SimRuntime::new(SEED), fault));
            suite.watchdog(limit).signals(|mutant, signal| {
                mutant.inner().raise(signal);
            })
        }),
        "tokio" => run(rules, || {
            let make = move || {
                let tokio = Tokio::multi_thread().expect("threads to run on");
                Mutant::new(tokio, fault)
            };
            Suite::new("mutant", make).watchdog(limit)
        }),
        _ => {
            eprintln!("no runtime is called `{runtime}`");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn run<R: Backend>(rules: &[String], suite: impl Fn() -> Suite<R>) {
    for rule in RULES
        .iter()
        .filter(|rule| rules.iter().any(|id| id == rule.id))
    {
        // One at a time, so that what was found is told even where a later rule ends the process.
        for entry in suite().only(&[rule.id]).run().entries {
            let detail = entry.verdict.detail().replace('\n', " ");
            let (word, millis) = (entry.verdict.word(), entry.took.as_millis());
            println!("{}\t{word}\t{millis}\t{detail}", rule.id);
        }
    }
}
