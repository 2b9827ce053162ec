//! `dupes-threads DIR…` finds duplicate files with plain threads: what `dupes` is measured by.

use anyrt_examples::{
    cli,
    dupes::{
        self, Findings, Options, Progress, Search,
        search::{Unit, Yield},
    },
};
use clap::Parser;
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Instant,
};

const PROGRAM: &str = "dupes-threads";

/// Finds duplicate files, with plain threads.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(flatten)]
    args: dupes::cli::Args,
}

fn main() -> ExitCode {
    let Cli { args } = match cli::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let findings = find(args.options(), &Progress::new(args.quiet));
    dupes::cli::conclude(PROGRAM, &args, &findings)
}

fn find(options: Options, progress: &Progress) -> Findings {
    let start = Instant::now();
    let jobs = options.jobs;
    let mut search = Search::new(options, Arc::new(move || start.elapsed()));
    let (unit_tx, unit_rx) = mpsc::sync_channel(jobs);
    let (yield_tx, yield_rx) = mpsc::sync_channel(jobs);
    let unit_rx = Mutex::new(unit_rx);
    thread::scope(|scope| {
        for _ in 0..jobs {
            let (unit_rx, yield_tx) = (&unit_rx, yield_tx.clone());
            scope.spawn(move || work(unit_rx, &yield_tx));
        }
        loop {
            while search.in_flight() < jobs
                && let Some(unit) = search.next_unit()
            {
                unit_tx.send(unit).expect("the receiver outlives the scope");
            }
            progress.show(search.status());
            if search.in_flight() == 0 {
                // The workers end once there is nobody to send them anything.
                drop(unit_tx);
                break;
            }
            let yielded = yield_rx.recv().expect("a sender is in this function");
            match yielded {
                Ok(yielded) => search.absorb(yielded),
                Err(panic) => {
                    drop(unit_tx);
                    resume_unwind(panic)
                }
            }
        }
    });
    progress.finish();
    search.finish()
}

fn work(units: &Mutex<mpsc::Receiver<Unit>>, out: &mpsc::SyncSender<thread::Result<Yield>>) {
    loop {
        let next = units.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(unit) = next else { return };
        let yielded = catch_unwind(AssertUnwindSafe(|| unit.run()));
        if out.send(yielded).is_err() {
            return;
        }
    }
}
