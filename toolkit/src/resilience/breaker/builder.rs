//! When a breaker opens, and for how long.

use super::{BreakerState, CircuitBreaker, Inner, Open, gate::Gate, state::State, window::Window};
use crate::name::refused;
use anyrt_core::{ConfigError, Instant, error::check, rt::Runtime};
use std::{fmt, sync::Arc, time::Duration};

/// Sets up a [`CircuitBreaker`].
///
/// Unless set otherwise it opens after five failures in a row, for 30 s, and closes after one trial.
#[must_use = "a builder does nothing until `build`"]
pub struct BreakerBuilder<R> {
    rt: R,
    rules: Rules,
}

pub(super) struct Rules {
    pub(super) name: Option<Arc<str>>,
    pub(super) in_a_row: Option<u32>,
    pub(super) rate: Option<Rate>,
    pub(super) open_for: Duration,
    pub(super) trials: u32,
    pub(super) on_change: Option<OnChange>,
}

type OnChange = Box<dyn Fn(BreakerState, BreakerState) + Send + Sync>;

#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    pub(super) part: f64,
    pub(super) window: Duration,
    pub(super) min_calls: u32,
}

impl Rules {
    pub(super) fn refusal(&self, retry_at: Instant) -> Open {
        Open {
            breaker: self.name.clone(),
            retry_at,
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        check::at_least_one("failures_in_a_row", self.in_a_row.unwrap_or(1))?;
        if let Some(rate) = self.rate {
            let (part, permitted) = (rate.part, "more than 0, and at most 1");
            check::that(part > 0.0 && part <= 1.0, "failure_rate", part, permitted)?;
            check::at_least_one("min_calls", rate.min_calls)?;
            check::more_than_zero("window", rate.window)?;
        }
        check::more_than_zero("open_for", self.open_for)?;
        check::at_least_one("trials", self.trials)
    }
}

impl<R: Runtime> BreakerBuilder<R> {
    pub(super) fn new(rt: &R) -> Self {
        Self {
            rt: rt.clone(),
            rules: Rules {
                name: None,
                in_a_row: None,
                rate: None,
                open_for: Duration::from_secs(30),
                trials: 1,
                on_change: None,
            },
        }
    }

    /// Names the breaker, for errors and `Debug`.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.rules.name = Some(name.into());
        self
    }

    /// Opens after this many failures without a success in between.
    pub fn failures_in_a_row(mut self, failures: u32) -> Self {
        self.rules.in_a_row = Some(failures);
        self
    }

    /// Opens where this part of the calls that ended within `window` failed, of at least `min_calls`.
    /// The window moves by tenths.
    pub fn failure_rate(mut self, part: f64, window: Duration, min_calls: u32) -> Self {
        self.rules.rate = Some(Rate {
            part,
            window,
            min_calls,
        });
        self
    }

    /// How long it stays open before it lets a trial through; [`Duration::MAX`] is until
    /// [`close`](CircuitBreaker::close).
    pub fn open_for(mut self, open_for: Duration) -> Self {
        self.rules.open_for = open_for;
        self
    }

    /// How many trials have to succeed for it to close; as many run at once at most. Trials that
    /// have not ended after [`open_for`](Self::open_for) are given up, and others begin.
    pub fn trials(mut self, trials: u32) -> Self {
        self.rules.trials = trials;
        self
    }

    /// Is called with the state before and after each change, in the task that brought it about. A panic in
    /// it unwinds through that call, unless that is unwinding already; the change stays.
    ///
    /// It is called outside the lock, so two changes that follow at once, in two threads, may be told at the same
    /// time, or the later one first. [`state`](CircuitBreaker::state) says how things are now.
    pub fn on_change(
        mut self,
        hook: impl Fn(BreakerState, BreakerState) + Send + Sync + 'static,
    ) -> Self {
        self.rules.on_change = Some(Box::new(hook));
        self
    }

    /// The breaker, closed.
    ///
    /// # Errors
    /// A [`ConfigError`] for no failures, a part that is not more than 0 and at most 1, no calls, no trials,
    /// or a time of zero.
    pub fn build(mut self) -> Result<CircuitBreaker<R>, ConfigError> {
        let rules = &mut self.rules;
        if rules.in_a_row.is_none() && rules.rate.is_none() {
            rules.in_a_row = Some(5);
        }
        rules
            .check()
            .map_err(|error| refused(error, "circuit breaker", rules.name.as_deref()))?;
        let window = rules.rate.map(|rate| Window::new(rate.window));
        Ok(CircuitBreaker {
            inner: Arc::new(Inner {
                rt: self.rt,
                rules: self.rules,
                gate: Gate::new(State::new(window)),
            }),
        })
    }
}

impl<R> fmt::Debug for BreakerBuilder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerBuilder")
            .field("name", &self.rules.name)
            .field("failures_in_a_row", &self.rules.in_a_row)
            .field("failure_rate", &self.rules.rate)
            .field("open_for", &self.rules.open_for)
            .field("trials", &self.rules.trials)
            .finish_non_exhaustive()
    }
}
