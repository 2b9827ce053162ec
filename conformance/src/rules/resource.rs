//! *LC*: resources with an async close.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Expected, Gate, Probe, Wakes},
};
use anyrt_core::{
    group::{Cause, TaskGroup},
    task::yield_now,
};
use anyrt_toolkit::resource::{AsyncClose, ExitStack, exit_stack, with_resources};
use std::{
    convert::Infallible,
    future::pending,
    panic::panic_any,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// What was closed, in order.
#[derive(Debug, Clone, Default)]
struct Log {
    closed: Arc<Mutex<Vec<u32>>>,
    count: Arc<Wakes>,
}

impl Log {
    fn add(&self, n: u32) {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        closed.push(n);
        drop(closed);
        self.count.bump();
    }

    fn taken(&self) -> Vec<u32> {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *closed)
    }
}

/// How a resource closes.
#[derive(Debug, Clone, Copy)]
enum Manner {
    Well,
    Fails,
    Panics,
    Hangs,
}

#[derive(Debug)]
struct Resource(u32, Manner, Log);

impl AsyncClose for Resource {
    type Error = &'static str;

    async fn close(self) -> Result<(), &'static str> {
        yield_now().await;
        self.2.add(self.0);
        match self.1 {
            Manner::Well => Ok(()),
            Manner::Fails => Err("stuck"),
            Manner::Panics => panic_any(Expected(5)),
            Manner::Hangs => pending().await,
        }
    }
}

fn well(n: u32, log: &Log) -> Resource {
    Resource(n, Manner::Well, log.clone())
}

/// In reverse, after an output, an error and a panic, each within its limit, all errors kept.
pub fn lc_5<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let log = Log::default();
        for end in [Ok(Ok(1)), Ok(Err("no")), Err(())] {
            let log2 = log.clone();
            let outcome = exit_stack(ctx.rt(), |exits| async move {
                let (_first, _second) = (exits.enter(well(1, &log2)), exits.enter(well(2, &log2)));
                let log3 = log2.clone();
                exits.defer("three", || async move {
                    log3.add(3);
                    Ok::<_, Infallible>(())
                });
                yield_now().await;
                end.unwrap_or_else(|()| panic_any(Expected(5)))
            });
            let outcome = outcome.await;
            ensure_eq!(log.taken(), [3, 2, 1], "closed after {end:?}");
            match (end, outcome) {
                (Ok(Ok(wanted)), Ok(output)) => ensure_eq!(output, wanted, "the output"),
                (Ok(Err(wanted)), Err(error)) => {
                    ensure_eq!(error.error(), Some(&wanted), "the body's error");
                }
                (Err(()), Err(error)) => {
                    let panicked = matches!(error.body, Some(Cause::Panicked(_)));
                    ensure!(panicked, "a panic became {error:?}");
                }
                (end, outcome) => return Err(Stop::failed(format!("{end:?} became {outcome:?}"))),
            }
        }
        let stack = ExitStack::new(ctx.rt()).close_timeout(Duration::from_millis(20));
        for (n, manner) in [Manner::Well, Manner::Fails, Manner::Panics, Manner::Hangs]
            .into_iter()
            .enumerate()
        {
            drop(stack.enter(Resource(n as u32, manner, log.clone())));
        }
        let Err(error) = stack.close().await else {
            return Err(Stop::failed("closes that fail were none"));
        };
        ensure_eq!(
            log.taken(),
            [3, 2, 1, 0],
            "closed, whatever became of others"
        );
        let causes: Vec<_> = error.closes.iter().map(|close| &close.cause).collect();
        ensure!(
            matches!(
                causes[..],
                [Cause::TimedOut(_), Cause::Panicked(_), Cause::Failed(_)]
            ),
            "the errors: {causes:?}"
        );
        Ok(())
    })
}

/// Dropped half way, in the body or in a close: all are closed, and a group waits for that.
pub fn lc_20<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let (log, in_body) = (Log::default(), Gate::new());
        let group = TaskGroup::<R, (), Infallible>::new(ctx.rt());
        let (rt, log2, inside) = (ctx.rt().clone(), log.clone(), in_body.clone());
        let child = async move {
            let running = exit_stack(&rt, |exits| async move {
                let _both = (exits.enter(well(1, &log2)), exits.enter(well(2, &log2)));
                inside.open();
                pending::<Result<(), Infallible>>().await
            });
            running.await.ok();
            Ok(())
        };
        group
            .spawn(child)
            .map_err(|error| Stop::failed(error.to_string()))?;
        in_body.wait().await;
        let ended = group.shutdown().await;
        ensure!(ended.is_ok(), "a group that was shut down: {ended:?}");
        ensure_eq!(log.taken(), [2, 1], "closed when the group is over");

        let stack = ExitStack::new(ctx.rt());
        for n in 1..=3 {
            drop(stack.enter(well(n, &log)));
        }
        let mut closing = Probe::new(stack.close());
        ensure!(closing.is_pending(), "closed without waiting");
        let before = log.count.count();
        drop(closing);
        log.count.reached(before + 3).await;
        ensure_eq!(log.taken(), [3, 2, 1], "closed in the background");
        Ok(())
    })
}

/// Opened at once, left in reverse, also where one fails.
pub fn lc_21<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let log = Log::default();
        for fails in [false, true] {
            let gates = [Gate::new(), Gate::new()];
            let open = |n: usize| {
                let (gates, log) = (gates.clone(), log.clone());
                async move {
                    // The last is open first, and lets the others go on.
                    match n {
                        2 => gates[1].open(),
                        n => gates[n].wait().await,
                    }
                    if n == 1 {
                        gates[0].open();
                    }
                    match (n, fails) {
                        (0, true) => Err("jammed"),
                        _ => Ok(well(n as u32, &log)),
                    }
                }
            };
            let outcome = with_resources(ctx.rt(), [open(0), open(1), open(2)], |all| async move {
                Ok(all.len())
            });
            let outcome = outcome.await;
            let error = outcome.as_ref().err().and_then(|error| error.error());
            ensure_eq!(error, fails.then_some(&"jammed"), "the error");
            let wanted: &[u32] = if fails { &[2, 1] } else { &[2, 1, 0] };
            ensure_eq!(log.taken(), wanted, "closed");
        }
        Ok(())
    })
}
