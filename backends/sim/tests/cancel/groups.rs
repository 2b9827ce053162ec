//! Groups: no child outlives whoever gave its group up.

use crate::kit::{Count, nobody_stays, step};
use anyrt_core::{
    group::{TaskGroup, task_group},
    rt::Lock,
    sync::FifoMutex,
};
use anyrt_sim::{SimRuntime, check_cancel};
use std::sync::Arc;

type Group = TaskGroup<SimRuntime, usize, String>;

/// A group with two children.
fn group(rt: &SimRuntime, count: &Count) -> Group {
    let group = Group::new(rt);
    for _ in 0..2 {
        assert!(group.spawn(count.trial(rt)).is_ok());
    }
    group
}

pub(crate) fn group_dropped() {
    nobody_stays(|rt, count| async move {
        let group = group(&rt, &count);
        step(&rt).await;
        drop(group);
    });
}

pub(crate) fn group_join() {
    nobody_stays(|rt, count| async move { group(&rt, &count).join().await.unwrap() });
}

pub(crate) fn group_collect() {
    nobody_stays(|rt, count| async move {
        assert_eq!(group(&rt, &count).collect().await.unwrap().len(), 2);
    });
}

pub(crate) fn group_shutdown() {
    nobody_stays(|rt, count| async move {
        group(&rt, &count).shutdown().await.unwrap();
        assert_eq!(count.get(), 0);
    });
}

pub(crate) fn group_closure() {
    nobody_stays(|rt, count| async move {
        let outcome = task_group(&rt, |group| {
            for _ in 0..2 {
                assert!(group.spawn(count.trial(&rt)).is_ok());
            }
            count.trial(&rt)
        });
        outcome.await.unwrap();
        assert_eq!(count.get(), 0);
    });
}

pub(crate) fn group_run() {
    nobody_stays(|rt, count| async move {
        let outcome = group(&rt, &count).run(|_| count.trial(&rt));
        outcome.await.unwrap();
    });
}

/// `next` can be dropped and called again: no output is lost.
pub(crate) fn group_next() {
    check_cancel(
        |rt| async move {
            let count = Count::default();
            let group = group(&rt, &count);
            group.close();
            (Arc::new(FifoMutex::new((group, 0))), count)
        },
        |_, (group, _)| async move {
            let mut group = group.lock().await;
            let (group, seen) = &mut *group;
            if group.next().await.is_some() {
                *seen += 1;
            }
        },
        |_, (group, count)| async move {
            let mut group = group.lock().await;
            let (group, seen) = &mut *group;
            while group.next().await.is_some() {
                *seen += 1;
            }
            assert_eq!((*seen, count.get()), (2, 0));
        },
    );
}

/// A start that is given up aborts its child.
pub(crate) fn group_start() {
    nobody_stays(|rt, count| async move {
        let group = Group::new(&rt);
        let (work, soon) = (count.trial(&rt), rt.clone());
        let ready = group.start(|ready| async move {
            step(&soon).await;
            ready.send(7);
            work.await
        });
        assert_eq!(ready.await.unwrap(), 7);
        group.join().await.unwrap();
    });
}
