//! *TG*: starting children, taking their outputs, policies, what they inherit.

use super::group::{Bad, Group, codes, settle, spawn, until_live, waits};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, Expected, Gate, Probe, Wakes},
};
use anyrt_core::{
    context::Context,
    group::{Ready, StartError, Step, TaskError, TaskGroup},
    task::yield_now,
    task_local,
};
use std::{
    future::pending,
    panic::panic_any,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

/// `start` waits for a child to be ready; an error before that is the starter's alone.
pub fn tg_16<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let group = Group::builder(ctx.rt()).supervisor().build();
        let go = Gate::new();
        let gate = go.clone();
        let mut start = Probe::new(group.start(|ready: Ready<u8>| async move {
            gate.wait().await;
            ready.send(80);
            Err(Bad(6))
        }));
        ensure_eq!(group.len(), 0, "children of a start that was not polled");
        ensure!(start.is_pending(), "started before the child was ready");
        go.open();
        let started = start.finish().await;
        ensure!(matches!(started, Ok(80)), "the start gave {started:?}");
        let failed = group.start(|_: Ready<u8>| async { Err(Bad(7)) }).await;
        ensure!(
            matches!(failed, Err(StartError::Failed(Bad(7)))),
            "a child that failed first gave {failed:?}"
        );
        let panicked = group.start(|_: Ready<u8>| async { panic_any(Expected(8)) });
        let panicked = panicked.await;
        ensure!(
            matches!(panicked, Err(StartError::Panicked(_))),
            "a child that panicked first gave {panicked:?}"
        );
        let silent = group.start(|_: Ready<u8>| async { Ok(9) }).await;
        ensure!(
            matches!(silent, Err(StartError::NotReady)),
            "a child that never said so gave {silent:?}"
        );
        // Dropped before the child is ready: the child goes.
        let drops = Wakes::new();
        let here = Counted::new(&drops);
        let mut start = Probe::new(group.start(|ready: Ready<u8>| async move {
            let (_ready, _here) = (ready, here);
            pending().await
        }));
        ensure!(start.is_pending(), "started before the child was ready");
        drop(start);
        drops.reached(1).await;
        let spawner = group.spawner();
        let Err(error) = group.join().await else {
            return Err(Stop::failed("a child that failed later is no failure"));
        };
        ensure_eq!(codes(&error), [6], "the failures of the group");
        let refused = spawner.start(|_: Ready<u8>| async { Ok(1) }).await;
        ensure!(
            matches!(refused, Err(StartError::Refused)),
            "a start in a group that is over gave {refused:?}"
        );
        Ok(())
    })
}

/// `next` gives the order of completion, `collect` that of spawning.
pub fn tg_17<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        for collects in [false, true] {
            let (group, go) = (Group::new(ctx.rt()), Gate::new());
            // The last one ends first.
            for n in 0..5 {
                let (spawner, go) = (group.spawner(), go.clone());
                spawn(&group, async move {
                    go.wait().await;
                    until_live(&spawner, n + 1).await;
                    Ok(n as u32)
                })?;
            }
            go.open();
            let mut order = Vec::new();
            if collects {
                order = group.collect().await.map_err(bad)?;
                ensure_eq!(order, [0, 1, 2, 3, 4], "what `collect` gives");
            } else {
                while let Some(output) = group.next().await {
                    order.push(output);
                }
                ensure_eq!(group.next().await, None, "after the last");
                group.join().await.map_err(bad)?;
                ensure_eq!(order, [4, 3, 2, 1, 0], "what `next` gives");
            }
        }
        Ok(())
    })
}

fn bad(error: impl ToString) -> Stop {
    Stop::failed(error.to_string())
}

/// A discarding group keeps no output, nor anything else of children that have ended.
pub fn tg_18<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let group = TaskGroup::<R, Counted, Bad>::builder(ctx.rt()).discard();
        let group = group.build();
        let empty = format!("{group:?}");
        let (drops, go) = (Wakes::new(), Gate::new());
        let (last, gate) = (Counted::new(&drops), go.clone());
        group
            .spawn(async move {
                gate.wait().await;
                Ok(last)
            })
            .map_err(bad)?;
        for _ in 0..3 {
            let output = Counted::new(&drops);
            let child = async move { Ok(output) };
            group.spawn_named("child", child).map_err(bad)?;
        }
        ensure!(
            format!("{group:?}") != empty,
            "it does not show its children"
        );
        drops.reached(3).await;
        {
            let mut next = Probe::new(group.next());
            ensure!(next.is_pending(), "`next` ends before the last child does");
            go.open();
            ensure!(
                next.finish().await.is_none(),
                "`next` gives what is discarded"
            );
        }
        ensure_eq!(drops.count(), 4, "the outputs dropped once all have ended");
        ensure_eq!(
            format!("{group:?}"),
            empty,
            "the group, once all have ended"
        );
        let outputs = group.collect().await.map_err(bad)?;
        ensure!(outputs.is_empty(), "`collect` gives what is discarded");
        Ok(())
    })
}

/// Never more than so many at once, and a full group takes children of its children.
pub fn tg_19<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let group = Group::builder(ctx.rt()).max_concurrent(3)?.build();
        let running = Arc::new(AtomicU32::new(0));
        for n in 0..20 {
            let running = Arc::clone(&running);
            spawn(&group, async move {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                for _ in 0..n % 4 {
                    yield_now().await;
                }
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(now)
            })?;
        }
        let outputs = group.collect().await.map_err(bad)?;
        ensure_eq!(outputs.len(), 20, "the outputs");
        let most = outputs.into_iter().max();
        ensure!(most <= Some(3), "{most:?} ran at once, of at most 3");

        // Exactly: with gates, nobody else is begun while three wait.
        let group = Group::builder(ctx.rt()).max_concurrent(3)?.build();
        let (begun, go) = (Wakes::new(), Gate::new());
        for _ in 0..6 {
            let (begun, go) = (Arc::clone(&begun), go.clone());
            spawn(&group, async move {
                begun.bump();
                go.wait().await;
                Ok(1)
            })?;
        }
        begun.reached(3).await;
        settle(ctx.rt()).await;
        ensure_eq!(begun.count(), 3, "the children begun while three wait");
        go.open();
        group.join().await.map_err(bad)?;
        ensure_eq!(begun.count(), 6, "the children begun in the end");

        let group = Group::builder(ctx.rt()).max_concurrent(1)?.build();
        let spawner = group.spawner();
        spawn(&group, async move {
            let inner = spawner.clone();
            let child = async move {
                inner.spawn(async { Ok(3) }).map_err(|_| Bad(1))?;
                Ok(2)
            };
            spawner.spawn(child).map_err(|_| Bad(2))?;
            Ok(1)
        })?;
        let outputs = group.collect().await.map_err(bad)?;
        ensure_eq!(outputs, [1, 2, 3], "outputs of a full group's own children");
        Ok(())
    })
}

/// With a supervisor all go on, and failures are told at the end.
pub fn tg_20<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let group = Group::builder(ctx.rt()).supervisor().build();
        let (go, ended) = (Gate::new(), Wakes::new());
        let (gate, ends) = (go.clone(), Arc::clone(&ended));
        spawn(&group, async { Err(Bad(1)) })?;
        spawn(&group, async move {
            gate.wait().await;
            ends.bump();
            Ok(1)
        })?;
        until_live(&group, 1).await;
        let spawner = group.spawner();
        spawn(&group, async move {
            until_live(&spawner, 1).await;
            panic_any(Expected(2))
        })?;
        ensure!(!group.is_cancelled(), "a supervisor cancelled");
        let outcome = group.run(|group| async move {
            go.open();
            until_live(&group, 0).await;
            Err::<(), _>(Bad(3))
        });
        let Err(error) = outcome.await else {
            return Err(Stop::failed("three failures gave `Ok`"));
        };
        ensure_eq!(ended.count(), 1, "the sibling's ends");
        ensure_eq!(codes(&error), [1, 0, 3], "the failures");
        Ok(())
    })
}

/// A policy decides at each completion.
pub fn tg_21<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        // So many are enough.
        let drops = Wakes::new();
        let group = Group::builder(ctx.rt()).enough(2)?.build();
        spawn(&group, async { Err(Bad(1)) })?;
        until_live(&group, 0).await;
        spawn(&group, waits(Counted::new(&drops)))?;
        spawn(&group, async { Ok(1) })?;
        until_live(&group, 1).await;
        ensure!(!group.is_cancelled(), "one was enough, of two");
        spawn(&group, async { Ok(2) })?;
        let outputs = group.collect().await.map_err(bad)?;
        ensure_eq!(outputs, [1, 2], "the outputs that were enough");
        ensure_eq!(drops.count(), 1, "the others dropped");
        // Too few.
        let group = Group::builder(ctx.rt()).enough(2)?.build();
        spawn(&group, async { Err(Bad(1)) })?;
        spawn(&group, async { Ok(1) })?;
        let Err(error) = group.collect().await else {
            return Err(Stop::failed("one of two was enough"));
        };
        ensure_eq!(codes(&error), [1], "the failures of too few");
        // One's own: the second failure is one too many, and sees both.
        let mut strikes = 0;
        let group =
            Group::builder(ctx.rt()).joiner(move |outcome: Result<&u32, &TaskError<Bad>>| {
                strikes += u32::from(outcome.is_err());
                if strikes == 2 {
                    Step::Fail
                } else {
                    Step::Continue
                }
            });
        let group = group.build();
        spawn(&group, async { Err(Bad(1)) })?;
        until_live(&group, 0).await;
        spawn(&group, waits(Counted::new(&drops)))?;
        spawn(&group, async { Err(Bad(2)) })?;
        let Err(error) = group.join().await else {
            return Err(Stop::failed("two strikes gave `Ok`"));
        };
        ensure_eq!(codes(&error), [1, 2], "the failures that it gave up for");
        ensure_eq!(drops.count(), 2, "the others dropped");
        Ok(())
    })
}

task_local! {
    static REQUEST: u32;
}

/// Token, deadline and values are inherited, down to grandchildren.
pub fn tg_23<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let deadline = rt.now() + std::time::Duration::from_secs(3600);
        let group = Group::builder(rt).deadline(deadline).build();
        let (token, spawner, bare) = (group.token().clone(), group.spawner(), rt.clone());
        let spawned = REQUEST.scope(7, async {
            spawn(&group, async move {
                let child = look(&token, deadline);
                let grandchild = async move { Ok(look(&token, deadline)) };
                spawner.spawn(grandchild).map_err(|_| Bad(1))?;
                let gone = bare.spawn(async { REQUEST.get().is_none() }).await;
                gone.map(|gone| child + u32::from(gone)).map_err(|_| Bad(2))
            })
        });
        spawned.await?;
        let outputs = group.collect().await.map_err(bad)?;
        ensure_eq!(outputs, [10, 9], "what a child and a grandchild inherit");
        Ok(())
    })
}

/// 9 where all three are there.
fn look(token: &anyrt_core::cancel::CancellationToken, deadline: anyrt_core::Instant) -> u32 {
    let context = Context::current();
    let same = context.token().is_some_and(|seen| seen.is_same(token));
    let timed = context.deadline() == Some(deadline);
    REQUEST.get().unwrap_or(0) + u32::from(same) + u32::from(timed)
}
