//! Cancel safety as a test: an operation is dropped at each point where that is possible.

use crate::{replay, runtime::SimRuntime, sim::Sim};
use std::{
    fmt,
    future::{Future, poll_fn},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    task::Poll,
};

/// Schedules for each point, unless [`Sim::check_cancel`] says otherwise.
const SEEDS: u64 = 20;

/// An operation that has so many points has no end.
const POINTS: usize = 1 << 14;

/// Drops an operation at each point where that is possible, and looks at what it leaves behind.
///
/// `setup` makes what the operation works on. Then `op` is polled and dropped: before its first poll; right
/// after its first poll, its second, …; and each time also once it was woken, just before it would have
/// been polled again, where what it was given is lost most easily. Then `verify` looks whether all is as it
/// should be, and a fresh `op` has to come to its end. Each point is tried under 20 schedules; the
/// search ends at the first point that no run reaches.
///
/// ```
/// use anyrt::rt::{Runtime, Semaphore, Spawn};
/// use anyrt::task::yield_now;
/// use std::sync::Arc;
///
/// anyrt::sim::check_cancel(
///     |rt| async move {
///         let semaphore = Arc::new(rt.semaphore(1).unwrap());
///         let permit = semaphore.clone().acquire_owned().await.unwrap();
///         drop(rt.spawn(async move {
///             yield_now().await;
///             drop(permit);
///         }));
///         semaphore
///     },
///     |_, semaphore| async move { drop(semaphore.acquire().await) },
///     |_, semaphore| async move {
///         drop(semaphore.acquire().await);
///         assert_eq!(semaphore.available_permits(), 1);
///     },
/// );
/// ```
///
/// An operation that takes its permit by hand, and gives it back by hand, is not as good:
///
/// ```should_panic
/// # use anyrt::{rt::{Permit, Runtime, Semaphore}, task::yield_now};
/// # use std::sync::Arc;
/// anyrt::sim::check_cancel(
///     |rt| async move { Arc::new(rt.semaphore(1).unwrap()) },
///     |_, slots| async move {
///         slots.acquire().await.unwrap().forget();
///         yield_now().await; // It works.
///         slots.add_permits(1).unwrap();
///     },
///     |_, _| async {},
/// );
/// ```
///
/// ```text
/// seed 0 of 20, in the fresh `op`, after the first `op` was dropped right after poll 1: deadlock at 0ns: nothing can wake any of
///   the body: polled 2 times, last at 0ns
///       waits since 0ns at tests/slots.rs:9:19 for a permit of semaphore 1 (made at tests/slots.rs:7:39), last taken by the body at tests/slots.rs:9:19
///   a circle: the body waits for the body
/// ```
///
/// A deadlock here is most often that: `verify`, or the fresh `op`, waits for what the one that was dropped took
/// along. Either is part of the body, as `setup` and the `op` that is dropped are; tasks are what these spawn.
///
/// # Panics
/// As [`check`](crate::check()) does, with the point at which the operation was dropped, and whether it was in
/// `setup`, in `op`, in `verify` or in the fresh `op` that the run failed; and where an operation has more than
/// 8,000 polls.
#[track_caller]
pub fn check_cancel<S, Setup, Made, Op, Doing, Verify, Looking>(
    setup: Setup,
    op: Op,
    verify: Verify,
) where
    S: Clone,
    Setup: Fn(SimRuntime) -> Made + Sync,
    Made: Future<Output = S>,
    Op: Fn(SimRuntime, S) -> Doing + Sync,
    Doing: Future,
    Verify: Fn(SimRuntime, S) -> Looking + Sync,
    Looking: Future<Output = ()>,
{
    Sim::new().check_cancel(SEEDS, setup, op, verify);
}

impl Sim {
    /// Drops an operation at each point where that is possible, under `seeds` schedules each: see
    /// [`check_cancel`](crate::check_cancel()).
    ///
    /// # Panics
    /// As [`check`](Self::check) does, also where `seeds` is 0, with the point at which the operation was dropped; and
    /// where an operation has more than 8,000 polls.
    #[track_caller]
    pub fn check_cancel<S, Setup, Made, Op, Doing, Verify, Looking>(
        &self,
        seeds: u64,
        setup: Setup,
        op: Op,
        verify: Verify,
    ) where
        S: Clone,
        Setup: Fn(SimRuntime) -> Made + Sync,
        Made: Future<Output = S>,
        Op: Fn(SimRuntime, S) -> Doing + Sync,
        Doing: Future,
        Verify: Fn(SimRuntime, S) -> Looking + Sync,
        Looking: Future<Output = ()>,
    {
        let dropped = AtomicBool::new(false);
        let (setup, op, verify, seen) = (&setup, &op, &verify, &dropped);
        let body = |rt: SimRuntime| {
            // Before anything else is decided, so that it is the first choice of a replay.
            let point = Point(rt.choose(POINTS));
            async move {
                let enter = |part| rt.enter_stage(Stage { part, point });
                enter(Part::Setup);
                let state = setup(rt.clone()).await;
                enter(Part::Op);
                let dropped = drop_at(point, op(rt.clone(), state.clone())).await;
                if dropped {
                    seen.store(true, Relaxed);
                }
                enter(Part::Verify { dropped });
                verify(rt.clone(), state.clone()).await;
                enter(Part::Fresh { dropped });
                op(rt.clone(), state).await;
            }
        };
        let mut idle = 0;
        for point in 0.. {
            assert!(point < POINTS as u32, "the operation does not end");
            dropped.store(false, Relaxed);
            self.check_from(seeds, &[point], &body);
            // A schedule may have a point that the next kind of point has not.
            idle = if dropped.load(Relaxed) { 0 } else { idle + 1 };
            let replay = replay::wanted();
            if idle == 2 || replay.is_some_and(|replay| replay.choices.is_some()) {
                return;
            }
        }
    }
}

/// How far a run of a check has come, and where it drops its operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stage {
    pub(crate) part: Part,
    point: Point,
}

/// The parts of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Setup,
    Op,
    /// `dropped` is whether the operation was: it may have come to its end before.
    Verify {
        dropped: bool,
    },
    Fresh {
        dropped: bool,
    },
}

impl Stage {
    /// What begins with it.
    pub(crate) fn event(self) -> String {
        match self.part {
            Part::Setup => "setup begins".to_owned(),
            Part::Op => "op begins".to_owned(),
            Part::Verify { dropped: true } => format!("op {}; verify begins", self.point),
            Part::Verify { dropped: false } => "op came to its end; verify begins".to_owned(),
            Part::Fresh { .. } => "verify ended; the fresh op begins".to_owned(),
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let point = self.point;
        let (part, first, dropped) = match self.part {
            Part::Setup => return write!(f, "in `setup` (`op` was to be {point})"),
            Part::Op => return write!(f, "in `op` (it was to be {point})"),
            Part::Verify { dropped } => ("`verify`", "`op`", dropped),
            Part::Fresh { dropped } => ("the fresh `op`", "the first `op`", dropped),
        };
        match dropped {
            true => write!(f, "in {part}, after {first} was {point}"),
            false => write!(f, "in {part}, after {first} came to its end"),
        }
    }
}

/// Where an operation is dropped: 0 before its first poll, 1 right after that, 2 when it was woken
/// then, 3 right after its second poll, …
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Point(usize);

impl Point {
    fn polls(self) -> usize {
        self.0.div_ceil(2)
    }

    fn once_woken(self) -> bool {
        self.0 > 0 && self.0.is_multiple_of(2)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.polls(), self.once_woken()) {
            (0, _) => f.write_str("dropped before its first poll"),
            (polls, false) => write!(f, "dropped right after poll {polls}"),
            (polls, true) => write!(f, "dropped once woken after poll {polls}"),
        }
    }
}

/// Whether `op` was dropped before it was ready.
async fn drop_at<F: Future>(point: Point, op: F) -> bool {
    let mut op = Some(Box::pin(op));
    let mut polls = 0;
    poll_fn(|cx| {
        while let Some(running) = op.as_mut().filter(|_| polls < point.polls()) {
            polls += 1;
            if running.as_mut().poll(cx).is_ready() {
                return Poll::Ready(false);
            }
            if polls < point.polls() || point.once_woken() {
                return Poll::Pending;
            }
        }
        op = None;
        Poll::Ready(true)
    })
    .await
}
