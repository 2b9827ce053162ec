//! *SP*: tasks and their handles.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq, skip},
    probe::{
        EXPECTED, Expected, Gate, OnDrop, PATIENCE, Probe, Wakes, block, message, on_plain_thread,
    },
};
use anyrt_core::{JoinError, rt::JoinHandle, task::yield_now};
use std::{
    fmt::Debug,
    future::{pending, poll_fn},
    panic::panic_any,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    task::Poll,
    thread,
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

/// A handle gives the output, the panic's own payload, or `Cancelled`.
pub fn sp_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let output = rt.spawn(async { 42 }).await;
        ensure!(
            matches!(output, Ok(42)),
            "the output is {output:?}, want Ok(42)"
        );

        // More panics than workers: if each took a worker along, the last task would hang.
        for n in 0..rt.parallelism().get() as u32 + 2 {
            let output = rt.spawn(async move { panic_any(Expected(n)) }).await;
            let Err(JoinError::Panicked(panic)) = output else {
                return Err(Stop::failed("a task that panicked did not give `Panicked`"));
            };
            let payload = panic.into_payload().downcast::<Expected>().ok();
            ensure_eq!(
                payload.as_deref(),
                Some(&Expected(n)),
                "the panic's payload"
            );
        }
        let output = rt
            .spawn(async {
                yield_now().await;
                panic_any(EXPECTED)
            })
            .await;
        match output {
            Err(JoinError::Panicked(panic)) => {
                ensure_eq!(panic.message(), EXPECTED, "the panic's message");
            }
            _ => {
                return Err(Stop::failed(
                    "a panic after a suspension did not give `Panicked`",
                ));
            }
        }

        let handle = rt.spawn(pending::<()>());
        handle.abort();
        let output = handle.await;
        ensure!(
            cancelled(&output),
            "an aborted task gave {output:?}, want Cancelled"
        );
        let after = rt.spawn(async { 7 }).await;
        ensure!(
            matches!(after, Ok(7)),
            "after the panics a task gives {after:?}"
        );
        Ok(())
    })
}

/// `abort` returns at once; once the handle resolves, the future is gone.
pub fn sp_4<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let (started, dropped) = (Gate::new(), Gate::new());
        let handle = ctx.rt().spawn({
            let (started, dropped) = (started.clone(), dropped.clone());
            async move {
                let _slow = OnDrop::new(move || {
                    // A slow destructor: a handle that resolves before it shows.
                    thread::sleep(Duration::from_millis(20));
                    dropped.open();
                });
                started.open();
                pending::<()>().await;
            }
        });
        started.wait().await;
        handle.abort();
        handle.abort();
        let output = handle.await;
        ensure!(
            dropped.is_open(),
            "the handle resolved before the task's future was dropped"
        );
        ensure!(
            cancelled(&output),
            "an aborted task gave {output:?}, want Cancelled"
        );

        let mut handle = ctx.rt().spawn(async { 5 });
        let output = (&mut handle).await;
        ensure!(
            matches!(output, Ok(5)),
            "the output is {output:?}, want Ok(5)"
        );
        handle.abort();
        handle.abort();
        ensure!(
            handle.is_finished(),
            "`is_finished` is false after the output was delivered"
        );
        Ok(())
    })
}

/// A task that is aborted before its first poll is dropped unpolled.
pub fn sp_5<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    for _ in 0..20 {
        if aborted_unpolled(ctx)? {
            return Ok(());
        }
    }
    skip!("the task was polled before it could be aborted, 20 times of 20")
}

/// With every other worker kept busy, a task spawns another and aborts it. False where the other
/// was polled first nevertheless.
fn aborted_unpolled<R: Backend>(ctx: &Ctx<'_, R>) -> Result<bool, Stop> {
    let rt = ctx.rt().clone();
    let others = rt.parallelism().get() - 1;
    let (enter, entered) = mpsc::channel();
    let (done, result) = mpsc::channel();
    let mut releases = Vec::new();
    for _ in 0..others {
        let (release, released) = mpsc::channel::<()>();
        let enter = enter.clone();
        drop(rt.spawn(async move {
            enter.send(()).ok();
            released.recv().ok();
        }));
        releases.push(release);
    }
    let handle = ctx.rt().spawn(async move {
        let all_busy = (0..others).all(|_| entered.recv_timeout(PATIENCE).is_ok());
        drop(entered);
        let flags = Arc::new([const { AtomicBool::new(false) }; 4]);
        let [_, aborted, ..] = &*flags;
        let guard = OnDrop::new({
            let flags = Arc::clone(&flags);
            move || flags[3].store(true, Ordering::SeqCst)
        });
        let target = rt.spawn({
            let flags = Arc::clone(&flags);
            poll_fn(move |_| {
                let _owned = &guard;
                flags[0].store(true, Ordering::SeqCst);
                flags[2].store(flags[1].load(Ordering::SeqCst), Ordering::SeqCst);
                Poll::Ready(())
            })
        });
        target.abort();
        aborted.store(true, Ordering::SeqCst);
        drop(releases);
        let output = target.await;
        let [polled, _, late, dropped] = &*flags;
        let [polled, late, dropped] =
            [polled, late, dropped].map(|flag| flag.load(Ordering::SeqCst));
        done.send((all_busy, cancelled(&output), polled, late, dropped))
            .ok();
    });
    if others == 0 {
        // A single thread may be driven by `block_on` alone.
        ctx.rt().block_on(handle).ok();
    } else {
        // The calling thread must not become one more worker, so it waits without the runtime.
        drop(handle);
    }
    let (all_busy, cancelled, polled, late, dropped) = result
        .recv_timeout(PATIENCE)
        .map_err(|_| Stop::failed("the handle of a task that was aborted did not resolve"))?;
    ensure!(all_busy, "fewer tasks run at once than `parallelism` says");
    ensure!(!late, "the task was polled after it had been aborted");
    ensure!(
        polled || cancelled,
        "the task was not polled, but gave an output"
    );
    ensure!(
        dropped,
        "the handle resolved before the task's future was dropped"
    );
    Ok(!polled)
}

/// An output that is there survives an abort.
pub fn sp_6<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let handle = ctx.rt().spawn(async { String::from("output") });
        while !handle.is_finished() {
            yield_now().await;
        }
        handle.abort();
        let output = handle.await;
        ensure!(
            matches!(&output, Ok(text) if text == "output"),
            "an abort after completion gave {output:?}, want the output",
        );
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

/// A handle whose executor is gone gives `Cancelled`.
pub fn sp_10<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let rt = ctx.fresh();
    let go = Gate::new();
    let (gone, is_gone) = mpsc::channel();
    let handles = [0, 1].map(|_| {
        let (go, gone) = (go.clone(), gone.clone());
        rt.spawn(async move {
            let _guard = OnDrop::new(move || {
                gone.send(()).ok();
            });
            go.wait().await;
        })
    });
    rt.block_on(yield_now());
    drop(rt);
    // An executor may shut down in the background. If it does not within this time, it
    // lives on, and the tasks are let go so that their handles resolve.
    is_gone.recv_timeout(Duration::from_millis(300)).ok();
    go.open();
    for handle in handles {
        match block(handle) {
            Err(JoinError::Cancelled) => {}
            // The tasks could still run, so the executor is not gone.
            Ok(()) => skip!("the executor outlives the value that it was made with"),
            Err(JoinError::Panicked(panic)) => {
                return Err(Stop::failed(format!(
                    "gave `Panicked`: {}",
                    panic.message()
                )));
            }
        }
    }
    Ok(())
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

/// `is_finished` follows the task.
pub fn sp_14<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let go = Gate::new();
        let handle = ctx.rt().spawn({
            let go = go.clone();
            async move { go.wait().await }
        });
        yield_now().await;
        ensure!(
            !handle.is_finished(),
            "`is_finished` is true while the task waits"
        );
        go.open();
        while !handle.is_finished() {
            yield_now().await;
        }
        let mut probe = Probe::new(handle);
        let output = probe.ready("a handle that says `is_finished`")?;
        ensure!(output.is_ok(), "the output is {output:?}, want Ok(())");
        Ok(())
    })
}

fn cancelled<T: Debug>(output: &Result<T, JoinError>) -> bool {
    matches!(output, Err(JoinError::Cancelled))
}
