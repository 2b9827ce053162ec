//! Runs a body under many schedules, and says how to see a failure again.

use crate::{
    choice::Schedule, failure::Failure, quiet, runtime::SimRuntime, settings::Settings,
    trace::Record, world::World,
};
use std::{
    env, fmt,
    future::Future,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    pin::pin,
    thread,
    time::Duration,
};

/// The variable that plays a failure again.
const REPLAY: &str = "ANYRT_SIM_REPLAY";

/// Runs `body` under `seeds` schedules, each on a thread of its own and in a world of its own.
///
/// ```
/// use anyrt_core::rt::{Lock, Runtime, Spawn};
/// use std::sync::Arc;
///
/// anyrt_sim::check(100, |rt| async move {
///     let count = Arc::new(rt.lock(0));
///     let tasks = [(); 2].map(|()| {
///         let count = count.clone();
///         rt.spawn(async move { *count.lock().await += 1 })
///     });
///     for task in tasks {
///         task.await.unwrap();
///     }
///     assert_eq!(*count.lock().await, 2);
/// });
/// ```
///
/// # Panics
/// With a report, and a line that replays it, at the first schedule that fails.
#[track_caller]
pub fn check<F, Fut>(seeds: u64, body: F)
where
    F: Fn(SimRuntime) -> Fut + Sync,
    Fut: Future<Output = ()>,
{
    Sim::new().check(seeds, body);
}

/// How worlds are set up.
#[derive(Debug, Clone, Default)]
#[must_use = "settings do nothing until `check` or `run`"]
pub struct Sim {
    settings: Settings,
}

impl Sim {
    /// A portfolio of schedules, and no faults.
    pub fn new() -> Self {
        Self::default()
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

    /// Polls a task that nobody woke, in about one of so many steps; 0: never.
    pub fn spurious_polls(mut self, one_in: u32) -> Self {
        self.settings.spurious = one_in;
        self
    }

    /// Lets about one of so many timers be late, by a millisecond; 0: none.
    pub fn late_timers(mut self, one_in: u32) -> Self {
        self.settings.late = one_in;
        self
    }

    /// Runs `body` once, on a thread of its own.
    pub fn run<F, Fut>(&self, seed: u64, body: F) -> Run
    where
        F: FnOnce(SimRuntime) -> Fut + Send,
        Fut: Future<Output = ()>,
    {
        self.run_once(seed, None, false, body)
    }

    /// Runs `body` under `seeds` schedules.
    ///
    /// # Panics
    /// With a report, and a line that replays it, at the first schedule that fails.
    #[track_caller]
    pub fn check<F, Fut>(&self, seeds: u64, body: F)
    where
        F: Fn(SimRuntime) -> Fut + Sync,
        Fut: Future<Output = ()>,
    {
        if let Some(replay) = env::var_os(REPLAY) {
            let replay = replay
                .into_string()
                .ok()
                .and_then(|text| Replay::parse(&text));
            let replay = replay.unwrap_or_else(|| panic!("{REPLAY}: not a replay of this version"));
            let run = self.run_once(replay.seed, replay.choices, true, &body);
            println!("{}", Timeline(&run.records));
            match run.failure {
                Some(failure) => panic!("seed {}: {failure}", replay.seed),
                None => return,
            }
        }
        for seed in 0..seeds {
            let run = self.run_once(seed, None, false, &body);
            if let Some(failure) = run.failure {
                let (choices, failure) = self.shrink(seed, run.choices, failure, &body);
                let replay = Replay {
                    seed,
                    choices: Some(choices),
                };
                panic!(
                    "{}",
                    Report {
                        seed,
                        seeds,
                        failure,
                        replay
                    }
                );
            }
        }
    }

    fn run_once<F, Fut>(&self, seed: u64, choices: Option<Vec<u32>>, record: bool, body: F) -> Run
    where
        F: FnOnce(SimRuntime) -> Fut + Send,
        Fut: Future<Output = ()>,
    {
        let mut settings = self.settings.clone();
        settings.record = record;
        let world = World::new(seed, settings, choices);
        let rt = SimRuntime::over(world.clone());
        let live = || {
            let _quiet = quiet::Quiet::begin();
            // The place is the same for all: a caller's would be its closure's.
            let place = Location::caller();
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                let body = pin!(body(rt.clone()));
                world.drive(body, place)
            }));
            let failure = match outcome {
                Ok(Ok(())) => world.check_leaks().err(),
                Ok(Err(failure)) => Some(failure),
                Err(payload) => Some(Failure::Panicked {
                    message: quiet::last().unwrap_or_else(|| crate::runtime::message(&payload)),
                }),
            };
            world.close();
            failure.or_else(|| world.take_panic())
        };
        let failure = thread::scope(|scope| scope.spawn(live).join());
        let failure = failure.unwrap_or_else(|payload| std::panic::resume_unwind(payload));
        Run {
            failure,
            hash: world.trace_hash(),
            choices: world.choices(),
            records: world.take_trace(),
        }
    }

    /// A shorter log of choices that fails as well: what is cut off, or set to the default, is what
    /// did not matter.
    fn shrink<F, Fut>(
        &self,
        seed: u64,
        choices: Vec<u32>,
        failure: Failure,
        body: &F,
    ) -> (Vec<u32>, Failure)
    where
        F: Fn(SimRuntime) -> Fut + Sync,
        Fut: Future<Output = ()>,
    {
        let mut best = (choices, failure);
        let mut budget = 200;
        let mut attempt = |candidate: Vec<u32>, best: &mut (Vec<u32>, Failure)| {
            if budget == 0 {
                return false;
            }
            budget -= 1;
            let run = self.run_once(seed, Some(candidate.clone()), false, body);
            match run.failure {
                Some(failure) if same_kind(&failure, &best.1) => {
                    *best = (candidate, failure);
                    true
                }
                _ => false,
            }
        };
        // Cut off the end, by halves.
        let mut cut = best.0.len() / 2;
        while cut > 0 {
            let shorter = best.0[..best.0.len().saturating_sub(cut)].to_vec();
            if !attempt(shorter, &mut best) {
                cut /= 2;
            }
            cut = cut.min(best.0.len());
        }
        // Set blocks to the default, then single ones.
        let mut block = (best.0.len() / 2).max(1);
        loop {
            let mut from = 0;
            while from < best.0.len() {
                let to = (from + block).min(best.0.len());
                if best.0[from..to].iter().any(|choice| *choice != 0) {
                    let mut tamer = best.0.clone();
                    tamer[from..to].fill(0);
                    attempt(tamer, &mut best);
                }
                from = to;
            }
            if block == 1 {
                break;
            }
            block /= 2;
        }
        while best.0.last() == Some(&0) {
            best.0.pop();
        }
        best
    }
}

fn same_kind(one: &Failure, other: &Failure) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

/// What came of one run.
#[derive(Debug)]
#[non_exhaustive]
pub struct Run {
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// Of all that happened: the same seed gives the same.
    pub hash: u64,
    /// What was decided, where there was more than one option.
    pub choices: Vec<u32>,
    /// What happened, where it was recorded.
    pub records: Vec<Record>,
}

/// A failure that can be played again.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Replay {
    seed: u64,
    choices: Option<Vec<u32>>,
}

/// Changes when the meaning of a choice does.
const VERSION: u32 = 1;

impl Replay {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let version = parts.next()?.strip_prefix('v')?.parse::<u32>().ok()?;
        let seed = parts.next()?.parse().ok()?;
        let choices = parts.next()?;
        if version != VERSION || parts.next().is_some() {
            return None;
        }
        let choices = if choices.is_empty() {
            Some(Vec::new())
        } else {
            choices
                .split('.')
                .map(|choice| choice.parse().ok())
                .collect()
        };
        Some(Self {
            seed,
            choices: Some(choices?),
        })
    }
}

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{VERSION}:{}:", self.seed)?;
        for (at, choice) in self.choices.iter().flatten().enumerate() {
            let dot = if at == 0 { "" } else { "." };
            write!(f, "{dot}{choice}")?;
        }
        Ok(())
    }
}

struct Report {
    seed: u64,
    seeds: u64,
    failure: Failure,
    replay: Replay,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            seeds,
            failure,
            replay,
        } = self;
        let test = thread::current().name().unwrap_or("").to_owned();
        write!(
            f,
            "seed {seed} of {seeds}: {failure}\n\nsee it again, with its timeline:\n  {REPLAY}={replay} cargo test {test}"
        )
    }
}

struct Timeline<'a>(&'a [Record]);

impl fmt::Display for Timeline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|record| writeln!(f, "{record}"))
    }
}
