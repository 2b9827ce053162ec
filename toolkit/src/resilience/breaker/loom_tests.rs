//! Calls that begin and end beside one who has the lock, in every interleaving.

use super::{
    BreakerState,
    builder::Rules,
    gate::Gate,
    state::{Outcome, State},
};
use anyrt_core::Instant;
use loom::{model, sync::Arc, thread};
use std::time::Duration;

/// All happens at once.
const NOW: Instant = Instant::ORIGIN;

struct Breaker {
    gate: Gate,
    rules: Rules,
}

impl Breaker {
    fn new(in_a_row: u32) -> Arc<Self> {
        let rules = Rules {
            name: None,
            in_a_row: Some(in_a_row),
            rate: None,
            open_for: Duration::MAX,
            trials: 1,
            on_change: None,
        };
        let gate = Gate::new(State::new(None));
        Arc::new(Self { gate, rules })
    }

    fn begin(&self) -> u64 {
        self.gate.closed().expect("it is closed")
    }

    fn end(&self, epoch: u64, outcome: Outcome) {
        if !self.gate.ignores(outcome) {
            let end = |state: &mut State| state.end(epoch, outcome, NOW, &self.rules);
            self.gate.change(end);
        }
    }

    fn open(&self) {
        self.gate.change(|state| state.open(NOW, &self.rules));
    }

    fn close(&self) {
        self.gate.change(State::close);
    }

    /// The state, once nobody else is there: the word tells the same.
    fn settled(&self) -> BreakerState {
        let state = self.gate.look(State::kind);
        assert_eq!(self.gate.closed().is_some(), state == BreakerState::Closed);
        state
    }
}

#[test]
fn loom_the_word_is_that_of_the_last_change() {
    model(|| {
        let breaker = Breaker::new(1);
        let other = breaker.clone();
        let other = thread::spawn(move || other.open());
        breaker.close();
        other.join().expect("no panic");
        breaker.settled();
    });
}

#[test]
fn loom_who_is_told_that_it_is_open_begins_nothing() {
    model(|| {
        let breaker = Breaker::new(1);
        let epoch = breaker.begin();
        let other = breaker.clone();
        let other = thread::spawn(move || other.end(epoch, Outcome::Failure));
        if breaker.gate.look(State::kind) == BreakerState::Open {
            assert_eq!(breaker.gate.closed(), None);
        }
        other.join().expect("no panic");
        assert_eq!(breaker.settled(), BreakerState::Open);
    });
}

#[test]
fn loom_an_end_counts_in_its_own_epoch_only() {
    model(|| {
        let breaker = Breaker::new(1);
        let epoch = breaker.begin();
        let other = breaker.clone();
        let other = thread::spawn(move || other.end(epoch, Outcome::Failure));
        breaker.open();
        breaker.close();
        other.join().expect("no panic");
        assert_eq!(breaker.settled(), BreakerState::Closed);
    });
}

#[test]
fn loom_a_success_breaks_the_row_or_came_before_it() {
    model(|| {
        let breaker = Breaker::new(2);
        let [early, late, mine] = [(); 3].map(|()| breaker.begin());
        let other = breaker.clone();
        let other = thread::spawn(move || other.end(early, Outcome::Failure));
        breaker.end(mine, Outcome::Success);
        other.join().expect("no panic");
        // Either it came after, or it found nothing to break.
        let broken = breaker.gate.look(State::is_calm);
        breaker.end(late, Outcome::Failure);
        let opened = breaker.settled() == BreakerState::Open;
        assert!(opened != broken, "broken: {broken}");
    });
}
