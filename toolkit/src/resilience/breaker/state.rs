//! The state machine; the breaker's page draws it.

use super::{BreakerState, builder::Rules, error::Open, window::Window};
use anyrt_core::Instant;

#[derive(Debug)]
pub(super) struct State {
    phase: Phase,
    /// Counts the changes. What began in another epoch counts no more.
    epoch: u64,
    in_a_row: u32,
    window: Option<Window>,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Closed,
    Open {
        until: Instant,
    },
    HalfOpen {
        /// Then those that run are given up.
        until: Instant,
        running: u32,
        succeeded: u32,
    },
}

/// How a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Success,
    Failure,
    /// It was dropped.
    Unknown,
}

impl State {
    pub(super) fn new(window: Option<Window>) -> Self {
        Self {
            phase: Phase::Closed,
            epoch: 0,
            in_a_row: 0,
            window,
        }
    }

    pub(super) fn kind(&self) -> BreakerState {
        match self.phase {
            Phase::Closed => BreakerState::Closed,
            Phase::Open { .. } => BreakerState::Open,
            Phase::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// What the next call would find.
    pub(super) fn seen(&self, now: Instant, rules: &Rules) -> BreakerState {
        match self.phase {
            Phase::Open { until } if is_over(until, now) => BreakerState::HalfOpen,
            Phase::HalfOpen {
                until,
                running,
                succeeded,
            } if running + succeeded >= rules.trials && !is_over(until, now) => BreakerState::Open,
            _ => self.kind(),
        }
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether a success, while it is closed, leaves all as it is.
    pub(super) fn is_calm(&self) -> bool {
        self.in_a_row == 0 && self.window.is_none()
    }

    /// Lets a call through, in an epoch, or not.
    pub(super) fn begin(&mut self, now: Instant, rules: &Rules) -> Result<u64, Open> {
        match &mut self.phase {
            Phase::Closed => return Ok(self.epoch),
            Phase::Open { until } if !is_over(*until, now) => {
                return Err(rules.refusal(*until));
            }
            Phase::HalfOpen {
                until,
                running,
                succeeded,
            } if !is_over(*until, now) => {
                if *running + *succeeded >= rules.trials {
                    return Err(rules.refusal(*until));
                }
                *running += 1;
                return Ok(self.epoch);
            }
            Phase::Open { .. } | Phase::HalfOpen { .. } => {}
        }
        self.epoch += 1;
        self.phase = Phase::HalfOpen {
            until: now + rules.open_for,
            running: 1,
            succeeded: 0,
        };
        Ok(self.epoch)
    }

    /// A call has ended that began in an epoch.
    pub(super) fn end(&mut self, epoch: u64, outcome: Outcome, now: Instant, rules: &Rules) {
        if epoch != self.epoch {
            return;
        }
        match &mut self.phase {
            Phase::Closed => self.count(outcome, now, rules),
            Phase::Open { .. } => {}
            Phase::HalfOpen {
                running, succeeded, ..
            } => {
                *running -= 1;
                *succeeded += u32::from(outcome == Outcome::Success);
                let enough = *succeeded >= rules.trials;
                if outcome == Outcome::Failure {
                    self.open(now, rules);
                } else if enough {
                    self.close();
                }
            }
        }
    }

    fn count(&mut self, outcome: Outcome, now: Instant, rules: &Rules) {
        let failed = match outcome {
            Outcome::Success => false,
            Outcome::Failure => true,
            Outcome::Unknown => return,
        };
        self.note(failed);
        let mut opens = rules.in_a_row.is_some_and(|most| self.in_a_row >= most);
        if let (Some(window), Some(rate)) = (&mut self.window, rules.rate) {
            window.record(now, failed);
            let (calls, failures) = window.totals(now);
            let too_many = failures as f64 >= rate.part * calls as f64;
            opens |= failed && calls >= u64::from(rate.min_calls) && too_many;
        }
        if opens {
            self.open(now, rules);
        }
    }

    fn note(&mut self, failed: bool) {
        self.in_a_row = if failed {
            self.in_a_row.saturating_add(1)
        } else {
            0
        };
    }

    pub(super) fn open(&mut self, now: Instant, rules: &Rules) {
        self.forget();
        self.phase = Phase::Open {
            until: now + rules.open_for,
        };
    }

    pub(super) fn close(&mut self) {
        self.forget();
        self.phase = Phase::Closed;
    }

    fn forget(&mut self) {
        self.epoch += 1;
        self.in_a_row = 0;
        if let Some(window) = &mut self.window {
            window.clear();
        }
    }
}

/// The end of time never comes.
fn is_over(until: Instant, now: Instant) -> bool {
    now >= until && until != Instant::MAX
}
