//! *BL*: blocking work.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Expected, Gate, PATIENCE, Wakes},
};
use anyrt_core::{JoinError, rt::JoinHandle};
use std::{
    collections::HashSet,
    panic::panic_any,
    sync::{Arc, mpsc},
    thread,
};

/// More blocking calls than async threads run at once, and tasks go on meanwhile.
pub fn bl_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let calls = ctx.rt().parallelism().get() + 1;
        let entered = Wakes::new();
        let mut releases = Vec::new();
        let mut handles = Vec::new();
        for _ in 0..calls {
            let (release, released) = mpsc::channel::<()>();
            releases.push(release);
            let entered = Arc::clone(&entered);
            handles.push(ctx.rt().spawn_blocking(move || {
                entered.bump();
                released.recv_timeout(PATIENCE).ok();
                thread::current().id()
            }));
        }
        entered.reached(calls).await;
        let task = ctx.rt().spawn(async { thread::current().id() });
        let async_thread = task
            .await
            .map_err(|error| Stop::failed(error.to_string()))?;
        let main = thread::current().id();
        drop(releases);
        let mut threads = HashSet::new();
        for handle in handles {
            let id = handle
                .await
                .map_err(|error| Stop::failed(error.to_string()))?;
            ensure!(
                id != main && id != async_thread,
                "blocking work ran on an async thread"
            );
            threads.insert(id);
        }
        ensure_eq!(
            threads.len(),
            calls,
            "the threads of {calls} blocking calls at once"
        );
        Ok(())
    })
}

/// Work that has not started can be aborted; work that has cannot, and delivers.
pub fn bl_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let (started, (release, released)) = (Gate::new(), mpsc::channel::<()>());
        let handle = ctx.rt().spawn_blocking({
            let started = started.clone();
            move || {
                started.open();
                released.recv_timeout(PATIENCE).ok();
                11
            }
        });
        started.wait().await;
        handle.abort();
        handle.abort();
        drop(release);
        let output = handle.await;
        ensure!(
            matches!(output, Ok(11)),
            "work aborted after its start gave {output:?}, want Ok(11)"
        );

        if !aborted_in_time(ctx).await? && !crowd_is_cut(ctx).await? {
            return Err(Stop::failed(
                "work that could not have started yet was aborted, and ran all the same",
            ));
        }
        Ok(())
    })
}

/// Whichever is first, abort or start: both sides must see the same. Whether an abort was, ever.
async fn aborted_in_time<R: Backend>(ctx: &Ctx<'_, R>) -> Result<bool, Stop> {
    let mut in_time = false;
    for _ in 0..200 {
        let ran = Gate::new();
        let open = ran.clone();
        let handle = ctx.rt().spawn_blocking(move || open.open());
        handle.abort();
        let cancelled = is_cancelled(handle.await)?;
        ensure_eq!(cancelled, !ran.is_open(), "`Cancelled`, of work that ran");
        in_time |= cancelled;
    }
    Ok(in_time)
}

/// Of more calls than any pool has threads, none of which ends before all are aborted, some have not started.
async fn crowd_is_cut<R: Backend>(ctx: &Ctx<'_, R>) -> Result<bool, Stop> {
    const CALLS: usize = 600;
    let (mut handles, mut releases) = (Vec::new(), Vec::new());
    for _ in 0..CALLS {
        let (release, released) = mpsc::channel::<()>();
        let handle = ctx.rt().spawn_blocking(move || {
            released.recv_timeout(PATIENCE).ok();
        });
        // At once: a pool without a limit would have started them all by the end.
        handle.abort();
        handles.push(handle);
        releases.push(release);
    }
    drop(releases);
    let mut cut = false;
    for handle in handles {
        cut |= is_cancelled(handle.await)?;
    }
    Ok(cut)
}

fn is_cancelled(outcome: Result<(), JoinError>) -> Result<bool, Stop> {
    match outcome {
        Ok(()) => Ok(false),
        Err(JoinError::Cancelled) => Ok(true),
        Err(JoinError::Panicked(panic)) => {
            Err(Stop::failed(format!("aborted work gave {panic:?}")))
        }
    }
}

/// Dropping the handle lets the work run.
pub fn bl_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let ended = Wakes::new();
        for _ in 0..20 {
            // Counts the closure's end or, should it be thrown away, its drop.
            let (ran, end) = (Gate::new(), crate::probe::Counted::new(&ended));
            let seen = ended.count();
            let open = ran.clone();
            drop(ctx.rt().spawn_blocking(move || {
                let _end = end;
                open.open();
            }));
            ended.reached(seen + 1).await;
            ensure!(ran.is_open(), "dropping the handle cancelled the work");
        }
        Ok(())
    })
}

/// A panic in blocking work is `Panicked`, with its own payload.
pub fn bl_4<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let output = ctx.rt().spawn_blocking(|| panic_any(Expected(4))).await;
        let Err(JoinError::Panicked(panic)) = output.map(|_: ()| ()) else {
            return Err(Stop::failed(
                "blocking work that panicked did not give `Panicked`",
            ));
        };
        let payload = panic.into_payload().downcast::<Expected>().ok();
        ensure_eq!(
            payload.as_deref(),
            Some(&Expected(4)),
            "the panic's payload"
        );
        let after = ctx.rt().spawn_blocking(|| 5).await;
        ensure!(
            matches!(after, Ok(5)),
            "after a panic blocking work gives {after:?}, want Ok(5)"
        );
        Ok(())
    })
}
