//! The rooms of `channel/`.

use crate::kit::{Count, later, step};
use anyrt_core::channel::{broadcast, oneshot, queue, watch};
use anyrt_sim::check_cancel;
use std::sync::{Arc, Mutex};

/// What only one at a time has.
type Shared<T> = Arc<anyrt_core::sync::FifoMutex<T>>;

fn shared<T>(value: T) -> Shared<T> {
    Arc::new(anyrt_core::sync::FifoMutex::new(value))
}

use anyrt_core::rt::Lock;

pub(crate) fn broadcast_recv() {
    check_cancel(
        |_| async {
            let (sender, receiver) = broadcast::channel(8).unwrap();
            (sender, shared((receiver, 0)))
        },
        |rt, (sender, receiver)| async move {
            later(&rt, move || _ = sender.send(1));
            let mut receiver = receiver.lock().await;
            let (items, seen) = &mut *receiver;
            *seen += items.recv().await.unwrap();
        },
        |rt, (sender, receiver)| async move {
            // All that was sent is either seen or still to be seen.
            step(&rt).await;
            let sent = sender.send(1).unwrap();
            let mut receiver = receiver.lock().await;
            let (items, seen) = &mut *receiver;
            *seen += items.recv().await.unwrap();
            assert!(*seen >= 1 && sent == 1);
        },
    );
}

pub(crate) fn oneshot_recv() {
    check_cancel(
        |rt| async move {
            let (sender, receiver) = oneshot::channel();
            later(&rt, move || _ = sender.send(7));
            shared(Some(receiver))
        },
        |_, receiver| async move {
            let mut receiver = receiver.lock().await;
            if let Some(value) = &mut *receiver {
                assert_eq!(value.await, Ok(7));
                *receiver = None;
            }
        },
        |_, _| async {},
    );
}

pub(crate) fn oneshot_closed() {
    check_cancel(
        |rt| async move {
            let (sender, receiver) = oneshot::channel::<()>();
            later(&rt, move || drop(receiver));
            shared(sender)
        },
        |_, sender| async move { sender.lock().await.closed().await },
        |_, sender| async move { sender.lock().await.closed().await },
    );
}

pub(crate) fn watch_changed() {
    check_cancel(
        |_| async {
            let (sender, receiver) = watch::channel(0);
            (Arc::new(sender), shared(receiver))
        },
        |rt, (sender, receiver)| async move {
            later(&rt, move || sender.send_modify(|value| *value += 1));
            receiver.lock().await.changed().await.unwrap();
        },
        |rt, (sender, receiver)| async move {
            step(&rt).await;
            sender.send_modify(|value| *value += 1);
            let mut receiver = receiver.lock().await;
            let latest = *receiver.changed().await.unwrap();
            assert_eq!(latest, *sender.latest());
        },
    );
}

pub(crate) fn watch_wait_for() {
    check_cancel(
        |rt| async move {
            let (sender, receiver) = watch::channel(0);
            let sender = Arc::new(sender);
            let later_sender = sender.clone();
            later(&rt, move || later_sender.send(3));
            (sender, shared(receiver))
        },
        |_, (_, receiver)| async move {
            let found = receiver.lock().await.wait_for(|value| *value == 3).await;
            assert_eq!(*found.unwrap(), 3);
        },
        |_, _| async {},
    );
}

pub(crate) fn watch_closed() {
    check_cancel(
        |rt| async move {
            let (sender, receiver) = watch::channel(0);
            later(&rt, move || drop(receiver));
            Arc::new(sender)
        },
        |_, sender| async move { sender.closed().await },
        |_, sender| async move { sender.closed().await },
    );
}

pub(crate) fn queue_put() {
    check_cancel(
        |rt| async move {
            let queue = Arc::new(queue::Queue::bounded(queue::Order::fifo(), 1).unwrap());
            queue.try_put(0).unwrap();
            let other = queue.clone();
            later(&rt, move || drop(other.try_get()));
            queue
        },
        |rt, queue| async move {
            queue.put(1).await.unwrap();
            // Room for the next one.
            later(&rt, move || drop(queue.try_get()));
        },
        |rt, queue| async move {
            // All that is in it was put there, and there is room again once it is out.
            step(&rt).await;
            while queue.try_get().is_ok() {}
            queue.put(2).await.unwrap();
            assert_eq!(queue.len(), 1);
            drop(queue.try_get());
            queue.join().await;
        },
    );
}

/// An item whose getter is dropped is still there for the next.
pub(crate) fn queue_get() {
    check_cancel(
        |_| async {
            let queue = Arc::new(queue::Queue::unbounded(queue::Order::fifo()));
            (queue, Arc::new(Mutex::new(Vec::new())))
        },
        |rt, (queue, seen)| async move {
            let other = queue.clone();
            later(&rt, move || other.try_put(1).unwrap());
            let (item, done) = queue.get().await.unwrap().into_parts();
            seen.lock().unwrap().push(item);
            drop(done);
        },
        |rt, (queue, seen)| async move {
            let before = seen.lock().unwrap().len() + queue.len();
            queue.try_put(2).unwrap();
            let mut left = 0;
            while queue.try_get().is_ok() {
                left += 1;
            }
            assert!(left >= 1 && before <= 1);
            step(&rt).await;
        },
    );
}

pub(crate) fn queue_join() {
    check_cancel(
        |rt| async move {
            let queue = Arc::new(queue::Queue::unbounded(queue::Order::fifo()));
            queue.try_put(1).unwrap();
            let job = queue.try_get().unwrap();
            later(&rt, move || drop(job));
            (queue, Count::default())
        },
        |_, (queue, _)| async move { queue.join().await },
        |_, (queue, _)| async move {
            queue.join().await;
            assert_eq!(queue.unfinished(), 0);
        },
    );
}
