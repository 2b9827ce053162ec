//! Not calling what is known to be down.

mod builder;
mod call;
mod error;
mod state;
mod window;

pub use builder::BreakerBuilder;
pub(crate) use call::Parked;
pub use call::{BreakerCall, CallFuture};
pub use error::{BreakerError, Open};

use crate::lock::lock;
use anyrt_core::{Instant, rt::Runtime};
use builder::Rules;
use state::State;
use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex},
};

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
    state: Mutex<State>,
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
        let closed = lock(&self.inner.state).closed();
        match closed {
            Some(epoch) => Ok(BreakerCall::new(self.inner.clone(), epoch)),
            None => self.begin_unless_open(),
        }
    }

    #[inline(never)]
    fn begin_unless_open(&self) -> Result<BreakerCall<R>, Open> {
        let now = self.inner.rt.now();
        let (before, begun, after) = {
            let mut state = lock(&self.inner.state);
            let before = state.kind();
            let begun = state.begin(now, &self.inner.rules);
            (before, begun, state.kind())
        };
        // Should the hook panic, a trial that is not made leaves its place to another.
        let begun =
            begun.map(|epoch| Parked::new(Some(BreakerCall::new(self.inner.clone(), epoch))));
        self.inner.changed(before, after);
        begun.map(|mut call| call.take().expect("it has begun"))
    }

    /// What it does with calls now.
    pub fn state(&self) -> BreakerState {
        lock(&self.inner.state).seen(self.inner.rt.now(), &self.inner.rules)
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
    /// Changes the state, and tells of it outside the lock.
    fn change(&self, change: impl FnOnce(&mut State, Instant)) {
        let now = self.rt.now();
        let (before, after) = {
            let mut state = lock(&self.state);
            let before = state.kind();
            change(&mut state, now);
            (before, state.kind())
        };
        self.changed(before, after);
    }

    fn changed(&self, before: BreakerState, after: BreakerState) {
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
        let state = lock(&self.inner.state).kind();
        f.debug_struct("CircuitBreaker")
            .field("name", &self.inner.rules.name)
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
