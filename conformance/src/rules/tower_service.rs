//! What the rules of *TW* put under a layer: a service that insists on `poll_ready`.

use crate::probe::{Expected, Wakes};
use anyrt_core::{Instant, context::Context, sync::Event};
use std::{
    error::Error,
    fmt,
    future::Future,
    panic::panic_any,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{self, Poll, Waker},
};
use tower_service::Service;

/// What is asked for.
#[derive(Debug, Clone)]
pub(super) enum Ask {
    /// This, at once.
    Answer(Result<u32, u32>),
    /// 0, once it is set.
    Wait(Arc<Event>),
    /// The number of the call, which is an error before the third.
    Third,
    /// A panic.
    Panic,
}

impl Ask {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Answer(_) => "answer",
            Self::Wait(_) => "wait",
            Self::Third => "third",
            Self::Panic => "panic",
        }
    }
}

/// The service; clones count together.
#[derive(Debug, Clone, Default)]
pub(super) struct Inner {
    seen: Arc<Seen>,
    ready: Ready,
    dead: bool,
}

#[derive(Debug, Default)]
struct Seen {
    calls: AtomicUsize,
    unready: AtomicUsize,
    running: AtomicUsize,
    deadline: Mutex<Option<Instant>>,
}

/// Not that of a clone.
#[derive(Debug, Default)]
struct Ready(bool);

impl Clone for Ready {
    fn clone(&self) -> Self {
        Self(false)
    }
}

impl Inner {
    /// One that never gets ready.
    pub(super) fn dead() -> Self {
        let dead = true;
        Self {
            dead,
            ..Self::default()
        }
    }

    pub(super) fn calls(&self) -> usize {
        self.seen.calls.load(SeqCst)
    }

    /// Calls without `poll_ready` before.
    pub(super) fn unready(&self) -> usize {
        self.seen.unready.load(SeqCst)
    }

    /// Responses that are not dropped yet.
    pub(super) fn running(&self) -> usize {
        self.seen.running.load(SeqCst)
    }

    /// That of the context in which a response was polled first.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let deadline = self.seen.deadline.lock();
        *deadline.unwrap_or_else(PoisonError::into_inner)
    }
}

struct Running(Arc<Seen>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, SeqCst);
    }
}

impl Service<Ask> for Inner {
    type Response = u32;
    type Error = u32;
    type Future = Pin<Box<dyn Future<Output = Result<u32, u32>> + Send>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), u32>> {
        self.ready.0 = true;
        Poll::Ready(if self.dead { Err(0) } else { Ok(()) })
    }

    fn call(&mut self, ask: Ask) -> Self::Future {
        let seen = self.seen.clone();
        let calls = seen.calls.fetch_add(1, SeqCst) + 1;
        if !std::mem::take(&mut self.ready.0) {
            seen.unready.fetch_add(1, SeqCst);
        }
        seen.running.fetch_add(1, SeqCst);
        let running = Running(seen);
        Box::pin(async move {
            let deadline = Context::current().deadline();
            let seen = running.0.deadline.lock();
            *seen.unwrap_or_else(PoisonError::into_inner) = deadline;
            match ask {
                Ask::Answer(output) => output,
                Ask::Wait(event) => {
                    event.wait().await;
                    Ok(0)
                }
                Ask::Third => {
                    let call = u32::try_from(calls).unwrap_or(u32::MAX);
                    if call < 3 { Err(call) } else { Ok(call) }
                }
                Ask::Panic => panic_any(Expected(1)),
            }
        })
    }
}

/// The service, whose errors are [`Told`].
#[derive(Debug, Clone, Default)]
pub(super) struct Telling(Inner);

#[derive(Debug)]
pub(super) struct Told(pub(super) u32);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "told {}", self.0)
    }
}

impl Error for Told {}

impl Service<Ask> for Telling {
    type Response = u32;
    type Error = Told;
    type Future = Pin<Box<dyn Future<Output = Result<u32, Told>> + Send>>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), Told>> {
        self.0.poll_ready(cx).map_err(Told)
    }

    fn call(&mut self, ask: Ask) -> Self::Future {
        let answer = self.0.call(ask);
        Box::pin(async { answer.await.map_err(Told) })
    }
}

/// Asks whether a service is ready.
pub(super) fn poll_ready<S: Service<Ask>>(
    service: &mut S,
    waker: &Waker,
) -> Poll<Result<(), S::Error>> {
    service.poll_ready(&mut task::Context::from_waker(waker))
}

/// Whether a service is ready now.
pub(super) fn is_ready<S: Service<Ask>>(service: &mut S) -> bool {
    let ready = poll_ready(service, &Wakes::new().waker());
    matches!(ready, Poll::Ready(Ok(())))
}
