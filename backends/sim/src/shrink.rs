//! A failure with fewer surprises: faults off, choices to the default, the end cut off.

use crate::{
    cancel::Part,
    choice::Script,
    failure::Failure,
    replay::Replay,
    runtime::SimRuntime,
    sim::{Run, Sim},
};
use std::{
    future::Future,
    mem::{Discriminant, discriminant},
    panic::Location,
};

/// How many runs may be spent.
const BUDGET: u32 = 400;

/// Plays `run` again with ever fewer choices that are not the default, as long as it fails in the same
/// way; gives the last one that did, with its timeline.
pub(crate) fn shrink<F, Fut>(
    sim: &Sim,
    place: &'static Location<'static>,
    seed: u64,
    run: Run,
    body: &F,
) -> (Replay, Run)
where
    F: Fn(SimRuntime) -> Fut + Sync,
    Fut: Future<Output = ()>,
{
    let kind = kind_of(&run);
    let fails = |choices: &[u32]| {
        let again = sim.play(place, seed, Script::Play(choices.to_vec()), body);
        kind_of(&again) == kind
    };
    let mut search = Search {
        best: run.choices.iter().map(|choice| choice.chosen).collect(),
        budget: BUDGET,
        fails: &fails,
    };
    search.cut();
    search.calm();
    let best = search.best;
    let recording = sim.clone().record();
    let shown = recording.play(place, seed, Script::Play(best), body);
    let run = if kind_of(&shown) == kind {
        shown
    } else {
        // It does not even repeat itself: what there is of it is shown.
        run
    };
    (Replay::of(seed, &run.choices), run)
}

/// What it has in common with the runs that it is shrunk to: how it failed, and at what.
fn kind_of(run: &Run) -> (Option<Discriminant<Failure>>, Option<Part>) {
    let failure = run.failure.as_ref().map(discriminant);
    (failure, run.stage.map(|stage| stage.part))
}

struct Search<'a> {
    best: Vec<u32>,
    budget: u32,
    fails: &'a dyn Fn(&[u32]) -> bool,
}

impl Search<'_> {
    fn attempt(&mut self, candidate: Vec<u32>) -> bool {
        if self.budget == 0 {
            return false;
        }
        self.budget -= 1;
        let fails = (self.fails)(&candidate);
        if fails {
            self.best = candidate;
        }
        fails
    }

    /// Cuts off the end, by halves.
    fn cut(&mut self) {
        let mut cut = self.best.len();
        while cut > 0 {
            let shorter = self.best[..self.best.len().saturating_sub(cut)].to_vec();
            if self.best.is_empty() || !self.attempt(shorter) {
                cut /= 2;
            }
        }
    }

    /// Sets blocks to the default, down to single choices.
    fn calm(&mut self) {
        let mut block = (self.best.len() / 2).max(1);
        loop {
            let mut from = 0;
            while from < self.best.len() {
                let to = (from + block).min(self.best.len());
                if self.best[from..to].iter().any(|choice| *choice != 0) {
                    let mut tamer = self.best.clone();
                    tamer[from..to].fill(0);
                    self.attempt(tamer);
                }
                from = to;
            }
            if block == 1 {
                return;
            }
            block /= 2;
        }
    }
}
