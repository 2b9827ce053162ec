//! Not calling what is known to be down.

mod builder;
mod call;
mod error;
mod gate;
#[cfg(all(anyrt_loom, test))]
mod loom_tests;
mod state;
mod window;

pub use builder::BreakerBuilder;
pub use call::{BreakerCall, CallFuture};
pub use error::{BreakerError, Open};

use anyrt_core::{Instant, rt::Runtime};
use builder::Rules;
use call::Parked;
use gate::{Changed, Gate};
use state::{Outcome, State};
use std::{fmt, future::Future, sync::Arc};

/// Refuses calls to something that fails too often, and lets a few through from time to time to see whether
/// it is back.
///
/// ```text
///  closed ── too many failures ──▶ open ── open_for is over ──▶ half-open
///    ▲                              ▲                              │ │
///    │                              └──────── a trial fails ───────┘ │
///    └───────────────────── as many trials as wanted succeed ────────┘
/// ```
///
/// It opens after a number of failures in a row, at a failure rate over a window of time, or at whichever
/// comes first ([builder](BreakerBuilder)). What a call does counts only if the breaker has not changed since
/// it began. Clones are the same breaker.
///
/// ```
/// use anyrt::{ConfigError, rt::Runtime};
/// use anyrt::resilience::{BreakerError, CircuitBreaker};
/// use std::{io, time::Duration};
///
/// # async fn fetch(_: &str) -> io::Result<String> { Ok(String::new()) }
/// fn breaker<R: Runtime>(rt: &R) -> Result<CircuitBreaker<R>, ConfigError> {
///     CircuitBreaker::builder(rt)
///         .failure_rate(0.5, Duration::from_secs(10), 20)
///         .open_for(Duration::from_secs(30))
///         .build()
/// }
///
/// async fn page<R: Runtime>(breaker: &CircuitBreaker<R>) -> Result<String, BreakerError<io::Error>> {
///     breaker.call(fetch("/")).await
/// }
/// ```
pub struct CircuitBreaker<R> {
    inner: Arc<Inner<R>>,
}

struct Inner<R> {
    rt: R,
    rules: Rules,
    gate: Gate,
}

/// What a [`CircuitBreaker`] does with calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a circuit breaker has these three")]
pub enum BreakerState {
    /// Lets all through.
    Closed,
    /// Lets none through.
    Open,
    /// Lets a few through, as trials.
    HalfOpen,
}

impl<R: Runtime> CircuitBreaker<R> {
    /// A breaker to be set up.
    pub fn builder(rt: &R) -> BreakerBuilder<R> {
        BreakerBuilder::new(rt)
    }

    /// Awaits `future`, unless the breaker is open: then it is dropped unpolled. An `Err` is a failure, and so
    /// is a panic, which goes on unwinding. Whether the breaker is open is asked at the first poll.
    ///
    /// # Errors
    /// [`Open`](BreakerError::Open), or the future's own error.
    ///
    /// # Cancel safety
    /// As safe as `future`. What is dropped was neither a success nor a failure, and a trial that is dropped
    /// leaves its place to another.
    #[inline]
    pub fn call<F, T, E>(&self, future: F) -> CallFuture<R, F, fn(&E) -> bool>
    where
        F: Future<Output = Result<T, E>>,
    {
        CallFuture::new(self.clone(), future, |_| true)
    }

    /// [`call`](Self::call), in which only errors of which `counts` is true are failures. Others are successes:
    /// what was called is there, and says no.
    ///
    /// # Errors
    /// [`Open`](BreakerError::Open), or the future's own error.
    ///
    /// # Cancel safety
    /// As safe as `future`.
    #[inline]
    pub fn call_when<F, T, E, C>(&self, future: F, counts: C) -> CallFuture<R, F, C>
    where
        F: Future<Output = Result<T, E>>,
        C: FnOnce(&E) -> bool,
    {
        CallFuture::new(self.clone(), future, counts)
    }

    /// Begins a call, for what is no future: the guard is told how it went.
    ///
    /// # Errors
    /// [`Open`], with when to try again.
    ///
    /// # Panics
    /// As the [hook](BreakerBuilder::on_change) does. A trial that was to begin leaves its place to another.
    #[inline]
    pub fn begin(&self) -> Result<BreakerCall<R>, Open> {
        match self.inner.gate.closed() {
            Some(epoch) => Ok(BreakerCall::new(self.clone(), epoch)),
            None => self.begin_trial(),
        }
    }

    #[cold]
    fn begin_trial(&self) -> Result<BreakerCall<R>, Open> {
        let mut parked = Parked::new(self.clone());
        parked.begin()?;
        Ok(parked.into_call())
    }

    /// What it does with calls now.
    pub fn state(&self) -> BreakerState {
        let Inner { rt, rules, gate } = &*self.inner;
        let now = rt.now();
        gate.look(|state| state.seen(now, rules))
    }

    /// Closes it, and forgets all failures. Calls that run count no more.
    pub fn close(&self) {
        self.inner.change(|state, _| state.close());
    }

    /// Opens it, as too many failures do.
    pub fn open(&self) {
        let rules = &self.inner.rules;
        self.inner.change(|state, now| state.open(now, rules));
    }
}

impl<R: Runtime> Inner<R> {
    /// Lets a call through, in an epoch, or not. Should the hook panic, the epoch is there to be given back.
    #[inline]
    fn begin(&self, epoch: &mut Option<u64>) -> Result<(), Open> {
        *epoch = self.gate.closed();
        match epoch {
            Some(_) => Ok(()),
            None => self.begin_unless_open(epoch),
        }
    }

    #[cold]
    fn begin_unless_open(&self, epoch: &mut Option<u64>) -> Result<(), Open> {
        let now = self.rt.now();
        let (begun, changed) = self.gate.change(|state| state.begin(now, &self.rules));
        let refused = begun.map(|begun| *epoch = Some(begun));
        self.tell(changed);
        refused
    }

    /// A call has ended that began in an epoch.
    #[inline]
    fn end(&self, epoch: u64, outcome: Outcome) {
        if !self.gate.ignores(outcome) {
            self.count(epoch, outcome);
        }
    }

    #[inline(never)]
    fn count(&self, epoch: u64, outcome: Outcome) {
        self.change(|state, now| state.end(epoch, outcome, now, &self.rules));
    }

    /// Changes the state, and tells of it outside the lock.
    fn change<T>(&self, change: impl FnOnce(&mut State, Instant) -> T) -> T {
        let now = self.rt.now();
        let (output, changed) = self.gate.change(|state| change(state, now));
        self.tell(changed);
        output
    }

    fn tell(&self, Changed { before, after }: Changed) {
        if let Some(hook) = &self.rules.on_change
            && before != after
        {
            hook(before, after);
        }
    }
}

impl<R> Clone for CircuitBreaker<R> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<R> fmt::Debug for CircuitBreaker<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.inner.gate.look(State::kind);
        f.debug_struct("CircuitBreaker")
            .field("name", &self.inner.rules.name)
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
