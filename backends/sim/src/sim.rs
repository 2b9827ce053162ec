//! How worlds are set up, and one run of one.

use crate::{
    cancel::Stage,
    choice::{Choice, Script},
    failure::Failure,
    quiet,
    runtime::SimRuntime,
    schedule::Schedule,
    task_report::PanicReport,
    timeline::{Html, Timeline},
    trace::Record,
    world::{Drives, World},
};
use std::{
    fmt,
    future::Future,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind},
    pin::pin,
    sync::Arc,
    thread,
    time::Duration,
};

/// Limits, faults, and how tasks are scheduled.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// `None`: of the portfolio, by seed.
    pub(crate) schedule: Option<Schedule>,
    pub(crate) max_steps: u64,
    /// Steps without the clock moving, after which it moves, or the run has failed.
    pub(crate) max_steps_at_once: u64,
    pub(crate) max_time: Duration,
    pub(crate) forbid_leaks: bool,
    /// One in this many steps polls a task that nobody woke; 0: never.
    pub(crate) spurious: u32,
    /// One in this many polls has a new waker, and the old one is dead; 0: never.
    pub(crate) swaps: u32,
    /// One in this many operations that may have to wait lets others run first; 0: never.
    pub(crate) yields: u32,
    /// One in this many timers is late; 0: never.
    pub(crate) late: u32,
    /// It is a runtime as others are: blocking work has threads, other threads may wake tasks, and the panic
    /// of a task that nobody joins is nobody's business.
    pub(crate) threads: bool,
    pub(crate) record: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            schedule: None,
            max_steps: 1_000_000,
            max_steps_at_once: 10_000,
            max_time: Duration::from_secs(366 * 24 * 60 * 60),
            forbid_leaks: false,
            spurious: 0,
            swaps: 0,
            yields: 0,
            late: 0,
            threads: false,
            record: false,
        }
    }
}

/// How simulated worlds are set up: [`check`](crate::check()) with other settings than the usual.
///
/// ```
/// use anyrt::rt::Spawn;
/// use anyrt::sim::{Schedule, Sim};
///
/// Sim::new()
///     .schedule(Schedule::Random)
///     .forbid_leaks()
///     .check(100, |rt| async move {
///         rt.spawn(async {}).await.unwrap();
///     });
/// ```
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until `check` or `run`"]
pub struct Sim {
    pub(crate) settings: Settings,
    /// Faults by seed.
    faults: bool,
    same_thread: bool,
    /// Unless set, one a core.
    jobs: Option<NonZeroUsize>,
}

impl Default for Sim {
    fn default() -> Self {
        Self::new()
    }
}

impl Sim {
    /// A portfolio of schedules and of faults that any correct program bears. Of three seeds, one has no
    /// faults; one lets others run before each second operation that may have to wait, even where it could go
    /// on; one does so less often, and has spurious polls and new wakers, too.
    pub fn new() -> Self {
        Self {
            settings: Settings::default(),
            faults: true,
            same_thread: false,
            jobs: None,
        }
    }

    /// Schedules in one way only.
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.settings.schedule = Some(schedule);
        self
    }

    /// A run of more steps than this has failed: 1,000,000 unless set.
    pub fn max_steps(mut self, steps: u64) -> Self {
        self.settings.max_steps = steps;
        self
    }

    /// After this many steps without a wait for time the clock goes on by itself, to the next timer: 10,000
    /// unless set. Where there is no timer, ten times as many are a livelock.
    pub fn max_steps_at_once(mut self, steps: u64) -> Self {
        self.settings.max_steps_at_once = steps;
        self
    }

    /// A run of more virtual time than this has failed: 366 days unless set.
    pub fn max_time(mut self, limit: Duration) -> Self {
        self.settings.max_time = limit;
        self
    }

    /// A task that is left when the body ends is a failure.
    pub fn forbid_leaks(mut self) -> Self {
        self.settings.forbid_leaks = true;
        self
    }

    /// No faults at all, in no seed.
    pub fn without_faults(self) -> Self {
        self.spurious_polls(0)
            .new_wakers(0)
            .yields(0)
            .late_timers(0)
    }

    /// Polls a task that nobody woke, in about one of `one_in` steps of each seed; 0: never.
    pub fn spurious_polls(mut self, one_in: u32) -> Self {
        self.faults = false;
        self.settings.spurious = one_in;
        self
    }

    /// Gives about one of `one_in` polls, in each seed, another waker than the poll before: that one
    /// wakes nobody any more; 0: never.
    pub fn new_wakers(mut self, one_in: u32) -> Self {
        self.faults = false;
        self.settings.swaps = one_in;
        self
    }

    /// Lets others run before about one of `one_in` operations that may have to wait, in each seed, also where it need
    /// not wait: on several threads they always may; 0: never.
    ///
    /// These are locks, permits and channels, the runtime's and the portable ones, the rest of
    /// [`sync`](anyrt_core::sync) and [`channel`](anyrt_core::channel), limits, pools and caches, and whatever else
    /// [asks](anyrt_core::waits::interrupts). It is once an operation, before that takes anything or queues up.
    ///
    /// A test that polls by hand and counts on what one poll does sets other faults alone, as this does not strike then;
    /// or it polls with [`Waker::noop`](std::task::Waker::noop), for such a poll lets nobody run.
    pub fn yields(mut self, one_in: u32) -> Self {
        self.faults = false;
        self.settings.yields = one_in;
        self
    }

    /// Lets about one of `one_in` timers be late, by a millisecond; 0: none, which is the default.
    pub fn late_timers(mut self, one_in: u32) -> Self {
        self.settings.late = one_in;
        self
    }

    /// Runs all seeds on the caller's thread, one after the other: faster, for a thread costs more than a small run,
    /// and what a run leaves in thread-locals is there in the next. With [`jobs`](Self::jobs), on so many threads.
    pub fn same_thread(mut self) -> Self {
        self.same_thread = true;
        self
    }

    /// Runs `jobs` seeds at a time: one a core unless set. What is reported does not depend on it, for it is the
    /// failure of the lowest seed. A body that changes statics, files or the like wants 1.
    pub fn jobs(mut self, jobs: NonZeroUsize) -> Self {
        self.jobs = Some(jobs);
        self
    }

    /// How many of `seeds` run at a time.
    pub(crate) fn at_once(&self, seeds: u64) -> usize {
        let jobs = self.jobs.unwrap_or_else(|| match self.same_thread {
            true => NonZeroUsize::MIN,
            false => thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        });
        usize::try_from(seeds).map_or(jobs.get(), |seeds| jobs.get().min(seeds))
    }

    /// Keeps what happens, for [`Run::records`].
    pub fn record(mut self) -> Self {
        self.settings.record = true;
        self
    }

    /// Runs `body` once.
    #[track_caller]
    pub fn run<F, Fut>(&self, seed: u64, body: F) -> Run
    where
        F: FnOnce(SimRuntime) -> Fut + Send,
        Fut: Future<Output = ()>,
    {
        self.play(Location::caller(), seed, Script::Begin(Vec::new()), body)
    }

    /// The faults of a seed, where they are left to it.
    fn settings_of(&self, seed: u64) -> Settings {
        let mut settings = self.settings.clone();
        match seed % 3 {
            _ if !self.faults => {}
            0 => {}
            1 => settings.yields = 2,
            _ => (settings.spurious, settings.swaps, settings.yields) = (8, 8, 8),
        }
        settings
    }

    /// `place` is where the body comes from, for reports.
    pub(crate) fn play<F, Fut>(
        &self,
        place: &'static Location<'static>,
        seed: u64,
        script: Script,
        body: F,
    ) -> Run
    where
        F: FnOnce(SimRuntime) -> Fut + Send,
        Fut: Future<Output = ()>,
    {
        let world = World::new(seed, self.settings_of(seed), script);
        let live = || live(&world, place, body);
        let failure = if self.same_thread {
            live()
        } else {
            let joined = thread::scope(|scope| scope.spawn(live).join());
            joined.unwrap_or_else(|payload| resume_unwind(payload))
        };
        Run {
            failure,
            hash: world.hash(),
            steps: world.steps(),
            choices: world.take_choices(),
            records: world.take_trace(),
            panicked: world.panics(),
            stage: world.stage(),
        }
    }
}

fn live<F, Fut>(world: &Arc<World>, place: &'static Location<'static>, body: F) -> Option<Failure>
where
    F: FnOnce(SimRuntime) -> Fut,
    Fut: Future<Output = ()>,
{
    let _quiet = (quiet::Quiet::begin(), Drives::begin());
    let rt = SimRuntime::over(world.clone());
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        // The last runtime that goes ends its world: this one stays until the run is over.
        let body = pin!(body(rt.clone()));
        world.drive(body, place)
    }));
    let failure = match outcome {
        Ok(Ok(())) => world.check_leaks().err(),
        Ok(Err(failure)) => Some(failure),
        Err(payload) => Some(Failure::Panicked {
            message: quiet::message(&payload),
            tasks: world.reports(),
        }),
    };
    world.close();
    failure.or_else(|| world.take_unheard())
}

/// What came of one run.
#[derive(Debug)]
#[non_exhaustive]
pub struct Run {
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// Of all that happened: the same seed gives the same.
    pub hash: u64,
    /// How often a task was polled.
    pub steps: u64,
    /// What happened, where it was [recorded](Sim::record).
    pub records: Vec<Record>,
    /// Panics on the way, in their order, whoever caught them.
    pub panicked: Vec<PanicReport>,
    pub(crate) choices: Vec<Choice>,
    pub(crate) stage: Option<Stage>,
}

impl Run {
    /// What happened, a line each, to be printed.
    pub fn timeline(&self) -> impl std::fmt::Display {
        Timeline(&self.records)
    }

    /// Where it failed, and why, and who panicked on the way; after the words that say which run it was.
    pub(crate) fn story(&self) -> impl fmt::Display {
        Story(self)
    }

    /// What happened, as a page to look at, with nothing outside of it.
    pub fn to_html(&self, title: &str) -> String {
        Html {
            title,
            failure: self.failure.is_some().then_some(&self.story()),
            records: &self.records,
        }
        .to_string()
    }
}

struct Story<'a>(&'a Run);

/// As many panics are told.
const PANICS: usize = 8;

impl fmt::Display for Story<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(stage) = self.0.stage {
            write!(f, ", {stage}")?;
        }
        let failure = self.0.failure.as_ref().map(Failure::to_string);
        let failure = failure.unwrap_or_default();
        write!(f, ": {failure}")?;
        // Not again what it tells itself.
        let others = self.0.panicked.iter();
        let mut others = others.filter(|panic| !failure.contains(&panic.message));
        for (nth, panic) in others.by_ref().take(PANICS).enumerate() {
            if nth == 0 {
                f.write_str("\npanics on the way:")?;
            }
            write!(f, "\n  {panic}")?;
        }
        match others.count() {
            0 => Ok(()),
            more => write!(f, "\n  … and {more} more"),
        }
    }
}
