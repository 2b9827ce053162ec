//! *SP*: tasks and their handles.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq, skip},
    probe::{Expected, Gate, OnDrop, PATIENCE, Probe, Wakes, message, on_plain_thread},
};
use anyrt_core::{rt::JoinHandle, task::yield_now};
use std::{
    future::pending,
    panic::panic_any,
    sync::{Arc, mpsc},
    time::Duration,
};

/// A task makes progress though nobody polls its handle.
pub fn sp_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let (inside, outside) = (Gate::new(), Gate::new());
        let (open, rt) = (inside.clone(), ctx.rt());
        let kept = rt.spawn(async move { open.open() });
        let open = outside.clone();
        let from_plain_thread = on_plain_thread(|| rt.spawn(async move { open.open() }))?;
        inside.wait().await;
        outside.wait().await;
        drop((kept, from_plain_thread));
        Ok(())
    })
}

/// A task whose handle is dropped runs to its end, whenever that is.
pub fn sp_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        for dropped_late in [false, true] {
            let (started, go, gone, ended) = (Gate::new(), Gate::new(), Gate::new(), Gate::new());
            // Opens what the rule waits for on any way out, also unpolled, so that a task that is
            // cancelled is a failure and not a hang.
            let guard = OnDrop::new({
                let (started, gone) = (started.clone(), gone.clone());
                move || {
                    started.open();
                    gone.open();
                }
            });
            let handle = ctx.rt().spawn({
                let (started, go, ended) = (started.clone(), go.clone(), ended.clone());
                async move {
                    let _guard = guard;
                    started.open();
                    go.wait().await;
                    yield_now().await;
                    ended.open();
                }
            });
            if dropped_late {
                started.wait().await;
            }
            drop(handle);
            started.wait().await;
            go.open();
            gone.wait().await;
            ensure!(ended.is_open(), "dropping the handle ended the task");
        }
        Ok(())
    })
}

/// Two tasks that never suspend run at the same time.
pub fn sp_7<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let threads = ctx.rt().parallelism().get();
    if threads == 1 {
        skip!("the backend has one thread");
    }
    ctx.run(async {
        let (to_right, from_left) = mpsc::channel();
        let (to_left, from_right) = mpsc::channel();
        // Each blocks its worker until it has heard of the other.
        let meet = |tell: mpsc::Sender<()>, hear: mpsc::Receiver<()>| {
            ctx.rt().spawn(async move {
                tell.send(()).ok();
                hear.recv_timeout(PATIENCE).is_ok()
            })
        };
        let (left, right) = (meet(to_right, from_right), meet(to_left, from_left));
        let met = [left.await, right.await];
        ensure!(
            met.iter().all(|met| matches!(met, Ok(true))),
            "`parallelism` is {threads}, but two tasks did not run at once in {PATIENCE:?}: {met:?}",
        );
        Ok(())
    })
}

/// `yield_now` is pending once, wakes itself, and lets the others go first.
pub fn sp_8<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let mut probe = Probe::new(yield_now());
    ensure!(probe.is_pending(), "`yield_now` is ready at its first poll");
    ensure_eq!(probe.wakes(), 1, "the wakes of `yield_now`");
    probe.ready("`yield_now` at its second poll")?;
    if ctx.rt().parallelism().get() > 1 {
        return Ok(());
    }
    ctx.run(async {
        let rt = ctx.rt().clone();
        let ran = ctx.rt().spawn(async move {
            let ran = Wakes::new();
            let count = |ran: &Arc<Wakes>| {
                let ran = Arc::clone(ran);
                async move { ran.bump() }
            };
            drop((
                rt.spawn(count(&ran)),
                rt.spawn(count(&ran)),
                rt.spawn(count(&ran)),
            ));
            yield_now().await;
            ran.count()
        });
        let ran = ran.await;
        ensure!(
            matches!(ran, Ok(3)),
            "on one thread, of 3 tasks that were ready {ran:?} ran before `yield_now` resumed",
        );
        Ok(())
    })
}

/// A destructor in a task may spawn and sleep, however the task ends.
pub fn sp_9<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        for end in ["completes", "panics", "is aborted"] {
            let (started, spawned) = (Gate::new(), Gate::new());
            let survived = Gate::new();
            let rt = ctx.rt().clone();
            let guard = OnDrop::new({
                let (spawned, survived) = (spawned.clone(), survived.clone());
                move || {
                    let mut sleep = Probe::new(rt.sleep(Duration::from_secs(3600)));
                    let pending = sleep.is_pending();
                    let other = rt.clone();
                    drop(rt.spawn(async move {
                        other.sleep(Duration::from_millis(1)).await;
                        spawned.open();
                    }));
                    if pending {
                        survived.open();
                    }
                }
            });
            let open = started.clone();
            let handle = ctx.rt().spawn(async move {
                let _guard = guard;
                open.open();
                match end {
                    "completes" => {}
                    "panics" => panic_any(Expected(9)),
                    _ => pending::<()>().await,
                }
            });
            started.wait().await;
            if end == "is aborted" {
                handle.abort();
            }
            handle.await.ok();
            ensure!(
                survived.is_open(),
                "the destructor of a task that {end} did not get through"
            );
            spawned.wait().await;
        }
        Ok(())
    })
}

/// A handle that shows where its task was spawned shows the caller.
pub fn sp_11<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (line, handle) = (line!(), ctx.rt().spawn(async {}));
    let shown = format!("{handle:?}");
    ctx.rt().block_on(handle).ok();
    if !shown.contains(".rs") {
        skip!("the handle's `Debug` shows no location: {shown}");
    }
    let here = file!().rsplit(['/', '\\']).next().unwrap_or_default();
    ensure!(
        shown.contains(here) && shown.contains(&line.to_string()),
        "spawned at {here}:{line}, but shows {shown}",
    );
    Ok(())
}

/// From a thread without a runtime: spawn, spawn blocking, sleep.
pub fn sp_12<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let (task, blocking, mut sleep) = on_plain_thread(|| {
            let mut sleep = Probe::new(rt.sleep(Duration::from_millis(5)));
            // Registered here, on the plain thread; it may be due already.
            let due = sleep.poll().is_ready();
            (rt.spawn(async { 1 }), rt.spawn_blocking(|| 2), (due, sleep))
        })?;
        if !sleep.0 {
            sleep.1.finish().await;
        }
        let outputs = (task.await, blocking.await);
        ensure!(
            matches!(outputs, (Ok(1), Ok(2))),
            "what a plain thread spawned gave {outputs:?}, want Ok(1) and Ok(2)",
        );
        Ok(())
    })
}

/// A runtime may be dropped inside a task and inside `block_on`.
pub fn sp_13<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (one, two) = (ctx.fresh(), ctx.fresh());
    let pending_task = one.spawn(pending::<()>());
    ctx.run(async {
        // One that works, so that there is something to tear down.
        let dropped = ctx.rt().spawn(async move { drop(one) }).await;
        if let Err(error) = dropped {
            return Err(Stop::failed(format!(
                "dropping a runtime in a task: {error}"
            )));
        }
        drop(pending_task);
        Ok(())
    })?;
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        ctx.rt().block_on(async move { drop(two) });
    }));
    caught.map_err(|payload| {
        let text = message(payload.as_ref());
        Stop::failed(format!("dropping a runtime in `block_on` panicked: {text}"))
    })
}
