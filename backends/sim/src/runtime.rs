//! The runtime: handles to a world.

use crate::{
    quiet,
    settings::Settings,
    trace::TaskNo,
    world::{TimerKey, World},
};
use anyrt_core::{
    Instant, JoinError,
    rt::{BlockOn, Clock, Entropy, JoinHandle, Runtime, Sleep, Spawn, SpawnBlocking},
    task::{PortableBlockingHandle, PortableHandle, portable, portable_blocking},
    time::{Alarm, AlarmTimer},
};
use std::{
    any::Any,
    fmt,
    future::Future,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind},
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    thread,
    time::{Duration, SystemTime},
};

/// A simulated runtime: one thread, virtual time, schedules from a seed.
///
/// It is what [`check`](crate::check()) gives to its body. As a value of its own it is a runtime like
/// any other, that runs while somebody is in [`block_on`](BlockOn::block_on).
///
/// ```
/// use anyrt_core::rt::{BlockOn, Clock, Sleep};
/// use anyrt_sim::SimRuntime;
/// use std::time::Duration;
///
/// let rt = SimRuntime::new(42);
/// rt.block_on(async {
///     let start = rt.now();
///     rt.sleep(Duration::from_secs(3600)).await;
///     assert_eq!(rt.now() - start, Duration::from_secs(3600));
/// });
/// ```
#[derive(Clone)]
pub struct SimRuntime {
    owner: Arc<Owner>,
}

/// Ends its world with the last handle. What a task holds counts, too.
struct Owner {
    world: Arc<World>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.world.close();
    }
}

impl SimRuntime {
    /// A world of its own.
    pub fn new(seed: u64) -> Self {
        let settings = Settings {
            threads: true,
            ..Settings::default()
        };
        Self::over(World::new(seed, settings, None))
    }

    pub(crate) fn over(world: Arc<World>) -> Self {
        Self {
            owner: Arc::new(Owner { world }),
        }
    }

    fn world(&self) -> &Arc<World> {
        &self.owner.world
    }
}

impl fmt::Debug for SimRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimRuntime")
            .field("now", &self.now())
            .finish_non_exhaustive()
    }
}

/// A task's handle.
#[must_use = "a dropped handle detaches its task; `drop(..)` it to say so"]
pub struct SimHandle<T> {
    inner: PortableHandle<T>,
    panic: Arc<PanicNote>,
}

impl<T> fmt::Debug for SimHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// A panic that somebody should hear of.
struct PanicNote {
    world: Arc<World>,
    state: Mutex<PanicState>,
}

#[derive(Default)]
struct PanicState {
    panicked: Option<(TaskNo, String)>,
    detached: bool,
}

impl PanicNote {
    fn with(&self, change: impl FnOnce(&mut PanicState)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        if state.detached
            && let Some((task, message)) = state.panicked.take()
        {
            drop(state);
            self.world.note_panic(task, message);
        }
    }
}

impl fmt::Debug for PanicNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PanicNote")
    }
}

impl<T> Future for SimHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = Pin::new(&mut self.inner).poll(cx);
        if polled.is_ready() {
            // Whoever joins has heard of it.
            self.panic.with(|state| state.panicked = None);
        }
        polled
    }
}

impl<T> JoinHandle<T> for SimHandle<T> {
    fn abort(&self) {
        self.inner.abort();
    }

    fn is_finished(&self) -> bool {
        self.inner.is_finished()
    }
}

impl<T> Drop for SimHandle<T> {
    fn drop(&mut self) {
        self.panic.with(|state| state.detached = true);
    }
}

impl Spawn for SimRuntime {
    type JoinHandle<T: Send + 'static> = SimHandle<T>;

    #[track_caller]
    fn spawn<F>(&self, future: F) -> SimHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let place = Location::caller();
        let note = Arc::new(PanicNote {
            world: self.world().clone(),
            state: Mutex::default(),
        });
        let noted = note.clone();
        let no = Arc::new(Mutex::new(TaskNo(0)));
        let known = no.clone();
        let watched = async move {
            let mut future = pin!(future);
            std::future::poll_fn(|cx| {
                match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
                    Ok(polled) => polled,
                    Err(payload) => {
                        let task = *known.lock().unwrap_or_else(PoisonError::into_inner);
                        let message = quiet::last().unwrap_or_else(|| message(&payload));
                        noted.with(|state| state.panicked = Some((task, message)));
                        resume_unwind(payload)
                    }
                }
            })
            .await
        };
        let (task, inner) = portable(watched);
        let (_, number) = self.world().spawn(Some(Box::pin(task)), place);
        *no.lock().unwrap_or_else(PoisonError::into_inner) = number;
        SimHandle { inner, panic: note }
    }
}

pub(crate) fn message(payload: &Box<dyn Any + Send>) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "(a payload that is not a string)".to_owned()
    }
}

impl SpawnBlocking for SimRuntime {
    type BlockingHandle<T: Send + 'static> = PortableBlockingHandle<T>;

    /// Within [`check`](crate::check()) and the like, blocking work is one step, at a point of the
    /// schedule's choice: it must not wait for anything. In a world of its own
    /// ([`SimRuntime::new`]) it has a thread, as on other runtimes.
    #[track_caller]
    fn spawn_blocking<F, T>(&self, work: F) -> PortableBlockingHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (work, handle) = portable_blocking(work);
        if self.world().has_threads() {
            let outside = Outside::begin(self.world().clone());
            thread::spawn(move || {
                let _outside = outside;
                work();
            });
        } else {
            let step = Box::pin(async move { work() });
            self.world().spawn(Some(step), Location::caller());
        }
        handle
    }
}

/// Work on another thread, which the world waits for before it lets time pass.
struct Outside(Arc<World>);

impl Outside {
    fn begin(world: Arc<World>) -> Self {
        world.go_outside();
        Self(world)
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        self.0.come_back();
    }
}

impl Clock for SimRuntime {
    fn now(&self) -> Instant {
        self.world().now()
    }

    /// The runtime's own time, from a day in 2025 on.
    fn wall_time(&self) -> SystemTime {
        const START: Duration = Duration::from_secs(1_750_000_000);
        SystemTime::UNIX_EPOCH + START + (self.now() - Instant::ORIGIN)
    }
}

/// An [`Alarm`] on virtual time.
#[derive(Debug)]
pub struct SimAlarm {
    world: Arc<World>,
    deadline: Instant,
    kept: Option<TimerKey>,
}

impl SimAlarm {
    fn disarm(&mut self) {
        if let Some(key) = self.kept.take() {
            self.world.clear_timer(key);
        }
    }
}

impl Alarm for SimAlarm {
    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn set(mut self: Pin<&mut Self>, deadline: Instant) {
        self.disarm();
        self.deadline = deadline;
    }

    fn poll_fired(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline.as_nanos();
        let late = self.kept.map_or(deadline, |(fires, _)| fires);
        if self.world.time() >= late {
            self.disarm();
            return Poll::Ready(());
        }
        let key = self.world.set_timer(deadline, self.kept, cx.waker());
        self.kept = Some(key);
        Poll::Pending
    }
}

impl Drop for SimAlarm {
    fn drop(&mut self) {
        self.disarm();
    }
}

impl Sleep for SimRuntime {
    type Timer = AlarmTimer<SimAlarm>;

    fn sleep_until(&self, deadline: Instant) -> Self::Timer {
        let alarm = SimAlarm {
            world: self.world().clone(),
            deadline,
            kept: None,
        };
        AlarmTimer::new(alarm)
    }
}

impl Entropy for SimRuntime {
    fn random_u64(&self) -> u64 {
        self.world().random()
    }
}

impl BlockOn for SimRuntime {
    /// # Panics
    /// With the future's panic; with a report where the world is stuck; and inside a world that
    /// runs already.
    #[track_caller]
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        let place = Location::caller();
        match self.world().drive(pin!(future), place) {
            Ok(output) => output,
            Err(failure) => panic!("{failure}"),
        }
    }
}

impl Runtime for SimRuntime {
    anyrt_core::portable_sync!();

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }

    fn name(&self) -> &'static str {
        "sim"
    }
}
