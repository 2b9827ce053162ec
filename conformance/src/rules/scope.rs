//! *TG-22*, *TG-30*: futures that start others, all in one task.

use crate::{
    outcome::{Backend, Ctx, Outcome, ensure, ensure_eq},
    probe::{Counted, Gate, Probe, Wakes},
};
use anyrt_core::{
    join::{scope, scope_local, try_scope},
    task::yield_now,
};
use std::{
    cell::{Cell, RefCell},
    future::{Future, pending, poll_fn},
    sync::Arc,
    task::Poll,
    time::Duration,
};

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
        let polls = Wakes::new();
        let sibling_polls = Arc::clone(&polls);
        let ends = scope(|s| async move {
            let s2 = s.clone();
            let canceller = s.spawn(async move {
                let _witness = first;
                s2.cancel();
                pending::<()>().await;
            });
            let sibling = s.spawn(async move {
                let _witness = second;
                sibling_polls.bump();
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
        ensure_eq!(polls.count(), 0, "the polls of a child after the cancel");

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
        let mut failed = Probe::new(failed);
        ensure_eq!(
            failed.finish().await,
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
