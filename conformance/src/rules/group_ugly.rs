//! *TG*: bad settings, panicking destructors, groups that are left half way.

use super::group::{Bad, Group, built, codes, spawn, until_live, waits};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, Expected, Gate, OnDrop, PATIENCE, Probe, Wakes, block},
};
use anyrt_core::{
    cancel::shield,
    group::{Cause, Spawner, Step, TaskError, TaskGroup, task_group},
    task::yield_now,
};
use std::{
    future::pending,
    mem,
    panic::panic_any,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

const HOUR: Duration = Duration::from_secs(3600);

/// Panics when dropped, unless something panics already.
struct Bomb(u32);

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic_any(Expected(self.0));
        }
    }
}

/// Zero limits are errors.
pub fn tg_40<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let none = Group::builder(ctx.rt()).max_concurrent(0).build();
    let Err(error) = none else {
        return Err(Stop::failed("a group for no child at all was built"));
    };
    ensure!(
        error.to_string().contains("max_concurrent"),
        "the error names no setting: {error}"
    );
    let none = Group::builder(ctx.rt()).enough(0).build();
    ensure!(none.is_err(), "a group that needs no output was built");
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

/// A destructor's panic is a failure of its child, beside the error that came before it.
pub fn tg_42<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let group = built(Group::builder(ctx.rt()).supervisor())?;
        // A future that has its bomb to the end: in a block it would go before the output.
        let child = |n: u32, output: Result<u32, Bad>| {
            let mut bomb = Some(Bomb(n));
            let mut output = Some(output);
            std::future::poll_fn(move |_| {
                let _kept = &mut bomb;
                std::task::Poll::Ready(output.take().unwrap_or(Ok(0)))
            })
        };
        spawn(&group, child(1, Ok(1)))?;
        until_live(&group, 0).await;
        spawn(&group, child(2, Err(Bad(2))))?;
        until_live(&group, 0).await;
        let bomb = Bomb(3);
        spawn(&group, async move {
            let _bomb = bomb;
            pending().await
        })?;
        let outcome = group.shutdown().await;
        let Err(error) = outcome else {
            return Err(Stop::failed("destructors that panicked gave `Ok`"));
        };
        ensure_eq!(codes(&error), [0, 2, 0, 0], "the failures");
        let mut payloads = Vec::new();
        for failure in error {
            if let Cause::Panicked(panic) = failure.cause {
                payloads.extend(panic.into_payload().downcast::<Expected>().ok());
            }
        }
        let payloads: Vec<_> = payloads.iter().map(|expected| expected.0).collect();
        ensure_eq!(payloads, [1, 2, 3], "the destructors' panics");
        Ok(())
    })
}

/// A thousand that fail at once are all kept, in the order of completion.
pub fn tg_43<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let order = Arc::clone(&seen);
        let joiner = move |outcome: Result<&u32, &TaskError<Bad>>| {
            let id = outcome.err().and_then(|failure| failure.id);
            order
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(id);
            Step::Fail
        };
        let group = built(Group::builder(ctx.rt()).grace(HOUR).joiner(joiner))?;
        let go = Gate::new();
        for _ in 0..1000 {
            let go = go.clone();
            spawn(&group, async move {
                go.wait().await;
                Err(Bad(1))
            })?;
        }
        go.open();
        let Err(error) = group.join().await else {
            return Err(Stop::failed("a thousand failures gave `Ok`"));
        };
        ensure_eq!(error.len(), 1000, "the failures");
        let ids: Vec<_> = error.iter().map(|failure| failure.id).collect();
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        ensure!(
            ids == *seen,
            "the failures are not in the order of completion"
        );
        Ok(())
    })
}

/// A body that fails while children are being cancelled is kept, after what they were cancelled for.
pub fn tg_44<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let group = built(Group::builder(ctx.rt()).grace(HOUR))?;
        let outcome = group.run(|group| async move {
            let token = group.token().clone();
            let slow = async move {
                token.cancelled().await;
                Ok(1)
            };
            group.spawn(slow).ok();
            group.spawn(async { Err(Bad(1)) }).ok();
            group.token().cancelled().await;
            until_live(&group, 1).await;
            Err::<(), _>(Bad(2))
        });
        let Err(error) = outcome.await else {
            return Err(Stop::failed("two failures gave `Ok`"));
        };
        ensure_eq!(codes(&error), [1, 2], "the failures");
        Ok(())
    })
}

/// Leaves a group half way, with a child that does not let itself be aborted before `go`.
async fn leave<R: Backend>(rt: &R, go: Gate, drops: Counted) {
    let (begun, inner) = (Gate::new(), Group::new(rt));
    let began = begun.clone();
    let child = async move {
        let _drops = drops;
        shield(async {
            began.open();
            go.wait().await;
        })
        .await;
        Ok(1)
    };
    inner.spawn(child).ok();
    begun.wait().await;
}

/// An outer group waits for what an inner one left, also through a body.
pub fn tg_45<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        for in_body in [false, true] {
            let (dropped, go) = (Wakes::new(), Gate::new());
            let outer = Group::new(ctx.rt());
            let (rt, gate, drops) = (ctx.rt().clone(), go.clone(), Counted::new(&dropped));
            spawn(&outer, async move {
                if !in_body {
                    leave(&rt, gate, drops).await;
                    return Ok(1);
                }
                // The group between them has a body only, and is itself given up.
                let left = Gate::new();
                let mut run = Probe::new(Group::new(&rt).run(|_| async {
                    leave(&rt, gate, drops).await;
                    left.open();
                    pending::<Result<(), Bad>>().await
                }));
                while !left.is_open() {
                    let _ = run.is_pending();
                    yield_now().await;
                }
                drop(run);
                Ok(1)
            })?;
            ensure_eq!(outer.next().await, Some(1), "the child that left its group");
            let mut join = Probe::new(outer.join());
            ensure!(
                join.is_pending(),
                "the outer group did not wait for what was left"
            );
            ensure_eq!(dropped.count(), 0, "drops before it lets itself be");
            go.open();
            let joined = join.finish().await;
            ensure_eq!(dropped.count(), 1, "drops once the outer group is over");
            ensure!(joined.is_ok(), "the outer group gave {joined:?}");
        }
        Ok(())
    })
}

/// A group that is forgotten lets its children run.
pub fn tg_46<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let group = built(Group::builder(ctx.rt()).max_concurrent(1))?;
        let ended = Wakes::new();
        for _ in 0..3 {
            let ended = Arc::clone(&ended);
            spawn(&group, async move {
                yield_now().await;
                ended.bump();
                Ok(1)
            })?;
        }
        mem::forget(group);
        ended.reached(3).await;
        Ok(())
    })
}

/// A group whose executor goes away is over, and says so; queued children go, too.
pub fn tg_47<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    for supervised in [false, true] {
        let (rt, go) = (ctx.fresh(), Gate::new());
        let (gone, is_gone) = mpsc::channel();
        let mut group = Group::builder(&rt).max_concurrent(2);
        if supervised {
            group = group.supervisor();
        }
        let group = built(group)?;
        for _ in 0..4 {
            let (go, gone) = (go.clone(), gone.clone());
            spawn(&group, async move {
                let _guard = OnDrop::new(move || {
                    gone.send(()).ok();
                });
                go.wait().await;
                Ok(1)
            })?;
        }
        rt.block_on(yield_now());
        let spawner = group.spawner();
        drop((rt, gone));
        // The group has a value of the runtime, too: joined elsewhere, so that it goes with it. An
        // executor that lives on runs the children to their end.
        let joined = thread::spawn(move || block(group.join()));
        is_gone.recv_timeout(Duration::from_millis(100)).ok();
        go.open();
        let give_up = std::time::Instant::now() + PATIENCE;
        while !joined.is_finished() && std::time::Instant::now() < give_up {
            thread::yield_now();
        }
        ensure!(joined.is_finished(), "the group never ends");
        match joined.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let lost = error
                    .iter()
                    .all(|failure| matches!(failure.cause, Cause::Cancelled(_)));
                ensure!(lost, "a lost executor gave {error}");
            }
            Err(_) => return Err(Stop::failed("`join` panicked")),
        }
        ensure!(spawner.is_empty(), "children are left");
    }
    Ok(())
}

/// A body that fails after its group has what it needs is told of.
pub fn tg_49<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let group = built(Group::builder(ctx.rt()).enough(1))?;
        let outcome = group.run(|group| async move {
            group.spawn(async { Err(Bad(1)) }).ok();
            until_live(&group, 0).await;
            group.spawn(async { Ok(1) }).ok();
            until_live(&group, 0).await;
            Err::<(), _>(Bad(2))
        });
        let Err(error) = outcome.await else {
            return Err(Stop::failed("a body that failed gave `Ok`"));
        };
        ensure_eq!(codes(&error), [2], "the failures that are not tolerated");
        Ok(())
    })
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
        let group = built(Group::builder(ctx.rt()).max_concurrent(1).joiner(joiner))?;
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
        let group = built(Group::builder(ctx.rt()).joiner(panics))?;
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
        let group = built(Group::builder(ctx.rt()).max_concurrent(2))?;
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
        yield_now().await;
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
        let group = built(Group::builder(ctx.rt()).max_concurrent(1).joiner(joiner))?;
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
        let group = built(Group::builder(ctx.rt()).max_concurrent(1).joiner(joiner))?;
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

/// An output that is discarded, and panics in that, is its child's failure.
pub fn tg_54<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let group = TaskGroup::<R, Bomb, Bad>::builder(ctx.rt()).discard();
        let group = built(group)?;
        let child = group.spawn(async { Ok(Bomb(1)) });
        ensure!(child.is_ok(), "an open group refused a child");
        let Err(error) = group.join().await else {
            return Err(Stop::failed("an output that panicked gave `Ok`"));
        };
        ensure!(error.first().is_panic(), "the failure is {error}");
        Ok(())
    })
}
