//! *GA* from 20 on: many futures in one task, that wait for tasks on all threads.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, Gate, Probe, Wakes},
};
use anyrt_core::{
    ConfigError, JoinError,
    join::{FutureSet, join_all, race, race_ok, try_join_all},
    task::yield_now,
};
use std::{
    cell::{Cell, RefCell},
    future::{Future, Ready, pending, poll_fn},
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    task::{Poll, Waker},
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
        Ok(())
    })?;
    let polls = polls_under_a_budget(count);
    ensure!(
        polls <= 4 * count,
        "{polls} polls of {count} children under a budget of 100 each"
    );
    Ok(())
}

/// How often `count` children are polled that wake together, of which 100 get anywhere in each poll of their
/// task. The others are woken when it has returned: so it is where a runtime has a budget for each task and
/// its leaf futures, unlike this crate's sleeps, heed it.
fn polls_under_a_budget(count: usize) -> usize {
    let (polls, left, wakers) = (Cell::new(0), Cell::new(0), RefCell::new(Vec::new()));
    let mut all = Probe::new(join_all((0..count).map(|_| {
        poll_fn(|cx| {
            polls.set(polls.get() + 1);
            if left.get() == 0 {
                wakers.borrow_mut().push(cx.waker().clone());
                return Poll::Pending;
            }
            left.set(left.get() - 1);
            Poll::Ready(())
        })
    })));
    while all.is_pending() {
        left.set(100);
        wakers.take().into_iter().for_each(Waker::wake);
    }
    polls.get()
}

fn raced<T>(made: Result<T, ConfigError>) -> Result<T, Stop> {
    made.map_err(|error| Stop::failed(error.to_string()))
}

/// The first error, with the siblings dropped.
pub fn ga_23<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        for count in [3, MANY] {
            let drops = Wakes::new();
            let outcome = try_join_all((0..count).map(|n| {
                let (task, witness) = (ctx.rt().spawn(async move { n }), Counted::new(&drops));
                async move {
                    let _witness = witness;
                    match task.await {
                        Ok(2) => Err("the second"),
                        _ => pending().await,
                    }
                }
            }));
            // A probe keeps what is ready: were it the outcome's drop that drops them, it would show.
            let mut outcome = Probe::new(outcome);
            ensure_eq!(
                outcome.finish().await,
                Err::<Vec<()>, _>("the second"),
                "the outcome"
            );
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
            let mut racing = Probe::new(raced(racing)?);
            ensure_eq!(racing.finish().await, "the winner", "the output");
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
            let drops = Wakes::new();
            let children = (0..=MANY).map(|n| {
                let (task, witness) = (ctx.rt().spawn(async move { n }), Counted::new(&drops));
                async move {
                    let _witness = witness;
                    if n == MANY && winner.is_some() {
                        return pending().await;
                    }
                    let n = task.await.map_err(|_| usize::MAX)?;
                    if Some(n) == winner { Ok(n) } else { Err(n) }
                }
            });
            let mut racing = Probe::new(raced(race_ok(children))?);
            match (winner, racing.finish().await) {
                (Some(winner), Ok(n)) => ensure_eq!(n, winner, "the first `Ok`"),
                (None, Err(failed)) => {
                    let in_order = failed.errors.into_iter().eq(0..=MANY);
                    ensure!(in_order, "the errors are not in input order");
                }
                (_, outcome) => return Err(Stop::failed(format!("a race gave {outcome:?}"))),
            }
            ensure_eq!(
                drops.count(),
                MANY + 1,
                "the children that have been dropped"
            );
        }
        Ok(())
    })
}

/// Outputs come as their tasks finish, and the set grows while it runs.
pub fn ga_26<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let gates: Vec<_> = (0..2 * MANY).map(|_| Gate::new()).collect();
        let mut set: FutureSet<_> = gates[..MANY].iter().enumerate().map(wait_for).collect();
        let open = |n: usize| {
            let gate = gates[n].clone();
            drop(ctx.rt().spawn(async move { gate.open() }));
        };
        for n in (0..MANY).rev() {
            open(n);
            ensure_eq!(set.next().await, Some(n), "the next output");
            set.push(wait_for((MANY + n, &gates[MANY + n])));
            ensure_eq!(set.len(), MANY, "the futures in the set");
        }
        for n in MANY..2 * MANY {
            open(n);
            ensure_eq!(
                set.next().await,
                Some(n),
                "the output of one that came later"
            );
        }
        ensure_eq!(set.next().await, None, "the output of an empty set");
        Ok(())
    })
}

async fn wait_for((n, gate): (usize, &Gate)) -> usize {
    gate.wait().await;
    n
}
