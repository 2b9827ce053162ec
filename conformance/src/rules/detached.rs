//! *SP*: tasks that nobody joins.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure},
    probe::{EXPECTED, Gate, OnDrop, PATIENCE, on_plain_thread},
    rules::handle::Panics,
};
use anyrt_core::task::yield_now;
use std::{panic::panic_any, sync::mpsc};

/// A detached task runs to its end, and what is ugly about it stays in it.
pub fn sp_16<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let go = Gate::new();
        let ends = [(); 2].map(|()| (Gate::new(), Gate::new()));
        let task = |(ended, gone): &(Gate, Gate)| {
            let (go, ended) = (go.clone(), ended.clone());
            // Also where it is dropped unpolled: a failure then, and not a hang.
            let guard = opening(gone);
            async move {
                let _guard = guard;
                go.wait().await;
                yield_now().await;
                ended.open();
            }
        };
        rt.spawn_detached(task(&ends[0]));
        on_plain_thread(|| rt.spawn_detached(task(&ends[1])))?;
        go.open();
        for (ended, gone) in &ends {
            gone.wait().await;
            ensure!(
                ended.is_open(),
                "a detached task was dropped before its end"
            );
        }

        // Of each one more than there are threads, for those that they might end.
        for _ in 0..=rt.parallelism().get() {
            for waits in [false, true] {
                let gone = Gate::new();
                let guard = opening(&gone);
                rt.spawn_detached(async move {
                    let _guard = guard;
                    if waits {
                        yield_now().await;
                    }
                    panic_any(EXPECTED);
                });
                gone.wait().await;
                let gone = Gate::new();
                let parts = (opening(&gone), Panics);
                rt.spawn_detached(async move {
                    let _parts = parts;
                    if waits {
                        yield_now().await;
                    }
                });
                gone.wait().await;
            }
        }
        let after = rt.spawn(async { 1 }).await;
        ensure!(
            matches!(after, Ok(1)),
            "after the panics a task gave {after:?}"
        );
        Ok(())
    })
}

/// Opens `gate` when dropped.
fn opening(gate: &Gate) -> OnDrop<impl FnOnce() + Send + use<>> {
    let gate = gate.clone();
    OnDrop::new(move || gate.open())
}

/// A detached task does not outlive its executor, which its destructor does not harm.
pub fn sp_17<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let rt = ctx.fresh();
    let go = Gate::new();
    let (gone, is_gone) = mpsc::channel();
    for panics in [false, true, false] {
        let (go, gone) = (go.clone(), gone.clone());
        let guard = OnDrop::new(move || {
            gone.send(()).ok();
        });
        let parts = (guard, panics.then(|| Panics));
        rt.spawn_detached(async move {
            let _parts = parts;
            go.wait().await;
        });
    }
    drop(gone);
    rt.block_on(yield_now());
    drop(rt);
    // For an executor that lives on, as a global one does.
    go.open();
    for _ in 0..3 {
        is_gone
            .recv_timeout(PATIENCE)
            .map_err(|_| Stop::failed("a detached task is still there"))?;
    }
    Ok(())
}
