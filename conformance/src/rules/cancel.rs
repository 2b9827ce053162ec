//! *CX*: tokens, and futures that give up on one.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, OnDrop, Probe, Wakes},
};
use anyrt_core::{
    cancel::{Cancellable, CancellationToken},
    task::yield_now,
};
use std::{
    future::{pending, poll_fn, ready},
    panic::Location,
    sync::Arc,
    task::{Poll, Wake, Waker},
};

/// Calls a closure where it is woken.
struct OnWake<F>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for OnWake<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

fn on_wake(act: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(OnWake(act)))
}

/// Idempotent; the first reason stays.
pub fn cx_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (token, child) = {
        let token = CancellationToken::new();
        (token.clone(), token.child())
    };
    ensure!(
        !token.is_cancelled() && token.check().is_ok(),
        "it is born cancelled"
    );
    let waits = ctx.rt().spawn(child.clone().cancelled_owned());
    token.cancel_with("first");
    token.cancel_with("second");
    child.cancel();
    for token in [&token, &child, &token.child()] {
        let text = token.reason().map(|reason| reason.text.as_ref());
        ensure_eq!(text, Some("first"), "the reason");
    }
    ctx.run(async {
        let reason = waits.await.map(|reason| reason.text);
        ensure!(
            matches!(reason.as_deref(), Ok("first")),
            "a task was told {reason:?}"
        );
        Ok(())
    })
}

/// Everyone below, nobody above; all of them before anybody is woken.
pub fn cx_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let root = CancellationToken::new();
    let (middle, other) = (root.child(), root.child());
    let below: Vec<_> = (0..3)
        .map(|_| middle.child())
        .flat_map(|child| [child.child(), child])
        .collect();
    let (woken, missed) = (Wakes::new(), Wakes::new());
    let mut waits = Vec::new();
    for token in below.iter().chain([&middle]) {
        let (woken, missed, all) = (Arc::clone(&woken), Arc::clone(&missed), below.clone());
        let waker = on_wake(move || {
            woken.bump();
            if !all.iter().all(CancellationToken::is_cancelled) {
                missed.bump();
            }
        });
        let mut probe = Probe::new(token.cancelled());
        ensure!(probe.poll_with(&waker).is_pending(), "it is born cancelled");
        waits.push(probe);
    }
    middle.cancel();
    ensure!(
        below.iter().all(CancellationToken::is_cancelled),
        "one below is not cancelled"
    );
    ensure!(!root.is_cancelled() && !other.is_cancelled(), "it went up");
    ensure_eq!(woken.count(), 7, "those who were woken");
    ensure_eq!(
        missed.count(),
        0,
        "those who were woken before all were cancelled"
    );
    let tokens = below.clone();
    let tasks: Vec<_> = tokens
        .into_iter()
        .map(|token| ctx.rt().spawn(token.cancelled_owned()))
        .collect();
    ctx.run(async {
        for task in tasks {
            ensure!(task.await.is_ok(), "a task did not hear of it");
        }
        Ok(())
    })
}

/// A child of a cancelled token is born cancelled.
pub fn cx_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let token = CancellationToken::new();
        token.cancel_with("before");
        let child = token.child().child();
        let Err(cancelled) = child.check() else {
            return Err(Stop::failed(
                "a child of a cancelled token is not cancelled",
            ));
        };
        ensure_eq!(cancelled.reason.text, "before", "its reason");
        let reason = Probe::new(child.cancelled()).ready("waiting for it")?;
        ensure_eq!(&reason, &cancelled.reason, "the reason that is waited for");
        Ok(())
    })
}

/// Wakers are called, and dropped, outside of locks.
pub fn cx_4<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let token = CancellationToken::new();
    let woken = Wakes::new();
    let child = token.child();
    // A lock that is held is a hang.
    let touch = {
        let (token, child, woken) = (token.clone(), child.clone(), Arc::clone(&woken));
        move || {
            for token in [&token, &child] {
                drop(token.child());
                drop(Probe::new(token.cancelled()).poll());
                token.cancel();
            }
            woken.bump();
        }
    };
    let mut waits = [Probe::new(token.cancelled()), Probe::new(child.cancelled())];
    for wait in &mut waits {
        ensure!(
            wait.poll_with(&on_wake(touch.clone())).is_pending(),
            "it is born cancelled"
        );
    }
    token.cancel();
    ensure_eq!(woken.count(), 2, "wakers called");

    let token = CancellationToken::new();
    let dropped = Wakes::new();
    let held = |token: &CancellationToken| {
        let (token, dropped) = (token.clone(), Arc::clone(&dropped));
        let held = OnDrop::new(move || {
            drop((token.child(), Probe::new(token.cancelled()).poll()));
            dropped.bump();
        });
        on_wake(move || {
            let _held = &held;
        })
    };
    let mut wait = Probe::new(token.cancelled());
    drop(wait.poll_with(&held(&token)));
    drop(wait.poll_with(&held(&token)));
    ensure_eq!(dropped.count(), 1, "wakers dropped for another one");
    drop(wait);
    ensure_eq!(dropped.count(), 2, "wakers dropped with their future");
    ctx.run(async { Ok(()) })
}

/// A token in the middle that nobody holds goes on passing things on.
pub fn cx_5<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let root = CancellationToken::new();
    let leaf = root.child().child().child();
    let task = ctx.rt().spawn(leaf.clone().cancelled_owned());
    root.cancel_with("from the top");
    ensure!(leaf.is_cancelled(), "a chain with dropped links is cut");
    ctx.run(async {
        let reason = task.await.map(|reason| reason.text);
        ensure!(
            matches!(reason.as_deref(), Ok("from the top")),
            "a task was told {reason:?}"
        );
        Ok(())
    })
}

/// Futures and children that were dropped leave neither waker nor link; the last waker is the one that is woken.
pub fn cx_6<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let token = CancellationToken::new();
        let wakes = Wakes::new();
        for _ in 0..1000 {
            let child = token.child();
            for token in [&token, &child] {
                let mut wait = Probe::new(token.cancelled());
                drop(wait.poll_with(&wakes.waker()));
                let given_up = ready(()).cancellable(token);
                drop(Probe::new(given_up).poll_with(&wakes.waker()));
                let mut given_up = Probe::new(pending::<()>().cancellable(token));
                drop(given_up.poll_with(&wakes.waker()));
            }
        }
        ensure_eq!(
            Arc::strong_count(&wakes),
            1,
            "holders of wakers after all was dropped"
        );
        let fresh = format!("{:?}", CancellationToken::new());
        let child = token.child();
        ensure!(format!("{token:?}") != fresh, "it does not show its child");
        // A node lives on in its child, and goes with it.
        let grandchild = child.child();
        drop(child);
        drop(grandchild);
        ensure_eq!(
            format!("{token:?}"),
            fresh,
            "after all children were dropped"
        );
        let mut wait = Probe::new(token.cancelled());
        for _ in 0..10 {
            drop(wait.poll_with(&wakes.waker()));
        }
        ensure!(
            Arc::strong_count(&wakes) <= 2,
            "wakers that were replaced are still held"
        );
        ensure!(wait.is_pending(), "nobody has cancelled");
        token.cancel();
        ensure_eq!(
            (wakes.count(), wait.wakes()),
            (0, 1),
            "wakes of an old and of the last waker"
        );
        wait.ready("a cancelled token")?;
        wait.ready("and again")?;
        Ok(())
    })
}

/// A guard cancels unless it is disarmed.
pub fn cx_7<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let token = CancellationToken::new();
        let line = Location::caller().line() + 1;
        let guard = token.clone().drop_guard();
        ensure!(
            !token.is_cancelled(),
            "a guard cancels before it is dropped"
        );
        let task = ctx.rt().spawn(async move {
            let _guard = guard;
            yield_now().await;
        });
        ensure!(task.await.is_ok(), "a task with a guard fails");
        let Some(reason) = token.reason() else {
            return Err(Stop::failed("a guard that was dropped has not cancelled"));
        };
        ensure_eq!(reason.at.file(), file!(), "where the guard was made");
        ensure_eq!(reason.at.line(), line, "where the guard was made");
        let token = CancellationToken::new();
        let same = token.clone().drop_guard().disarm();
        ensure!(!token.is_cancelled(), "a guard that was disarmed cancels");
        ensure!(same.is_same(&token), "a guard gives another token back");
        Ok(())
    })
}

/// Cancelled before: unpolled. Later a completion wins a tie, and the loser is gone.
pub fn cx_8<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let token = CancellationToken::new();
        let polls = Wakes::new();
        // Ready with its second poll.
        let work = || {
            let polls = &polls;
            let mut polled = false;
            poll_fn(move |_| {
                polls.bump();
                if std::mem::replace(&mut polled, true) {
                    Poll::Ready(8)
                } else {
                    Poll::Pending
                }
            })
        };
        let mut run = Probe::new(token.run_until_cancelled(work()));
        let mut given = Probe::new(work().cancellable(&token));
        ensure!(
            run.is_pending() && given.is_pending(),
            "ready after one poll of 2"
        );
        let dropped = Wakes::new();
        let guard = Counted::new(&dropped);
        let endless = async move {
            let _guard = guard;
            pending::<()>().await;
        };
        let mut endless = Probe::new(endless.cancellable(token.clone()));
        ensure!(endless.is_pending(), "ready, though it never is");
        token.cancel_with("a tie");
        ensure_eq!(
            (run.wakes(), given.wakes(), endless.wakes()),
            (1, 1, 1),
            "wakes"
        );
        ensure_eq!(
            run.ready("a completion")?,
            Some(8),
            "a completion and a cancellation"
        );
        ensure_eq!(
            given.ready("a completion")?.ok(),
            Some(8),
            "the same, `cancellable`"
        );
        let output = endless.ready("a cancelled future")?;
        let text = output.map_err(|cancelled| cancelled.reason.text);
        ensure_eq!(
            text.as_ref().map_err(AsRef::as_ref),
            Err("a tie"),
            "the error"
        );
        ensure_eq!(dropped.count(), 1, "futures gone when the error is there");

        let before = polls.count();
        let output = Probe::new(token.run_until_cancelled(work())).ready("cancelled before")?;
        ensure_eq!(output, None, "cancelled before");
        let output = Probe::new(work().cancellable(&token)).ready("cancelled before")?;
        ensure!(output.is_err(), "cancelled before, it gave {output:?}");
        ensure_eq!(polls.count(), before, "polls of what was cancelled before");
        Ok(())
    })
}

/// A reason has a text and a place.
pub fn cx_20<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let token = CancellationToken::new();
        let line = line!() + 1;
        token.cancel_with(format!("{} of {}", 1, 2));
        let Some(reason) = token.reason() else {
            return Err(Stop::failed("it is not cancelled"));
        };
        ensure_eq!(reason.text, "1 of 2", "the text");
        ensure_eq!(
            (reason.at.file(), reason.at.line()),
            (file!(), line),
            "the place"
        );
        let shown = reason.to_string();
        ensure!(
            shown.contains("1 of 2") && shown.contains("cancel.rs"),
            "it shows {shown:?}"
        );
        let task = ctx.rt().spawn(token.cancelled_owned());
        let told = task.await.map(|reason| reason.at.line());
        ensure!(
            matches!(told, Ok(at) if at == line),
            "a task was told of line {told:?}"
        );
        Ok(())
    })
}
