//! How long to wait before the next attempt.

use crate::nanos::{between, nanos};
use anyrt_core::{ConfigError, error::check, rt::Entropy};
use std::time::Duration;

/// How the waits between attempts grow, and how they are spread.
///
/// | | waits |
/// |---|---|
/// | [`none`](Self::none) | 0, 0, 0, … |
/// | [`constant(d)`](Self::constant) | d, d, d, … |
/// | [`linear(d)`](Self::linear) | d, 2d, 3d, … |
/// | [`exponential(d)`](Self::exponential) | d, 2d, 4d, …, or with another [`factor`](Self::factor) |
/// | [`fibonacci(d)`](Self::fibonacci) | d, d, 2d, 3d, 5d, … |
/// | [`decorrelated(d)`](Self::decorrelated) | each drawn between d and three times the one before |
///
/// None of them is longer than [`max_delay`](Self::max_delay). What lies beyond the longest `Duration` is
/// the longest. Callers that failed together come back together, unless their waits are spread: so a policy
/// for something that is shared wants [`full_jitter`](Self::full_jitter), `equal_jitter` or `decorrelated`
/// (all three after Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
///
/// The draws are the runtime's, to the nanosecond (*RE-3*).
///
/// ```
/// use anyrt::{ConfigError, rt::Runtime};
/// use anyrt::retry::Backoff;
/// use std::time::Duration;
///
/// # async fn connect() -> bool { true }
/// /// A loop of one's own.
/// async fn connected<R: Runtime>(rt: &R) -> Result<(), ConfigError> {
///     let backoff = Backoff::exponential(Duration::from_millis(10)).max_delay(Duration::from_secs(1));
///     let mut delays = backoff.delays(rt)?;
///     while !connect().await {
///         rt.sleep(delays.next_delay()).await;
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "it takes a policy to wait by"]
pub struct Backoff {
    growth: Growth,
    first: u64,
    max: u64,
    jitter: Jitter,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Growth {
    Constant,
    Linear,
    Exponential { factor: f64 },
    Fibonacci,
    Decorrelated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Jitter {
    None,
    Full,
    Equal,
}

impl Backoff {
    fn new(growth: Growth, first: Duration) -> Self {
        Self {
            growth,
            first: nanos(first),
            max: u64::MAX,
            jitter: Jitter::None,
        }
    }

    /// No waits: others have a turn, and then the next attempt begins.
    pub fn none() -> Self {
        Self::constant(Duration::ZERO)
    }

    /// The same wait each time.
    pub fn constant(delay: Duration) -> Self {
        Self::new(Growth::Constant, delay)
    }

    /// Each wait is longer by `step`, which is also the first.
    pub fn linear(step: Duration) -> Self {
        Self::new(Growth::Linear, step)
    }

    /// Each wait is twice as long as the one before.
    pub fn exponential(first: Duration) -> Self {
        Self::new(Growth::Exponential { factor: 2.0 }, first)
    }

    /// Each wait is as long as the two before together.
    pub fn fibonacci(first: Duration) -> Self {
        Self::new(Growth::Fibonacci, first)
    }

    /// Each wait is drawn between `least` and three times the one before. It has its jitter in it.
    pub fn decorrelated(least: Duration) -> Self {
        Self::new(Growth::Decorrelated, least)
    }

    /// Makes exponential waits grow by this factor instead of 2; any other growth has none to change, and
    /// becomes exponential. Permitted: 1 and more, and finite. With more than 1, each is longer by a nanosecond at least.
    pub fn factor(mut self, factor: f64) -> Self {
        self.growth = Growth::Exponential { factor };
        self
    }

    /// No wait is longer than this. Zero is no waits at all.
    pub fn max_delay(mut self, max: Duration) -> Self {
        self.max = nanos(max);
        self
    }

    /// Draws each wait between zero and what it would have been.
    pub fn full_jitter(mut self) -> Self {
        self.jitter = Jitter::Full;
        self
    }

    /// Draws each wait between half of what it would have been, and all of it.
    pub fn equal_jitter(mut self) -> Self {
        self.jitter = Jitter::Equal;
        self
    }

    /// The waits one after the other, for a loop of one's own.
    ///
    /// # Errors
    /// A [`ConfigError`] for a factor below 1, or one that is not finite.
    pub fn delays<R: Entropy + Clone>(&self, rt: &R) -> Result<Delays<R>, ConfigError> {
        self.check()?;
        Ok(Delays {
            rt: rt.clone(),
            backoff: self.clone(),
            course: Course::default(),
        })
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let Growth::Exponential { factor } = self.growth else {
            return Ok(());
        };
        let holds = factor.is_finite() && factor >= 1.0;
        check::that(holds, "factor", factor, "finite, and not less than 1")
    }

    /// The next wait. Nothing is drawn where there is nothing to choose.
    pub(super) fn next(&self, course: &mut Course, rt: &impl Entropy) -> Duration {
        let delay = self.grown(course, rt).min(self.max);
        course.delay = delay;
        let delay = match self.jitter {
            Jitter::None => delay,
            Jitter::Full => between(0, delay, rt),
            Jitter::Equal => between(delay - delay / 2, delay, rt),
        };
        Duration::from_nanos(delay)
    }

    fn grown(&self, course: &mut Course, rt: &impl Entropy) -> u64 {
        let begun = std::mem::replace(&mut course.begun, true);
        if !begun && self.growth != Growth::Decorrelated {
            return self.first;
        }
        match self.growth {
            Growth::Constant => self.first,
            Growth::Linear => course.delay.saturating_add(self.first),
            // A cast from a float saturates. Rounded down, a short wait would stay where it is for ever.
            Growth::Exponential { factor } => {
                let grows = u64::from(factor > 1.0 && course.delay > 0);
                let grown = (course.delay as f64 * factor) as u64;
                grown.max(course.delay.saturating_add(grows))
            }
            Growth::Fibonacci => {
                let before = std::mem::replace(&mut course.before, course.delay);
                course.delay.saturating_add(before)
            }
            Growth::Decorrelated => {
                let last = if begun { course.delay } else { self.first };
                between(self.first, last.saturating_mul(3).max(self.first), rt)
            }
        }
    }
}

impl Default for Backoff {
    /// Exponential from 100 ms to 10 s, with full jitter.
    fn default() -> Self {
        Self::exponential(Duration::from_millis(100))
            .max_delay(Duration::from_secs(10))
            .full_jitter()
    }
}

/// Where a sequence of waits has got to.
#[derive(Debug, Clone, Default)]
pub(super) struct Course {
    begun: bool,
    /// The last one, before jitter, and the one before that.
    delay: u64,
    before: u64,
}

/// The waits of a [`Backoff`], one after the other, without an end: as an iterator, too.
#[derive(Debug, Clone)]
pub struct Delays<R> {
    rt: R,
    backoff: Backoff,
    course: Course,
}

impl<R: Entropy> Delays<R> {
    /// The next wait.
    pub fn next_delay(&mut self) -> Duration {
        self.backoff.next(&mut self.course, &self.rt)
    }

    /// Begins again with the shortest.
    pub fn reset(&mut self) {
        self.course = Course::default();
    }
}

impl<R: Entropy> Iterator for Delays<R> {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        Some(self.next_delay())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws the same bits each time.
    #[derive(Clone)]
    struct Bits(u64);

    impl Entropy for Bits {
        fn random_u64(&self) -> u64 {
            self.0
        }
    }

    /// Has nothing to draw from.
    #[derive(Clone)]
    struct NoBits;

    impl Entropy for NoBits {
        fn random_u64(&self) -> u64 {
            panic!("there was nothing to choose")
        }
    }

    fn millis<const N: usize>(backoff: Backoff, rt: impl Entropy + Clone) -> [u128; N] {
        let mut delays = backoff.delays(&rt).expect("it is permitted");
        std::array::from_fn(|_| delays.next_delay().as_millis())
    }

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn each_grows_as_its_name_says() {
        assert_eq!(millis(Backoff::none(), NoBits), [0, 0, 0]);
        assert_eq!(millis(Backoff::constant(MS * 3), NoBits), [3, 3, 3]);
        assert_eq!(millis(Backoff::linear(MS * 3), NoBits), [3, 6, 9, 12]);
        assert_eq!(millis(Backoff::exponential(MS * 3), NoBits), [3, 6, 12, 24]);
        let slower = Backoff::exponential(MS * 4).factor(1.5);
        assert_eq!(millis(slower, NoBits), [4, 6, 9, 13]);
        assert_eq!(
            millis(Backoff::fibonacci(MS), NoBits),
            [1, 1, 2, 3, 5, 8, 13]
        );
        assert_eq!(
            millis(Backoff::decorrelated(MS), Bits(u64::MAX)),
            [3, 9, 27]
        );
        assert_eq!(millis(Backoff::decorrelated(MS), Bits(0)), [1, 1, 1]);
    }

    #[test]
    fn what_is_to_grow_grows_from_a_nanosecond_too() {
        let nanos = |factor| -> [u128; 5] {
            let first = Duration::from_nanos(1);
            let mut delays = Backoff::exponential(first).factor(factor).delays(&NoBits);
            let delays = delays.as_mut().expect("permitted");
            std::array::from_fn(|_| delays.next_delay().as_nanos())
        };
        assert_eq!(nanos(1.5), [1, 2, 3, 4, 6]);
        assert_eq!(nanos(1.01), [1, 2, 3, 4, 5]);
        assert_eq!(nanos(1.0), [1; 5]);
        // Past what a float tells apart.
        let long = Duration::from_nanos((1 << 60) + 1);
        let mut delays = Backoff::exponential(long).factor(1.0).delays(&NoBits);
        let delays = delays.as_mut().expect("permitted");
        assert_eq!([delays.next_delay(), delays.next_delay()], [long; 2]);
        assert_eq!(millis(Backoff::none().factor(2.0), NoBits), [0, 0]);
    }

    #[test]
    fn none_is_longer_than_the_maximum() {
        for backoff in [
            Backoff::linear(MS * 3),
            Backoff::exponential(MS * 3),
            Backoff::fibonacci(MS * 3),
            Backoff::decorrelated(MS * 3),
        ] {
            let backoff = backoff.max_delay(MS * 7);
            let all: [u128; 9] = millis(backoff.clone(), Bits(u64::MAX));
            assert!(all.iter().all(|ms| *ms <= 7), "{backoff:?}: {all:?}");
            assert_eq!(all[8], 7, "{backoff:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_the_longest() {
        let longest = Duration::from_nanos(u64::MAX);
        for backoff in [
            Backoff::constant(Duration::MAX),
            Backoff::linear(Duration::MAX),
            Backoff::exponential(Duration::MAX),
            Backoff::exponential(MS).factor(f64::MAX),
            Backoff::fibonacci(Duration::MAX),
            Backoff::decorrelated(Duration::MAX),
        ] {
            let mut delays = backoff.delays(&Bits(u64::MAX)).expect("it is permitted");
            assert_eq!(delays.nth(8), Some(longest), "{backoff:?}");
        }
    }

    #[test]
    fn factors_that_shrink_or_are_no_numbers_are_refused() {
        for factor in [0.0, 0.99, -2.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let error = Backoff::exponential(MS).factor(factor).check();
            assert_eq!(error.expect_err("refused").field, "factor", "{factor}");
        }
        assert!(Backoff::exponential(MS).factor(1.0).check().is_ok());
    }

    #[test]
    fn a_sequence_can_begin_again() {
        let mut delays = Backoff::fibonacci(MS).delays(&NoBits).expect("permitted");
        let first: [Duration; 5] = std::array::from_fn(|_| delays.next_delay());
        delays.reset();
        let again = std::array::from_fn(|_| delays.next_delay());
        assert_eq!(first, again);
    }

    #[test]
    fn jitter_reaches_both_ends_and_no_further() {
        let jittered = |backoff: Backoff, bits| millis::<1>(backoff, Bits(bits))[0];
        let ten = Backoff::constant(MS * 10);
        assert_eq!(jittered(ten.clone().full_jitter(), 0), 0);
        assert_eq!(jittered(ten.clone().full_jitter(), u64::MAX), 10);
        assert_eq!(jittered(ten.clone().equal_jitter(), 0), 5);
        assert_eq!(jittered(ten.equal_jitter(), u64::MAX), 10);
    }
}
