//! What outlives a call has nobody's context.

use super::SECOND;
use anyrt_core::{
    Instant,
    cancel::CancellationToken,
    channel::oneshot,
    context::Context,
    group::TaskGroup,
    rt::{Clock, Sleep},
    task_local,
};
use anyrt_sim::{SimRuntime, check};
use anyrt_toolkit::{
    AsyncCache,
    batch::Batcher,
    pool::{Manager, Pool},
    workers::TaskPool,
};
use std::{
    convert::Infallible,
    future::Future,
    sync::{Arc, Mutex},
};

task_local! {
    static REQUEST: u32;
}

/// A request's value, deadline and end, as far as the task has them.
type Seen = (Option<u32>, Option<Instant>, bool);
const NOTHING: Seen = (None, None, false);

fn seen() -> Seen {
    let context = Context::current();
    (REQUEST.get(), context.deadline(), context.is_cancelled())
}

/// What `make` makes in a request that is over by then: it was cancelled, and its group has waited for
/// all that it has to wait for.
async fn of_a_request<T: Send + 'static>(
    rt: &SimRuntime,
    make: impl Future<Output = T> + Send + 'static,
) -> T {
    let token = CancellationToken::new();
    let group = TaskGroup::<_, (), Infallible>::builder(rt)
        .token(&token)
        .timeout(60 * SECOND);
    let group = group.build();
    let (sender, made) = oneshot::channel();
    let request = async move {
        sender.send(make.await).ok();
        Ok(())
    };
    group.spawn(REQUEST.scope(7, request)).unwrap();
    let made = made.await.unwrap();
    token.cancel();
    group.join().await.ok();
    made
}

#[test]
fn a_batcher_outlives_the_request_that_made_it() {
    check(100, |rt| async move {
        let rt2 = rt.clone();
        let load = |keys: Vec<u32>| async move { Ok::<_, ()>(vec![seen(); keys.len()]) };
        let request = async move {
            let batcher = Batcher::builder(&rt2, load).build().unwrap();
            assert_eq!(batcher.load(1).await.unwrap(), NOTHING);
            batcher
        };
        let batcher = of_a_request(&rt, request).await;
        assert_eq!(batcher.load(2).await.unwrap(), NOTHING);
        batcher.shutdown().await;
    });
}

#[test]
fn a_task_pool_outlives_the_request_that_made_it() {
    check(100, |rt| async move {
        let rt2 = rt.clone();
        let request = async move {
            let pool = TaskPool::builder(&rt2).workers(2).build().unwrap();
            let job = pool.submit(async { seen() }).await.unwrap();
            assert_eq!(job.await.unwrap(), NOTHING);
            pool
        };
        let pool = of_a_request(&rt, request).await;
        let job = pool.submit(async { seen() }).await.unwrap();
        assert_eq!(job.await.unwrap(), NOTHING);
        pool.shutdown().await;
    });
}

struct Witness(Mutex<Vec<Seen>>);

impl Manager for Witness {
    type Object = ();
    type Error = Infallible;

    async fn create(&self) -> Result<(), Infallible> {
        self.0.lock().unwrap().push(seen());
        Ok(())
    }

    async fn recycle(&self, (): &mut ()) -> Result<(), Infallible> {
        Ok(())
    }
}

#[test]
fn a_pool_is_kept_after_the_request_that_made_it() {
    check(100, |rt| async move {
        let rt2 = rt.clone();
        let request = async move {
            let pool = Pool::builder(&rt2, Witness(Mutex::default())).min_idle(2);
            pool.build().unwrap()
        };
        let pool = of_a_request(&rt, request).await;
        let first = pool.get().await.unwrap();
        rt.sleep(SECOND).await;
        assert_eq!((pool.stats().live, pool.stats().idle), (3, 2));
        assert_eq!(*pool.manager().0.lock().unwrap(), [NOTHING; 3]);
        drop(first);
    });
}

#[test]
fn a_cache_is_refreshed_after_the_request_that_made_it() {
    check(100, |rt| async move {
        let rt2 = rt.clone();
        let told = Arc::new(Mutex::new(Vec::new()));
        let leaves = told.clone();
        let request = async move {
            let cache = AsyncCache::builder(&rt2).capacity(10).ttl(SECOND);
            let cache = cache.stale_for(60 * SECOND).on_evict(move |_, _, _| {
                leaves.lock().unwrap().push(seen());
            });
            let cache: AsyncCache<_, u32, Instant> = cache.build().unwrap();
            let now = rt2.now();
            cache.get_or_load(&1, async move |_| now).await.unwrap();
            rt2.sleep(2 * SECOND).await;
            // Its caller gets the stale one; the new one takes its place later.
            let now = rt2.now();
            cache.get_or_load(&1, async move |_| now).await.unwrap();
            rt2.sleep(SECOND / 2).await;
            cache
        };
        let cache = of_a_request(&rt, request).await;
        rt.sleep(2 * SECOND).await;
        let now = rt.now();
        cache.get_or_load(&1, async move |_| now).await.unwrap();
        rt.sleep(SECOND / 2).await;
        assert_eq!(cache.get(&1), Some(now), "nobody refreshes it");
        assert_eq!(*told.lock().unwrap(), [NOTHING; 2]);
    });
}
