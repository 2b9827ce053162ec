//! *CH*: the work queue.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Expected, Probe},
};
use anyrt_core::{
    channel::queue::{Job, Order, Queue, Shutdown},
    error::{TryRecvError, TrySendError},
};
use std::{
    cmp::Reverse,
    fmt::Debug,
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    sync::{Arc, Mutex},
};

pub(super) fn bounded<T>(capacity: usize) -> Result<Queue<T>, Stop> {
    Queue::bounded(Order::fifo(), capacity).map_err(|error| Stop::failed(error.to_string()))
}

pub(super) fn put<T>(queue: &Queue<T>, item: T) -> Outcome {
    queue
        .try_put(item)
        .map_err(|error| Stop::failed(format!("`try_put`: {error}")))
}

pub(super) fn got<T, E: Debug>(job: Result<Job<T>, E>) -> Result<T, Stop> {
    let (item, _done) = job
        .map_err(|error| Stop::failed(format!("no item, but {error:?}")))?
        .into_parts();
    Ok(item)
}

/// A job's drop is its end, panics included, and `join` waits for all of them.
pub fn ch_9<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let queue = bounded(3)?;
    Probe::new(queue.join()).ready("`join` of a queue that nobody used")?;
    for item in 0..3 {
        put(&queue, item)?;
    }
    let mut join = Probe::new(queue.join());
    ensure!(join.is_pending(), "three items are in, and `join` is ready");
    let one = queue.try_get().map_err(|e| Stop::failed(e.to_string()))?;
    ensure_eq!(
        (queue.len(), queue.unfinished()),
        (2, 3),
        "items in, and unfinished"
    );
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _job = queue.try_get();
        panic_any(Expected(9));
    }));
    ensure!(panicked.is_err(), "a panic was swallowed");
    ensure_eq!(
        queue.unfinished(),
        2,
        "unfinished, after a panic over a job"
    );
    let (item, done) = queue
        .try_get()
        .map_err(|e| Stop::failed(e.to_string()))?
        .into_parts();
    ensure_eq!(item, 2, "the third item");
    drop(one);
    ensure!(join.is_pending(), "a job is out, and `join` is ready");
    drop(done);
    ensure!(join.wakes() > 0, "all is done, and `join` was not woken");
    put(&queue, 3)?; // That moment was enough.
    join.ready("`join`, all done once")?;

    const ITEMS: usize = 400;
    ctx.run(async {
        let queue = bounded(5)?;
        let done = Arc::new(Mutex::new(Vec::new()));
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let (queue, done) = (queue.clone(), Arc::clone(&done));
                ctx.rt().spawn(async move {
                    while let Ok(job) = queue.get().await {
                        anyrt_core::task::yield_now().await;
                        if let Ok(mut done) = done.lock() {
                            done.push(*job);
                        }
                    }
                })
            })
            .collect();
        let putters: Vec<_> = (0..2)
            .map(|putter| {
                let queue = queue.clone();
                ctx.rt().spawn(async move {
                    for item in 0..ITEMS / 2 {
                        queue.put(item * 2 + putter).await.ok();
                    }
                })
            })
            .collect();
        for putter in putters {
            ensure!(putter.await.is_ok(), "a putter panicked");
        }
        queue.join().await;
        let mut all = done.lock().map(|done| done.clone()).unwrap_or_default();
        all.sort_unstable();
        ensure!(
            all.iter().copied().eq(0..ITEMS),
            "not each item once: {all:?}"
        );
        queue.shutdown(Shutdown::Graceful);
        for worker in workers {
            ensure!(worker.await.is_ok(), "a worker panicked");
        }
        Ok(())
    })
}

/// The three orders.
pub fn ch_50<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    // Ordered by the first alone.
    #[derive(Debug, Clone, Copy)]
    struct Item(u32, u32);
    impl Ord for Item {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            self.0.cmp(&other.0)
        }
    }
    impl PartialOrd for Item {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    impl PartialEq for Item {
        fn eq(&self, other: &Self) -> bool {
            self.cmp(other).is_eq()
        }
    }
    impl Eq for Item {}
    fn order_of<T>(queue: &Queue<T>, items: impl IntoIterator<Item = T>) -> Result<Vec<T>, Stop> {
        let mut count = 0;
        for item in items {
            put(queue, item)?;
            count += 1;
        }
        (0..count).map(|_| got(queue.try_get())).collect()
    }
    let fifo = order_of(&Queue::unbounded(Order::fifo()), 0..5)?;
    ensure_eq!(fifo, [0, 1, 2, 3, 4], "first in, first out");
    let lifo = order_of(&Queue::unbounded(Order::lifo()), 0..5)?;
    ensure_eq!(lifo, [4, 3, 2, 1, 0], "last in, first out");
    let items = (0..40).map(|n| Item(n * 7 % 4, n));
    let greatest: Vec<_> = order_of(&Queue::unbounded(Order::priority()), items)?
        .iter()
        .map(|item| (Reverse(item.0), item.1))
        .collect();
    ensure!(
        greatest.is_sorted(),
        "not the greatest first, and of equals the oldest: {greatest:?}"
    );
    let queue = Queue::unbounded(Order::priority());
    let mut get = Probe::new(queue.get());
    ensure!(get.is_pending(), "an item came out of nothing");
    put(&queue, 1)?;
    put(&queue, 9)?;
    ensure_eq!(
        got(get.ready("`get`")?)?,
        9,
        "the greatest, when it is taken"
    );
    let Err(error) = Queue::bounded(Order::<u32>::fifo(), 0) else {
        return Err(Stop::failed("a queue of capacity 0 was made"));
    };
    ensure_eq!(error.field, "capacity", "the error's field");
    let queue = Queue::bounded(Order::lifo(), 2).map_err(|e| Stop::failed(e.to_string()))?;
    ensure_eq!(queue.capacity(), Some(2), "the capacity");
    put(&queue, 1)?;
    put(&queue, 2)?;
    ensure_eq!(
        queue.try_put(3),
        Err(TrySendError::Full(3)),
        "a third into two slots"
    );
    Ok(())
}

/// Those who wait are served in order, and nobody overtakes them.
pub fn ch_51<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    let order = [2, 0, 3, 1];
    let queue = bounded(1)?;
    put(&queue, 100)?;
    let mut puts: Vec<_> = (0..4).map(|n| Probe::new(queue.put(n))).collect();
    for n in order {
        ensure!(puts[n].is_pending(), "a full queue took an item");
    }
    let mut last = 100;
    for n in order {
        ensure_eq!(got(queue.try_get())?, last, "the next item");
        ensure_eq!(
            queue.try_put(9),
            Err(TrySendError::Full(9)),
            "`try_put` past who waits"
        );
        ensure!(
            Probe::new(queue.put(9)).is_pending(),
            "a newcomer overtook who waits"
        );
        ensure!(puts[n].wakes() > 0, "putter {n} was not woken in its turn");
        ensure_eq!(
            puts[n].ready("a `put` in its turn")?,
            Ok(()),
            "a `put` in its turn"
        );
        last = n;
    }
    ensure_eq!(got(queue.try_get())?, last, "the last item");

    let queue = bounded(4)?;
    let mut gets: Vec<_> = (0..4).map(|_| Probe::new(queue.get())).collect();
    for n in order {
        ensure!(gets[n].is_pending(), "an empty queue gave an item");
    }
    for n in order {
        put(&queue, n)?;
        ensure_eq!(
            queue.try_get().map(drop),
            Err(TryRecvError::Empty),
            "`try_get` past who waits"
        );
        ensure!(
            Probe::new(queue.get()).is_pending(),
            "a newcomer overtook who waits"
        );
        ensure!(gets[n].wakes() > 0, "getter {n} was not woken in its turn");
    }
    for n in order {
        ensure_eq!(got(gets[n].ready("a `get` in its turn")?)?, n, "an item");
    }
    Ok(())
}
