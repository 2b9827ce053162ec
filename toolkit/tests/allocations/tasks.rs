//! What runs in tasks: counted in all of them, but for what the executor allocates for a task and a timer.

use crate::metered::Metered;
use anyrt_core::gather::race_ok;
use anyrt_toolkit::{batch::Batcher, resilience::best_effort, workers::TaskPool};
use std::{convert::Infallible, future::ready};

/// Beside what a batch allocates, whatever its size: the answer, and the waker by which `load_many` knows it.
#[test]
fn an_item_of_a_batch_allocates_its_answer() {
    Metered::run(|rt| async move {
        let items = async |size: u64| {
            let load = |keys: Vec<u64>| ready(Ok::<_, Infallible>(keys));
            let batcher = Batcher::builder(&rt, load).max_size(size as usize);
            let batcher = batcher.build().unwrap();
            rt.third(|| batcher.load_many(0..size)).await
        };
        let counts = [items(64).await, items(192).await, items(320).await];
        // A node of the buffer's tree holds five at least.
        let nodes = 0..=128 / 5 + 1;
        for pair in counts.windows(2) {
            let beside = pair[1] - pair[0] - 2 * 128;
            assert!(nodes.contains(&beside), "{counts:?}");
        }
    });
}

#[test]
fn a_job_allocates_itself_and_its_handle() {
    Metered::run(|rt| async move {
        let pool = TaskPool::builder(&rt)
            .workers(2)
            .capacity(4)
            .build()
            .unwrap();
        let jobs = async |jobs: u32| {
            rt.third(|| async {
                for n in 0..jobs {
                    let job = pool.submit(async move { n }).await;
                    assert_eq!(job.ok().unwrap().await.unwrap(), n);
                }
            })
            .await
        };
        let counts = [jobs(16).await, jobs(32).await];
        assert_eq!(counts, [16 * 3, 32 * 3]);
    });
}

#[test]
fn a_refused_job_allocates_nothing() {
    Metered::run(|rt| async move {
        let pool = TaskPool::builder(&rt).workers(1).name("thumbnails");
        let pool = pool.build().unwrap();
        pool.shutdown().await;
        let refused = rt.third(|| async {
            assert!(pool.try_submit(ready(1)).is_err());
            assert!(pool.submit(ready(1)).await.is_err());
        });
        assert_eq!(refused.await, 0);
    });
}

/// The group, and nothing for each of its members but what its tables grow by, which is as their number doubles.
#[test]
fn a_group_of_calls_allocates_itself() {
    Metered::run(|rt| async move {
        let one = || [ready(Ok::<_, Infallible>(1))];
        assert_eq!(rt.third(|| race_ok(&rt, one()).unwrap()).await, 24);
        let settled = async |n: u32| {
            let futures = || (0..n).map(|n| ready(Ok::<_, Infallible>(n)));
            rt.third(|| best_effort(&rt, None, futures())).await
        };
        let counts = [1, 32, 64, 128].map(settled);
        let [one, some, twice, again] = counts;
        assert_eq!(one.await, 23);
        let counts = [some.await, twice.await, again.await];
        assert_eq!(counts, [42, 44, 46]);
    });
}
