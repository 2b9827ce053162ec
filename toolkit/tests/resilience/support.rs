//! What the tests share: calls that are dropped after some polls, a clock that starts late, counters.

use anyrt_core::{
    Instant, delegate,
    rt::{Clock, Entropy, Runtime, Sleep, Spawn, SpawnBlocking, Timer},
};
use anyrt_sim::SimRuntime;
use std::{
    any::Any,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime},
};

pub(crate) const ZERO: Duration = Duration::ZERO;
pub(crate) const MS: Duration = Duration::from_millis(1);
pub(crate) const SEC: Duration = Duration::from_secs(1);

/// The time since the origin.
pub(crate) fn at<R: Clock>(rt: &R) -> Duration {
    rt.now() - Instant::ORIGIN
}

/// Awaits `future`, or drops it after so many polls in vain. With 0 it is never polled.
pub(crate) async fn cut_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut left = polls;
    let mut future = Box::pin(future);
    std::future::poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Panics where more began in any window than the quota permits. The log has when each began, and its weight.
pub(crate) fn assert_windows(log: &[(Instant, u32)], burst: u32, token: Duration) {
    for (first, (from, _)) in log.iter().enumerate() {
        let mut begun = 0;
        for (to, weight) in &log[first..] {
            begun += u128::from(*weight);
            let share = u128::from(burst) + (*to - *from).as_nanos() / token.as_nanos();
            let window = *to - *from;
            assert!(begun <= share, "{begun} of {share} in {window:?}: {log:?}");
        }
    }
}

/// Polls once, with a waker that wakes nobody.
pub(crate) fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// What `act` panics with.
pub(crate) fn panic_of<T>(act: impl FnOnce() -> T) -> String {
    let payload: Box<dyn Any + Send> = match catch_unwind(AssertUnwindSafe(act)) {
        Ok(_) => panic!("it did not panic"),
        Err(payload) => payload,
    };
    match payload.downcast_ref::<&'static str>() {
        Some(text) => (*text).to_owned(),
        None => *payload.downcast::<String>().expect("a message"),
    }
}

/// Polls `future` once, which has to panic, and then once more.
pub(crate) fn panics_of<F: Future>(future: F) -> [String; 2] {
    let mut future = pin!(future);
    [(); 2].map(|()| panic_of(|| poll_once(future.as_mut()).is_ready()))
}

/// Counts those that are alive.
#[derive(Debug, Clone, Default)]
pub(crate) struct Census(Arc<AtomicUsize>);

impl Census {
    pub(crate) fn alive(&self) -> usize {
        self.0.load(SeqCst)
    }

    pub(crate) fn enter(&self) -> Alive {
        self.0.fetch_add(1, SeqCst);
        Alive(self.clone())
    }
}

/// One who is alive.
#[derive(Debug)]
pub(crate) struct Alive(Census);

impl Drop for Alive {
    fn drop(&mut self) {
        (self.0).0.fetch_sub(1, SeqCst);
    }
}

/// A simulated runtime whose clock has run for long already.
#[derive(Debug, Clone)]
pub(crate) struct Late {
    inner: SimRuntime,
    lead: Duration,
}

impl Late {
    /// One whose clock stands this long before the end of time.
    pub(crate) fn before_the_end(inner: &SimRuntime, left: Duration) -> Self {
        let lead = Instant::MAX - left - inner.now();
        let inner = inner.clone();
        Self { inner, lead }
    }
}

impl Clock for Late {
    fn now(&self) -> Instant {
        self.inner.now() + self.lead
    }

    fn wall_time(&self) -> SystemTime {
        self.inner.wall_time()
    }
}

pub(crate) struct LateTimer {
    inner: Pin<Box<<SimRuntime as Sleep>::Timer>>,
    deadline: Instant,
    lead: Duration,
}

fn inner_deadline(deadline: Instant, lead: Duration) -> Instant {
    match deadline {
        Instant::MAX => Instant::MAX,
        deadline => deadline - lead,
    }
}

impl Future for LateTimer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.inner.as_mut().poll(cx)
    }
}

impl Timer for LateTimer {
    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn is_elapsed(&self) -> bool {
        self.inner.is_elapsed()
    }

    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        let lead = self.lead;
        self.deadline = deadline;
        self.inner.as_mut().reset(inner_deadline(deadline, lead));
    }
}

impl Sleep for Late {
    type Timer = LateTimer;

    fn sleep_until(&self, deadline: Instant) -> LateTimer {
        let lead = self.lead;
        LateTimer {
            inner: Box::pin(self.inner.sleep_until(inner_deadline(deadline, lead))),
            deadline,
            lead,
        }
    }
}

impl Spawn for Late {
    delegate!(Spawn => inner: SimRuntime);
}

impl SpawnBlocking for Late {
    delegate!(SpawnBlocking => inner: SimRuntime);
}

impl Entropy for Late {
    delegate!(Entropy => inner: SimRuntime);
}

impl Runtime for Late {
    delegate!(Runtime => inner: SimRuntime, except name);

    fn name(&self) -> &'static str {
        "late"
    }
}
