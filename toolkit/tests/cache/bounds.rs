//! What a cache holds at most, and which entries those are.

use super::{builder, cache};
use anyrt_core::rt::{Entropy, Runtime};
use anyrt_sim::{Sim, SimRuntime, check};
use anyrt_toolkit::AsyncCache;
use std::{future::poll_fn, pin::pin, task::Poll};

#[test]
fn it_is_never_fuller_than_its_capacity() {
    check(10, |rt| async move {
        for capacity in [1, 2, 7, 100, 1000] {
            let cache = builder(&rt).capacity(capacity).build().unwrap();
            for _ in 0..5000 {
                cache.insert((rt.random_u64() % 3000) as u32, 0);
                assert!(cache.weight() <= capacity);
            }
            assert_eq!(cache.len() as u64, capacity, "and full");
        }
    });
}

#[test]
fn weights_are_bounded_together_wherever_they_lie() {
    check(10, |rt| async move {
        let cache = builder(&rt)
            .capacity(10_000)
            .weigher(|_, value| *value as u32)
            .build()
            .unwrap();
        for key in 0..3000 {
            let weight = match rt.random_u64() % 20 {
                0 => 9_000,
                _ => 1 + rt.random_u64() % 50,
            };
            cache.insert(key % 700, weight);
            assert!(cache.weight() <= 10_000);
            assert_eq!(
                cache.get(&(key % 700)),
                Some(weight),
                "the newest has found room"
            );
        }
        let sum: u64 = cache.iter().map(|(_, value)| value).sum();
        assert_eq!(sum, cache.weight());
    });
}

#[test]
fn loads_under_way_take_no_room() {
    // What one poll does is what this is about: nobody may come before it.
    Sim::new().new_wakers(8).check(5, |rt| async move {
        let cache = builder(&rt).capacity(3).build().unwrap();
        for key in 0..3 {
            cache.insert(key, 0);
        }
        let mut loads: Vec<_> = (10..100)
            .map(|key| {
                let cache = cache.clone();
                Box::pin(async move {
                    cache
                        .get_or_load(&key, |_| std::future::pending::<u64>())
                        .await
                })
            })
            .collect();
        poll_fn(|cx| {
            for load in &mut loads {
                assert!(pin!(load).poll(cx).is_pending());
            }
            Poll::Ready(())
        })
        .await;
        assert_eq!((cache.len(), cache.stats().in_flight), (3, 90));
        assert!((0..3).all(|key| cache.contains(&key)));
        drop(loads);
        assert_eq!(cache.stats().in_flight, 0);
    });
}

#[test]
fn what_is_read_again_outlives_a_scan() {
    check(5, |rt| async move {
        let cache = cache(&rt);
        for _ in 0..4 {
            for key in 0..500 {
                if cache.get(&key).is_none() {
                    cache.insert(key, 0);
                }
            }
        }
        for key in 10_000..60_000 {
            cache.insert(key, 0);
            // Half of them are in use meanwhile.
            cache.get(&(key % 500));
        }
        let left = (0..500).filter(|key| cache.contains(key)).count();
        assert!(left > 450, "{left} of 500");
    });
}

/// Zipf's law with an exponent of 0.9 over 10,000 keys; room for 1 in 100, and 1 in 10.
#[test]
fn hits_are_as_many_as_they_were() {
    let rt = SimRuntime::new(3);
    let mut sums: Vec<f64> = Vec::new();
    for rank in 1..=10_000_u32 {
        let before = sums.last().copied().unwrap_or(0.0);
        sums.push(before + f64::from(rank).powf(-0.9));
    }
    let all = sums[sums.len() - 1];
    for (capacity, least) in [(100, 0.385), (1000, 0.625)] {
        let cache: AsyncCache<_, u32, ()> =
            AsyncCache::builder(&rt).capacity(capacity).build().unwrap();
        for _ in 0..200_000 {
            let at = (rt.random_u64() >> 11) as f64 / (1u64 << 53) as f64 * all;
            let key = sums.partition_point(|sum| *sum < at) as u32;
            if cache.get(&key).is_none() {
                cache.insert(key, ());
            }
        }
        let ratio = cache.stats().hit_ratio();
        assert!(ratio > least, "{capacity}: {ratio}, want {least}");
    }
    assert_eq!(rt.parallelism().get(), 1);
}
