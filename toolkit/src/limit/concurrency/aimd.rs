//! A limit that finds itself.

use super::Measure;
use anyrt_core::{ConfigError, Instant, error::check};
use std::time::Duration;

/// A limit that goes up slowly while calls are fast, and down at once when one is slow or says that it was
/// [overloaded](super::Slot::overloaded): additive increase, multiplicative decrease, as in TCP (Chiu and
/// Jain, 1989).
///
/// A round of calls raises it by one, if at least half of it is in use. It goes down once for all calls
/// that had begun before it did, for they all tell of the same crowd.
///
/// ```
/// use anyrt::limit::Aimd;
/// use std::time::Duration;
///
/// let limit = Aimd::new(Duration::from_millis(200)).bounds(4, 500).backoff(0.8);
/// # let _ = limit;
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "it takes a limiter to go by it"]
pub struct Aimd {
    target: Duration,
    min: usize,
    max: usize,
    backoff: f64,
}

impl Aimd {
    /// Calls that take longer than `target` are slow. The limit is from 1 to 1000, and goes down to 0.9 of
    /// what it was, unless set otherwise.
    pub fn new(target: Duration) -> Self {
        Self {
            target,
            min: 1,
            max: 1000,
            backoff: 0.9,
        }
    }

    /// The limit never leaves these bounds, and begins at the lower one.
    pub fn bounds(mut self, min: usize, max: usize) -> Self {
        (self.min, self.max) = (min, max);
        self
    }

    /// What is left of the limit when it goes down: more than 0, less than 1.
    pub fn backoff(mut self, backoff: f64) -> Self {
        self.backoff = backoff;
        self
    }
}

/// A limit, as it moves.
#[derive(Debug)]
pub(super) struct Adapting {
    aimd: Aimd,
    limit: f64,
    lowered: Option<Instant>,
}

impl Adapting {
    pub(super) fn new(aimd: Aimd) -> Result<Self, ConfigError> {
        let Aimd {
            min, max, backoff, ..
        } = aimd;
        check::more_than_zero("target", aimd.target)?;
        check::at_least_one("min", min)?;
        check::that(max >= min, "max", max, format!("at least `min`, {min}"))?;
        let permitted = "more than 0, and less than 1";
        check::that(
            backoff > 0.0 && backoff < 1.0,
            "backoff",
            backoff,
            permitted,
        )?;
        let limit = aimd.min as f64;
        Ok(Self {
            aimd,
            limit,
            lowered: None,
        })
    }

    pub(super) fn limit(&self) -> usize {
        // A bound may be more than a float can count to.
        (self.limit as usize).clamp(self.aimd.min, self.aimd.max)
    }

    pub(super) fn set(&mut self, limit: usize) -> usize {
        self.limit = limit.clamp(self.aimd.min, self.aimd.max) as f64;
        self.limit()
    }

    /// A call has ended.
    pub(super) fn measured(
        &mut self,
        began: Instant,
        now: Instant,
        busy: bool,
        measure: Measure,
    ) -> usize {
        let slow = measure == Measure::Overloaded || now - began > self.aimd.target;
        if measure == Measure::None {
            return self.limit();
        }
        if !slow {
            if busy {
                self.limit = (self.limit + 1.0 / self.limit).min(self.aimd.max as f64);
            }
        } else if self.lowered.is_none_or(|lowered| began >= lowered) {
            self.limit = (self.limit * self.aimd.backoff).max(self.aimd.min as f64);
            self.lowered = Some(now);
        }
        self.limit()
    }
}
