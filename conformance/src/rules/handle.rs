//! *SP*: what a handle gives, and what aborting does.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq, skip},
    probe::{EXPECTED, Expected, Gate, OnDrop, PATIENCE, Probe, block},
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
        others > 0 || !polled,
        "on one thread, the task was polled before its spawner came to abort it"
    );
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
            // The tasks could still run: this executor outlives its values, as a global one does.
            Ok(()) => {}
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

/// `is_finished` follows the task.
pub fn sp_14<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let (started, go) = (Gate::new(), Gate::new());
        let handle = ctx.rt().spawn({
            let (started, go) = (started.clone(), go.clone());
            async move {
                started.open();
                go.wait().await;
            }
        });
        started.wait().await;
        // More than once: it has begun, but may not wait yet.
        for _ in 0..100 {
            yield_now().await;
            ensure!(
                !handle.is_finished(),
                "`is_finished` is true while the task waits"
            );
        }
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

/// Its destructor panics.
pub(super) struct Panics;

impl Drop for Panics {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic_any(EXPECTED);
        }
    }
}

/// Destructors that panic where nobody can catch it but the backend.
pub fn sp_15<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let started = Gate::new();
        let aborted = rt.spawn({
            let started = started.clone();
            async move {
                let _panics = Panics;
                started.open();
                pending::<()>().await;
            }
        });
        started.wait().await;
        aborted.abort();
        let output = aborted.await;
        ensure!(output.is_err(), "an aborted task gave {output:?}");

        let (done, ran) = (Gate::new(), Gate::new());
        drop(rt.spawn({
            let (done, ran) = (done.clone(), ran.clone());
            async move {
                done.wait().await;
                ran.open();
                Panics
            }
        }));
        done.open();
        ran.wait().await;
        let after = rt.spawn(async { 1 }).await;
        ensure!(
            matches!(after, Ok(1)),
            "after the panics a task gave {after:?}"
        );
        Ok(())
    })
}

fn cancelled<T: Debug>(output: &Result<T, JoinError>) -> bool {
    matches!(output, Err(JoinError::Cancelled))
}
