//! *GA* from 20 on, *TG-22*, *TG-30*: many futures in one task, that wait for tasks on all threads.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, Gate, Wakes},
};
use anyrt_core::{
    JoinError,
    join::{FutureSet, join_all, race, race_ok, scope, scope_local, try_join_all, try_scope},
    task::yield_now,
};
use std::{
    cell::{Cell, RefCell},
    future::{Future, Ready, pending, poll_fn},
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    task::Poll,
    time::Duration,
};

/// Enough children for each to have a waker of its own.
const MANY: usize = 100;

fn joined<T>(outcome: Result<T, JoinError>) -> Result<T, Stop> {
    outcome.map_err(|error| Stop::failed(format!("a task: {error}")))
}

/// Outputs in input order, of tasks that finish in the opposite one; nothing at once.
pub fn ga_20<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        for count in [3, MANY] {
            let gates: Vec<_> = (0..=count).map(|_| Gate::new()).collect();
            let tasks: Vec<_> = (0..count)
                .map(|n| {
                    let (mine, before) = (gates[n].clone(), gates[n + 1].clone());
                    rt.spawn(async move {
                        before.wait().await;
                        mine.open();
                        n
                    })
                })
                .collect();
            gates[count].open();
            let outputs: Result<Vec<_>, _> =
                join_all(tasks).await.into_iter().map(joined).collect();
            ensure!(
                outputs?.into_iter().eq(0..count),
                "the outputs are not in input order"
            );
        }
        let none: [Ready<()>; 0] = [];
        ensure_eq!(join_all(none).await, vec![], "what no children give");
        Ok(())
    })
}

/// How often `futures` are polled, all together.
async fn polls_of<F: Future>(futures: impl Iterator<Item = F>) -> usize {
    let polls = Cell::new(0);
    join_all(futures.map(|future| {
        let polls = &polls;
        async move {
            let mut future = pin!(future);
            poll_fn(|cx| {
                polls.set(polls.get() + 1);
                future.as_mut().poll(cx)
            })
            .await;
        }
    }))
    .await;
    polls.get()
}

/// Tasks let each other finish, one after the other; each end wakes one child.
pub fn ga_21<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let count = 1_000;
        let gates: Vec<_> = (0..=count).map(|_| Gate::new()).collect();
        let tasks: Vec<_> = (0..count)
            .map(|n| {
                let (mine, next) = (gates[n].clone(), gates[n + 1].clone());
                rt.spawn(async move {
                    mine.wait().await;
                    yield_now().await;
                    next.open();
                })
            })
            .collect();
        gates[0].open();
        let polls = polls_of(tasks.into_iter()).await;
        ensure!(polls <= 4 * count, "{polls} polls of {count} children");
        Ok(())
    })
}

/// Sleeps that end together: far more of them than a runtime lets a task poll at once.
pub fn ga_22<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let count = 4_000;
    let rt = ctx.rt().clone();
    ctx.run(async {
        // In a task: the budget of a runtime is a task's.
        let task = ctx.rt().spawn(async move {
            let deadline = rt.now() + Duration::from_millis(20);
            let polls = AtomicUsize::new(0);
            join_all((0..count).map(|_| {
                let mut sleep = Box::pin(rt.sleep_until(deadline));
                let polls = &polls;
                poll_fn(move |cx| {
                    polls.fetch_add(1, Relaxed);
                    sleep.as_mut().poll(cx)
                })
            }))
            .await;
            polls.into_inner()
        });
        let polls = joined(task.await)?;
        ensure!(
            polls <= 4 * count,
            "{polls} polls of {count} sleeps that end together"
        );
        let polls = polls_on_a_budget(count).await;
        ensure!(
            polls <= 4 * count,
            "{polls} polls of {count} children with a budget of {BUDGET}"
        );
        Ok(())
    })
}

/// How many children the rule lets end in a poll of their task, as some runtimes do.
const BUDGET: usize = 128;

/// The polls of so many children that are ready, but for the budget.
async fn polls_on_a_budget(count: usize) -> usize {
    let (polls, left) = (&Cell::new(0), &Cell::new(0));
    let mut all = join_all((0..count).map(|_| {
        poll_fn(move |cx| {
            polls.set(polls.get() + 1);
            if left.get() == 0 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            left.set(left.get() - 1);
            Poll::Ready(())
        })
    }));
    poll_fn(|cx| {
        left.set(BUDGET);
        pin!(&mut all).poll(cx).map(drop)
    })
    .await;
    polls.get()
}

/// The first error, with the siblings dropped.
pub fn ga_23<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        for count in [3, MANY] {
            let drops = Wakes::new();
            let mut outcome = try_join_all((0..count).map(|n| {
                let (task, witness) = (ctx.rt().spawn(async move { n }), Counted::new(&drops));
                async move {
                    let _witness = witness;
                    match task.await {
                        Ok(2) => Err("the second"),
                        _ => pending().await,
                    }
                }
            }));
            // By reference: a future that is awaited by value drops its children in any case.
            let error = Err::<Vec<()>, _>("the second");
            ensure_eq!((&mut outcome).await, error, "the outcome");
            ensure_eq!(drops.count(), count, "the children that have been dropped");
        }
        let tasks = (0..MANY).map(|n| ctx.rt().spawn(async move { n }));
        let outputs = joined(try_join_all(tasks).await)?;
        ensure!(
            outputs.into_iter().eq(0..MANY),
            "the outputs are not in input order"
        );
        Ok(())
    })
}

/// The first output, with the losers dropped; a race of none is an error.
pub fn ga_24<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        for count in [3, MANY] {
            let drops = Wakes::new();
            let racing = race((0..count).map(|n| {
                let (task, witness) = (ctx.rt().spawn(async move { n }), Counted::new(&drops));
                async move {
                    let _witness = witness;
                    match task.await {
                        Ok(1) => "the winner",
                        _ => pending().await,
                    }
                }
            }));
            let mut racing = racing.map_err(|error| Stop::failed(error.to_string()))?;
            // By reference, as above.
            ensure_eq!((&mut racing).await, "the winner", "the output");
            ensure_eq!(drops.count(), count, "the children that have been dropped");
        }
        let none: [Ready<()>; 0] = [];
        ensure!(race(none).is_err(), "a race of none is no error");
        Ok(())
    })
}

/// The first `Ok` past errors, or all errors in input order.
pub fn ga_25<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        for winner in [Some(MANY - 1), None] {
            let children = (0..MANY).map(|n| {
                let task = ctx.rt().spawn(async move { n });
                async move {
                    let n = task.await.map_err(|_| usize::MAX)?;
                    if Some(n) == winner { Ok(n) } else { Err(n) }
                }
            });
            let racing = race_ok(children).map_err(|error| Stop::failed(error.to_string()))?;
            match (winner, racing.await) {
                (Some(winner), Ok(n)) => ensure_eq!(n, winner, "the first `Ok`"),
                (None, Err(failed)) => {
                    let in_order = failed.errors.into_iter().eq(0..MANY);
                    ensure!(in_order, "the errors are not in input order");
                }
                (_, outcome) => return Err(Stop::failed(format!("a race gave {outcome:?}"))),
            }
        }
        Ok(())
    })
}

/// Outputs come as their tasks finish, and the set grows while it runs.
pub fn ga_26<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let gates: Vec<_> = (0..MANY).map(|_| Gate::new()).collect();
        let mut set: FutureSet<_> = gates[..MANY - 1].iter().enumerate().map(wait_for).collect();
        set.push(wait_for((MANY - 1, &gates[MANY - 1])));
        for n in (0..MANY).rev() {
            let gate = gates[n].clone();
            drop(ctx.rt().spawn(async move { gate.open() }));
            ensure_eq!(set.next().await, Some(n), "the next output");
            if n % 2 == 0 {
                set.push(wait_for((n, &gates[n])));
                ensure_eq!(set.next().await, Some(n), "what was pushed meanwhile");
            }
        }
        ensure_eq!(set.next().await, None, "the output of an empty set");
        Ok(())
    })
}

async fn wait_for((n, gate): (usize, &Gate)) -> usize {
    gate.wait().await;
    n
}

/// Children borrow, are not `Send`, start others, and are all finished at the end.
pub fn tg_22<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let sum = RefCell::new(0);
        let (sum, rt) = (&sum, ctx.rt());
        let body = scope_local(|s| async move {
            for n in 1..=4 {
                let s2 = s.clone();
                drop(s.spawn(async move {
                    let task = rt.spawn(async move { n });
                    let n = task.await.unwrap_or_default();
                    drop(s2.spawn(async move {
                        rt.sleep(Duration::from_millis(1)).await;
                        *sum.borrow_mut() += n;
                    }));
                }));
            }
            "the body"
        });
        ensure_eq!(body.await, "the body", "the body's output");
        ensure_eq!(*sum.borrow(), 10, "what the children added");

        // What is forgotten is never polled again.
        let gate = Gate::new();
        let polls = Cell::new(0);
        {
            let (gate, polls) = (gate.clone(), &polls);
            let mut forgotten = Box::pin(scope_local(|s| {
                drop(s.spawn(async move {
                    gate.wait().await;
                    polls.set(polls.get() + 1);
                }));
                pending::<()>()
            }));
            let ended = poll_fn(|cx| Poll::Ready(forgotten.as_mut().poll(cx).is_ready())).await;
            ensure!(!ended, "a scope ended before its body");
            std::mem::forget(forgotten);
        }
        gate.open();
        yield_now().await;
        ensure_eq!(polls.get(), 0, "the polls of a forgotten child");
        Ok(())
    })
}

/// A cancel, also in a child's first poll, and an error drop the children.
pub fn tg_30<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let drops = Wakes::new();
        let (first, second) = (Counted::new(&drops), Counted::new(&drops));
        let ends = scope(|s| async move {
            let s2 = s.clone();
            let canceller = s.spawn(async move {
                let _witness = first;
                s2.cancel();
                pending::<()>().await;
            });
            let sibling = s.spawn(async move {
                let _witness = second;
                pending::<()>().await;
            });
            let ends = (canceller.await.is_err(), sibling.await.is_err());
            (ends, s.try_spawn(async {}).is_err())
        });
        ensure_eq!(
            ends.await,
            ((true, true), true),
            "what a cancelled scope's handles give"
        );
        ensure_eq!(drops.count(), 2, "the children that have been dropped");

        let (child, body) = (Counted::new(&drops), Counted::new(&drops));
        let task = ctx.rt().spawn(async { "an error" });
        let failed = try_scope(|s| async move {
            let _witness = body;
            drop(s.spawn(async move { Err::<(), _>(task.await.unwrap_or("no output")) }));
            drop(s.spawn(async move {
                let _witness = child;
                pending::<Result<(), _>>().await
            }));
            pending::<Result<(), _>>().await
        });
        ensure_eq!(
            failed.await,
            Err("an error"),
            "what a scope with an error gives"
        );
        ensure_eq!(
            drops.count(),
            4,
            "the children and bodies that have been dropped"
        );
        Ok(())
    })
}
