//! The bucket while nobody waits: one atomic word, so that who passes takes no lock.
//!
//! ```text
//!             shut: somebody has the line's lock
//!        ┌───────────────────────────────────────▶ shut
//!   open ┤ pass: one compare and swap                │ the line has the bucket
//!        └◀──────────────────────────────────────────┘
//!             open: nobody waits, and it fits
//!
//!   word:  when the bucket is full, modulo 2⁵² steps │ quota, modulo 2¹¹ │ shut
//! ```
//!
//! A step is a part of a nanosecond, so small that a token takes a whole number of steps, and a bucket fills
//! in at most 2⁵⁰ of them: nothing is rounded here.
//!
//! Times wrap, so they are compared by their difference, as sequence numbers are. That is right for 2⁴⁹ steps
//! after the last `open`. Whoever comes later takes the lock, and opens the word anew.
//!
//! What a quota's steps and tokens are lies beside the word, and is written only while the word is shut. A
//! reader looks at the word, then at those, then at the word again (the swap, or a second look). Where the word
//! has changed meanwhile, it begins anew. One case is not seen: 2¹¹ quotas are set in between, and the time is
//! the same again. Then a caller passes by the old quota.

use super::bucket::{Bucket, PARTS};
use anyrt_core::Instant;
#[cfg(anyrt_loom)]
use loom::sync::atomic::{AtomicU64, fence};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
#[cfg(not(anyrt_loom))]
use std::sync::atomic::{AtomicU64, fence};

const SHUT: u64 = 1;
const QUOTA: u64 = 0xffe;
const TIME: u64 = !(SHUT | QUOTA);
/// Steps lie above the other bits.
const LOW: u32 = TIME.trailing_zeros();
/// The most steps that a bucket takes to fill, or that may be missing.
pub(super) const DEEPEST: u32 = 50;

pub(super) struct Turnstile {
    word: AtomicU64,
    /// A nanosecond is this power of two, as all times and spans here.
    shift: AtomicU64,
    token: AtomicU64,
    depth: AtomicU64,
    /// When it was opened, and how long that is good for, in nanoseconds.
    since: AtomicU64,
    lasts: AtomicU64,
}

impl Turnstile {
    pub(super) fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            word: AtomicU64::new(SHUT),
            shift: zero(),
            token: zero(),
            depth: zero(),
            since: zero(),
            lasts: zero(),
        }
    }

    /// Takes tokens, or says when they could be taken. `None`: the line knows.
    #[inline]
    pub(super) fn pass(&self, now: Instant, weight: u32) -> Option<Result<(), Instant>> {
        let nanos = now.as_nanos();
        let mut word = self.word.load(Acquire);
        loop {
            let age = nanos.wrapping_sub(self.since.load(Relaxed));
            if word & SHUT != 0 || age >= self.lasts.load(Relaxed) {
                return None;
            }
            let depth = self.depth.load(Relaxed);
            let span = self.token.load(Relaxed).checked_mul(u64::from(weight))?;
            if span > depth {
                return None;
            }
            let shift = self.shift.load(Relaxed) as u32;
            let at = nanos << shift;
            let missing = distance(word & TIME, at).max(0).cast_unsigned();
            let after = missing + span;
            if after <= depth {
                let next = at.wrapping_add(after) | word & QUOTA;
                match self.word.compare_exchange_weak(word, next, AcqRel, Acquire) {
                    Ok(_) => return Some(Ok(())),
                    Err(other) => word = other,
                }
            } else {
                // What was read is of this word, if it is there yet.
                fence(Acquire);
                let same = self.word.load(Acquire);
                if same == word {
                    // Up to the next nanosecond.
                    let wait = (after - depth + ((1 << shift) - 1)) >> shift;
                    return Some(Err(Instant::from_nanos(nanos.saturating_add(wait))));
                }
                word = same;
            }
        }
    }

    /// Nobody passes any more. If somebody could: when the bucket is full. Under the line's lock.
    pub(super) fn shut(&self) -> Option<u128> {
        let word = self.word.fetch_or(SHUT, AcqRel);
        // Whoever sees what is written from here on sees that it is shut, also where somebody else has shut it: a
        // fence is about what its own thread writes.
        fence(Release);
        if word & SHUT != 0 {
            return None;
        }
        let shift = self.shift.load(Relaxed) as u32;
        let since = self.since.load(Relaxed);
        let after = i128::from(distance(word & TIME, since << shift));
        let full = (i128::from(since) << PARTS) + (after << PARTS >> shift);
        Some(u128::try_from(full).unwrap_or(0))
    }

    /// Lets callers pass as this bucket does, unless it is not for words. Under the line's lock, while it is
    /// shut.
    pub(super) fn open(&self, bucket: &Bucket, now: Instant) {
        let Some(steps) = bucket.steps() else {
            return;
        };
        let deepest = 1 << (DEEPEST + PARTS - steps);
        let now = u128::from(now.as_nanos());
        if bucket.full() > (now << PARTS) + deepest {
            return;
        }
        let full = bucket.full().max((now << PARTS).saturating_sub(deepest));
        let word = |parts: u128| (parts >> (PARTS - steps) << LOW) as u64;
        let set = |place: &AtomicU64, value| {
            let other = place.load(Relaxed) != value;
            place.store(value, Relaxed);
            other
        };
        let shift = u64::from(steps + LOW);
        // All of them are written.
        let another = set(&self.shift, shift)
            | set(&self.token, word(bucket.token()))
            | set(&self.depth, word(bucket.depth()));
        self.since.store(now as u64, Relaxed);
        self.lasts.store(1 << (DEEPEST - 1 - steps), Relaxed);
        let quota = self.word.load(Relaxed) & QUOTA;
        let quota = (quota + (u64::from(another) << 1)) & QUOTA;
        self.word.store(word(full) | quota, Release);
    }
}

/// From a time to a later one; less than nothing, if it is earlier.
#[inline]
fn distance(to: u64, from: u64) -> i64 {
    to.wrapping_sub(from).cast_signed()
}

#[cfg(all(test, not(anyrt_loom)))]
mod tests {
    use super::{super::quota::Quota, *};
    use std::time::Duration;

    /// As a limiter has them.
    struct Both {
        turnstile: Turnstile,
        bucket: Bucket,
    }

    impl Both {
        fn slowly<T>(&mut self, now: Instant, change: impl FnOnce(&mut Bucket) -> T) -> T {
            if let Some(full) = self.turnstile.shut() {
                self.bucket.set_full(full);
            }
            let output = change(&mut self.bucket);
            self.turnstile.open(&self.bucket, now);
            output
        }

        fn pass(&mut self, now: Instant, weight: u32) -> Result<(), Instant> {
            match self.turnstile.pass(now, weight) {
                Some(passed) => passed,
                None => self.slowly(now, |bucket| pass(bucket, now, weight)),
            }
        }
    }

    fn pass(bucket: &mut Bucket, now: Instant, weight: u32) -> Result<(), Instant> {
        if !bucket.has(now, weight.into()) {
            return Err(bucket.due(weight.into()));
        }
        bucket.take(now, weight.into());
        Ok(())
    }

    /// Bits, the same in each run.
    fn draw(state: &mut u64) -> u64 {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        *state >> 33
    }

    #[test]
    fn it_is_the_bucket_whatever_the_quota() {
        let quotas = [
            Quota::per_second(1).burst(3),
            Quota::per_second(u32::MAX),
            Quota::new(3_000_000_000, Duration::from_secs(1)).burst(6),
            Quota::new(7, Duration::from_micros(13)).burst(40),
            Quota::per_hour(1).burst(u32::MAX),
            Quota::new(1, Duration::MAX).burst(2),
        ];
        let mut passed = 0;
        let mut without_the_line = 0;
        for seed in 0..600 {
            let state = &mut seed.clone();
            let quota = quotas[seed as usize % quotas.len()];
            let mut model = Bucket::new(quota);
            let (turnstile, bucket) = (Turnstile::new(), Bucket::new(quota));
            let mut both = Both { turnstile, bucket };
            let mut now = Instant::from_nanos(draw(state) << (draw(state) % 32));
            for _ in 0..200 {
                let token = ((model.token() >> PARTS) as u64).saturating_add(2);
                let step = [0, 1, token / 2, token, token.saturating_mul(3), 1 << 40];
                let step = step[draw(state) as usize % step.len()];
                now = Instant::from_nanos(now.as_nanos().saturating_add(step));
                let weight = (draw(state) % 4) as u32;
                match draw(state) % 16 {
                    0 => {
                        let quota = quotas[draw(state) as usize % quotas.len()];
                        model.set_quota(now, quota);
                        both.slowly(now, |bucket| bucket.set_quota(now, quota));
                    }
                    1 => {
                        model.give_back(weight.into());
                        both.slowly(now, |bucket| bucket.give_back(weight.into()));
                    }
                    2 => assert_eq!(
                        both.slowly(now, |bucket| bucket.available(now)),
                        model.available(now)
                    ),
                    _ => {
                        let open = both.turnstile.word.load(Relaxed) & SHUT == 0;
                        let expected = pass(&mut model, now, weight);
                        assert_eq!(both.pass(now, weight), expected, "seed {seed}: {model:?}");
                        passed += u32::from(expected.is_ok());
                        without_the_line += u32::from(open);
                    }
                }
            }
        }
        assert!(
            passed > 10_000 && without_the_line > 50_000,
            "{passed} {without_the_line}"
        );
    }

    #[test]
    fn a_time_that_is_not_in_reach_is_left_to_the_line() {
        let bucket = Bucket::new(Quota::per_second(1));
        let turnstile = Turnstile::new();
        assert!(
            turnstile.pass(Instant::ORIGIN, 1).is_none(),
            "it was never opened"
        );
        let noon = Instant::from_nanos(1 << 50);
        turnstile.open(&bucket, noon);
        assert_eq!(turnstile.pass(noon, 2), None, "more than the burst");
        assert_eq!(turnstile.pass(Instant::from_nanos((1 << 50) - 1), 1), None);
        assert_eq!(turnstile.pass(Instant::MAX, 1), None);
        assert_eq!(turnstile.pass(noon, 1), Some(Ok(())));
        let later = noon + Duration::from_secs(1);
        assert_eq!(turnstile.pass(noon, 1), Some(Err(later)));
        assert!(turnstile.shut().is_some() && turnstile.shut().is_none());
        assert_eq!(turnstile.pass(noon, 1), None, "it is shut");
    }
}
