//! Pools, batches and breakers, where nothing fails.

use anyrt_core::{rt::Runtime, task::yield_now};
use anyrt_toolkit::{
    batch::Batcher,
    pool::{Manager, Pool},
    resilience::CircuitBreaker,
};
use std::{
    convert::Infallible,
    hint::black_box,
    sync::{Arc, Mutex},
    time::Duration,
};

/// Tasks, and the objects that they share.
pub const CROWD: u64 = 64;
pub const OBJECTS: usize = 8;

/// Counters, made and checked at once.
#[derive(Debug)]
pub struct Counters;

impl Manager for Counters {
    type Object = u64;
    type Error = Infallible;

    async fn create(&self) -> Result<u64, Infallible> {
        Ok(0)
    }

    async fn recycle(&self, _: &mut u64) -> Result<(), Infallible> {
        Ok(())
    }
}

impl deadpool::managed::Manager for Counters {
    type Type = u64;
    type Error = Infallible;

    async fn create(&self) -> Result<u64, Infallible> {
        Ok(0)
    }

    async fn recycle(
        &self,
        _: &mut u64,
        _: &deadpool::managed::Metrics,
    ) -> deadpool::managed::RecycleResult<Infallible> {
        Ok(())
    }
}

impl bb8::ManageConnection for Counters {
    type Connection = u64;
    type Error = Infallible;

    async fn connect(&self) -> Result<u64, Infallible> {
        Ok(0)
    }

    async fn is_valid(&self, _: &mut u64) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, _: &mut u64) -> bool {
        false
    }
}

fn anyrt<R: Runtime>(rt: &R) -> Pool<R, Counters> {
    let pool = Pool::builder(rt, Counters).max_size(OBJECTS).build();
    pool.expect("permitted")
}

fn deadpool() -> deadpool::managed::Pool<Counters> {
    let pool = deadpool::managed::Pool::builder(Counters).max_size(OBJECTS);
    pool.build().expect("permitted")
}

fn unmanaged() -> deadpool::unmanaged::Pool<u64> {
    deadpool::unmanaged::Pool::from(vec![0; OBJECTS])
}

async fn bb8() -> bb8::Pool<Counters> {
    let pool = bb8::Pool::builder().max_size(OBJECTS as u32);
    pool.build(Counters).await.expect("permitted")
}

/// A stack behind a mutex: nobody waits, nothing is checked.
pub async fn pool_stack(n: u64) {
    let stack = Mutex::new(vec![0_u64; OBJECTS]);
    for _ in 0..n {
        let mut object = stack.lock().expect("no panic").pop().expect("it is there");
        *black_box(&mut object) += 1;
        stack.lock().expect("no panic").push(object);
    }
}

/// `n` times an object, used and given back.
macro_rules! alone {
    ($n:expr, $pool:expr, $get:expr) => {{
        let pool = $pool;
        for _ in 0..$n {
            let mut object = $get(&pool).await.expect("there is one");
            **black_box(&mut object) += 1;
        }
    }};
}

/// The same by many tasks, each of which lets others run while it has one: most of them wait.
macro_rules! crowd {
    ($n:expr, $pool:expr, $get:expr) => {{
        let pool = $pool;
        let tasks = (0..CROWD).map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                for _ in 0..$n / CROWD {
                    let mut object = $get(&pool).await.expect("there is one");
                    **black_box(&mut object) += 1;
                    yield_now().await;
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.expect("no panic");
        }
    }};
}

pub async fn pool_anyrt<R: Runtime>(rt: R, n: u64) {
    alone!(n, anyrt(&rt), Pool::get);
}

pub async fn pool_deadpool(n: u64) {
    alone!(n, deadpool(), deadpool::managed::Pool::get);
}

pub async fn pool_deadpool_unmanaged(n: u64) {
    alone!(n, unmanaged(), deadpool::unmanaged::Pool::get);
}

pub async fn pool_bb8(n: u64) {
    alone!(n, bb8().await, bb8::Pool::get);
}

pub async fn crowd_anyrt<R: Runtime>(rt: R, n: u64) {
    crowd!(n, anyrt(&rt), Pool::get);
}

pub async fn crowd_deadpool(n: u64) {
    crowd!(n, deadpool(), deadpool::managed::Pool::get);
}

pub async fn crowd_deadpool_unmanaged(n: u64) {
    crowd!(n, unmanaged(), deadpool::unmanaged::Pool::get);
}

pub async fn crowd_bb8(n: u64) {
    crowd!(n, bb8().await, bb8::Pool::get);
}

/// A channel to a task that answers by oneshots, `size` at a time: what a batcher cannot do without.
pub async fn batch_by_hand(size: usize, n: u64) {
    let (tx, mut rx) = tokio::sync::mpsc::channel::<(u64, tokio::sync::oneshot::Sender<u64>)>(size);
    let task = tokio::spawn(async move {
        let mut batch = Vec::with_capacity(size);
        while rx.recv_many(&mut batch, size).await > 0 {
            for (key, answer) in batch.drain(..) {
                answer.send(key).ok();
            }
        }
    });
    for _ in 0..n / size as u64 {
        let loads = (0..size as u64).map(|key| {
            let tx = tx.clone();
            async move {
                let (answer, value) = tokio::sync::oneshot::channel();
                tx.send((key, answer)).await.expect("it is open");
                value.await.expect("it is answered")
            }
        });
        black_box(futures_util::future::join_all(loads).await);
    }
    drop(tx);
    task.await.expect("no panic");
}

/// Full batches, one after the other.
pub async fn batch_anyrt<R: Runtime>(rt: R, size: usize, n: u64) {
    let load = |keys: Vec<u64>| async move { Ok::<_, Infallible>(keys) };
    let batcher = Batcher::builder(&rt, load).max_size(size);
    let batcher = batcher.interval(Duration::from_secs(1)).build();
    let batcher = Arc::new(batcher.expect("permitted"));
    for _ in 0..n / size as u64 {
        black_box(batcher.load_many(0..size as u64).await);
    }
}

async fn ok(i: u64) -> Result<u64, Infallible> {
    Ok(black_box(i))
}

pub async fn breaker_anyrt<R: Runtime>(rt: R, n: u64) {
    let breaker = CircuitBreaker::builder(&rt).build();
    let breaker = breaker.expect("permitted");
    for i in 0..n {
        black_box(breaker.call(ok(i)).await.expect("it is closed"));
    }
}
