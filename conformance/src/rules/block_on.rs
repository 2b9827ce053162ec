//! *BO*: the way in.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Expected, Wakes, hush_nested, message},
};
use anyrt_core::{JoinError, task::yield_now};
use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    rc::Rc,
    sync::Arc,
};

/// The output comes back, of any future, and a panic unwinds.
pub fn bo_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (local, borrowed) = (Rc::new(Cell::new(1)), String::from("borrowed"));
    let output = ctx.rt().block_on(async {
        local.set(2);
        yield_now().await;
        (Rc::clone(&local), borrowed.as_str())
    });
    ensure_eq!(
        (output.0.get(), output.1),
        (2, "borrowed"),
        "the output of `block_on`"
    );
    let caught = catch_unwind(AssertUnwindSafe(|| {
        ctx.rt().block_on(async {
            yield_now().await;
            panic_any(Expected(1));
        });
    }));
    let Err(payload) = caught else {
        return Err(Stop::failed(
            "the future's panic did not unwind out of `block_on`",
        ));
    };
    ensure_eq!(
        payload.downcast_ref(),
        Some(&Expected(1)),
        "the panic's payload"
    );
    ensure_eq!(
        ctx.rt().block_on(async { 3 }),
        3,
        "the output of `block_on` after a panic"
    );
    Ok(())
}

/// Inside a task it works, or panics and says so; it never hangs.
pub fn bo_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    hush_nested(|| {
        in_every_thread(ctx)?;
        in_itself(ctx)
    })
}

/// More tasks block than there are threads, the one in `block_on` among them, and each waits for a
/// task that is done once all of them have begun. So no thread is left for those, unless blocking
/// is refused or the blocked threads go on with other tasks.
fn in_every_thread<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let blockers = ctx.rt().parallelism().get() + 1;
    let begun = Wakes::new();
    let blocker = || {
        let (rt, begun) = (ctx.rt().clone(), Arc::clone(&begun));
        async move {
            begun.bump();
            rt.block_on(async {
                let waited_for = rt.spawn(async move { begun.reached(blockers).await });
                waited_for.await.is_ok()
            })
        }
    };
    ctx.run(async {
        let tasks: Vec<_> = (0..blockers).map(|_| ctx.rt().spawn(blocker())).collect();
        for task in tasks {
            match task.await {
                Ok(joined) => ensure!(joined, "a task that a nested `block_on` waits for is lost"),
                Err(JoinError::Panicked(panic)) => ensure!(
                    panic.message().contains("block"),
                    "a nested `block_on` panics without saying that it is one: {}",
                    panic.message(),
                ),
                Err(error) => {
                    return Err(Stop::failed(format!("a nested `block_on` gave: {error}")));
                }
            }
        }
        Ok(())
    })
}

fn in_itself<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let caught = catch_unwind(AssertUnwindSafe(|| {
        ctx.rt().block_on(async { ctx.rt().block_on(async { 5 }) })
    }));
    match caught {
        Ok(output) => ensure_eq!(output, 5, "the output of a `block_on` in a `block_on`"),
        Err(payload) => ensure!(
            message(payload.as_ref()).contains("block"),
            "a `block_on` in a `block_on` panics without saying so: {}",
            message(payload.as_ref()),
        ),
    }
    Ok(())
}
