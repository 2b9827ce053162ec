//! Objects of a pool: none is lost, none is there twice, none is handed out half checked.

use crate::kit::{Count, Live, later, step};
use anyrt_core::rt::Spawn;
use anyrt_sim::{SimHandle, SimRuntime, check_cancel};
use anyrt_toolkit::pool::{Manager, Pool, PoolBuilder, Pooled};
use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

/// Makes objects, each in two steps, and checks them likewise.
struct Maker {
    rt: SimRuntime,
    live: Count,
}

struct Object {
    _live: Live,
    /// A check has begun, and not ended.
    half_checked: bool,
}

impl Manager for Maker {
    type Object = Object;
    type Error = Infallible;

    async fn create(&self) -> Result<Object, Infallible> {
        let live = self.live.live();
        step(&self.rt).await;
        step(&self.rt).await;
        Ok(Object {
            _live: live,
            half_checked: false,
        })
    }

    async fn recycle(&self, object: &mut Object) -> Result<(), Infallible> {
        assert!(!object.half_checked, "half checked, and handed out");
        object.half_checked = true;
        step(&self.rt).await;
        step(&self.rt).await;
        object.half_checked = false;
        Ok(())
    }
}

type Objects = Pool<SimRuntime, Maker>;

fn pool(rt: &SimRuntime, max: usize) -> Objects {
    builder(rt, max).build().unwrap()
}

fn builder(rt: &SimRuntime, max: usize) -> PoolBuilder<SimRuntime, Maker> {
    let maker = Maker {
        rt: rt.clone(),
        live: Count::default(),
    };
    Pool::builder(rt, maker).max_size(max)
}

/// One whose every step has a limit of time, which none reaches.
fn limited(rt: &SimRuntime, max: usize) -> Objects {
    let limit = Duration::from_secs(60);
    let builder = builder(rt, max).wait_timeout(limit);
    let builder = builder.create_timeout(limit).recycle_timeout(limit);
    builder.build().unwrap()
}

/// As many can be had as there may be, and all that there are are known.
async fn is_whole(pool: Objects) {
    let stats = pool.stats();
    assert_eq!(stats.live, pool.manager().live.get(), "what is live");
    let mut all: Vec<Pooled<_, _>> = Vec::new();
    for _ in 0..stats.max_size {
        all.push(pool.get().await.unwrap());
    }
    assert_eq!(pool.manager().live.get(), stats.max_size, "all of them");
    drop(all);
    let left = pool.stats();
    assert_eq!((left.idle, left.waiting), (stats.max_size, 0));
}

/// Dropped while it waits, it leaves the queue; what had reached it goes to the next.
pub(crate) fn get() {
    for make in [pool, limited] {
        check_cancel(
            |rt| async move {
                let pool = make(&rt, 1);
                let held = pool.get().await.unwrap();
                later(&rt, move || drop(held));
                pool
            },
            |_, pool| async move { drop(pool.get().await.unwrap()) },
            |_, pool| is_whole(pool),
        );
    }
}

/// A creation that is dropped frees its place for whoever waits; a check that is dropped discards its object.
pub(crate) fn manager() {
    for make in [pool, limited] {
        created(make);
        recycled(make);
    }
}

fn created(make: fn(&SimRuntime, usize) -> Objects) {
    check_cancel(
        |rt| async move {
            let pool = make(&rt, 1);
            let (soon, waiter) = (rt.clone(), pool.clone());
            let other = rt.spawn(async move {
                step(&soon).await;
                drop(waiter.get().await.unwrap());
            });
            (pool, Arc::new(Mutex::new(Some(other))))
        },
        |_, (pool, _)| async move { drop(pool.get().await.unwrap()) },
        |_, (pool, other): (_, Arc<Mutex<Option<SimHandle<()>>>>)| async move {
            let other = other.lock().unwrap().take();
            if let Some(other) = other {
                other.await.unwrap();
            }
            is_whole(pool).await;
        },
    );
}

fn recycled(make: fn(&SimRuntime, usize) -> Objects) {
    check_cancel(
        |rt| async move {
            let pool = make(&rt, 2);
            drop(pool.get().await);
            pool
        },
        |_, pool| async move { drop(pool.get().await.unwrap()) },
        |_, pool| is_whole(pool),
    );
}

pub(crate) fn closed() {
    check_cancel(
        |rt| async move {
            let pool = pool(&rt, 2);
            let held = pool.get().await.unwrap();
            pool.close();
            later(&rt, move || drop(held));
            pool
        },
        |_, pool| async move {
            pool.closed().await;
            assert_eq!(pool.manager().live.get(), 0);
        },
        |_, pool| async move {
            pool.closed().await;
            assert!(pool.is_closed() && pool.get().await.is_err());
        },
    );
}
