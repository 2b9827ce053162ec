//! Batches of keys that panic as they are compared, and of keys that nobody waits for any more.

use super::{SECOND, is_ready_now};
use anyrt_core::rt::{Sleep, Spawn};
use anyrt_sim::{SimRuntime, check};
use anyrt_toolkit::batch::Batcher;
use std::{
    cmp,
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
};

/// A key that panics at its last comparison.
#[derive(Debug, Clone)]
struct Fragile {
    key: u32,
    comparisons: Arc<AtomicU32>,
}

impl Fragile {
    fn compared(&self) {
        let before = self.comparisons.fetch_sub(1, SeqCst);
        assert!(before != 1, "that was one too many");
    }
}

impl Eq for Fragile {}

impl PartialEq for Fragile {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl PartialOrd for Fragile {
    fn partial_cmp(&self, other: &Self) -> Option<cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Fragile {
    fn cmp(&self, other: &Self) -> cmp::Ordering {
        self.compared();
        self.key.cmp(&other.key)
    }
}

type Keys = Batcher<SimRuntime, Fragile, u32, Infallible>;

fn keys(rt: &SimRuntime, max_size: usize) -> Keys {
    let rt2 = rt.clone();
    Batcher::builder(rt, move |keys: Vec<Fragile>| {
        let rt = rt2.clone();
        async move {
            rt.sleep(SECOND).await;
            Ok(keys.into_iter().map(|key| key.key * 10).collect())
        }
    })
    .max_size(max_size)
    .dedup()
    .build()
    .expect("it is permitted")
}

/// Whichever comparison it is: its caller's, and nobody else's.
#[test]
fn a_comparison_that_panics_is_its_callers_alone() {
    for last in 1..40 {
        check(3, move |rt| async move {
            let batcher = keys(&rt, 3);
            let comparisons = Arc::new(AtomicU32::new(last));
            let calls: Vec<_> = [1, 2, 1, 3, 4, 2, 5, 1]
                .map(|key| {
                    let (batcher, comparisons) = (batcher.clone(), comparisons.clone());
                    let key = Fragile { key, comparisons };
                    rt.spawn(async move { (key.key, batcher.load(key).await) })
                })
                .into();
            let mut panicked = 0;
            for call in calls {
                match call.await {
                    Ok((key, value)) => assert_eq!(value.expect("its value"), key * 10),
                    Err(error) => panicked += u32::from(error.is_panic()),
                }
            }
            let was_the_last = comparisons.load(SeqCst) > last;
            assert!(panicked <= 1, "{panicked} after {last}");
            assert_eq!(panicked == 1, was_the_last || comparisons.load(SeqCst) == 0);
            comparisons.store(u32::MAX, SeqCst);
            let key = Fragile {
                key: 7,
                comparisons,
            };
            assert_eq!(batcher.load(key).await.expect("it is open"), 70);
            batcher.shutdown().await;
        });
    }
}

#[test]
fn keys_that_nobody_waits_for_are_forgotten() {
    check(5, |rt| async move {
        let batcher = keys(&rt, 1000);
        let comparisons = Arc::new(AtomicU32::new(0));
        let key = |key| Fragile {
            key,
            comparisons: comparisons.clone(),
        };
        let mut kept = Box::pin(batcher.load(key(9999)));
        assert!(!is_ready_now(kept.as_mut()).await);
        let mut most = 0;
        for n in 0..1000 {
            let mut gone = Box::pin(batcher.load(key(n)));
            assert!(!is_ready_now(gone.as_mut()).await);
            drop(gone);
            most = most.max(Arc::strong_count(&comparisons));
        }
        assert!(most < 100, "{most} keys, of which one is waited for");
        assert_eq!(kept.await.expect("its value"), 99_990);
        assert_eq!(Arc::strong_count(&comparisons), 1, "those of a batch");
    });
}
