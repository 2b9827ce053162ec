//! The runtime: handles to a world.

use crate::{
    cancel::Stage,
    choice::Script,
    handle::SimHandle,
    quiet,
    sim::Settings,
    sync::{SimChannel, SimLock, SimReceiver, SimSemaphore, SimSender},
    timer::SimAlarm,
    world::{Ending, World},
};
use anyrt_core::{
    ConfigError, Instant,
    rt::{BlockOn, Clock, Entropy, Runtime, Sleep, Spawn, SpawnBlocking},
    task::{PortableBlockingHandle, portable, portable_blocking},
    time::AlarmTimer,
};
use std::{
    any::type_name,
    fmt,
    future::Future,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind},
    pin::pin,
    sync::Arc,
    thread,
    time::{Duration, SystemTime},
};

/// A simulated runtime: one thread, virtual time, schedules from a seed.
///
/// It is what [`check`](crate::check()) gives to its body. As a value of its own it is a runtime like
/// any other, that runs while somebody is in [`block_on`](BlockOn::block_on).
///
/// ```
/// use anyrt::rt::{BlockOn, Clock, Sleep};
/// use anyrt::sim::SimRuntime;
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
    /// A world of its own, whose schedule is [the seed's](crate::Schedule::of_seed).
    ///
    /// Where a task is polled 1,000 times without a wait for time, the clock goes on to the next timer: what is
    /// busy takes time, too.
    pub fn new(seed: u64) -> Self {
        let settings = Settings {
            threads: true,
            ..Settings::default()
        };
        Self::over(World::new(seed, settings, Script::Begin(Vec::new())))
    }

    /// Lets time go by in which nobody is polled, as where a task blocks the thread that polls all others, or a machine
    /// is suspended.
    ///
    /// Timers that are due meanwhile fire, each at its time. Who is woken by them is polled once the caller has
    /// returned to the world, all at the time that is then, in an order of the schedule's choice.
    ///
    /// ```
    /// use anyrt::prelude::*;
    /// use std::time::Duration;
    ///
    /// const SECOND: Duration = Duration::from_secs(1);
    ///
    /// anyrt::sim::check(10, |rt| async move {
    ///     let start = rt.now();
    ///     let sleeper = rt.spawn({
    ///         let rt = rt.clone();
    ///         async move { rt.sleep_until(start + SECOND).await }
    ///     });
    ///     anyrt::task::yield_now().await;
    ///     rt.stall(5 * SECOND);
    ///     sleeper.await.unwrap();
    ///     assert_eq!(rt.now() - start, 5 * SECOND);
    /// });
    /// ```
    pub fn stall(&self, time: Duration) {
        self.world().stall(time);
    }

    pub(crate) fn over(world: Arc<World>) -> Self {
        Self {
            owner: Arc::new(Owner { world }),
        }
    }

    /// One of so many, by the schedule.
    pub(crate) fn choose(&self, options: usize) -> usize {
        self.world().choose(options)
    }

    /// For the report, and the timeline.
    pub(crate) fn enter_stage(&self, stage: Stage) {
        self.world().enter_stage(stage);
    }

    pub(crate) fn world(&self) -> &Arc<World> {
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

impl Spawn for SimRuntime {
    type JoinHandle<T: Send + 'static> = SimHandle<T>;

    #[track_caller]
    fn spawn<F>(&self, future: F) -> SimHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let place = Location::caller();
        let world = self.world();
        let entry = world.reserve(place);
        let noted = world.clone();
        let watched = async move {
            let mut future = pin!(future);
            std::future::poll_fn(|cx| {
                let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
                Ending::Ready.note();
                polled.unwrap_or_else(|payload| {
                    Ending::Panicked.note();
                    if let Some((key, no)) = entry {
                        noted.note_panic(key, no, quiet::message(&payload));
                    }
                    resume_unwind(payload)
                })
            })
            .await
        };
        let (task, inner) = portable(watched);
        match entry {
            Some(entry) => world.begin(entry, Some(Box::pin(task))),
            None => drop(task),
        }
        SimHandle::new(inner, world.clone(), entry, place)
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
        let work = || {
            let ended = catch_unwind(AssertUnwindSafe(work));
            match ended {
                Ok(_) => Ending::Ready.note(),
                Err(_) => Ending::Panicked.note(),
            }
            ended.unwrap_or_else(|payload| resume_unwind(payload))
        };
        let (work, handle) = portable_blocking(work);
        let world = self.world();
        if world.has_threads() {
            let outside = Outside::begin(world.clone());
            thread::spawn(move || {
                let _outside = outside;
                work();
            });
        } else if let Some(entry) = world.reserve(Location::caller()) {
            world.begin(entry, Some(Box::pin(async move { work() })));
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

    /// The runtime's own time, from a day on that the seed draws.
    fn wall_time(&self) -> SystemTime {
        let origin = SystemTime::UNIX_EPOCH + self.world().wall_origin();
        origin + (self.now() - Instant::ORIGIN)
    }
}

impl Sleep for SimRuntime {
    type Timer = AlarmTimer<SimAlarm>;

    fn sleep_until(&self, deadline: Instant) -> Self::Timer {
        AlarmTimer::new(SimAlarm::new(self.world().clone(), deadline))
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
    type Lock<T: Send + 'static> = SimLock<T>;
    type Semaphore = SimSemaphore;
    type Channel<T: Send + 'static> = SimChannel<T>;

    #[track_caller]
    fn lock<T: Send + 'static>(&self, value: T) -> SimLock<T> {
        let made_at = Location::caller();
        let thing = self.world().new_thing("lock", type_name::<T>(), made_at);
        SimLock::new(self.world().clone(), thing, value)
    }

    #[track_caller]
    fn semaphore(&self, permits: usize) -> Result<SimSemaphore, ConfigError> {
        let thing = self.world().new_thing("semaphore", "", Location::caller());
        SimSemaphore::new(self.world().clone(), thing, permits)
    }

    #[track_caller]
    fn channel<T: Send + 'static>(
        &self,
        capacity: usize,
    ) -> Result<(SimSender<T>, SimReceiver<T>), ConfigError> {
        let made_at = Location::caller();
        let thing = self.world().new_thing("channel", type_name::<T>(), made_at);
        let halves = anyrt_core::sync::channel(capacity)?;
        Ok(SimChannel::halves(self.world(), &thing, halves))
    }

    #[track_caller]
    fn unbounded_channel<T: Send + 'static>(&self) -> (SimSender<T>, SimReceiver<T>) {
        let made_at = Location::caller();
        let thing = self.world().new_thing("channel", type_name::<T>(), made_at);
        SimChannel::halves(self.world(), &thing, anyrt_core::sync::unbounded_channel())
    }

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }

    fn name(&self) -> &'static str {
        "sim"
    }

    fn name_task(&self, name: &str) {
        self.world().name_task(name);
    }
}
