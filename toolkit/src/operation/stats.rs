//! Counts, and how long operations took.

use super::Outcome;
use std::time::Duration;

/// How often operations ended, and how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Those that ended with [`Outcome::Success`].
    pub success: u64,
    /// Those that ended with [`Outcome::Error`].
    pub error: u64,
    /// Those that ended with [`Outcome::Cancelled`].
    pub cancelled: u64,
    /// Those that ended with [`Outcome::Panicked`].
    pub panicked: u64,
}

impl Counts {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.success + self.error + self.cancelled + self.panicked
    }

    pub(super) fn add(&mut self, outcome: &Outcome) {
        *match outcome {
            Outcome::Success => &mut self.success,
            Outcome::Error(_) => &mut self.error,
            Outcome::Cancelled => &mut self.cancelled,
            Outcome::Panicked(_) => &mut self.panicked,
        } += 1;
    }
}

/// How long operations took: a percentile is the shortest time within which so many of a hundred ended
/// (the nearest rank), so that each is the time of one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Durations {
    /// Of how many operations.
    pub count: usize,
    /// Half of them took no longer.
    pub p50: Duration,
    /// 90 of a hundred took no longer.
    pub p90: Duration,
    /// 99 of a hundred took no longer.
    pub p99: Duration,
    /// None took longer.
    pub max: Duration,
}

impl Durations {
    pub(super) fn of(mut all: Vec<Duration>) -> Option<Self> {
        all.sort_unstable();
        let max = *all.last()?;
        let count = all.len();
        let percentile = |percent: usize| all[(count * percent).div_ceil(100) - 1];
        Some(Self {
            count,
            p50: percentile(50),
            p90: percentile(90),
            p99: percentile(99),
            max,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(millis: impl Iterator<Item = u64>) -> Option<[u128; 4]> {
        let all = Durations::of(millis.map(Duration::from_millis).collect())?;
        Some([all.p50, all.p90, all.p99, all.max].map(|one| one.as_millis()))
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        assert_eq!(of(0..0), None);
        assert_eq!(of(7..8), Some([7; 4]));
        assert_eq!(of([2, 1].into_iter()), Some([1, 2, 2, 2]));
        assert_eq!(of((1..=100).rev()), Some([50, 90, 99, 100]));
        assert_eq!(of(1..=101), Some([51, 91, 100, 101]));
        assert_eq!(of(1..=1000), Some([500, 900, 990, 1000]));
    }
}
