//! Operations that have to wait for nobody, of the runtime's primitives, of the portable ones, and of the toolkit.

use anyrt::{AsyncCache, Limiter, Pool, RateLimiter, limit::Quota, pool::Manager};
use anyrt_core::{
    channel::{
        broadcast, oneshot,
        queue::{Order, Queue},
        watch,
    },
    rt::{Lock, Receiver, Runtime, Semaphore, SendPermit, Sender},
    sync::{Barrier, Event, FifoMutex, FifoRwLock, FifoSemaphore, Notify, OnceCell, channel},
};
use anyrt_sim::SimRuntime;
use std::{
    any::Any,
    convert::Infallible,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
};

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;
/// Takes a thing that only one can have, until what it gives is dropped.
pub(crate) type Take = Arc<dyn Fn() -> Boxed<Box<dyn Any + Send>> + Send + Sync>;
/// Makes such a thing.
pub(crate) type Kind = fn(&SimRuntime) -> Take;
/// One for each of two tasks.
pub(crate) type Operation = fn(&SimRuntime) -> [Boxed<()>; 2];

struct Unit;

impl Manager for Unit {
    type Object = ();
    type Error = Infallible;

    async fn create(&self) -> Result<(), Infallible> {
        Ok(())
    }
}

fn pool(rt: &SimRuntime, max: usize) -> Pool<SimRuntime, Unit> {
    let pool = Pool::builder(rt, Unit).name("few").max_size(max);
    pool.build().unwrap()
}

fn limiter(rt: &SimRuntime, limit: usize) -> Limiter<SimRuntime> {
    Limiter::new(rt, limit).unwrap().named("few")
}

fn take<H, F, Fut>(take: F) -> Take
where
    H: Send + 'static,
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = H> + Send + 'static,
{
    Arc::new(move || {
        let taking = take();
        Box::pin(async move { Box::new(taking.await) as Box<dyn Any + Send> })
    })
}

/// Gives a notification back.
struct Again(Arc<Notify>);

impl Drop for Again {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// Puts back what it got.
struct Back(Arc<Queue<()>>);

impl Drop for Back {
    fn drop(&mut self) {
        self.0.try_put(()).unwrap();
    }
}

pub(crate) const KINDS: &[(&str, Kind)] = &[
    ("the runtime's lock", |rt| {
        let lock = Arc::new(rt.lock(()));
        take(move || lock.clone().lock_owned())
    }),
    ("a portable lock", |_| {
        let lock = Arc::new(FifoMutex::new(()));
        take(move || lock.clone().lock_owned())
    }),
    ("a read-write lock", |_| {
        let lock = Arc::new(FifoRwLock::new(()));
        take(move || lock.clone().write_owned())
    }),
    ("a portable semaphore", |_| {
        let permits = Arc::new(FifoSemaphore::new(1).unwrap());
        take(move || permits.clone().acquire_owned())
    }),
    ("a queue with one item", |_| {
        let queue = Arc::new(Queue::unbounded(Order::fifo()));
        queue.try_put(()).unwrap();
        take(move || {
            let queue = queue.clone();
            async move {
                drop(queue.get().await.unwrap());
                Back(queue)
            }
        })
    }),
    ("a notification that is kept", |_| {
        let notify = Arc::new(Notify::new());
        notify.notify_one();
        take(move || {
            let notify = notify.clone();
            async move {
                notify.notified().await;
                Again(notify)
            }
        })
    }),
    ("a limiter", |rt| {
        let limiter = limiter(rt, 1);
        take(move || {
            let limiter = limiter.clone();
            async move { limiter.acquire().await.unwrap() }
        })
    }),
    ("a pool", |rt| {
        let pool = pool(rt, 1);
        take(move || {
            let pool = pool.clone();
            async move { pool.get().await.unwrap() }
        })
    }),
];

/// The same for both, of things of their own.
fn each<F: Future<Output: Send> + Send + 'static>(operation: impl Fn() -> F) -> [Boxed<()>; 2] {
    [(); 2].map(|()| {
        let operation = operation();
        Box::pin(async move { drop(operation.await) }) as Boxed<()>
    })
}

pub(crate) const OPERATIONS: &[(&str, Operation)] = &[
    ("the runtime's lock", |rt| {
        each(|| Arc::new(rt.lock(())).lock_owned())
    }),
    ("the runtime's permit", |rt| {
        each(|| Arc::new(rt.semaphore(1).unwrap()).acquire_owned())
    }),
    ("a send into the runtime's channel", |rt| {
        each(|| {
            let (sender, receiver) = rt.channel(1).unwrap();
            async move { (sender.send(()).await, receiver) }
        })
    }),
    ("an item of the runtime's channel", |rt| {
        each(|| {
            let (sender, mut receiver) = rt.channel(1).unwrap();
            sender.try_send(()).unwrap();
            async move { receiver.recv().await }
        })
    }),
    ("an item of the runtime's channel, polled", |rt| {
        each(|| {
            let (sender, mut receiver) = rt.channel(1).unwrap();
            sender.try_send(()).unwrap();
            async move { poll_fn(|cx| receiver.poll_recv(cx)).await }
        })
    }),
    ("a lock", |_| {
        each(|| Arc::new(FifoMutex::new(())).lock_owned())
    }),
    ("a read-write lock", |_| {
        each(|| Arc::new(FifoRwLock::new(())).write_owned())
    }),
    ("a read-write lock, read", |_| {
        let lock = Arc::new(FifoRwLock::new(()));
        each(|| lock.clone().read_owned())
    }),
    ("a semaphore", |_| {
        let permits = Arc::new(FifoSemaphore::new(2).unwrap());
        each(|| permits.clone().acquire_owned())
    }),
    ("a cell that is full", |_| {
        let cell = Arc::new(OnceCell::from(1));
        each(|| {
            let cell = cell.clone();
            async move { *cell.wait().await }
        })
    }),
    ("a cell to be filled", |_| {
        each(|| {
            let cell = OnceCell::new();
            async move { *cell.get_or_init(async || 1).await }
        })
    }),
    ("an event that is set", |_| {
        let event = Arc::new(Event::new());
        event.set();
        each(|| {
            let event = event.clone();
            async move { event.wait().await }
        })
    }),
    ("a notification that is kept", |_| {
        each(|| {
            let notify = Arc::new(Notify::new());
            notify.notify_one();
            notify.notified_owned()
        })
    }),
    ("a barrier of one", |_| {
        let barrier = Arc::new(Barrier::new(1).unwrap());
        each(|| {
            let barrier = barrier.clone();
            async move { barrier.wait().await }
        })
    }),
    ("a send into a channel", |_| {
        each(|| {
            let (sender, receiver) = channel(1).unwrap();
            async move { (sender.send(()).await, receiver) }
        })
    }),
    ("room in a channel", |_| {
        each(|| {
            let (sender, receiver) = channel(1).unwrap();
            async move {
                let sent = sender.reserve_owned().await.map(|permit| permit.send(()));
                (sent, receiver)
            }
        })
    }),
    ("an item of a channel", |_| {
        each(|| {
            let (sender, mut receiver) = channel(1).unwrap();
            sender.try_send(()).unwrap();
            async move { receiver.recv().await }
        })
    }),
    ("an item of a channel, polled", |_| {
        each(|| {
            let (sender, mut receiver) = channel(1).unwrap();
            sender.try_send(()).unwrap();
            async move { poll_fn(|cx| receiver.poll_recv(cx)).await }
        })
    }),
    ("a oneshot that was sent", |_| {
        each(|| {
            let (sender, receiver) = oneshot::channel();
            sender.send(()).unwrap();
            receiver
        })
    }),
    ("a broadcast's item", |_| {
        let (sender, receiver) = broadcast::channel(2).unwrap();
        let receivers = [(); 2].map(|()| sender.subscribe());
        sender.send(()).unwrap();
        drop((sender, receiver));
        receivers.map(|mut receiver| {
            Box::pin(async move { receiver.recv().await.unwrap() }) as Boxed<()>
        })
    }),
    ("a watch's value", |_| {
        let (sender, receiver) = watch::channel(0);
        sender.send(1);
        each(|| {
            let mut receiver = receiver.clone();
            async move { receiver.changed().await }
        })
    }),
    ("room in a queue", |_| {
        let queue = Arc::new(Queue::unbounded(Order::fifo()));
        each(|| {
            let queue = queue.clone();
            async move { queue.put(()).await }
        })
    }),
    ("a queue's item", |_| {
        each(|| {
            let queue = Queue::unbounded(Order::fifo());
            queue.try_put(()).unwrap();
            async move { drop(queue.get().await) }
        })
    }),
    ("a queue's end", |_| {
        let queue = Arc::new(Queue::<()>::unbounded(Order::fifo()));
        each(|| {
            let queue = queue.clone();
            async move { queue.join().await }
        })
    }),
    ("a limiter's slot", |rt| {
        let limiter = limiter(rt, 2);
        each(|| {
            let limiter = limiter.clone();
            async move { limiter.acquire().await }
        })
    }),
    ("a rate limit", |rt| {
        let limiter = RateLimiter::new(rt, Quota::per_second(2)).unwrap();
        each(|| {
            let limiter = limiter.clone();
            async move { limiter.acquire().await }
        })
    }),
    ("a pool's object", |rt| {
        let pool = pool(rt, 2);
        each(|| {
            let pool = pool.clone();
            async move { pool.get().await }
        })
    }),
    ("a cached value", |rt| {
        let cache = AsyncCache::builder(rt).capacity(8).build().unwrap();
        cache.insert(1, 2_u32);
        each(|| {
            let cache = cache.clone();
            async move { cache.get_or_load(&1, async |_| 2).await }
        })
    }),
    ("a value to be loaded", |rt| {
        each(|| {
            let cache = AsyncCache::builder(rt).capacity(8).build().unwrap();
            async move { cache.get_or_load(&1, async |_| 2_u32).await }
        })
    }),
];
