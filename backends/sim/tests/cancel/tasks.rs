//! Handles, tokens, contexts.

use crate::kit::{Count, later, nobody_stays, step};
use anyrt_core::{
    cancel::{Cancellable, CancellationToken, shield},
    context::Context,
    rt::{JoinHandle, Lock, Spawn},
    sync::FifoMutex,
    task_local,
    waits::{self, Wait},
};
use anyrt_sim::check_cancel;
use std::{
    pin::pin,
    sync::Arc,
    task::{self, Waker},
};

/// Dropping a handle detaches its task, which runs to its end.
pub(crate) fn join_handle() {
    check_cancel(
        |rt| async move {
            let done = Count::default();
            let (counted, soon) = (done.clone(), rt.clone());
            let task = rt.spawn(async move {
                step(&soon).await;
                counted.add();
            });
            (Arc::new(FifoMutex::new(Some(task))), done)
        },
        |_, (task, _)| async move {
            let mut task = task.lock().await;
            if let Some(handle) = &mut *task {
                handle.await.unwrap();
                *task = None;
            }
        },
        |rt, (task, done)| async move {
            if let Some(handle) = &*task.lock().await {
                assert!(!handle.is_finished() || done.get() == 1);
            }
            while done.get() == 0 {
                step(&rt).await;
            }
        },
    );
}

pub(crate) fn token_cancelled() {
    check_cancel(
        |rt| async move {
            let token = CancellationToken::new();
            let child = token.child();
            later(&rt, move || token.cancel());
            child
        },
        |_, token| async move { drop(token.cancelled().await) },
        |_, token| async move { drop(token.cancelled().await) },
    );
}

pub(crate) fn token_cancelled_owned() {
    check_cancel(
        |rt| async move {
            let token = CancellationToken::new();
            let child = token.child();
            later(&rt, move || token.cancel());
            child
        },
        |_, token| async move { drop(token.cancelled_owned().await) },
        |_, token| async move { drop(token.cancelled_owned().await) },
    );
}

/// With a token, and without one: then it never is.
pub(crate) fn context_cancelled() {
    check_cancel(
        |rt| async move {
            let token = CancellationToken::new();
            let context = Context::default().with_token(token.child());
            later(&rt, move || token.cancel());
            context
        },
        |_, context| async move { drop(context.cancelled().await) },
        |_, context| async move {
            drop(context.cancelled().await);
            let mut never = pin!(Context::default().cancelled());
            let mut cx = task::Context::from_waker(Waker::noop());
            assert!(never.as_mut().poll(&mut cx).is_pending());
        },
    );
}

pub(crate) fn run_until_cancelled() {
    nobody_stays(|rt, count| async move {
        let token = CancellationToken::new();
        let other = token.clone();
        later(&rt, move || other.cancel());
        _ = token.run_until_cancelled(count.work(&rt)).await;
    });
}

pub(crate) fn cancellable() {
    nobody_stays(|rt, count| async move {
        let token = CancellationToken::new();
        let other = token.clone();
        later(&rt, move || other.cancel());
        count.work(&rt).cancellable(&token).await.ok();
    });
}

pub(crate) fn on_cancel() {
    nobody_stays(|rt, count| async move {
        let token = CancellationToken::new();
        let other = token.clone();
        later(&rt, move || other.cancel());
        let cleanup = count.work(&rt);
        let work = count
            .work(&rt)
            .cancellable(&token)
            .on_cancel(async { _ = cleanup.await });
        work.await.ok();
    });
}

pub(crate) fn shielded() {
    nobody_stays(|rt, count| async move { _ = shield(count.work(&rt)).await });
}

pub(crate) fn context_scope() {
    nobody_stays(|rt, count| async move {
        let token = CancellationToken::new();
        let context = Context::current().with_token(token);
        context.scope(count.work(&rt)).await;
        assert!(Context::current().token().is_none());
    });
}

task_local! { static NAME: u32; }

pub(crate) fn local_scope() {
    nobody_stays(|rt, count| async move {
        NAME.scope(7, async {
            count.work(&rt).await;
            assert_eq!(NAME.get(), Some(7));
        })
        .await;
        assert_eq!(NAME.get(), None);
    });
}

/// An operation that lets others go first.
pub(crate) fn others_first() {
    check_cancel(
        |_| async { Count::default() },
        |_, done| async move {
            waits::others_first(|| Wait::new("a turn")).await;
            done.add();
        },
        |_, done| async move {
            let before = done.get();
            waits::others_first(|| Wait::new("a turn")).await;
            assert_eq!(done.get(), before);
        },
    );
}
