//! *TG*: bad settings, empty groups, single aborts, joiners that use their group, what is left behind.

use super::{
    group::{Bad, Group, codes, settle, spawn, until_live, waits},
    group_ugly::Bomb,
};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, Expected, Gate, Probe, Wakes},
};
use anyrt_core::{
    group::{Spawner, Step, TaskError, task_group},
    task::yield_now,
};
use std::{
    future::pending,
    panic::panic_any,
    sync::{Arc, Mutex, PoisonError},
};

/// Zero limits are errors.
pub fn tg_40<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let none = Group::builder(ctx.rt()).max_concurrent(0);
    let Err(error) = none else {
        return Err(Stop::failed("a group for no child at all is permitted"));
    };
    ensure!(
        error.to_string().contains("max_concurrent"),
        "the error names no setting: {error}"
    );
    let none = Group::builder(ctx.rt()).enough(0);
    ensure!(none.is_err(), "a group that needs no output is permitted");
    Ok(())
}

/// An empty group is over at once.
pub fn tg_41<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let group = Group::new(ctx.rt());
    ensure!(group.is_empty(), "a new group has children");
    let next = Probe::new(group.next()).ready("`next` of an empty group")?;
    ensure_eq!(next, None, "`next` of an empty group");
    let joined = Probe::new(group.join()).ready("`join` of an empty group")?;
    ensure!(joined.is_ok(), "an empty group gave {joined:?}");
    let outputs = Probe::new(Group::new(ctx.rt()).collect()).ready("`collect` of none")?;
    ensure!(
        matches!(&outputs, Ok(outputs) if outputs.is_empty()),
        "an empty group has {outputs:?}"
    );
    let body = task_group(ctx.rt(), |_: Spawner<R, u32, Bad>| async { Ok(4) });
    let output = Probe::new(body).ready("a body that spawns nothing")?;
    ensure!(matches!(output, Ok(4)), "the body gave {output:?}");
    Ok(())
}

/// A joiner may spawn, cancel and abort; its panic is its child's failure.
pub fn tg_50<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        // The spawner comes later: the joiner is there before the group is.
        let handed = Arc::new(Mutex::new(None::<Spawner<R, u32, Bad>>));
        let taken = Arc::clone(&handed);
        let joiner = move |outcome: Result<&u32, &TaskError<Bad>>| {
            let spawner = taken.lock().unwrap_or_else(PoisonError::into_inner).clone();
            match (outcome, spawner) {
                // Starts it anew.
                (Err(_), Some(spawner)) => drop(spawner.spawn(async { Ok(2) })),
                // Ends what is queued, whose destructor is a completion in the middle of this one.
                (Ok(2), Some(spawner)) => spawner.cancel(),
                _ => panic_any(Expected(1)),
            }
            Step::Continue
        };
        let group = Group::builder(ctx.rt())
            .max_concurrent(1)?
            .joiner(joiner)
            .build();
        *handed.lock().unwrap_or_else(PoisonError::into_inner) = Some(group.spawner());
        let go = Gate::new();
        let gate = go.clone();
        spawn(&group, async move {
            gate.wait().await;
            Err(Bad(1))
        })?;
        // Queued behind it, and before the one that the joiner starts.
        spawn(&group, async { Ok(2) })?;
        let bomb = Bomb(3);
        spawn(&group, async move {
            let _bomb = bomb;
            pending().await
        })?;
        go.open();
        let Err(error) = group.join().await else {
            return Err(Stop::failed("a failure that is not tolerated gave `Ok`"));
        };
        // Break the circle: the joiner has a spawner of its own group.
        handed.lock().unwrap_or_else(PoisonError::into_inner).take();
        ensure_eq!(
            codes(&error),
            [1, 0],
            "the failures, the last a destructor's"
        );

        let panics = |_: Result<&u32, &TaskError<Bad>>| panic_any(Expected(4));
        let group = Group::builder(ctx.rt()).joiner(panics).build();
        spawn(&group, async { Ok(1) })?;
        let Err(error) = group.join().await else {
            return Err(Stop::failed("a joiner that panicked gave `Ok`"));
        };
        ensure!(error.first().is_panic(), "the failure is {error}");
        Ok(())
    })
}

/// One child is aborted, queued or running, and nobody else.
pub fn tg_52<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let group = Group::builder(ctx.rt()).max_concurrent(2)?.build();
        let (drops, go) = (Wakes::new(), Gate::new());
        let mut ids = Vec::new();
        for aborted in [true, false, true] {
            let (here, go) = (aborted.then(|| Counted::new(&drops)), go.clone());
            let child = group.spawn(async move {
                let _here = here;
                go.wait().await;
                Ok(1)
            });
            ids.push(child.map_err(|error| Stop::failed(error.to_string()))?);
        }
        settle(ctx.rt()).await;
        ensure!(group.abort(ids[2]), "a queued child was not live");
        ensure_eq!(drops.count(), 1, "the queued child's drops");
        ensure!(!group.abort(ids[2]), "a child that is gone was live");
        ensure!(group.abort(ids[0]), "a running child was not live");
        until_live(&group, 1).await;
        ensure_eq!(drops.count(), 2, "the children dropped");
        ensure!(!group.abort(ids[0]), "a child that is gone was live");
        // Its place may be taken again, and its number is not that child's.
        spawn(&group, waits(Counted::new(&drops)))?;
        ensure!(!group.abort(ids[0]), "a child that is gone was live");
        go.open();
        ensure_eq!(group.next().await, Some(1), "the child in between");
        ensure!(!group.is_cancelled(), "an abort cancelled the group");
        let stopped = group.shutdown().await;
        ensure!(stopped.is_ok(), "aborted children are {stopped:?}");
        Ok(())
    })
}

/// Once a group is over, or given up, it holds no waker, no child and no joiner.
pub fn tg_53<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let (kept, go) = (Wakes::new(), Gate::new());
        let witness = Counted::new(&kept);
        let joiner = move |_: Result<&u32, &TaskError<Bad>>| {
            let _witness = &witness;
            Step::Continue
        };
        let group = Group::builder(ctx.rt())
            .max_concurrent(1)?
            .joiner(joiner)
            .build();
        let spawner = group.spawner();
        let (gate, own) = (go.clone(), group.spawner());
        spawn(&group, async move {
            let _own = own;
            gate.wait().await;
            Ok(1)
        })?;
        let mut next = Probe::new(group.next());
        ensure!(next.is_pending(), "`next` is there before the child");
        let wakers = Arc::strong_count(next.counter());
        let counter = Arc::clone(next.counter());
        drop(next);
        ensure_eq!(
            Arc::strong_count(&counter),
            wakers - 1,
            "wakers of a `next` that was dropped"
        );
        // A body's waker, and the owner's.
        let mut run = Probe::new(group.run(|_| async {
            go.wait().await;
            Ok(())
        }));
        ensure!(run.is_pending(), "the body went through a gate");
        go.open();
        let ended = run.finish().await;
        ensure!(ended.is_ok(), "the group gave {ended:?}");
        // Whoever woke it last may be about to drop what it did so with.
        while Arc::strong_count(run.counter()) > 1 {
            yield_now().await;
        }
        ensure_eq!(
            kept.count(),
            0,
            "drops of a joiner whose group has a spawner"
        );
        drop((run, spawner));
        // A body that is the last to end, in the poll that its group is over in.
        let group = Group::new(ctx.rt());
        let spawner = group.spawner();
        let mut run = Probe::new(group.run(|_| async {
            yield_now().await;
            Ok(())
        }));
        ensure!(run.is_pending(), "a body that yields did not");
        let ended = run.ready("a body that yields once, polled twice,")?;
        ensure!(ended.is_ok(), "the group gave {ended:?}");
        ensure_eq!(Arc::strong_count(run.counter()), 1, "the owner's wakers");
        drop(spawner);
        // The last child's task may only be about to go.
        kept.reached(1).await;

        // Queued children have their group, and it has them.
        let (kept, drops) = (Wakes::new(), Wakes::new());
        let witness = Counted::new(&kept);
        let joiner = move |_: Result<&u32, &TaskError<Bad>>| {
            let _witness = &witness;
            Step::Continue
        };
        let group = Group::builder(ctx.rt())
            .max_concurrent(1)?
            .joiner(joiner)
            .build();
        for _ in 0..3 {
            let own = group.spawner();
            let child = waits(Counted::new(&drops));
            spawn(&group, async move {
                let _own = own;
                child.await
            })?;
        }
        let mut join = Probe::new(group.join());
        ensure!(join.is_pending(), "a group with children that wait is over");
        let counter = Arc::clone(join.counter());
        drop(join);
        drops.reached(3).await;
        kept.reached(1).await;
        while Arc::strong_count(&counter) > 1 {
            yield_now().await;
        }
        Ok(())
    })
}
