//! *CX*: what tasks inherit, and what a shield keeps from them.

use crate::{
    outcome::{Backend, Ctx, Outcome, ensure, ensure_eq},
    probe::{Expected, Gate, OnDrop, Probe, Wakes},
};
use anyrt_core::{
    Instant,
    cancel::{Cancellable, CancellationToken, shield},
    context::Context,
    gather::gather,
    group::TaskGroup,
    task::yield_now,
    task_local,
    time::wait_until,
};
use std::{
    future::{pending, poll_fn, ready},
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    task::Poll,
    time::Duration,
};

task_local! {
    /// A value of these rules.
    static NUMBER: u32;
    /// Another one of the same type.
    static OTHER: u32;
    /// One that cannot be copied.
    static NAME: String;
}

const HOUR: Duration = Duration::from_secs(3600);

fn deadline() -> Option<Instant> {
    Context::current().deadline()
}

/// A context is there in the polls of its future, and nowhere else.
pub fn cx_30<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let nothing = || {
            let context = Context::current();
            ensure!(context.token().is_none(), "a token out of nowhere");
            ensure!(!context.is_cancelled(), "a cancellation out of nowhere");
            ensure_eq!(context.deadline(), None, "a deadline out of nowhere");
            ensure_eq!(
                (NUMBER.get(), NAME.get()),
                (None, None),
                "values out of nowhere"
            );
            Ok(())
        };
        nothing()?;
        let token = CancellationToken::new();
        let at = Instant::ORIGIN + HOUR;
        let context = Context::default()
            .with_deadline(at)
            .with_token(token.clone());
        let context = NAME.set_in(&context, "a name".into());
        let see = || {
            let context = Context::current();
            ensure!(
                context.token().is_some_and(|seen| seen.is_same(&token)),
                "not its token"
            );
            ensure_eq!(context.deadline(), Some(at), "its deadline");
            ensure_eq!(NAME.get(), Some("a name".into()), "its value");
            ensure_eq!(NUMBER.get(), None, "a value that nobody has set");
            Ok(())
        };
        let mut probe = Probe::new(context.clone().scope(async {
            see()?;
            yield_now().await;
            see()
        }));
        ensure!(probe.is_pending(), "it did not yield");
        nothing()?;
        probe.ready("the second poll")??;
        nothing()?;
        let mut raises = Probe::new(context.clone().scope(async { panic_any(Expected(30)) }));
        let caught = catch_unwind(AssertUnwindSafe(|| raises.is_pending()));
        ensure!(caught.is_err(), "a panic was swallowed");
        nothing()?;
        // Its destructors are a part of it.
        let seen = Arc::new(AtomicU32::new(0));
        for polls in 0..3 {
            let seen = Arc::clone(&seen);
            let guard = OnDrop::new(move || {
                seen.fetch_add(u32::from(NAME.get().is_some()), Ordering::SeqCst);
            });
            let mut probe = Probe::new(context.clone().scope(async move {
                let _guard = guard;
                yield_now().await;
            }));
            for _ in 0..polls {
                let _ = probe.poll();
            }
        }
        ensure_eq!(
            seen.load(Ordering::SeqCst),
            3,
            "destructors that saw the value"
        );
        nothing()?;
        // Those of a group's body as well, which has a context of its own.
        for polls in 0..2 {
            let gone = Gate::new();
            let guard = OnDrop::new(|| {
                if Context::current().token().is_some() {
                    gone.open();
                }
            });
            let group = TaskGroup::<R, (), u32>::new(rt);
            let mut run = Probe::new(group.run(|_| async move {
                let _guard = guard;
                pending::<Result<(), u32>>().await
            }));
            for _ in 0..polls {
                ensure!(run.is_pending(), "a body that waits is ready");
            }
            drop(run);
            ensure!(gone.is_open(), "a body's destructor does not see its token");
        }
        nothing()?;
        let spawned = context.scope(async { rt.spawn(async { NAME.get() }).await });
        let inherited = spawned.await;
        ensure!(
            matches!(inherited, Ok(None)),
            "a bare task inherits {inherited:?}"
        );
        Ok(())
    })
}

/// Values nest, keep apart, and go along to children.
pub fn cx_31<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let both = || (NUMBER.get(), OTHER.get());
        let nested = NUMBER.scope(1, async {
            let first = both();
            let inner = OTHER.scope(2, NUMBER.scope(3, async { both() })).await;
            (first, inner, both())
        });
        let want = ((Some(1), None), (Some(3), Some(2)), (Some(1), None));
        ensure_eq!(nested.await, want, "nested values");
        let rt = ctx.rt();
        let child = || {
            let rt = rt.clone();
            async move {
                yield_now().await;
                let grandchild = || async { Ok::<_, u32>(NUMBER.get()) };
                let inner = OTHER.scope(5, gather(&rt, [grandchild()])).await;
                Ok::<_, u32>((NUMBER.get(), OTHER.get(), inner.ok()))
            }
        };
        let all = NUMBER.scope(4, gather(rt, [child(), child()])).await;
        let want = (Some(4), None, Some(vec![Some(4)]));
        ensure_eq!(
            all.ok(),
            Some(vec![want.clone(), want]),
            "what children inherit"
        );
        Ok(())
    })
}

/// A value is added to what is in force where its future is polled, not where it was made.
pub fn cx_32<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let group = TaskGroup::<R, bool, u32>::new(rt);
        let token = group.token().clone();
        let job = NUMBER.scope(1, async move {
            let seen = Context::current()
                .token()
                .is_some_and(|seen| seen.is_same(&token));
            Ok(seen && NUMBER.get() == Some(1))
        });
        ensure!(group.spawn(job).is_ok(), "a new group refuses a child");
        let seen = group.collect().await;
        ensure_eq!(
            seen.ok(),
            Some(vec![true]),
            "whether it sees its group's token"
        );
        let at = rt.now() + HOUR;
        let work = NUMBER.scope(2, async { (NUMBER.get(), deadline()) });
        let output = wait_until(rt, at, OTHER.scope(3, work)).await;
        ensure_eq!(
            output,
            Ok((Some(2), Some(at))),
            "the value and the deadline"
        );
        Ok(())
    })
}

/// Inside a shield nothing is heard from outside.
pub fn cx_33<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let token = CancellationToken::new();
        let (inner, inner_token) = (CancellationToken::new(), CancellationToken::new());
        let context = Context::default().with_token(token.clone());
        let work = context.with_deadline(Instant::ORIGIN).scope(async {
            let around = Context::current();
            let inside = shield(async {
                token.cancel();
                let seen = Context::current();
                let inside = inner_token.clone();
                let context = seen.with_token(inside).with_deadline(Instant::MAX);
                let acts = context.scope(async {
                    inner_token.cancel();
                    (Context::current().is_cancelled(), deadline())
                });
                let acts = acts.await;
                inner.cancel();
                let given_up = pending::<()>().cancellable(&inner).await;
                (
                    seen.is_cancelled(),
                    seen.deadline(),
                    acts,
                    given_up.is_err(),
                )
            });
            let inside = inside.await;
            (
                inside,
                around.is_cancelled(),
                Context::current().is_cancelled(),
                deadline(),
            )
        });
        let want = ((false, None, (true, Some(Instant::MAX)), true), true, true);
        let (inside, around, after, left) = work.await;
        ensure_eq!(
            (inside, around, after),
            want,
            "what is heard inside, and after"
        );
        ensure_eq!(left, Some(Instant::ORIGIN), "the deadline after the shield");
        ensure_eq!(
            shield(ready(1)).await,
            1,
            "the output of a shield in no context"
        );
        Ok(())
    })
}

/// The abort of a child waits for its shields, and for no shield that is over.
pub fn cx_34<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let (inside, go, finished) = (Gate::new(), Gate::new(), Wakes::new());
        let group = TaskGroup::<R, (), u32>::new(rt);
        let job = {
            let (inside, go, finished) = (inside.clone(), go.clone(), Arc::clone(&finished));
            async move {
                // One that is nested ends, and leaves the other.
                let work = shield(async {
                    shield(yield_now()).await;
                    inside.open();
                    go.wait().await;
                    yield_now().await;
                    finished.bump();
                });
                work.await;
                pending().await
            }
        };
        ensure!(group.spawn(job).is_ok(), "a new group refuses a child");
        inside.wait().await;
        group.cancel();
        let mut join = Probe::new(group.join());
        for _ in 0..10 {
            ensure!(join.is_pending(), "a child was dropped in a shield");
            yield_now().await;
        }
        go.open();
        let joined = join.finish().await;
        ensure!(joined.is_ok(), "after the shield the group gave {joined:?}");
        ensure_eq!(finished.count(), 1, "shields that came to their end");

        // A shield that was dropped, or that was left by a panic.
        let group = TaskGroup::<R, (), u32>::new(rt);
        let out = Gate::new();
        let job = {
            let out = out.clone();
            async move {
                let _ = Probe::new(shield(pending::<()>())).poll();
                let mut raises = Probe::new(shield(async { panic_any(Expected(34)) }));
                drop(catch_unwind(AssertUnwindSafe(|| raises.is_pending())));
                drop(raises);
                out.open();
                pending().await
            }
        };
        ensure!(group.spawn(job).is_ok(), "a new group refuses a child");
        out.wait().await;
        // A count that was not given back is a hang.
        let joined = group.shutdown().await;
        ensure!(
            joined.is_ok(),
            "after the shields the group gave {joined:?}"
        );

        // One that a child began, and another one's goes on with.
        let [giver, taker] = [(); 2].map(|()| TaskGroup::<R, (), u32>::new(rt));
        let (hand, go) = (Arc::new(Mutex::new(None)), Gate::new());
        let [given, taken] = [(); 2].map(|()| Gate::new());
        let job = {
            let (hand, go, given) = (Arc::clone(&hand), go.clone(), given.clone());
            async move {
                let mut work = Probe::new(shield(async move { go.wait().await }));
                let _ = poll_fn(|cx| Poll::Ready(work.poll_with(cx.waker()))).await;
                *hand.lock().unwrap() = Some(work);
                given.open();
                pending().await
            }
        };
        ensure!(giver.spawn(job).is_ok(), "a new group refuses a child");
        given.wait().await;
        let takes = taken.clone();
        let job = async move {
            let mut work = hand.lock().unwrap().take().expect("it was given");
            let _ = poll_fn(|cx| Poll::Ready(work.poll_with(cx.waker()))).await;
            takes.open();
            poll_fn(|cx| work.poll_with(cx.waker())).await;
            pending().await
        };
        ensure!(taker.spawn(job).is_ok(), "a new group refuses a child");
        taken.wait().await;
        let joined = giver.shutdown().await;
        ensure!(joined.is_ok(), "who gave a shield away gave {joined:?}");
        taker.cancel();
        let mut join = Probe::new(taker.join());
        for _ in 0..10 {
            ensure!(join.is_pending(), "a child was dropped in a shield");
            yield_now().await;
        }
        go.open();
        let joined = join.finish().await;
        ensure!(joined.is_ok(), "who was given a shield gave {joined:?}");
        Ok(())
    })
}

/// All of it can be spawned from code that knows no more than `R: Runtime`.
pub fn cx_35<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt().clone();
        let task = ctx.rt().spawn(async move {
            let context = NAME.set_in(&Context::current(), "a name".into());
            let work = NUMBER.scope(1, async {
                yield_now().await;
                NUMBER.get().unwrap_or_default()
            });
            let all = gather(&rt, [async { Ok::<_, u32>(NAME.shared().is_some()) }]);
            let (number, all) = (context.clone().scope(work).await, context.scope(all).await);
            (number, all.is_ok_and(|all| all == [true]))
        });
        let output = task.await;
        ensure!(matches!(output, Ok((1, true))), "it gave {output:?}");
        Ok(())
    })
}
