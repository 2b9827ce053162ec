//! The arithmetic: a bucket of tokens, kept as the time at which it is full again.
//!
//! Times are counted in parts of a nanosecond, so that a token may take less than one (bytes do), and none
//! is lost or won by rounding: a token takes as long as it should, or a step more. That is 2⁻²⁴ ns, or, where a bucket
//! takes longer to fill than a [turnstile's](super::turnstile) word can tell in those, 2⁻⁴⁸ of what it takes.

use super::{quota::Quota, turnstile::DEEPEST};
use crate::nanos::nanos;
use anyrt_core::Instant;
use std::time::Duration;

/// Parts of a nanosecond, as a power of two.
pub(super) const PARTS: u32 = 24;

#[derive(Debug)]
pub(super) struct Bucket {
    quota: Quota,
    /// So many steps are a nanosecond, as a power of two: all spans are whole ones. `None`: too few for that.
    steps: Option<u32>,
    /// How long a token takes to come.
    token: u128,
    /// How long an empty bucket takes to fill.
    depth: u128,
    /// When it is full again; in the past, it is full.
    full: u128,
}

impl Bucket {
    pub(super) fn new(quota: Quota) -> Self {
        let mut bucket = Self {
            quota,
            steps: None,
            token: 0,
            depth: 0,
            full: 0,
        };
        bucket.measure();
        bucket
    }

    fn measure(&mut self) {
        let Quota {
            count,
            period,
            burst,
        } = self.quota;
        let period = nanos(period);
        self.token = (u128::from(period) << PARTS).div_ceil(u128::from(count));
        // Half of what there is room for, for tokens of whole steps take longer.
        let depth = self.span(u64::from(burst)) >> PARTS;
        let room = (DEEPEST - 1).checked_sub(u128::BITS - depth.leading_zeros());
        self.steps = room.map(|room| room.min(PARTS));
        self.token = self.token.next_multiple_of(self.step());
        self.depth = self.span(u64::from(burst));
    }

    /// In parts.
    fn step(&self) -> u128 {
        1 << (PARTS - self.steps.unwrap_or(PARTS))
    }

    pub(super) fn steps(&self) -> Option<u32> {
        self.steps
    }

    pub(super) fn token(&self) -> u128 {
        self.token
    }

    pub(super) fn depth(&self) -> u128 {
        self.depth
    }

    pub(super) fn full(&self) -> u128 {
        self.full
    }

    pub(super) fn set_full(&mut self, full: u128) {
        self.full = full;
    }

    pub(super) fn quota(&self) -> Quota {
        self.quota
    }

    #[inline]
    fn span(&self, tokens: u64) -> u128 {
        match tokens {
            1 => self.token,
            tokens => self.token.saturating_mul(u128::from(tokens)),
        }
    }

    /// How long so many tokens take to come.
    pub(super) fn time(&self, tokens: u64) -> Duration {
        let nanos = self.span(tokens) >> PARTS;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// When so many tokens could be taken, if none are before. More than the burst, one after the other: each as
    /// soon as it is there.
    pub(super) fn due(&self, tokens: u64) -> Instant {
        self.due_after(self.full, tokens)
    }

    /// The same, if none of them was taken before now.
    pub(super) fn due_from(&self, now: Instant, tokens: u64) -> Instant {
        self.due_after(self.full.max(parts(now)), tokens)
    }

    fn due_after(&self, full: u128, tokens: u64) -> Instant {
        let after = full.saturating_add(self.span(tokens));
        let due = after.saturating_sub(self.depth);
        let nanos = due.saturating_add((1 << PARTS) - 1) >> PARTS;
        Instant::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Whether so many tokens are there now. At the end of time there are those that are in it, and no more.
    #[inline]
    pub(super) fn has(&self, now: Instant, tokens: u64) -> bool {
        let now = parts(now);
        let after = self.full.max(now).saturating_add(self.span(tokens));
        after <= now.saturating_add(self.depth)
    }

    /// Takes tokens, whether they are there or not.
    #[inline]
    pub(super) fn take(&mut self, now: Instant, tokens: u64) {
        self.full = self.full.max(parts(now)).saturating_add(self.span(tokens));
    }

    /// Takes tokens as of when they were there.
    pub(super) fn take_as_due(&mut self, tokens: u64) {
        self.full = self.full.saturating_add(self.span(tokens));
    }

    pub(super) fn give_back(&mut self, tokens: u64) {
        self.full = self.full.saturating_sub(self.span(tokens));
    }

    /// Had so many been taken as they became due, it would not have been full before `then`, which is not to come. It
    /// makes no difference to how many are there.
    pub(super) fn fills_not_before(&mut self, then: Instant, tokens: u64) {
        self.full = self.full.max(parts(then).saturating_sub(self.span(tokens)));
    }

    pub(super) fn is_full(&self, now: Instant) -> bool {
        self.full <= parts(now)
    }

    /// How many tokens are there now.
    pub(super) fn available(&self, now: Instant) -> u32 {
        let missing = self.full.saturating_sub(parts(now));
        let available = self.depth.saturating_sub(missing) / self.token;
        u32::try_from(available).unwrap_or(u32::MAX)
    }

    /// Another quota. As many tokens are missing as before.
    pub(super) fn set_quota(&mut self, now: Instant, quota: Quota) {
        let missing = self.full.saturating_sub(parts(now));
        let (whole, part) = (missing / self.token, missing % self.token);
        let part = part as f64 / self.token as f64;
        self.quota = quota;
        self.measure();
        let part = ((part * self.token as f64).ceil() as u128).next_multiple_of(self.step());
        let missing = self.token.saturating_mul(whole).saturating_add(part);
        self.full = parts(now).saturating_add(missing);
    }
}

#[inline]
fn parts(now: Instant) -> u128 {
    u128::from(now.as_nanos()) << PARTS
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEC: u64 = 1_000_000_000;

    fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    fn takes(bucket: &mut Bucket, now: u64, tokens: u64) -> bool {
        let has = bucket.has(at(now), tokens);
        assert_eq!(has, bucket.due(tokens) <= at(now), "{bucket:?} at {now}");
        if has {
            bucket.take(at(now), tokens);
        }
        has
    }

    #[test]
    fn a_burst_and_then_the_rate() {
        let mut bucket = Bucket::new(Quota::per_second(4).burst(2));
        assert!(takes(&mut bucket, 0, 1) && takes(&mut bucket, 0, 1));
        assert!(!takes(&mut bucket, 0, 1));
        assert_eq!(bucket.due(1), at(SEC / 4));
        assert!(!takes(&mut bucket, SEC / 4 - 1, 1) && takes(&mut bucket, SEC / 4, 1));
        assert_eq!(
            bucket.available(at(SEC)),
            2,
            "it holds no more than its burst"
        );
        assert!(takes(&mut bucket, SEC, 2) && !takes(&mut bucket, SEC, 1));
    }

    #[test]
    fn tokens_of_a_third_of_a_nanosecond_neither_vanish_nor_multiply() {
        let mut bucket = Bucket::new(Quota::new(3_000_000_000, Duration::from_secs(1)).burst(6));
        assert!(takes(&mut bucket, 0, 6) && !takes(&mut bucket, 0, 1));
        let mut taken = 0;
        for now in 1..=100_000 {
            while takes(&mut bucket, now, 1) {
                taken += 1;
            }
        }
        assert!((299_999..=300_000).contains(&taken), "{taken}");
    }

    #[test]
    fn each_burst_is_whole_where_the_rate_does_not_divide() {
        for count in 1..50 {
            let mut bucket = Bucket::new(Quota::per_second(count));
            assert!((0..count).all(|_| takes(&mut bucket, 0, 1)), "{count}");
            assert!(!takes(&mut bucket, 0, 1), "{count}");
        }
    }

    #[test]
    fn at_the_end_of_time_nothing_more_comes() {
        for quota in [
            Quota::per_second(1).burst(3),
            Quota::new(1, Duration::MAX).burst(3),
            Quota::new(1, Duration::MAX).burst(u32::MAX),
        ] {
            let mut bucket = Bucket::new(quota);
            assert!(bucket.has(Instant::MAX, 3));
            bucket.take(Instant::MAX, u64::from(quota.burst));
            assert!(!bucket.has(Instant::MAX, 1), "{quota:?}");
            assert_eq!(bucket.due(1), Instant::MAX);
        }
    }

    #[test]
    fn a_new_quota_keeps_what_is_missing() {
        let mut bucket = Bucket::new(Quota::per_second(10).burst(10));
        bucket.take(at(0), 8);
        bucket.set_quota(at(0), Quota::per_second(1).burst(10));
        assert_eq!(bucket.available(at(0)), 2);
        assert_eq!(bucket.due(3), at(SEC));
        bucket.set_quota(at(0), Quota::per_second(1).burst(5));
        assert_eq!(bucket.available(at(0)), 0);
        assert_eq!(bucket.due(1), at(4 * SEC));
    }
}
