//! The rooms of `join/`: what is dropped drops all that is inside.

use crate::kit::{Count, nothing_stays, step};
use anyrt_core::{
    FutureSet, join_all, rt::Lock, scope, scope_local, sync::FifoMutex, try_join_all, try_scope,
};
use anyrt_sim::check_cancel;
use std::sync::Arc;

pub(crate) fn all() {
    nothing_stays(|rt, count| async move {
        assert_eq!(join_all((0..3).map(|_| count.work(&rt))).await.len(), 3);
    });
}

pub(crate) fn try_all() {
    nothing_stays(|rt, count| async move {
        try_join_all((0..3).map(|_| count.trial(&rt)))
            .await
            .unwrap();
    });
}

pub(crate) fn first() {
    nothing_stays(|rt, count| async move {
        anyrt_core::join::race((0..3).map(|_| count.work(&rt)))
            .unwrap()
            .await;
    });
}

pub(crate) fn first_ok() {
    nothing_stays(|rt, count| async move {
        anyrt_core::join::race_ok((0..3).map(|_| count.trial(&rt)))
            .unwrap()
            .await
            .unwrap();
    });
}

pub(crate) fn join_macro() {
    nothing_stays(|rt, count| async move {
        anyrt_core::join!(count.work(&rt), count.work(&rt));
    });
}

pub(crate) fn try_join_macro() {
    nothing_stays(|rt, count| async move {
        anyrt_core::try_join!(count.trial(&rt), count.trial(&rt)).unwrap();
    });
}

pub(crate) fn race_macro() {
    nothing_stays(|rt, count| async move {
        anyrt_core::race!(count.work(&rt), count.work(&rt));
    });
}

pub(crate) fn scoped() {
    nothing_stays(|rt, count| async move {
        scope(|scope| {
            drop(scope.spawn(count.work(&rt)));
            drop(scope.spawn(count.work(&rt)));
            step(&rt)
        })
        .await;
    });
}

pub(crate) fn scoped_local() {
    nothing_stays(|rt, count| async move {
        scope_local(|scope| {
            drop(scope.spawn(count.work(&rt)));
            step(&rt)
        })
        .await;
    });
}

pub(crate) fn try_scoped() {
    nothing_stays(|rt, count| async move {
        let done = try_scope(|scope| {
            drop(scope.spawn(count.trial(&rt)));
            count.trial(&rt)
        });
        done.await.unwrap();
    });
}

/// A handle that is dropped lets its child go on; the scope waits for it.
pub(crate) fn scoped_handle() {
    nothing_stays(|rt, count| async move {
        scope(|scope| {
            let handle = scope.spawn(count.work(&rt));
            async {
                anyrt_core::race!(async { drop(handle.await) }, step(&rt));
            }
        })
        .await;
    });
}

/// `next` can be dropped and called again: nothing that was ready is lost.
pub(crate) fn set_next() {
    check_cancel(
        |rt| async move {
            let count = Count::default();
            let set: FutureSet<_> = (0..3).map(|_| Box::pin(count.work(&rt))).collect();
            (Arc::new(FifoMutex::new((set, 0))), count)
        },
        |_, (set, _)| async move {
            let mut set = set.lock().await;
            let (futures, ended) = &mut *set;
            if futures.next().await.is_some() {
                *ended += 1;
            }
        },
        |_, (set, count)| async move {
            let mut set = set.lock().await;
            let (futures, ended) = &mut *set;
            while futures.next().await.is_some() {
                *ended += 1;
            }
            assert_eq!((*ended, count.get()), (3, 0));
        },
    );
}
