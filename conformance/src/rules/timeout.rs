//! *TO*: timeouts, which lose nothing.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Gate, OnDrop, Probe},
    rules::channel::channel,
};
use anyrt_core::{
    Elapsed, Instant, JoinError,
    rt::{Lock, Receiver, Sender},
    task::yield_now,
};
use std::{
    future::{Future, pending, poll_fn, ready},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

const HOUR: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(5);

/// A future that is ready with its `n`th poll, and a counter of its polls.
fn ready_at(
    n: usize,
) -> (
    Arc<AtomicUsize>,
    impl Future<Output = usize> + Send + 'static,
) {
    let polls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&polls);
    let future = poll_fn(move |_| {
        let poll = counter.fetch_add(1, Ordering::SeqCst) + 1;
        if poll >= n {
            Poll::Ready(poll)
        } else {
            Poll::Pending
        }
    });
    (polls, future)
}

/// The inner future goes first: ready at the same instant is `Ok`.
pub fn to_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        ensure_eq!(
            rt.timeout(Duration::ZERO, ready(1)).await,
            Ok(1),
            "zero around a ready future"
        );
        let past = rt.timeout_at(Instant::ORIGIN, ready(2)).await;
        ensure_eq!(past, Ok(2), "a past deadline around a ready future");
        // Ready with its second poll, which comes when the timer has fired.
        let (_, inner) = ready_at(2);
        let mut probe = Probe::new(rt.timeout(SHORT, inner));
        if probe.is_pending() {
            probe.woken_past(0).await;
            let output = probe.ready("a timeout whose timer fired")?;
            ensure_eq!(output, Ok(2), "ready when the timer fired");
        }
        Ok(())
    })
}

/// The inner future gets one more poll after the timer fired.
pub fn to_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        for attempt in 1..=5 {
            let (polls, inner) = ready_at(3);
            let limit = Duration::from_millis(10 * attempt);
            let mut probe = Probe::new(ctx.rt().timeout(limit, inner));
            if !probe.is_pending() {
                continue; // Too slow: the timer fired within the first poll.
            }
            // A value that arrives between the poll of the inner future and that of the timer is
            // one that the third poll sees and the second did not. Both are of one poll, that of the wake.
            probe.woken_past(0).await;
            let output = probe.ready("a timeout whose timer fired")?;
            ensure_eq!(output, Ok(3), "a value that arrived as the timer fired");
            ensure_eq!(
                polls.load(Ordering::SeqCst),
                3,
                "the polls of the inner future"
            );
            return Ok(());
        }
        Err(Stop::failed(
            "a timeout of 10 to 50 ms fired within its first poll, 5 times of 5",
        ))
    })
}

/// Zero and past yield once, so that nothing that is there is missed for a budget.
pub fn to_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let all = [("zero", true), ("a past deadline", false)];
        for (what, zero) in all {
            let (polls, inner) = ready_at(usize::MAX);
            let limited = match zero {
                true => rt.timeout(Duration::ZERO, inner),
                false => rt.timeout_at(Instant::ORIGIN, inner),
            };
            let mut limited = Probe::new(limited);
            ensure!(limited.is_pending(), "{what} does not yield");
            ensure_eq!(polls.load(Ordering::SeqCst), 1, "the first polls, {what}");
            ensure_eq!(limited.wakes(), 1, "the wakes, {what}");
            let output = limited.ready("the second poll")?;
            ensure!(output.is_err(), "{what} gives {output:?}");
        }
        let (_, inner) = ready_at(2);
        let output = rt.timeout(Duration::ZERO, inner).await;
        ensure_eq!(output, Ok(2), "zero around a future that yields once");

        const ITEMS: usize = 300;
        let (tx, mut rx) = rt.unbounded_channel();
        for item in 0..ITEMS {
            tx.send(item).await.ok();
        }
        for item in 0..ITEMS {
            let received = rt.timeout(Duration::ZERO, rx.recv()).await;
            ensure_eq!(
                received,
                Ok(Some(item)),
                "zero around an item that is there"
            );
        }
        Ok(())
    })
}

/// A limit beyond the end of time never comes.
pub fn to_4<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let go = Gate::new();
        let mut after = Probe::new(rt.timeout(Duration::MAX, go.wait()));
        let mut at = Probe::new(rt.timeout_at(Instant::MAX, go.wait()));
        for _ in 0..3 {
            ensure!(after.is_pending(), "a timeout of `Duration::MAX` ended");
            ensure!(at.is_pending(), "a timeout at `Instant::MAX` ended");
            rt.sleep(Duration::from_millis(2)).await;
        }
        go.open();
        ensure_eq!(
            after.ready("the inner future")?,
            Ok(()),
            "under `Duration::MAX`"
        );
        ensure_eq!(
            at.ready("the inner future")?,
            Ok(()),
            "under `Instant::MAX`"
        );
        Ok(())
    })
}

/// `None` is no limit.
pub fn to_5<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let go = Gate::new();
        let mut after = Probe::new(rt.timeout(None, go.wait()));
        let mut at = Probe::new(rt.timeout_at(None, go.wait()));
        ensure!(
            after.is_pending() && at.is_pending(),
            "a timeout of `None` ended"
        );
        rt.sleep(Duration::from_millis(2)).await;
        ensure!(
            after.is_pending() && at.is_pending(),
            "a timeout of `None` ended"
        );
        go.open();
        ensure_eq!(after.ready("the inner future")?, Ok(()), "under `None`");
        ensure_eq!(at.ready("the inner future")?, Ok(()), "under `None`");
        Ok(())
    })
}

/// Seconds that are no duration are an error.
pub fn to_6<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    for secs in [
        -1.0,
        -f64::MIN_POSITIVE,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ] {
        let refused = ctx.rt().timeout_secs(secs, ready(())).is_err();
        ensure!(refused, "`timeout_secs({secs}, ..)` is accepted");
    }
    ctx.run(async {
        let rt = ctx.rt();
        for secs in [0.0, 0.5, 1e300] {
            match rt.timeout_secs(secs, ready(6)) {
                Ok(timeout) => ensure_eq!(timeout.await, Ok(6), "under {secs} seconds"),
                Err(error) => return Err(Stop::failed(format!("{secs} seconds: {error}"))),
            }
        }
        Ok(())
    })
}

/// The inner future is dropped before the error is there.
pub fn to_7<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        for limit in [Duration::ZERO, SHORT] {
            let dropped = Gate::new();
            let guard = OnDrop::new({
                let dropped = dropped.clone();
                move || dropped.open()
            });
            let inner = async move {
                let _guard = guard;
                pending::<()>().await;
            };
            let mut probe = Probe::new(ctx.rt().timeout(limit, inner));
            let output = probe.finish().await;
            ensure!(
                output.is_err(),
                "a pending future under {limit:?} gave {output:?}"
            );
            ensure!(
                dropped.is_open(),
                "the inner future outlived the error, under {limit:?}"
            );
        }
        Ok(())
    })
}

/// Nested, the tightest fires and says so.
pub fn to_8<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let check = |elapsed: &Elapsed, name: &str| {
            ensure_eq!(elapsed.operation.as_deref(), Some(name), "the operation");
            ensure_eq!(elapsed.limit, SHORT, "the limit");
            ensure!(
                elapsed.elapsed >= SHORT,
                "elapsed after {:?} of {SHORT:?}",
                elapsed.elapsed
            );
            let text = elapsed.to_string();
            ensure!(
                text.contains(name) && text.contains("5ms"),
                "the message is {text:?}"
            );
            Ok(())
        };
        let tight = rt.timeout(SHORT, pending::<()>()).named("inner");
        match rt.timeout(HOUR, tight).named("outer").await {
            Ok(Err(elapsed)) => check(&elapsed, "inner")?,
            other => return Err(Stop::failed(format!("tight inside wide gave {other:?}"))),
        }
        let wide = rt.timeout(HOUR, pending::<()>()).named("inner");
        match rt.timeout(SHORT, wide).named("outer").await {
            Err(elapsed) => check(&elapsed, "outer")?,
            other => return Err(Stop::failed(format!("wide inside tight gave {other:?}"))),
        }
        Ok(())
    })
}

/// A timeout cancels nothing but its inner future.
pub fn to_9<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt().clone();
        let inside = ctx
            .rt()
            .spawn(async move { rt.timeout(SHORT, pending::<()>()).await });
        match inside.await {
            Ok(Err(Elapsed { .. })) => {}
            Err(JoinError::Cancelled) => {
                return Err(Stop::failed("a timeout in a task cancelled the task"));
            }
            other => return Err(Stop::failed(format!("a timeout in a task gave {other:?}"))),
        }
        let go = Gate::new();
        let waits = go.clone();
        let mut task = ctx.rt().spawn(async move {
            waits.wait().await;
            9
        });
        let waited = ctx.rt().timeout(SHORT, &mut task).await;
        ensure!(
            waited.is_err(),
            "waiting for a task gave {waited:?}, want Elapsed"
        );
        go.open();
        let output = task.await;
        ensure!(
            matches!(output, Ok(9)),
            "after a timeout of the wait the task gave {output:?}"
        );
        Ok(())
    })
}

/// It fires though the inner future could always go on.
pub fn to_10<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        for native in [false, true] {
            let rt = ctx.rt().clone();
            let task = ctx.rt().spawn(async move {
                let lock = rt.lock(0_u64);
                let started = rt.now();
                let spin = async {
                    loop {
                        // Uses up whatever budget the runtime gives a poll, before the
                        // timer gets its turn: tokio's is 128.
                        for _ in 0..if native { 200 } else { 0 } {
                            *lock.lock().await += 1;
                        }
                        yield_now().await;
                    }
                };
                let output: Result<(), Elapsed> = rt.timeout(SHORT, spin).await;
                (output.is_err(), rt.now() - started)
            });
            let output = task.await;
            ensure!(
                matches!(output, Ok((true, took)) if took >= SHORT),
                "around a future that is always ready to run: {output:?}",
            );
        }
        let rt = ctx.rt().clone();
        let (tx, mut rx) = channel::<R, u64>(ctx, 4)?;
        let task = ctx.rt().spawn(async move {
            tx.try_send(0).ok();
            // Never runs dry, for it fills the channel itself.
            let receive = async {
                while let Some(item) = rx.recv().await {
                    tx.try_send(item + 1).ok();
                }
            };
            rt.timeout(SHORT, receive).await.is_err()
        });
        let output = task.await;
        ensure!(
            matches!(output, Ok(true)),
            "around a loop that receives what is always there: {output:?}",
        );
        Ok(())
    })
}
