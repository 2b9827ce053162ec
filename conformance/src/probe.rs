//! What rules watch a backend with: counting wakers, futures polled by hand, gates, drop witnesses.
//!
//! None of it uses a backend, so that a broken backend cannot hide behind its own primitives.
//! Mutants and tests of a third party's own rules may use them, too.

use crate::outcome::Stop;
use std::{
    any::Any,
    fmt,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, Once, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

/// How long a *thread* may wait for another before a rule calls it a failure rather than a
/// slow machine. Below the watchdog's limit, so that the failure gets its message out.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Counts wakes, and anything else: an async counter that knows no runtime.
#[derive(Debug, Default)]
pub struct Wakes {
    count: AtomicUsize,
    watchers: Mutex<Vec<Waker>>,
}

impl Wakes {
    /// A counter at 0.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// A waker that counts.
    pub fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    /// Adds one.
    pub fn bump(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
        let watchers = {
            let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *watchers)
        };
        for watcher in watchers {
            watcher.wake();
        }
    }

    /// The count.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Waits until the count is at least `count`.
    pub fn reached(&self, count: usize) -> impl Future<Output = ()> + Send {
        poll_fn(move |cx| {
            let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
            if self.count() >= count {
                return Poll::Ready(());
            }
            watchers.push(cx.waker().clone());
            Poll::Pending
        })
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.bump();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.bump();
    }
}

/// A door that opens once, for tasks to wait at.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<Wakes>);

impl Gate {
    /// A shut gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens it for good.
    pub fn open(&self) {
        self.0.bump();
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.0.count() > 0
    }

    /// Waits until it is open.
    pub fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.reached(1)
    }
}

/// A future that is polled by hand, with a waker that counts.
pub struct Probe<F: Future> {
    future: Pin<Box<F>>,
    wakes: Arc<Wakes>,
    /// How many wakes there were before the last poll, where that left our waker.
    seen: Option<usize>,
}

impl<F: Future> Probe<F> {
    /// Probes `future`, which has not been polled.
    pub fn new(future: F) -> Self {
        Self {
            future: Box::pin(future),
            wakes: Wakes::new(),
            seen: None,
        }
    }

    /// Polls once.
    pub fn poll(&mut self) -> Poll<F::Output> {
        let (waker, seen) = (self.wakes.waker(), self.wakes());
        let polled = self.poll_with(&waker);
        self.seen = polled.is_pending().then_some(seen);
        polled
    }

    /// Polls once, with another waker. [`finish`](Self::finish) cannot know then whether that one was woken.
    pub fn poll_with(&mut self, waker: &Waker) -> Poll<F::Output> {
        self.seen = None;
        self.future.as_mut().poll(&mut Context::from_waker(waker))
    }

    /// Polls once and says whether it is still pending; an output is dropped.
    pub fn is_pending(&mut self) -> bool {
        self.poll().is_pending()
    }

    /// Polls once and returns the output, or fails because `what` should have been ready.
    ///
    /// # Errors
    /// Where the future is pending.
    pub fn ready(&mut self, what: &str) -> Result<F::Output, Stop> {
        match self.poll() {
            Poll::Ready(output) => Ok(output),
            Poll::Pending => Err(Stop::failed(format!(
                "{what} should be ready, but is pending"
            ))),
        }
    }

    /// The wakes so far.
    pub fn wakes(&self) -> usize {
        self.wakes.count()
    }

    /// What counts the wakes; each waker that is still held holds one of these.
    pub fn counter(&self) -> &Arc<Wakes> {
        &self.wakes
    }

    /// The future. It may be changed by that, such as a timer that is reset, so [`finish`](Self::finish) polls it
    /// before it waits.
    pub fn pinned(&mut self) -> Pin<&mut F> {
        self.seen = None;
        self.future.as_mut()
    }

    /// Waits for a wake beyond the first `seen`.
    pub fn woken_past(&self, seen: usize) -> impl Future<Output = ()> + Send {
        self.wakes.reached(seen + 1)
    }

    /// Polls whenever it is woken, until it is done.
    ///
    /// A future that was pending is not polled again before it was woken, also where it is ready by now: one that
    /// forgets its wake-up never ends here, as on an executor.
    pub async fn finish(&mut self) -> F::Output {
        loop {
            if let Some(seen) = self.seen {
                self.wakes.reached(seen + 1).await;
            }
            if let Poll::Ready(output) = self.poll() {
                return output;
            }
        }
    }
}

impl<F: Future> fmt::Debug for Probe<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe")
            .field("wakes", &self.wakes)
            .finish_non_exhaustive()
    }
}

/// Runs its closure when dropped.
pub struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> OnDrop<F> {
    /// Runs `act` when dropped.
    pub fn new(act: F) -> Self {
        Self(Some(act))
    }
}

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(act) = self.0.take() {
            act();
        }
    }
}

impl<F: FnOnce()> fmt::Debug for OnDrop<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnDrop(..)")
    }
}

/// An item that counts its drop.
#[derive(Debug)]
pub struct Counted(Arc<Wakes>);

impl Counted {
    /// Counts its drop in `drops`.
    pub fn new(drops: &Arc<Wakes>) -> Self {
        Self(Arc::clone(drops))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.bump();
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Drives `future` on this thread, with no runtime at all.
pub fn block<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Runs `work` on a thread that never entered a runtime.
///
/// # Errors
/// Where it panics.
pub fn on_plain_thread<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Stop> {
    thread::scope(|scope| scope.spawn(work).join()).map_err(|payload| {
        Stop::failed(format!(
            "panicked on a plain thread: {}",
            message(payload.as_ref())
        ))
    })
}

/// A panic's message.
pub fn message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(a payload that is not a string)")
}

/// The payload of a panic that a rule raises on purpose; the hook prints nothing for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected(pub u32);

/// Begins the message of a panic that a rule raises on purpose; the hook prints nothing for it.
pub const EXPECTED: &str = "[expected by the conformance suite]";

/// How many rules provoke a nested `block_on` now, whose panic is the backend's own.
static NESTED: AtomicUsize = AtomicUsize::new(0);

/// Prints nothing for panics about blocking while `act` runs.
pub(crate) fn hush_nested<T>(act: impl FnOnce() -> T) -> T {
    NESTED.fetch_add(1, Ordering::SeqCst);
    let _less = OnDrop::new(|| {
        NESTED.fetch_sub(1, Ordering::SeqCst);
    });
    act()
}

/// Keeps the panics that rules raise on purpose out of the output; all others are printed.
pub fn hush_expected_panics() {
    static HUSHED: Once = Once::new();
    HUSHED.call_once(|| {
        let earlier = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let payload = info.payload();
            let expected = payload.is::<Expected>()
                || message(payload).starts_with(EXPECTED)
                || NESTED.load(Ordering::SeqCst) > 0 && message(payload).contains("block");
            if !expected {
                earlier(info);
            }
        }));
    });
}
