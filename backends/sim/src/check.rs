//! Many runs of one body, and the line that shows a failure again.

use crate::{
    choice::Script,
    difference::difference,
    failure::Failure,
    replay::{self, Replay},
    report::{Report, again},
    runtime::SimRuntime,
    shrink::shrink,
    sim::{Run, Sim},
    sometimes,
    timeline::Timeline,
};
use std::{
    future::Future,
    panic::{Location, resume_unwind},
    sync::{
        Mutex, PoisonError,
        atomic::{
            AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    thread,
};

/// Runs `body` under `seeds` schedules, each on a thread of its own and in a world of its own; as many at a time as
/// there are [cores](Sim::jobs).
///
/// A run fails where the body panics; where a task panics and nobody joins it; where nothing can go on
/// (a deadlock), or nothing comes to an end (a livelock, too many steps, too much virtual time). For other
/// settings, see [`Sim`].
///
/// ```
/// use anyrt::rt::{Lock, Runtime, Spawn};
/// use std::sync::Arc;
///
/// anyrt::sim::check(100, |rt| async move {
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
/// With a report, and a line that replays it, at the lowest seed that fails; and where `seeds` is 0.
#[track_caller]
pub fn check<F, Fut>(seeds: u64, body: F)
where
    F: Fn(SimRuntime) -> Fut + Sync,
    Fut: Future<Output = ()>,
{
    Sim::new().check(seeds, body);
}

/// Runs `body` twice under each of `seeds` schedules, and compares what happened.
///
/// They differ where the body depends on what is not the simulator's: a clock, a thread, an address, a
/// file, the order of a `HashMap` with the standard hasher.
///
/// ```
/// use anyrt::rt::{Entropy, Sleep};
/// use std::time::Duration;
///
/// anyrt::sim::check_deterministic(20, |rt| async move {
///     rt.sleep(Duration::from_nanos(rt.random_u64() % 1_000)).await;
/// });
/// ```
///
/// # Panics
/// With the first thing that happened in one run and not in the other, and a line that compares the two again, where
/// a seed's two runs differ; where a run fails; and where `seeds` is 0.
#[track_caller]
pub fn check_deterministic<F, Fut>(seeds: u64, body: F)
where
    F: Fn(SimRuntime) -> Fut + Sync,
    Fut: Future<Output = ()>,
{
    Sim::new().check_deterministic(seeds, body);
}

impl Sim {
    /// Runs `body` under `seeds` schedules: see [`check`](crate::check()).
    ///
    /// # Panics
    /// With a report, and a line that replays it, at the lowest seed that fails; and where `seeds` is 0.
    #[track_caller]
    pub fn check<F, Fut>(&self, seeds: u64, body: F)
    where
        F: Fn(SimRuntime) -> Fut + Sync,
        Fut: Future<Output = ()>,
    {
        self.check_from(seeds, &[], &body);
    }

    /// Runs `body` twice under each seed: see [`check_deterministic`](crate::check_deterministic()).
    ///
    /// # Panics
    /// With the first difference, where a seed's two runs differ; where a run fails; and where `seeds` is 0.
    #[track_caller]
    pub fn check_deterministic<F, Fut>(&self, seeds: u64, body: F)
    where
        F: Fn(SimRuntime) -> Fut + Sync,
        Fut: Future<Output = ()>,
    {
        self.check(seeds, &body);
        let place = Location::caller();
        let play = |sim: &Self, seed| sim.play(place, seed, Script::Begin(Vec::new()), &body);
        let (first, last) = match replay::wanted() {
            Some(replay) => (replay.seed, replay.seed),
            None => (0, replay::seeds(seeds) - 1),
        };
        for seed in first..=last {
            let [one, other] = [(); 2].map(|()| play(self, seed));
            if (one.hash, one.steps) == (other.hash, other.steps) {
                continue;
            }
            let recording = self.clone().record();
            let [one, other] = [(); 2].map(|()| play(&recording, seed).records);
            let difference = difference(&one, &other);
            let failure = Failure::Diverged { difference };
            let replay = Replay::of_seed(seed);
            let again = again(&replay.to_string(), replay.test());
            panic!("seed {seed}: {failure}\n\n{again}");
        }
    }

    /// `begin` are the first choices of every run.
    #[track_caller]
    pub(crate) fn check_from<F, Fut>(&self, seeds: u64, begin: &[u32], body: &F)
    where
        F: Fn(SimRuntime) -> Fut + Sync,
        Fut: Future<Output = ()>,
    {
        let place = Location::caller();
        if let Some(replay) = replay::wanted() {
            return self.replay(place, &replay, begin, body);
        }
        let seeds = replay::seeds(seeds);
        let wanted = sometimes::Wanted::default();
        if let Some((seed, run)) = self.first_failure(place, seeds, begin, body, &wanted) {
            let (replay, run) = shrink(self, place, seed, run, body);
            panic!("{}", Report::new(&replay, seeds, &run));
        }
        let what = wanted.missing();
        assert!(
            what.is_empty(),
            "in {seeds} seeds {}",
            Failure::Never { what }
        );
    }

    #[track_caller]
    fn replay<F, Fut>(
        &self,
        place: &'static Location<'static>,
        replay: &Replay,
        begin: &[u32],
        body: &F,
    ) where
        F: Fn(SimRuntime) -> Fut + Sync,
        Fut: Future<Output = ()>,
    {
        let script = match &replay.choices {
            Some(choices) => Script::Play(choices.clone()),
            None => Script::Begin(begin.to_vec()),
        };
        let run = self.clone().record().play(place, replay.seed, script, body);
        println!("{}", Timeline(&run.records));
        let fits = replay.fits(&run.choices);
        match &run.failure {
            Some(_) if fits => panic!("seed {}{}", replay.seed, run.story()),
            None if fits => {}
            came => panic!(
                "{} is of another build: what was decided then is not what there is to decide now, and what came \
                 of it means nothing ({}). Run the test without it, to search again",
                replay::VARIABLE,
                came.as_ref()
                    .map_or_else(|| "no failure".to_owned(), Failure::to_string),
            ),
        }
    }

    fn first_failure<F, Fut>(
        &self,
        place: &'static Location<'static>,
        seeds: u64,
        begin: &[u32],
        body: &F,
        wanted: &sometimes::Wanted,
    ) -> Option<(u64, Run)>
    where
        F: Fn(SimRuntime) -> Fut + Sync,
        Fut: Future<Output = ()>,
    {
        let (next, lowest) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
        let found: Mutex<Option<(u64, Run)>> = Mutex::new(None);
        let work = || {
            loop {
                let seed = next.fetch_add(1, Relaxed);
                if seed >= seeds || seed > lowest.load(Acquire) {
                    return;
                }
                let watched = |rt| wanted.watch(body(rt));
                let run = self.play(place, seed, Script::Begin(begin.to_vec()), watched);
                if run.failure.is_some() {
                    lowest.fetch_min(seed, Release);
                    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                    if found.as_ref().is_none_or(|(other, _)| seed < *other) {
                        *found = Some((seed, run));
                    }
                }
            }
        };
        thread::scope(|scope| {
            let others = 1..self.at_once(seeds);
            let others: Vec<_> = others.map(|_| scope.spawn(work)).collect();
            work();
            for other in others {
                other
                    .join()
                    .unwrap_or_else(|payload| resume_unwind(payload));
            }
        });
        found.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
