//! The contract on the simulator: a test a rule in the order of wakes, and all rules over seeds.

use anyrt_conformance::{RULES, Report, Suite};
use anyrt_core::rt::Signal;
use anyrt_sim::{Schedule, SimRuntime};
use std::{env, thread};

/// A seed whose schedule is FIFO.
const FIFO: u64 = 4;

anyrt_conformance::suite!(SimRuntime::new(FIFO), signals = raise);

fn raise(rt: &SimRuntime, signal: Signal) {
    rt.raise(signal);
}

#[test]
fn all_rules_hold_under_all_schedules() {
    let seeds = match env::var("ANYRT_SIM_SEEDS") {
        Ok(text) => text.parse().expect("ANYRT_SIM_SEEDS is a number"),
        Err(_) => 4,
    };
    let run = |seed| {
        let left_out: &[&str] = match Schedule::of_seed(seed) {
            // Any task that is ready may be next, as on several threads: one that has yielded, too.
            Schedule::Random => &["SP-8"],
            _ => &[],
        };
        let rules = RULES.iter().map(|rule| rule.id);
        let rules: Vec<_> = rules.filter(|id| !left_out.contains(id)).collect();
        let suite = Suite::new(format!("seed {seed}"), move || SimRuntime::new(seed));
        suite.signals(raise).only(&rules).run()
    };
    let half = |parity| {
        move || {
            (0..seeds)
                .filter(|seed| seed % 2 == parity)
                .map(run)
                .collect::<Vec<_>>()
        }
    };
    let reports: Vec<Report> = thread::scope(|scope| {
        let halves = [0, 1].map(|parity| scope.spawn(half(parity)));
        halves
            .into_iter()
            .flat_map(|half| half.join().expect("no panic"))
            .collect()
    });
    for report in reports {
        assert!(report.conforms(), "{}", report.to_text());
    }
}
