//! How often something may begin.

mod acquire;
mod bucket;
mod called;
mod chunked;
mod error;
mod keyed;
mod line;
#[cfg(all(anyrt_loom, test))]
mod loom_tests;
mod quota;
mod turnstile;

pub use acquire::AcquireRate;
pub use error::RateLimitError;
pub use keyed::KeyedRateLimiter;
pub use quota::Quota;

use crate::{
    lock::{lock, wake_all},
    name::Name,
};
use anyrt_core::{ConfigError, Instant, rt::Runtime};
use error::Refused;
use line::Line;
use std::{
    fmt,
    panic::Location,
    sync::{Arc, Mutex, OnceLock},
    task::Waker,
};
use turnstile::Turnstile;

/// Limits how often callers begin.
///
/// In any window of the length w no more than `burst + rate · w` is let through (*RL-1*), by the runtime's
/// clock. It is a bucket of `burst` tokens that fills at `rate`, kept as one time: that at which it
/// would be full again (the generic cell rate algorithm, virtual scheduling, of ITU-T I.371). What is counted
/// is the moment at which a caller goes on, the poll that is ready: one that is late for its turn, whether its task or the
/// whole executor stood still, takes its tokens late (*RL-8*), and those behind it move back.
///
/// Clones are the same limiter. The [room's](super) page has an example. While nobody waits, taking tokens takes no lock.
///
/// # Ordering and fairness
/// Turns come in the order of the first polls, whatever the weights (*RL-2*): a light caller does not overtake
/// a heavy one, and [`try_acquire`](Self::try_acquire) overtakes nobody. Each waiter has its own timer,
/// and whoever runs sees to it that tokens are set aside for all whose turn has come.
///
/// One that is leaked, or never polled again, costs its tokens once and stops nobody (*RL-5*). It cannot be told
/// from one that is late. So those behind it wait for it when their own turns have come, until the line has been
/// looked at after its turn and again 10 ms later: 20 ms at most, and 10 more where others have left the line.
/// Then they pass it by. If it comes after all, it is the first in line again, and waits for other tokens; a
/// task that is that late each time may be passed by each time, where others take all there is. All of this may
/// happen on any thread at once (*RL-10*).
#[derive(Clone)]
pub struct RateLimiter<R> {
    inner: Arc<Inner<R>>,
}

struct Inner<R> {
    rt: R,
    /// Open while nobody waits.
    turnstile: Turnstile,
    line: Mutex<Line>,
    name: OnceLock<Arc<str>>,
}

impl<R> Inner<R> {
    #[inline]
    fn name(&self) -> Name {
        #[cold]
        fn told(name: &Arc<str>) -> Name {
            Some(name.clone())
        }
        self.name.get().and_then(told)
    }

    #[cold]
    fn refusal(&self, refused: Refused) -> RateLimitError {
        refused.by(self.name())
    }

    /// Changes the line. Meanwhile it has the bucket. Wakers are for outside the lock.
    fn change<T>(
        &self,
        now: Instant,
        wakers: &mut Vec<Waker>,
        change: impl FnOnce(&mut Line, &mut Vec<Waker>) -> T,
    ) -> T {
        let mut line = lock(&self.line);
        if let Some(full) = self.turnstile.shut() {
            line.bucket_mut().set_full(full);
        }
        let output = change(&mut line, wakers);
        if line.is_empty() {
            self.turnstile.open(line.bucket(), now);
        }
        output
    }
}

impl<R: Runtime> RateLimiter<R> {
    /// A limiter with a full bucket.
    ///
    /// # Errors
    /// A [`ConfigError`] for a rate, a period or a burst of zero.
    pub fn new(rt: &R, quota: Quota) -> Result<Self, ConfigError> {
        Ok(Self {
            inner: Arc::new(Inner {
                rt: rt.clone(),
                turnstile: Turnstile::new(),
                line: Mutex::new(Line::new(quota.check()?)),
                name: OnceLock::new(),
            }),
        })
    }

    /// Names the limiter, with all its clones, for errors, `Debug` and reports. A name that it has already, stays.
    ///
    /// ```
    /// use anyrt::{ConfigError, RateLimiter, limit::Quota, rt::Runtime};
    ///
    /// fn limiter<R: Runtime>(rt: &R) -> Result<RateLimiter<R>, ConfigError> {
    ///     // `rate limiter "mail": the rate limit is reached`
    ///     Ok(RateLimiter::new(rt, Quota::per_hour(100))?.named("mail"))
    /// }
    /// # let rt = anyrt_smol::Smol::default();
    /// # assert_eq!(limiter(&rt).unwrap().name(), Some("mail"));
    /// ```
    pub fn named(self, name: impl Into<Arc<str>>) -> Self {
        let name = name.into();
        self.inner.name.get_or_init(|| name);
        self
    }

    /// Its name, where it was given one.
    pub fn name(&self) -> Option<&str> {
        self.inner.name.get().map(|name| &**name)
    }

    /// Waits for this caller's turn.
    ///
    /// Ready at once where a token is there and nobody waits.
    ///
    /// # Errors
    /// [`TooLate`](RateLimitError::TooLate), as soon as that is known, if the turn would come at the
    /// [context's](anyrt_core::context::Context::deadline) deadline or later, or never: at once, or when another
    /// quota moves it there;
    /// [`Cancelled`](RateLimitError::Cancelled) if the context's token is cancelled before it comes. Neither
    /// took anything.
    ///
    /// # Cancel safety
    /// Safe: dropping it takes nothing, and those behind move up (*RL-3*). The place in the line is lost.
    #[track_caller]
    pub fn acquire(&self) -> AcquireRate<'_, R> {
        self.acquire_many(1)
    }

    /// Waits for the turn of something that weighs `weight` tokens.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire), and [`TooHeavy`](RateLimitError::TooHeavy), at once, for more than the
    /// burst (*RL-4*), for that could never pass at once; [`acquire_chunked`](Self::acquire_chunked) takes it bit by bit.
    ///
    /// # Cancel safety
    /// Safe, as [`acquire`](Self::acquire) is.
    #[track_caller]
    pub fn acquire_many(&self, weight: u32) -> AcquireRate<'_, R> {
        AcquireRate::new(self, weight, Location::caller())
    }

    /// Waits until `weight` tokens have passed, in chunks of up to a burst: for streams of bytes, which may begin
    /// before all of what they will weigh is there. Others take their turns between two chunks, and other tasks run after
    /// some of them, though none had to wait. A burst that is changed meanwhile counts from the next chunk on.
    ///
    /// ```
    /// use anyrt::{RateLimiter, limit::RateLimitError, rt::Runtime};
    ///
    /// /// Sends a part of a file, of whatever size, at the rate that is permitted.
    /// async fn send<R: Runtime>(rate: &RateLimiter<R>, part: &[u8]) -> Result<(), RateLimitError> {
    ///     rate.acquire_chunked(part.len() as u64).await?;
    ///     // …
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire), also between two chunks; at once where even without others the last chunk would
    /// come too late. What was taken by then is [given back](Self::refund) (*RL-9*).
    ///
    /// # Cancel safety
    /// Safe: what was taken by then is given back. The place in the line is lost.
    #[track_caller]
    pub fn acquire_chunked(
        &self,
        weight: u64,
    ) -> impl Future<Output = Result<(), RateLimitError>> + Send + use<'_, R> {
        chunked::acquire(self, weight, Location::caller())
    }

    /// Begins now, or not at all.
    ///
    /// # Errors
    /// [`NotYet`](RateLimitError::NotYet), with the time at which the turn of somebody who began to wait
    /// now would come.
    // Left to itself the compiler makes a call of both, of a twelfth of what they cost.
    #[inline(always)]
    pub fn try_acquire(&self) -> Result<(), RateLimitError> {
        self.try_acquire_many(1)
    }

    /// Begins something that weighs `weight` tokens now, or not at all.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire), and [`TooHeavy`](RateLimitError::TooHeavy) for more than the
    /// burst.
    #[inline(always)]
    pub fn try_acquire_many(&self, weight: u32) -> Result<(), RateLimitError> {
        let now = self.inner.rt.now();
        match self.inner.turnstile.pass(now, weight) {
            Some(Ok(())) => Ok(()),
            Some(Err(retry_at)) => Err(RateLimitError::NotYet {
                limiter: self.inner.name(),
                retry_at,
            }),
            None => self.pass_or_refuse(now, weight),
        }
    }

    #[inline(never)]
    fn pass_or_refuse(&self, now: Instant, weight: u32) -> Result<(), RateLimitError> {
        self.pass_by_line(now, weight)
            .map_err(|refused| self.inner.refusal(refused))
    }

    /// As [`try_acquire_many`](Self::try_acquire_many), for one who waits otherwise.
    #[inline]
    pub(crate) fn passes(&self, weight: u32) -> bool {
        self.pass(weight).is_ok()
    }

    #[inline]
    fn pass(&self, weight: u32) -> Result<(), Refused> {
        let now = self.inner.rt.now();
        match self.inner.turnstile.pass(now, weight) {
            Some(Ok(())) => Ok(()),
            Some(Err(retry_at)) => Err(Refused::NotYet { retry_at }),
            None => self.pass_by_line(now, weight),
        }
    }

    #[inline(never)]
    fn pass_by_line(&self, now: Instant, weight: u32) -> Result<(), Refused> {
        self.with(now, |line, wakers| line.pass(now, weight, wakers))
    }

    /// Gives tokens back that were taken for something that was not begun. The bucket holds no more than its
    /// burst. Refunds count against grants: the bound holds for what is kept.
    pub fn refund(&self, weight: u32) {
        let now = self.inner.rt.now();
        self.with(now, |line, wakers| line.refund(weight, now, wakers));
    }

    /// Changes the quota. What was taken stays taken; those who wait keep their order, and those that have become too
    /// heavy, or whose turn would come too late now, get an error (*RL-6*).
    ///
    /// # Errors
    /// A [`ConfigError`] for a rate, a period or a burst of zero; the old quota is kept.
    pub fn set_quota(&self, quota: Quota) -> Result<(), ConfigError> {
        let quota = quota.check_for(self.name())?;
        let now = self.inner.rt.now();
        self.with(now, |line, wakers| line.set_quota(now, quota, wakers));
        Ok(())
    }

    /// The quota in force.
    pub fn quota(&self) -> Quota {
        lock(&self.inner.line).quota()
    }

    /// How many tokens are there now. Where callers wait, they are theirs.
    pub fn available(&self) -> u32 {
        let now = self.inner.rt.now();
        self.with(now, |line, wakers| line.available(now, wakers))
    }

    /// Changes the line, and wakes outside the lock.
    fn with<T>(&self, now: Instant, change: impl FnOnce(&mut Line, &mut Vec<Waker>) -> T) -> T {
        let mut wakers = Vec::new();
        let output = self.inner.change(now, &mut wakers, change);
        if !wakers.is_empty() {
            wake_all(wakers);
        }
        output
    }

    /// Whether nobody else knows of it, and it is as good as new.
    fn is_idle(&self, now: Instant) -> bool {
        Arc::strong_count(&self.inner) == 1 && self.with(now, |line, _| line.is_idle(now))
    }
}

impl<R> fmt::Debug for RateLimiter<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (quota, waiting) = {
            let line = lock(&self.inner.line);
            (line.quota(), line.waiting())
        };
        f.debug_struct("RateLimiter")
            .field("name", &self.inner.name.get())
            .field("quota", &quota)
            .field("waiting", &waiting)
            .finish_non_exhaustive()
    }
}
