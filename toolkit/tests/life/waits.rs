//! Those who wait in a queue of the toolkit's own say so to whoever reads a report.

use super::SECOND;
use anyrt_core::{
    rt::{Sleep, Spawn},
    task::yield_now,
};
use anyrt_sim::{Sim, SimRuntime};
use anyrt_toolkit::{
    batch::{Batcher, BatcherBuilder},
    cache::AsyncCache,
    limit::{Limiter, Quota, RateLimiter},
    pool::{Manager, Pool, PoolBuilder},
    workers::{TaskPool, TaskPoolBuilder},
};
use std::{
    convert::Infallible,
    future::{Future, pending, poll_fn},
    pin::{Pin, pin},
    task::Poll,
};

/// What is told of a run that hangs.
#[track_caller]
fn waits<F, Fut>(body: F, at: &str, what: &str)
where
    F: FnOnce(SimRuntime) -> Fut + Send,
    Fut: Future<Output = ()>,
{
    let limit = Sim::new().max_time(SECOND * 60);
    let text = limit.run(4, body).failure.expect("it hangs").to_string();
    let mut lines = text.lines().filter(|line| line.contains(at));
    assert!(
        lines.any(|line| line.ends_with(what)),
        "no {what:?} in:\n{text}"
    );
}

const HERE: &str = "waits since 0ns at toolkit/tests/life/waits.rs:";

#[test]
fn for_a_load_that_another_drives() {
    let begun = line!() + 11;
    let body = async |rt: SimRuntime, name: Option<&'static str>| {
        let builder = AsyncCache::<_, u8, u16>::builder(&rt).capacity(9);
        let builder = match name {
            Some(name) => builder.name(name),
            None => builder,
        };
        let cache = builder.build().unwrap();
        let other = cache.clone();
        drop(rt.spawn(async move {
            // One who comes first drives.
            other.get_or_load(&1, |_| pending()).await
        }));
        rt.sleep(SECOND).await;
        cache.get_or_load(&1, |_| pending()).await.unwrap();
    };
    let at = "waits since 1s at toolkit/tests/life/waits.rs:";
    let begun = format!("(made at toolkit/tests/life/waits.rs:{begun}:19)");
    let what = format!(" for a load of a cache of `u16` {begun}");
    waits(|rt| body(rt, None), at, &what);
    let what = format!(" for a load of cache \"users\" of `u16` {begun}");
    waits(|rt| body(rt, Some("users")), at, &what);
}

/// One of a task's two waits for the same room is over: what is said of the other stays.
#[test]
fn for_room_beside_one_who_got_it() {
    let body = async |rt: SimRuntime| {
        let pool = TaskPool::builder(&rt).workers(1).capacity(1);
        let pool = pool.build().unwrap();
        let busy = rt.clone();
        let first = pool.submit(async move { busy.sleep(SECOND).await });
        drop(first.await);
        yield_now().await;
        drop(pool.submit(pending::<()>()).await);
        let first = pin!(pool.submit(pending::<()>()));
        let second = pin!(pool.submit(pending::<()>()));
        in_turn(first, second).await;
    };
    waits(body, HERE, " for room in a task pool");
}

/// Polls the first one before the second, and later the second before the first, which ends.
async fn in_turn(mut first: Pin<&mut impl Future>, mut second: Pin<&mut impl Future>) {
    let (mut begun, mut over) = (false, false);
    poll_fn(|cx| {
        over = over || !begun && first.as_mut().poll(cx).is_ready();
        begun = true;
        assert!(second.as_mut().poll(cx).is_pending());
        over = over || first.as_mut().poll(cx).is_ready();
        Poll::<()>::Pending
    })
    .await;
}

#[test]
fn for_a_turn_at_a_rate_limiter() {
    let body = async |limiter: RateLimiter<SimRuntime>| {
        limiter.acquire().await.unwrap();
        limiter.acquire().await.unwrap();
    };
    let limiter = |rt| RateLimiter::new(&rt, Quota::new(1, SECOND * 100)).unwrap();
    waits(
        |rt| body(limiter(rt)),
        HERE,
        " for its turn at a rate limiter",
    );
    waits(
        |rt| body(limiter(rt).named("mail")),
        HERE,
        " for its turn at rate limiter \"mail\"",
    );
}

#[test]
fn for_a_slot_of_a_limiter() {
    let body = async |limiter: Limiter<SimRuntime>| {
        let _slot = limiter.acquire().await.unwrap();
        drop(limiter.acquire().await);
    };
    let limiter = |rt| Limiter::new(&rt, 1).unwrap();
    waits(|rt| body(limiter(rt)), HERE, " for a slot of a limiter");
    waits(
        |rt| body(limiter(rt).named("db")),
        HERE,
        " for a slot of limiter \"db\"",
    );
}

/// Makes numbers.
struct Numbers;

impl Manager for Numbers {
    type Object = u8;
    type Error = Infallible;

    async fn create(&self) -> Result<u8, Infallible> {
        Ok(1)
    }

    async fn recycle(&self, _: &mut u8) -> Result<(), Infallible> {
        Ok(())
    }
}

#[test]
fn for_an_object_of_a_pool() {
    let body = async |pool: PoolBuilder<SimRuntime, Numbers>| {
        let pool = pool.max_size(1).build().unwrap();
        let _leased = pool.get().await.unwrap();
        drop(pool.get().await);
    };
    let pool = |rt| Pool::builder(&rt, Numbers);
    waits(
        |rt| body(pool(rt)),
        HERE,
        " for an object of a pool of `u8`",
    );
    waits(
        |rt| body(pool(rt).name("db")),
        HERE,
        " for an object of pool \"db\" of `u8`",
    );
}

#[test]
fn for_room_in_a_task_pool() {
    let body = async |pool: TaskPoolBuilder<SimRuntime>| {
        let pool = pool.workers(1).capacity(1).build().unwrap();
        loop {
            drop(pool.submit(pending::<()>()).await);
        }
    };
    let pool = |rt| TaskPool::builder(&rt);
    waits(|rt| body(pool(rt)), HERE, " for room in a task pool");
    waits(
        |rt| body(pool(rt).name("thumbnails")),
        HERE,
        " for room in task pool \"thumbnails\"",
    );
}

type Batches = BatcherBuilder<SimRuntime, u8, u8, Infallible>;

/// One is being loaded, one is in the buffer.
async fn third(batches: Batches) {
    let batches = batches.max_size(1).capacity(1).build().unwrap();
    batches.load_many([1, 2, 3]).await;
}

#[test]
fn for_room_in_a_batcher() {
    let batches = |rt| -> Batches { Batcher::builder(&rt, |_| pending()) };
    waits(|rt| third(batches(rt)), HERE, " for room in a batcher");
    waits(
        |rt| third(batches(rt).name("names")),
        HERE,
        " for room in batcher \"names\"",
    );
}

#[test]
fn for_a_value_of_a_batcher() {
    let batches = |rt| -> Batches { Batcher::builder(&rt, |_| pending()) };
    waits(
        |rt| third(batches(rt)),
        HERE,
        " for a value of a batcher of `u8`",
    );
    waits(
        |rt| third(batches(rt).name("names")),
        HERE,
        " for a value of batcher \"names\" of `u8`",
    );
}
