//! *TG*: panicking destructors, many failures, late ones, groups that are left half way.

use super::group::{Bad, Group, codes, spawn, until_live, waits};
use crate::{
    mortal::Mortal,
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, Expected, Gate, Probe, Wakes},
};
use anyrt_core::{
    cancel::shield,
    group::{Cause, Step, TaskError, TaskGroup},
    task::yield_now,
};
use std::{
    future::pending,
    mem,
    panic::panic_any,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

const HOUR: Duration = Duration::from_secs(3600);

/// Panics when dropped, unless something panics already.
pub(super) struct Bomb(pub u32);

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic_any(Expected(self.0));
        }
    }
}

/// A destructor's panic is a failure of its child, beside the error that came before it.
pub fn tg_42<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let group = Group::builder(ctx.rt()).supervisor().build();
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
        let group = Group::builder(ctx.rt()).grace(HOUR).joiner(joiner).build();
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
        let group = Group::builder(ctx.rt()).grace(HOUR).build();
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
        let group = Group::builder(ctx.rt()).max_concurrent(1)?.build();
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
    ctx.run(async {
        for supervised in [false, true] {
            let rt = Mortal::new(ctx.rt().clone());
            let (started, drops) = (Wakes::new(), Wakes::new());
            let mut group = Group::builder(&rt).max_concurrent(2)?;
            if supervised {
                group = group.supervisor();
            }
            let group = group.build();
            for _ in 0..4 {
                let (started, witness) = (Arc::clone(&started), Counted::new(&drops));
                spawn(&group, async move {
                    let _witness = witness;
                    started.bump();
                    pending().await
                })?;
            }
            started.reached(2).await; // The other two are queued.
            let spawner = group.spawner();
            rt.end();
            let Err(error) = group.join().await else {
                return Err(Stop::failed("a group that lost its children gave `Ok`"));
            };
            let lost = error
                .iter()
                .all(|failure| matches!(failure.cause, Cause::Cancelled(None)));
            ensure!(lost, "a lost executor gave {error}");
            ensure_eq!(drops.count(), 4, "the children that have been dropped");
            ensure_eq!(started.count(), 2, "the children that have begun");
            ensure!(spawner.is_empty(), "children are left");
            // The first that is lost cancels the others, which are no failures then.
            let want = if supervised { 4..=4 } else { 1..=2 };
            let count = error.len();
            ensure!(want.contains(&count), "{count} failures, want {want:?}");

            let late = Group::builder(&rt).build();
            spawn(&late, waits(Counted::new(&drops)))?;
            let Err(error) = late.join().await else {
                return Err(Stop::failed("a child without an executor gave `Ok`"));
            };
            ensure_eq!((error.len(), drops.count()), (1, 5), "failures, drops");
        }
        Ok(())
    })
}

/// A body that fails after its group has what it needs is told of.
pub fn tg_49<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let group = Group::builder(ctx.rt()).enough(1)?.build();
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

/// An output that is discarded, and panics in that, is its child's failure.
pub fn tg_54<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let group = TaskGroup::<R, Bomb, Bad>::builder(ctx.rt()).discard();
        let group = group.build();
        let child = group.spawn(async { Ok(Bomb(1)) });
        ensure!(child.is_ok(), "an open group refused a child");
        let Err(error) = group.join().await else {
            return Err(Stop::failed("an output that panicked gave `Ok`"));
        };
        ensure!(error.first().is_panic(), "the failure is {error}");
        Ok(())
    })
}
