//! A limit of retries that many calls share.

use anyrt_core::{ConfigError, error::check};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// Retries that many calls share, so that a service which is down is not asked several times as often as
/// one that is up.
///
/// It is a bucket of tokens, full at first: each retry takes one, and each call that succeeds gives a part
/// of one back, up to the capacity (*RE-7*). So in the long run the retries are no more than that part of
/// the calls that succeed. First attempts are free. (The scheme of gRPC's retry throttling, proposal A6.) It
/// reads no clock: an idle budget stays as it is.
///
/// Clones are the same budget.
///
/// ```
/// use anyrt::retry::{Retry, RetryBudget};
///
/// # fn main() -> Result<(), anyrt::ConfigError> {
/// // 20 retries at once; later, one for ten calls that succeed.
/// let budget = RetryBudget::new(20, 0.1)?;
/// let reads = Retry::<std::io::Error>::builder().budget(&budget).build()?;
/// let writes = Retry::<std::io::Error>::builder().budget(&budget).attempts(2).build()?;
/// # let _ = (reads, writes);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RetryBudget {
    inner: Arc<Inner>,
}

struct Inner {
    capacity: u64,
    deposit: u64,
    tokens: AtomicU64,
}

/// A token, in the parts that are counted: as many as `u32::MAX` tokens have room for.
const TOKEN: u64 = 1 << 32;

impl RetryBudget {
    /// So many retries at once, and this part of a retry for each call that succeeds.
    ///
    /// # Errors
    /// A [`ConfigError`] for a capacity of 0, or a part that is not from 0 to 1, or so small (below 2⁻³²) that it would
    /// count as none.
    pub fn new(capacity: u32, per_success: f64) -> Result<Self, ConfigError> {
        check::at_least_one("capacity", capacity)?;
        check::from_0_to_1("per_success", per_success)?;
        let counts = per_success == 0.0 || per_success >= 1.0 / TOKEN as f64;
        check::that(counts, "per_success", per_success, "0, or 2⁻³² and more")?;
        let capacity = u64::from(capacity) * TOKEN;
        Ok(Self {
            inner: Arc::new(Inner {
                capacity,
                deposit: (per_success * TOKEN as f64).round() as u64,
                tokens: AtomicU64::new(capacity),
            }),
        })
    }

    /// How many retries there are now.
    pub fn available(&self) -> u32 {
        let tokens = self.inner.tokens.load(Relaxed) / TOKEN;
        u32::try_from(tokens).unwrap_or(u32::MAX)
    }

    /// Takes one retry, if there is one. A [policy](crate::retry::RetryBuilder::budget) does so by itself;
    /// this is for a loop of one's own.
    pub fn try_take(&self) -> bool {
        let take = |tokens: u64| tokens.checked_sub(TOKEN);
        self.inner
            .tokens
            .fetch_update(Relaxed, Relaxed, take)
            .is_ok()
    }

    /// A call has succeeded.
    pub fn succeeded(&self) {
        let Inner {
            capacity, deposit, ..
        } = *self.inner;
        let give = |tokens: u64| (tokens < capacity).then(|| (tokens + deposit).min(capacity));
        // A full one stays as it is, and its cache line shared.
        self.inner.tokens.fetch_update(Relaxed, Relaxed, give).ok();
    }
}

impl fmt::Debug for RetryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryBudget")
            .field("available", &self.available())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_spent_one_by_one_and_earned_in_parts() {
        let budget = RetryBudget::new(2, 0.5).expect("permitted");
        let other = budget.clone();
        assert!(budget.try_take() && other.try_take());
        assert!(!budget.try_take());
        budget.succeeded();
        assert!(!budget.try_take(), "half a token is none");
        other.succeeded();
        assert!(budget.try_take());
        assert_eq!(budget.available(), 0);
    }

    #[test]
    fn it_holds_no_more_than_its_capacity() {
        let budget = RetryBudget::new(3, 1.0).expect("permitted");
        (0..9).for_each(|_| budget.succeeded());
        assert_eq!(budget.available(), 3);
        assert!(budget.try_take());
        (0..9).for_each(|_| budget.succeeded());
        assert_eq!(budget.available(), 3);
    }

    #[test]
    fn small_parts_add_up() {
        let budget = RetryBudget::new(1, 0.1).expect("permitted");
        assert!(budget.try_take());
        (0..9).for_each(|_| budget.succeeded());
        assert!(!budget.try_take(), "nine tenths are none");
        budget.succeeded();
        assert!(budget.try_take());

        let budget = RetryBudget::new(u32::MAX, 1e-9).expect("permitted");
        assert!(budget.try_take() && budget.try_take());
        let tokens = || budget.inner.tokens.load(Relaxed);
        let before = tokens();
        budget.succeeded();
        assert!(tokens() > before, "it counts for something");
        // There is room for what the largest has.
        let full = RetryBudget::new(u32::MAX, 1.0).expect("permitted");
        assert!(full.try_take());
        (0..3).for_each(|_| full.succeeded());
        assert_eq!(full.available(), u32::MAX);
    }

    #[test]
    fn bad_settings_are_refused() {
        let field = |made: Result<RetryBudget, ConfigError>| made.expect_err("refused").field;
        assert_eq!(field(RetryBudget::new(0, 0.1)), "capacity");
        for part in [-0.1, 1.1, f64::NAN, f64::INFINITY, 1e-10] {
            assert_eq!(field(RetryBudget::new(1, part)), "per_success", "{part}");
        }
        assert!(RetryBudget::new(u32::MAX, 0.0).is_ok());
    }
}
