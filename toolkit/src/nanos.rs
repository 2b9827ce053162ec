//! Times as numbers of nanoseconds, and draws between two of them.

use anyrt_core::rt::Entropy;
use std::time::Duration;

/// So long; what is longer than can be said, 584 years, is as long as that.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Evenly from `low` to `high`, both included. Nothing is drawn where there is nothing to choose.
pub(crate) fn between(low: u64, high: u64, rt: &impl Entropy) -> u64 {
    if low == high {
        return low;
    }
    let options = u128::from(high - low) + 1;
    let drawn = (options * u128::from(rt.random_u64())) >> 64;
    low + u64::try_from(drawn).expect("it is below the number of options")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws the same bits each time; without any, there is nothing to draw from.
    struct Bits(Option<u64>);

    impl Entropy for Bits {
        fn random_u64(&self) -> u64 {
            self.0.expect("there was something to choose")
        }
    }

    #[test]
    fn draws_reach_both_ends_and_no_further() {
        assert_eq!(between(3, 5, &Bits(Some(0))), 3);
        assert_eq!(between(3, 5, &Bits(Some(u64::MAX))), 5);
        assert_eq!(between(0, u64::MAX, &Bits(Some(u64::MAX))), u64::MAX);
        assert_eq!(between(7, 7, &Bits(None)), 7);
    }

    #[test]
    fn draws_are_even() {
        let draws = [0_u64, 1, 2, 3].map(|part| between(1, 4, &Bits(Some(part << 62))));
        assert_eq!(draws, [1, 2, 3, 4]);
    }

    #[test]
    fn what_is_too_long_is_the_longest() {
        assert_eq!(nanos(Duration::from_secs(1)), 1_000_000_000);
        assert_eq!(nanos(Duration::MAX), u64::MAX);
    }
}
