//! *TG*: cancelling, dropping, grace, shields, deadlines.

use super::group::{Bad, Group, settle, spawn, waits};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, Gate, OnDrop, Probe, Wakes},
};
use anyrt_core::{
    Instant,
    cancel::{CancellationToken, shield},
    context::Context,
    group::{Cause, GroupError, Spawner, task_group},
    task::yield_now,
};
use std::{fmt::Debug, future::pending, sync::Arc, time::Duration};

const HOUR: Duration = Duration::from_secs(3600);

/// Spawn is refused where it is too late, and hands the future back unpolled.
pub fn tg_10<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        for how in ["closed", "cancelled", "failed", "joined", "dropped"] {
            let group = Group::new(ctx.rt());
            let spawner = group.spawner();
            match how {
                "closed" => group.close(),
                "cancelled" => group.cancel(),
                "failed" => {
                    spawn(&group, async { Err(Bad(1)) })?;
                    group.token().cancelled().await;
                }
                "joined" => {
                    group.join().await.ok();
                }
                _ => drop(group),
            }
            let polls = Wakes::new();
            let child = {
                let polls = Arc::clone(&polls);
                async move {
                    polls.bump();
                    Ok(9)
                }
            };
            let Err(error) = spawner.spawn(child) else {
                return Err(Stop::failed(format!("a group that was {how} took a child")));
            };
            yield_now().await;
            ensure_eq!(polls.count(), 0, "polls of what a {how} group refused");
            let output = error.future.await;
            ensure_eq!(output, Ok(9), "what came back, polled by the caller");
        }
        Ok(())
    })
}

/// Children spawn children; one that cancels its group is itself cancelled.
pub fn tg_11<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let group = Group::new(ctx.rt());
        let (spawner, go, ran) = (group.spawner(), Gate::new(), Wakes::new());
        let (gate, runs) = (go.clone(), Arc::clone(&ran));
        spawn(&group, async move {
            let grandchild = async move {
                gate.wait().await;
                yield_now().await;
                runs.bump();
                Ok(2)
            };
            spawner.spawn(grandchild).map_err(|_| Bad(1))?;
            Ok(1)
        })?;
        ensure_eq!(group.next().await, Some(1), "the child");
        let mut join = Probe::new(group.join());
        ensure!(
            join.is_pending(),
            "the group did not wait for what a child spawned"
        );
        go.open();
        let joined = join.finish().await;
        ensure!(joined.is_ok(), "the group gave {joined:?}");
        ensure_eq!(ran.count(), 1, "the grandchild's ends");

        // One that goes on by itself, and one that is woken by nobody else.
        for yields in [true, false] {
            let group = Group::new(ctx.rt());
            let (spawner, drops, late) = (group.spawner(), Wakes::new(), Wakes::new());
            let (here, runs) = (Counted::new(&drops), Arc::clone(&late));
            spawn(&group, async move {
                let _here = here;
                spawner.cancel();
                if yields {
                    yield_now().await;
                } else {
                    pending::<()>().await;
                }
                runs.bump();
                Ok(1)
            })?;
            let outputs = group.collect().await;
            ensure!(
                matches!(&outputs, Ok(outputs) if outputs.is_empty()),
                "a child that cancelled its group gave {outputs:?}"
            );
            ensure_eq!(drops.count(), 1, "its drops");
            ensure_eq!(late.count(), 0, "it was polled after it had cancelled");
        }
        Ok(())
    })
}

/// Dropping the group aborts all; `shutdown` also waits.
pub fn tg_12<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let drops = Wakes::new();
        // One at a time, so that some have not begun.
        let group = Group::builder(ctx.rt()).max_concurrent(2)?.build();
        for _ in 0..4 {
            spawn(&group, waits(Counted::new(&drops)))?;
        }
        settle(ctx.rt()).await;
        drop(group);
        drops.reached(4).await;

        let group = Group::builder(ctx.rt()).max_concurrent(2)?.build();
        for _ in 0..4 {
            spawn(&group, waits(Counted::new(&drops)))?;
        }
        settle(ctx.rt()).await;
        let stopped = group.shutdown().await;
        ensure_eq!(drops.count(), 8, "the children dropped");
        ensure!(stopped.is_ok(), "`shutdown` gave {stopped:?}");

        let group = Group::new(ctx.rt());
        spawn(&group, waits(Counted::new(&drops)))?;
        let mut join = Probe::new(group.join());
        ensure!(join.is_pending(), "a group with a child that waits is over");
        drop(join);
        drops.reached(9).await;
        let group = Group::new(ctx.rt());
        spawn(&group, waits(Counted::new(&drops)))?;
        drop(group.join()); // Unpolled.
        drops.reached(10).await;
        Ok(())
    })
}

/// First the token, then the grace, then the abort.
pub fn tg_13<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let grace = Duration::from_millis(30);
        let group = Group::builder(ctx.rt()).grace(grace).build();
        let (rt, dropped) = (ctx.rt().clone(), Arc::new(std::sync::Mutex::new(None)));
        let at = Arc::clone(&dropped);
        spawn(&group, async move {
            let _at = OnDrop::new(move || {
                *at.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(rt.now());
            });
            pending().await
        })?;
        let cancelled = ctx.rt().now();
        let stopped = group.shutdown().await;
        ensure!(stopped.is_ok(), "`shutdown` gave {stopped:?}");
        let dropped = *dropped
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        ensure!(
            dropped.is_some_and(|at| at - cancelled >= grace),
            "a child was aborted before its grace was over"
        );

        // Who stops by itself is let.
        let group = Group::builder(ctx.rt()).grace(HOUR).build();
        let token = group.token().clone();
        spawn(&group, async move {
            token.cancelled().await;
            yield_now().await;
            Ok(5)
        })?;
        group.cancel();
        let outputs = group.collect().await;
        ensure!(
            matches!(&outputs, Ok(outputs) if outputs == &[5]),
            "who stopped within the grace gave {outputs:?}"
        );

        // Unless it is set there is none: nobody who was told is polled again.
        let group = Group::builder(ctx.rt()).build();
        let token = group.token().clone();
        let (waits, told) = (Gate::new(), Gate::new());
        let (begins, tells) = (waits.clone(), told.clone());
        spawn(&group, async move {
            begins.open();
            token.cancelled().await;
            // The poll that hears of it may have begun before.
            yield_now().await;
            tells.open();
            Ok(8)
        })?;
        waits.wait().await;
        let stopped = group.shutdown().await;
        ensure!(stopped.is_ok(), "`shutdown` gave {stopped:?}");
        ensure!(!told.is_open(), "a child had time that nobody gave it");

        // A failure cancels the token, too, and gives as much time.
        let group = Group::builder(ctx.rt()).grace(HOUR).build();
        let token = group.token().clone();
        let told = Gate::new();
        let tells = told.clone();
        spawn(&group, async move {
            token.cancelled().await;
            tells.open();
            Ok(7)
        })?;
        spawn(&group, async { Err(Bad(6)) })?;
        let joined = group.join().await;
        ensure!(joined.is_err(), "a child failed, and the group gave `Ok`");
        ensure!(told.is_open(), "a sibling of one that failed was not told");
        Ok(())
    })
}

/// A shield defers what comes from outside, and what is set inside acts.
pub fn tg_14<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let group = Group::new(ctx.rt());
        let (begun, go, inside, after) = (Gate::new(), Gate::new(), Wakes::new(), Wakes::new());
        let (rt, began, gate) = (ctx.rt().clone(), begun.clone(), go.clone());
        let (within, beyond) = (Arc::clone(&inside), Arc::clone(&after));
        spawn(&group, async move {
            shield(async {
                began.open();
                gate.wait().await;
                yield_now().await;
                if Context::current().is_cancelled() || Context::current().deadline().is_some() {
                    return;
                }
                within.bump();
                // Its own deadline and its own cancel.
                let timed = Group::builder(&rt).timeout(Duration::ZERO).build();
                timed.spawn(pending()).ok();
                if timed.join().await.is_err() {
                    within.bump();
                }
                let stopped = Group::new(&rt);
                stopped.spawn(pending()).ok();
                if stopped.shutdown().await.is_ok() {
                    within.bump();
                }
            })
            .await;
            yield_now().await;
            beyond.bump();
            Ok(1)
        })?;
        begun.wait().await;
        group.cancel();
        let mut join = Probe::new(group.join());
        ensure!(join.is_pending(), "a shield did not hold off the abort");
        go.open();
        let joined = join.finish().await;
        ensure!(joined.is_ok(), "the group gave {joined:?}");
        ensure_eq!(inside.count(), 3, "what was done inside of the shield");
        ensure_eq!(after.count(), 0, "what was done after it");
        Ok(())
    })
}

async fn sees<R: Backend>(rt: &R, at: Option<Instant>, shielded: bool) -> Option<Instant> {
    let look = async {
        let group = anyrt_core::group::TaskGroup::<R, _, Bad>::builder(rt).deadline(at);
        let group = group.build();
        group
            .spawn(async { Ok(Context::current().deadline()) })
            .ok();
        group.next().await.flatten()
    };
    if shielded {
        shield(look).await
    } else {
        look.await
    }
}

/// The effective deadline is the earliest around, up to the nearest shield.
pub fn tg_15<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let now = rt.now();
        let [near, middle, far] = [1, 2, 3].map(|hours| now + HOUR * hours);
        let context = Context::current().with_deadline(middle);
        let seen = context.scope(async {
            [
                sees(rt, None, false).await,
                sees(rt, Some(far), false).await,
                sees(rt, Some(near), false).await,
                sees(rt, None, true).await,
                sees(rt, Some(far), true).await,
            ]
        });
        let seen = seen.await;
        let want = [Some(middle), Some(middle), Some(near), None, Some(far)];
        ensure_eq!(seen, want, "the deadlines seen by children");
        Ok(())
    })
}

fn timed_out(error: &GroupError<Bad>) -> usize {
    let causes = error.iter().map(|failure| &failure.cause);
    causes
        .filter(|cause| matches!(cause, Cause::TimedOut(_)))
        .count()
}

/// A deadline fails the group, body and all, with an error that names it.
pub fn tg_51<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let limit = Duration::from_millis(10);
        let before = ctx.rt().now();
        let drops = Wakes::new();
        let group = Group::builder(ctx.rt()).name("slow").timeout(limit).build();
        spawn(&group, waits(Counted::new(&drops)))?;
        let outcome = group.run(|_| pending::<Result<(), Bad>>()).await;
        ensure!(ctx.rt().now() - before >= limit, "the deadline was early");
        let Err(error) = outcome else {
            return Err(Stop::failed("a group whose time was over gave `Ok`"));
        };
        ensure_eq!(drops.count(), 1, "the children dropped");
        ensure_eq!((error.len(), timed_out(&error)), (1, 1), "the failures");
        let text = error.to_string();
        ensure!(text.contains("slow"), "the error names no group: {text}");

        // Within its time, or cancelled first: no failure.
        let group = Group::builder(ctx.rt()).timeout(HOUR).build();
        spawn(&group, async { Ok(1) })?;
        let joined = group.join().await;
        ensure!(joined.is_ok(), "a group within its time gave {joined:?}");
        let group = Group::builder(ctx.rt()).timeout(HOUR).build();
        spawn(&group, waits(Counted::new(&drops)))?;
        let stopped = group.shutdown().await;
        ensure!(stopped.is_ok(), "a cancelled group gave {stopped:?}");
        Ok(())
    })
}

/// After a failure the body is dropped when the grace is over, also where no child is left.
pub fn tg_48<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let grace = Duration::from_millis(5);
        let group = Group::builder(ctx.rt()).grace(grace).build();
        spawn(&group, async { Err(Bad(1)) })?;
        let before = ctx.rt().now();
        let body = Wakes::new();
        let here = Counted::new(&body);
        let outcome = group.run(|_| async move {
            let _here = here;
            pending::<Result<(), Bad>>().await
        });
        ensure!(outcome.await.is_err(), "a group with a failure gave `Ok`");
        ensure_eq!(body.count(), 1, "the times that the body was dropped");
        ensure!(ctx.rt().now() - before >= grace, "the grace was cut short");
        Ok(())
    })
}

/// A token from outside cancels the group at once: an error with its reason where that cut something
/// short, none otherwise.
pub fn tg_56<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let (token, drops) = (CancellationToken::new(), Wakes::new());
        let made = || Group::builder(ctx.rt()).token(&token).build();
        let (finished, cut, empty) = (made(), made(), made());
        spawn(&finished, async { Ok(1) })?;
        ensure_eq!(finished.next().await, Some(1), "the output of a child");
        finished.close();
        let late = finished.spawn(async { Ok(2) });
        ensure!(late.is_err(), "a group that was closed takes a child");
        spawn(&cut, waits(Counted::new(&drops)))?;
        token.cancel_with("from outside");
        ensure!(
            cut.is_cancelled(),
            "a group that nobody polls is not cancelled"
        );
        drops.reached(1).await;
        ensure!(finished.join().await.is_ok(), "nothing was cut short");
        ensure!(
            empty.join().await.is_ok(),
            "a group without children was cut short"
        );
        told(&cut.collect().await)?;

        let late = made();
        ensure!(
            late.spawn(async { Ok(1) }).is_err(),
            "a group takes a child under a token that is cancelled"
        );
        told(&late.collect().await)?;

        let context = Context::current().with_token(CancellationToken::new());
        let body = context.scope(task_group(
            ctx.rt(),
            |group: Spawner<R, u32, Bad>| async move {
                let token = Context::current().token().cloned();
                Ok(token.is_some_and(|token| token.is_same(group.token())))
            },
        ));
        let same = body.await;
        ensure!(
            matches!(same, Ok(true)),
            "the body sees another token than its group's"
        );
        Ok(())
    })
}

fn told<T: Debug>(joined: &Result<T, GroupError<Bad>>) -> Outcome {
    let reason = match joined {
        Err(error) => match &error.first().cause {
            Cause::Cancelled(Some(reason)) => Some(&*reason.text),
            _ => None,
        },
        Ok(_) => None,
    };
    ensure_eq!(
        reason,
        Some("from outside"),
        "the reason of what was cut short"
    );
    Ok(())
}
