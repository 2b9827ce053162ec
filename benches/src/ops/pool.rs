//! Objects of a pool, alone and by many tasks.

use anyrt_core::{rt::Runtime, task::yield_now};
use anyrt_toolkit::pool::{Manager, Pool};
use std::{convert::Infallible, hint::black_box, sync::Mutex};

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
pub async fn alone_stack(n: u64) {
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

pub async fn alone_anyrt<R: Runtime>(rt: R, n: u64) {
    alone!(n, anyrt(&rt), Pool::get);
}

pub async fn alone_deadpool(n: u64) {
    alone!(n, deadpool(), deadpool::managed::Pool::get);
}

pub async fn alone_deadpool_unmanaged(n: u64) {
    alone!(n, unmanaged(), deadpool::unmanaged::Pool::get);
}

pub async fn alone_bb8(n: u64) {
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
