//! Handles, tokens, contexts, groups and the family of `gather`: no task outlives whoever gave it up.

use crate::kit::{Count, later, nobody_stays, step};
use anyrt_core::{
    cancel::{Cancellable, CancellationToken, shield},
    context::Context,
    gather::{gather, hedge, map_concurrent, map_concurrent_stream, race, race_ok},
    group::{TaskGroup, task_group},
    rt::{JoinHandle, Lock, Receiver, Runtime, Sender, Spawn},
    sync::FifoMutex,
    task_local,
};
use anyrt_sim::{SimRuntime, check_cancel};
use std::{sync::Arc, time::Duration};

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

pub(crate) fn gathered() {
    nobody_stays(|rt, count| async move {
        let outputs = gather(&rt, [count.trial(&rt), count.trial(&rt)]).await;
        assert_eq!(outputs.unwrap().len(), 2);
    });
}

pub(crate) fn gathered_settled() {
    nobody_stays(|rt, count| async move {
        let outputs = gather(&rt, [count.trial(&rt), count.trial(&rt)]).settled();
        assert_eq!(outputs.await.len(), 2);
    });
}

pub(crate) fn mapped() {
    nobody_stays(|rt, count| async move {
        let work = {
            let (rt, count) = (rt.clone(), count.clone());
            move |_| count.trial(&rt)
        };
        let mut outputs = map_concurrent(&rt, 0..3, work);
        while let Some(output) = outputs.next().await {
            output.unwrap();
        }
    });
}

pub(crate) fn mapped_stream() {
    nobody_stays(|rt, count| async move {
        let (sender, receiver) = rt.channel(1).unwrap();
        later(&rt, move || _ = sender.try_send(()));
        let items = receiver.into_stream();
        let outputs = map_concurrent_stream(&rt, items, |()| count.trial(&rt));
        assert_eq!(outputs.collect().await.unwrap(), [1]);
    });
}

/// `next` can be dropped and called again.
pub(crate) fn map_next() {
    check_cancel(
        |rt| async move {
            let count = Count::default();
            let work = {
                let (rt, count) = (rt.clone(), count.clone());
                move |_| count.trial(&rt)
            };
            let outputs = Box::pin(map_concurrent(&rt, 0..3, work).max_concurrent(2).unwrap());
            (Arc::new(FifoMutex::new((outputs, 0))), count)
        },
        |_, (outputs, _)| async move {
            let mut outputs = outputs.lock().await;
            let (outputs, seen) = &mut *outputs;
            if let Some(output) = outputs.next().await {
                output.unwrap();
                *seen += 1;
            }
        },
        |rt, (outputs, count)| async move {
            let mut outputs = outputs.lock().await;
            let (outputs, seen) = &mut *outputs;
            while let Some(output) = outputs.next().await {
                output.unwrap();
                *seen += 1;
            }
            assert_eq!(*seen, 3);
            count.gone(&rt).await;
        },
    );
}

pub(crate) fn map_collect() {
    nobody_stays(|rt, count| async move {
        let work = {
            let (rt, count) = (rt.clone(), count.clone());
            move |_| count.trial(&rt)
        };
        assert_eq!(
            map_concurrent(&rt, 0..3, work)
                .collect()
                .await
                .unwrap()
                .len(),
            3
        );
    });
}

pub(crate) fn raced() {
    nobody_stays(|rt, count| async move {
        race(&rt, [count.work(&rt), count.work(&rt)])
            .unwrap()
            .await
            .unwrap();
    });
}

pub(crate) fn raced_ok() {
    nobody_stays(|rt, count| async move {
        race_ok(&rt, [count.trial(&rt), count.trial(&rt)])
            .unwrap()
            .await
            .unwrap();
    });
}

pub(crate) fn hedged() {
    nobody_stays(|rt, count| async move {
        let attempt = |_| count.trial(&rt);
        hedge(&rt, 3, Duration::from_millis(1), attempt)
            .unwrap()
            .await
            .unwrap();
    });
}

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
