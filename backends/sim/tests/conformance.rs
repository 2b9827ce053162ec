//! The contract on the simulator: a test per rule in the order of wakes, and all rules over seeds.

use anyrt_conformance::{RULES, Report, Suite};
use anyrt_core::rt::Signal;
use anyrt_sim::{Schedule, SimRuntime};
use std::{
    env, iter,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread::{self, ScopedJoinHandle},
};

/// A seed whose schedule is FIFO.
const FIFO: u64 = 4;

anyrt_conformance::suite!(SimRuntime::new(FIFO), signals = raise);

fn raise(rt: &SimRuntime, signal: Signal) {
    rt.raise(signal);
}

#[test]
fn all_rules_hold_under_all_schedules() {
    let wanted = match env::var("ANYRT_SIM_SEEDS") {
        Ok(text) => text.parse().expect("ANYRT_SIM_SEEDS is a number"),
        Err(_) => 32,
    };
    let run = |seed| {
        let left_out: &[&str] = match Schedule::of_seed(seed) {
            Schedule::Fifo | Schedule::Pct { depth: 1 } => &[],
            // Any task that is ready may be next, as on several threads: one that has yielded, too.
            _ => &["SP-8"],
        };
        let rules = RULES.iter().map(|rule| rule.id);
        let rules: Vec<_> = rules.filter(|id| !left_out.contains(id)).collect();
        let suite = Suite::new(format!("seed {seed}"), move || SimRuntime::new(seed));
        suite.signals(raise).only(&rules).run()
    };
    // Several a core, for some rules wait for threads.
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicU64::new(0);
    let reports = || {
        let seeds = iter::from_fn(|| Some(next.fetch_add(1, Relaxed)));
        seeds
            .take_while(|seed| *seed < wanted)
            .map(run)
            .collect::<Vec<_>>()
    };
    let reports: Vec<Report> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4 * cores).map(|_| scope.spawn(reports)).collect();
        let joined = threads.into_iter().map(ScopedJoinHandle::join);
        joined
            .flat_map(|reports| reports.expect("no panic"))
            .collect()
    });
    for report in reports {
        assert!(report.conforms(), "{}", report.to_text());
    }
}
