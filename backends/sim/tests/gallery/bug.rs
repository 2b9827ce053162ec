//! One exhibit: what it takes to find a bug, and to trust that its fix is one.

use anyrt_sim::{Failure, Run, Sim};

/// The fixed version is run under so many times the seeds that find the bug, and some more with polls
/// that nobody asked for.
const TRUST: u64 = 3;

/// A bug, with its fix.
#[derive(Debug)]
pub(crate) struct Bug {
    /// The file, without its ending.
    pub(crate) name: &'static str,
    /// Where it was.
    pub(crate) library: &'static str,
    /// How it shows.
    pub(crate) symptom: Symptom,
    /// The portfolio finds it within so many seeds: some ten times the table's, so that another draw
    /// of the schedules finds it, too.
    pub(crate) within: u64,
    /// Runs the scenario once; the last argument says whether on the fixed version.
    pub(crate) run: fn(&Sim, u64, bool) -> Run,
}

/// How a bug shows. A failure of another kind would be one of the miniature.
#[derive(Debug)]
pub(crate) enum Symptom {
    /// Somebody waits for ever.
    Deadlock,
    /// An assertion whose message has this in it.
    Violated(&'static str),
}

/// `Bug::run` of a generic scenario.
macro_rules! both {
    ($scenario:ident) => {
        |sim, seed, fixed| match fixed {
            false => sim.run(seed, $scenario::<_, false>),
            true => sim.run(seed, $scenario::<_, true>),
        }
    };
}
pub(crate) use both;

impl Bug {
    /// Whether this seed finds it.
    ///
    /// # Panics
    /// Where the run fails in another way than the bug's.
    pub(crate) fn is_found(&self, sim: &Sim, seed: u64) -> bool {
        let Some(failure) = (self.run)(sim, seed, false).failure else {
            return false;
        };
        let expected = match (&failure, &self.symptom) {
            (Failure::Deadlock { .. }, Symptom::Deadlock) => true,
            (Failure::Panicked { .. } | Failure::TaskPanicked { .. }, Symptom::Violated(text)) => {
                failure.to_string().contains(text)
            }
            _ => false,
        };
        let name = self.name;
        assert!(expected, "{name}, seed {seed}: not the bug, but {failure}");
        true
    }

    pub(crate) fn assert_found(&self) {
        let Self { name, within, .. } = self;
        let sim = Sim::new();
        assert!(
            (0..*within).any(|seed| self.is_found(&sim, seed)),
            "{name}: not found within {within} seeds"
        );
        let restless = sim.clone().spurious_polls(5);
        let runs = (0..TRUST * within).map(|seed| (&sim, seed));
        for (sim, seed) in runs.chain((0..*within).map(|seed| (&restless, seed))) {
            if let Some(failure) = (self.run)(sim, seed, true).failure {
                panic!("{name}, fixed, seed {seed}: {failure}");
            }
        }
    }
}
