//! What the core's own futures say of their waits.

use super::{failure, has};
use anyrt_core::{
    FutureSet, JoinError,
    cancel::{Cancellable, CancellationToken, shield},
    channel::{
        broadcast, oneshot,
        queue::{Order, Queue},
        watch,
    },
    gather::{gather, map_concurrent, race},
    group::{Ready, TaskGroup, task_group},
    rt::{Lock, Receiver, Runtime, Semaphore, Sender, Sleep, Spawn, Timeout},
    scope,
    sync::{
        Barrier, Condvar, Event, FifoMutex, FifoRwLock, FifoSemaphore, Notify, OnceCell,
        channel as fifo_channel,
    },
    waits::{self, Wait},
};
use anyrt_sim::{Sim, SimRuntime};
use std::{
    convert::Infallible,
    future::{Future, pending, poll_fn},
    panic::Location,
    sync::Arc,
    task::Poll,
    time::Duration,
};

/// What the body of a run that hangs waits for, in a report that says where in this file.
#[track_caller]
fn waits<F, Fut>(body: F, parts: &[&str])
where
    F: FnOnce(SimRuntime) -> Fut + Send,
    Fut: Future<Output = ()>,
{
    let text = failure(body).to_string();
    // Its tasks wait for nothing, which is another matter.
    let body = text.split("\n  task 1 ").next().unwrap();
    has(body, parts);
    assert!(!text.contains("does not see"), "{text}");
}

const HERE: &str = "waits since 0ns at backends/sim/tests/reports/waits.rs:";

#[test]
fn signals() {
    waits(
        |_| async { Event::new().wait().await },
        &[HERE, "for an event"],
    );
    let notify = Arc::new(Notify::new());
    waits(|_| notify.notified_owned(), &["for a notification"]);
    let (lock, condvar) = (FifoMutex::new(0), Condvar::new());
    let condition = async {
        let guard = lock.lock().await;
        drop(condvar.wait_while(&lock, guard, |n| *n == 0).await);
    };
    waits(|_| condition, &[HERE, "for a condition"]);
    let barrier = Barrier::new(3).unwrap();
    let alone = async {
        barrier.wait().await;
    };
    waits(|_| alone, &[HERE, "for a barrier, at which 1 of 3 wait"]);
}

#[test]
fn once_cells() {
    let cell = OnceCell::<u8>::new();
    let filled = async {
        cell.wait().await;
    };
    waits(|_| filled, &[HERE, "for the value of a once-cell of `u8`"]);
    let text = failure(|rt| async move {
        let cell = Arc::new(OnceCell::<u8>::new());
        let other = cell.clone();
        drop(rt.spawn(async move { *other.get_or_init(pending).await }));
        rt.sleep(Duration::from_secs(1)).await;
        cell.get_or_init(async || 1).await;
    });
    has(
        &text.to_string(),
        &["for the initialiser of a once-cell of `u8`"],
    );
}

#[test]
fn locks_without_a_runtime() {
    let lock = FifoMutex::new(0_u8);
    let twice = async {
        let _first = lock.lock().await;
        drop(lock.lock().await);
    };
    let taken = "for a lock of `u8`, by then taken at backends/sim/tests/reports/waits.rs:";
    waits(|_| twice, &[HERE, taken]);
    let lock = FifoRwLock::new(0_u8);
    let upgraded = async {
        let _reader = lock.read().await;
        drop(lock.write().await);
    };
    waits(|_| upgraded, &[HERE, "for write access to a lock of `u8`"]);
    let lock = FifoRwLock::new(0_u8);
    let read = async {
        let _writer = lock.write().await;
        drop(lock.read().await);
    };
    waits(|_| read, &["for read access to a lock of `u8`"]);
    let semaphore = FifoSemaphore::new(1).unwrap();
    let greedy = async { drop(semaphore.acquire_many(2).await) };
    waits(|_| greedy, &[HERE, "for 2 permits of a semaphore"]);
    let semaphore = FifoSemaphore::new(0).unwrap();
    let one = async { drop(semaphore.acquire().await) };
    waits(|_| one, &["for a permit of a semaphore"]);
}

#[test]
fn channels_without_a_runtime() {
    let (sender, mut receiver) = fifo_channel::<u8>(1).unwrap();
    let receiving = async {
        receiver.recv().await;
    };
    waits(
        |_| receiving,
        &["waits since 0ns for an item of a channel of `u8`"],
    );
    let full = async {
        sender.send(1).await.unwrap();
        sender.send(2).await.unwrap();
    };
    waits(|_| full, &["waits since 0ns for room in a channel of `u8`"]);
    let reserving = async { drop(sender.reserve().await) };
    waits(|_| reserving, &["for room in a channel of `u8`"]);
}

#[test]
fn oneshots() {
    let (_sender, receiver) = oneshot::channel::<u8>();
    let received = async {
        receiver.await.ok();
    };
    let made = "for the value of a oneshot of `u8` (made at backends/sim/tests/reports/waits.rs:";
    waits(|_| received, &[made]);
    let (mut sender, _receiver) = oneshot::channel::<u8>();
    let closed = async { sender.closed().await };
    waits(
        |_| closed,
        &[HERE, "for the end of the receiver of a oneshot of `u8`"],
    );
}

#[test]
fn broadcasts_watches_and_queues() {
    let (_sender, mut receiver) = broadcast::channel::<u8>(1).unwrap();
    let receiving = async {
        receiver.recv().await.ok();
    };
    waits(|_| receiving, &[HERE, "for an item of a broadcast of `u8`"]);
    let (sender, mut receiver) = watch::channel(0_u8);
    let changed = async { drop(receiver.changed().await) };
    waits(|_| changed, &[HERE, "for a value of a watch of `u8`"]);
    let closed = async { sender.closed().await };
    waits(
        |_| closed,
        &[HERE, "for the end of the receivers of a watch"],
    );
    let queue = Queue::bounded(Order::fifo(), 1).unwrap();
    let get = async { drop(queue.get().await) };
    waits(|_| get, &[HERE, "for an item of a queue of `u8`"]);
    let put = async {
        queue.put(1_u8).await.unwrap();
        queue.put(2).await.unwrap();
    };
    waits(|_| put, &[HERE, "for room in a queue of `u8`"]);
    let join = async { queue.join().await };
    waits(
        |_| join,
        &[HERE, "for the end of all work of a queue of `u8`"],
    );
}

#[test]
fn groups_list_their_children() {
    waits(
        |rt| async move {
            let group = TaskGroup::<_, (), ()>::new(&rt);
            group.spawn_named("fetch", pending()).unwrap();
            group.spawn(pending()).unwrap();
            group.join().await.unwrap();
        },
        &[
            "polled once, at 0ns\n      waits since 0ns for 2 children of a group (made at backends/sim/tests/reports/waits.rs:",
            "): `fetch` (spawned at backends/sim/tests/reports/waits.rs:",
            "), number 1 (spawned at backends/sim/tests/reports/waits.rs:",
        ],
    );
    waits(
        |rt| async move {
            let body = task_group(&rt, async |group| {
                (0..6).for_each(|_| drop(group.spawn(pending::<Result<(), ()>>())));
                Ok(())
            });
            body.await.unwrap();
        },
        &["for 6 children of a group (made at", " and 2 more"],
    );
    waits(
        |rt| async move {
            let group = TaskGroup::<_, (), ()>::new(&rt);
            group.spawn(pending()).unwrap();
            group.next().await;
        },
        &["for a child of a group (made at"],
    );
    waits(
        |rt| async move {
            let group = TaskGroup::<_, (), ()>::new(&rt);
            let started = group.start(|_kept: Ready<()>| pending());
            started.await.unwrap();
        },
        &[HERE, "for a child to be ready"],
    );
}

#[test]
fn many_as_one() {
    let never = || pending::<Result<(), Infallible>>();
    waits(
        |rt| async move { drop(gather(&rt, [never(), never()]).await) },
        &["for 2 children of `gather` (made at"],
    );
    waits(
        |rt| async move { drop(race(&rt, [pending::<()>()]).unwrap().await) },
        &["for a child of `race` (made at"],
    );
    waits(
        |rt| async move { drop(map_concurrent(&rt, [1], |_| never()).collect().await) },
        &["for a child of `map_concurrent` (made at"],
    );
}

#[test]
fn tokens_and_shields() {
    let token = CancellationToken::new();
    let cancelled = async { drop(token.cancelled().await) };
    waits(|_| cancelled, &[HERE, "for a token to be cancelled"]);
    let event = Event::new();
    let either = async { drop(event.wait().cancellable(&token).await) };
    waits(|_| either, &["for an event", "for a token to be cancelled"]);
    let shielded = async { shield(event.wait()).await };
    let parts = [
        HERE,
        "for an event",
        "for what is shielded from a cancellation",
    ];
    waits(|_| shielded, &parts);
}

#[test]
fn in_one_task() {
    let (one, other) = (Event::new(), Notify::new());
    let both = async {
        anyrt_core::join!(one.wait(), other.notified());
    };
    waits(|_| both, &["for an event", "for a notification"]);
    let set = async {
        let mut set = FutureSet::new();
        set.push(one.wait());
        set.push(one.wait());
        set.next().await;
    };
    waits(|_| set, &["for an event", "for any of 2 futures of a set"]);
    let scoped = scope(|scope| async move {
        let handle = scope.spawn(pending::<()>());
        let _: Result<(), JoinError> = handle.await;
    });
    waits(|_| scoped, &["for a child of a scope"]);
}

#[test]
fn a_stream_of_a_channel_of_the_runtime() {
    waits(
        |rt| async move {
            let (_sender, mut receiver) = rt.channel::<u8>(1).unwrap();
            poll_fn(|cx| receiver.poll_recv(cx)).await;
        },
        &["for an item of channel 1 of `u8` (made at backends/sim/tests/reports/waits.rs:"],
    );
}

#[test]
fn what_was_given_up_is_not_waited_for() {
    let text = failure(|rt| async move {
        let (event, notify) = (Event::new(), Notify::new());
        anyrt_core::race!(async { event.wait().await }, async {});
        let second = Duration::from_secs(1);
        let late = rt.timeout(second, notify.notified()).await;
        assert!(late.is_err());
        pending::<()>().await;
    });
    let text = text.to_string();
    has(
        &text,
        &["polled 2 times, last at 1s", "nobody holds its waker"],
    );
}

#[test]
fn a_wait_is_as_old_as_its_first_poll() {
    let text = failure(|rt| async move {
        let event = Event::new();
        rt.sleep(Duration::from_secs(1)).await;
        let slept = async { rt.sleep(Duration::from_secs(1)).await };
        anyrt_core::join!(event.wait(), slept);
    });
    has(&text.to_string(), &["last at 2s", "waits since 1s at"]);
}

#[test]
fn many_waits_are_cut_short() {
    let events: Vec<_> = (0..100).map(|_| Event::new()).collect();
    let all = async {
        let all = events.iter().map(|event| event.wait());
        all.collect::<FutureSet<_>>().next().await;
    };
    let text = failure(|_| all).to_string();
    // That it is a set is told last, and is not among what is left out.
    has(
        &text,
        &["for any of 100 futures of a set", "… and for 8 more"],
    );
    assert_eq!(text.matches("for an event").count(), 7, "{text}");
}

/// A primitive of somebody else's.
struct Door;

#[test]
fn primitives_of_others_can_tell_too() {
    let place = Location::caller();
    let opened = poll_fn(|_| {
        waits::pending(&Door, || Wait::new("a door").at(place));
        Poll::<()>::Pending
    });
    waits_for_door(opened);
}

#[track_caller]
fn waits_for_door(opened: impl Future<Output = ()> + Send) {
    let text = failure(|_| opened).to_string();
    has(&text, &[HERE, "for a door"]);
}

#[test]
fn the_timeline_has_them() {
    let run = Sim::new()
        .record()
        .run(4, |_| async { Event::new().wait().await });
    let timeline = run.timeline().to_string();
    has(
        &timeline,
        &["the body waits for an event, at backends/sim/tests/reports/waits.rs:"],
    );
}

/// A limit that never comes leaves a deadlock what it is.
#[test]
fn a_timer_that_never_fires_wakes_nobody() {
    waits(
        |rt| async move {
            let never = rt.timeout(Duration::MAX, async { Event::new().wait().await });
            never.await.unwrap();
        },
        &[HERE, "for an event"],
    );
}
