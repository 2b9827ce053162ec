//! *GA*: all of them: `gather` and its settled kind.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, Expected, Gate, OnDrop, Probe, Wakes},
};
use anyrt_core::{
    gather::{gather, hedge, map_concurrent, race, race_ok},
    group::{Cause, TaskError, TaskId},
};
use std::{
    future::{Future, Ready, pending, ready},
    panic::panic_any,
    sync::Arc,
    thread,
    time::Duration,
};

/// Jobs that never end, with counts of their starts and of their drops.
#[derive(Debug, Default)]
pub(super) struct Endless {
    pub(super) started: Arc<Wakes>,
    pub(super) dropped: Arc<Wakes>,
}

impl Endless {
    /// One more.
    pub(super) fn job(&self) -> impl Future<Output = Result<usize, u32>> + Send + 'static + use<> {
        let started = Arc::clone(&self.started);
        let guard = Counted::new(&self.dropped);
        async move {
            let _guard = guard;
            started.bump();
            pending().await
        }
    }
}

/// As many jobs, each of which ends only after the one behind it.
pub(super) fn backwards(
    jobs: usize,
) -> Vec<impl Future<Output = Result<usize, u32>> + Send + 'static + use<>> {
    let gates: Vec<_> = (0..=jobs).map(|_| Gate::new()).collect();
    gates[jobs].open();
    let job = |n: usize| {
        let (before, mine) = (gates[n].clone(), gates[n + 1].clone());
        async move {
            mine.wait().await;
            before.open();
            Ok(n)
        }
    };
    (0..jobs).map(job).collect()
}

/// In the order of the input, though the last ends first.
pub fn ga_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let want: Vec<_> = (0..8).collect();
        let outputs = gather(rt, backwards(8)).await;
        ensure_eq!(outputs.ok(), Some(want.clone()), "`gather`");
        let settled = gather(rt, backwards(8)).settled().await;
        let outputs: Vec<_> = settled.into_iter().filter_map(Result::ok).collect();
        ensure_eq!(outputs, want, "`settled`");
        let mapped = map_concurrent(rt, backwards(8), |job| job).limit(8);
        let outputs = mapped.expect("8 are not 0").collect().await;
        ensure_eq!(outputs.ok(), Some(want.clone()), "`map_concurrent`");
        Ok(())
    })
}

/// Nothing is gathered at once, and refused where it makes no sense.
pub fn ga_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let none = Vec::<Ready<Result<u8, u8>>>::new;
        let outputs = Probe::new(gather(rt, none())).ready("a gather of nothing")?;
        ensure_eq!(outputs.ok(), Some(Vec::new()), "a gather of nothing");
        let settled = gather(rt, none()).settled();
        let outputs = Probe::new(settled).ready("a settled gather of nothing")?;
        ensure!(
            outputs.is_empty(),
            "a settled gather of nothing is not empty"
        );
        let mapped = map_concurrent(rt, none(), |job| job).collect();
        let outputs = Probe::new(mapped).ready("a map over nothing")?;
        ensure_eq!(outputs.ok(), Some(Vec::new()), "a map over nothing");

        ensure!(
            gather(rt, none()).non_empty().is_err(),
            "`non_empty` accepts nothing"
        );
        ensure!(race(rt, none()).is_err(), "`race` accepts nothing");
        ensure!(race_ok(rt, none()).is_err(), "`race_ok` accepts nothing");
        let one = gather(rt, [ready(Ok::<_, u8>(1))]).non_empty();
        ensure!(one.is_ok(), "`non_empty` refuses one future");
        Ok(())
    })
}

/// The first failure, once the others are gone.
pub fn ga_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        for limit in [8, 3] {
            let (started, dropped) = (Wakes::new(), Wakes::new());
            let job = |n: usize| {
                let (started, dropped) = (Arc::clone(&started), Arc::clone(&dropped));
                let slow = OnDrop::new(move || {
                    // A gather that does not wait for it returns before.
                    thread::sleep(Duration::from_millis(10));
                    dropped.bump();
                });
                async move {
                    if n == 2 {
                        drop(slow);
                        started.reached(2).await;
                        return Err::<(), _>(n);
                    }
                    let _slow = slow;
                    started.bump();
                    pending().await
                }
            };
            let all = gather(ctx.rt(), (0..4).map(job)).limit(limit);
            let output = all.expect("a limit above 0").await;
            ensure_eq!(dropped.count(), 4, "futures dropped when `gather` returned");
            let Err(error) = output else {
                return Err(Stop::failed("a gather with a failure gave outputs"));
            };
            ensure_eq!(error.error(), Some(&2), "the error");
            ensure_eq!(error.id.map(TaskId::index), Some(2), "its place");
        }
        the_first_of_two(ctx).await
    })
}

/// Of two failures: the one that comes later is of a sibling that panics as it is dropped.
async fn the_first_of_two<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let started = Gate::new();
    let jobs = [0, 1].map(|n| {
        let started = started.clone();
        async move {
            if n == 1 {
                started.wait().await;
                return Err::<(), _>(n);
            }
            let _panics = OnDrop::new(|| panic_any(Expected(3)));
            started.open();
            pending().await
        }
    });
    let Err(error) = gather(ctx.rt(), jobs).await else {
        return Err(Stop::failed("a gather with two failures gave outputs"));
    };
    ensure_eq!(error.error(), Some(&1), "the first error");
    Ok(())
}

/// Settled, each future has its own result.
pub fn ga_4<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let check = |results: Vec<Result<u32, TaskError<u32>>>| {
        ensure_eq!(results.len(), 4, "the number of results");
        for (n, result) in results.into_iter().enumerate() {
            let place = result.as_ref().err().and_then(|error| error.id);
            let result = result.map_err(|error| error.cause);
            match (n, result) {
                (0, Ok(0)) | (1, Err(Cause::Failed(1))) | (3, Ok(3)) => {}
                (2, Err(Cause::Panicked(panic))) => {
                    let payload = panic.into_payload().downcast::<Expected>().ok();
                    ensure_eq!(payload.as_deref(), Some(&Expected(2)), "the payload");
                    ensure_eq!(place.map(TaskId::index), Some(2), "the panic's place");
                }
                (n, result) => return Err(Stop::failed(format!("place {n} has {result:?}"))),
            }
        }
        Ok(())
    };
    let job = |n: u32, before: Gate| async move {
        before.wait().await;
        match n {
            1 => Err(n),
            2 => panic_any(Expected(2)),
            _ => Ok(n),
        }
    };
    ctx.run(async {
        let open = Gate::new();
        open.open();
        // One after the other, so that the last begins when the failures are known.
        let all = (0..4).map(|n| job(n, open.clone()));
        let all = gather(ctx.rt(), all).limit(1).expect("1 is not 0");
        check(all.settled().await)?;
        let last = Gate::new();
        let all = (0..4).map(|n| job(n, if n == 3 { last.clone() } else { open.clone() }));
        let opens = last.clone();
        let all = gather(ctx.rt(), all).progress(move |done, _| {
            if done == 3 {
                opens.open();
            }
        });
        check(all.settled().await)
    })
}

/// Outputs are dropped once.
pub fn ga_5<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let (ended, drops) = (Wakes::new(), Wakes::new());
        let job = |n: usize| {
            let (ended, drops) = (Arc::clone(&ended), Arc::clone(&drops));
            async move {
                if n == 3 {
                    ended.reached(3).await;
                    return Err(n);
                }
                ended.bump();
                Ok(Counted::new(&drops))
            }
        };
        let output = gather(rt, (0..4).map(job)).await;
        ensure!(output.is_err(), "a gather with a failure gave outputs");
        ensure_eq!(drops.count(), 3, "drops of outputs beside a failure");

        let outputs = gather(rt, (0..3).map(job)).await;
        ensure_eq!(drops.count(), 3, "drops before the outputs are handed out");
        drop(outputs);
        ensure_eq!(drops.count(), 6, "drops after the outputs are");
        let results = gather(rt, (0..4).map(job)).settled().await;
        ensure_eq!(drops.count(), 6, "drops before the results are handed out");
        drop(results);
        ensure_eq!(drops.count(), 9, "drops after the results are");
        Ok(())
    })
}

/// A limit of 0 is an error.
pub fn ga_8<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let rt = ctx.rt();
    let jobs = || [ready(Ok::<_, u32>(1))];
    ensure!(
        gather(rt, jobs()).limit(0).is_err(),
        "`gather` takes a limit of 0"
    );
    let mapped = map_concurrent(rt, jobs(), |job| job).limit(0);
    ensure!(mapped.is_err(), "`map_concurrent` takes a limit of 0");
    let hedged = hedge(rt, 0, Duration::ZERO, |_| ready(Ok::<_, u32>(1)));
    match hedged {
        Ok(_) => Err(Stop::failed("`hedge` takes 0 attempts")),
        Err(error) => {
            ensure!(
                error.to_string().contains("attempts"),
                "the message is {error}"
            );
            Ok(())
        }
    }
}
