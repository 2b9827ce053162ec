//! *TO*: limits that the work inside can see, and that end tasks.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, Expected, Gate, OnDrop, Probe, Wakes},
};
use anyrt_core::{
    Instant, JoinError,
    cancel::shield,
    context::Context,
    rt::JoinHandle,
    task::yield_now,
    time::{WaitTaskError, wait_for, wait_for_task, wait_until},
};
use std::{
    future::{Future, pending, poll_fn, ready},
    panic::panic_any,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{self, Poll},
    thread,
    time::Duration,
};

const HOUR: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(5);

/// It keeps what `timeout` does.
pub fn to_20<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        ensure_eq!(wait_for(rt, Duration::ZERO, ready(1)).await, Ok(1), "zero");
        ensure_eq!(
            wait_until(rt, Instant::ORIGIN, ready(2)).await,
            Ok(2),
            "past"
        );
        ensure_eq!(wait_for(rt, None, ready(3)).await, Ok(3), "no limit");
        ensure_eq!(
            wait_for(rt, Duration::MAX, ready(4)).await,
            Ok(4),
            "overflow"
        );
        ensure_eq!(wait_until(rt, None, ready(5)).await, Ok(5), "no deadline");

        let polls = Wakes::new();
        let work = poll_fn(|_| {
            polls.bump();
            if polls.count() > 2 {
                Poll::Ready(6)
            } else {
                Poll::Pending
            }
        });
        let mut probe = Probe::new(wait_for(rt, SHORT, work));
        ensure!(probe.is_pending(), "it is ready after one poll of 3");
        probe.woken_past(0).await; // Its timer: the other two polls are of one.
        let output = probe.ready("a limit whose timer fired")?;
        ensure_eq!(output, Ok(6), "a value that arrived as the timer fired");

        for limit in [Duration::ZERO, SHORT] {
            let dropped = Wakes::new();
            let guard = Counted::new(&dropped);
            let work = async move {
                let _guard = guard;
                pending::<()>().await;
            };
            let mut probe = Probe::new(wait_for(rt, limit, work).named("tidying"));
            let Err(late) = probe.finish().await else {
                return Err(Stop::failed("a future that never ends has ended"));
            };
            ensure_eq!(
                dropped.count(),
                1,
                "futures dropped when the error is there"
            );
            ensure_eq!(late.operation.as_deref(), Some("tidying"), "the operation");
            ensure_eq!(late.limit, limit, "the limit");
            ensure!(
                late.elapsed >= limit,
                "elapsed after {:?} of {limit:?}",
                late.elapsed
            );
        }
        let large = [0_u8; 4096];
        let work = async move {
            yield_now().await;
            large.len()
        };
        let room = size_of_val(&wait_for(rt, HOUR, work));
        ensure!(
            room < 2 * 4096,
            "it takes {room} bytes for a future of 4096"
        );

        let tight = wait_for(rt, SHORT, pending::<()>()).named("inner");
        let output = wait_for(rt, HOUR, tight).named("outer").await;
        let inner = matches!(&output, Ok(Err(late)) if late.operation.as_deref() == Some("inner"));
        ensure!(inner, "tight inside wide gave {output:?}");
        Ok(())
    })
}

/// The work sees the earliest deadline around it, up to a shield.
pub fn to_21<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let seen = || ready(Context::current().deadline());
        let deadline = async { seen().await };
        ensure_eq!(
            wait_for(rt, None, deadline).await,
            Ok(None),
            "without a limit"
        );
        let before = rt.now();
        let unpolled = wait_for(rt, HOUR, async { seen().await });
        let output = unpolled.await;
        let after = rt.now();
        let Ok(Some(deadline)) = output else {
            return Err(Stop::failed(format!(
                "under a limit the work sees {output:?}"
            )));
        };
        ensure!(
            before + HOUR <= deadline && deadline <= after + HOUR,
            "the deadline is {deadline:?}"
        );
        let (soon, late) = (before + HOUR, before + HOUR + HOUR);
        let inside = wait_until(rt, late, async { seen().await });
        let output = wait_until(rt, soon, inside).await;
        ensure_eq!(
            output,
            Ok(Ok(Some(soon))),
            "an early deadline around a late one"
        );
        let inside = wait_until(rt, soon, async { seen().await });
        let output = wait_until(rt, late, inside).await;
        ensure_eq!(
            output,
            Ok(Ok(Some(soon))),
            "a late deadline around an early one"
        );
        let output = wait_until(rt, soon, shield(async { seen().await })).await;
        ensure_eq!(output, Ok(None), "through a shield");
        let inside = shield(wait_until(rt, late, async { seen().await }));
        let output = wait_until(rt, soon, inside).await;
        ensure_eq!(output, Ok(Ok(Some(late))), "inside a shield");
        ensure_eq!(
            Context::current().deadline(),
            None,
            "the deadline that is left"
        );
        Ok(())
    })
}

/// A task that is late is aborted, and gone.
pub fn to_22<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let output = wait_for_task(rt, HOUR, rt.spawn(async { 1 })).await;
        ensure!(matches!(output, Ok(1)), "a task in time gave {output:?}");
        let output = wait_for_task(rt, None, rt.spawn(async { 2 })).await;
        ensure!(
            matches!(output, Ok(2)),
            "a task without limit gave {output:?}"
        );
        let task = rt.spawn(async { panic_any(Expected(22)) });
        let output = wait_for_task(rt, HOUR, task).await;
        let panicked = matches!(output, Err(WaitTaskError::Join(JoinError::Panicked(_))));
        ensure!(panicked, "a task that panicked gave {output:?}");

        for limit in [Duration::ZERO, SHORT] {
            let (started, dropped) = (Gate::new(), Gate::new());
            let task = rt.spawn({
                let (started, dropped) = (started.clone(), dropped.clone());
                async move {
                    let _slow = OnDrop::new(move || {
                        // A wait that does not join returns before.
                        thread::sleep(Duration::from_millis(10));
                        dropped.open();
                    });
                    started.open();
                    pending::<()>().await;
                }
            });
            started.wait().await;
            let output = wait_for_task(rt, limit, task).await;
            ensure!(
                dropped.is_open(),
                "the task outlived the error, under {limit:?}"
            );
            let Err(WaitTaskError::TimedOut(late)) = output else {
                return Err(Stop::failed(format!("a task that is late gave {output:?}")));
            };
            ensure_eq!(late.limit, limit, "the limit");
        }

        let output = wait_for_task(rt, SHORT, FasterThanItsAbort::default()).await;
        ensure!(
            matches!(output, Ok(3)),
            "a task that was there when the abort arrived gave {output:?}"
        );
        Ok(())
    })
}

/// The handle of a task that is late, and has ended when it is aborted.
#[derive(Debug, Default)]
struct FasterThanItsAbort(AtomicBool);

impl Future for FasterThanItsAbort {
    type Output = Result<u32, JoinError>;

    fn poll(self: Pin<&mut Self>, _: &mut task::Context<'_>) -> Poll<Self::Output> {
        match self.is_finished() {
            true => Poll::Ready(Ok(3)),
            false => Poll::Pending,
        }
    }
}

impl JoinHandle<u32> for FasterThanItsAbort {
    fn abort(&self) {
        self.0.store(true, Relaxed);
    }

    fn is_finished(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// Whoever drops the wait, aborts the task.
pub fn to_23<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        for polls in 0..3 {
            let (started, dropped) = (Gate::new(), Wakes::new());
            let task = rt.spawn({
                let (started, guard) = (started.clone(), Counted::new(&dropped));
                async move {
                    let _guard = guard;
                    started.open();
                    pending::<()>().await;
                }
            });
            started.wait().await;
            let mut probe = Probe::new(wait_for_task(rt, HOUR, task));
            for _ in 0..polls {
                ensure!(probe.is_pending(), "a task that never ends has ended");
            }
            drop(probe);
            // A task that lives on is a hang.
            Arc::clone(&dropped).reached(1).await;
        }
        Ok(())
    })
}

/// All of it can be spawned from code that knows no more than `R: Runtime`.
pub fn to_24<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let inner = rt.clone();
        let task = rt.spawn(async move {
            let rt = &inner;
            let mut sum = wait_for(rt, HOUR, async { 1 }).await.unwrap();
            sum += wait_until(rt, Instant::MAX, async { 2 }).await.unwrap();
            sum + wait_for_task(rt, HOUR, rt.spawn(async { 4 }))
                .await
                .unwrap()
        });
        let sum = task.await;
        ensure!(matches!(sum, Ok(7)), "the sum is {sum:?}, want 7");
        Ok(())
    })
}
