//! A day of a service whose source is slow and fails: nothing too old is served, ever.

use super::{SECOND, builder, draw};
use anyrt_core::{
    Instant,
    rt::{Clock, Sleep, Spawn},
};
use anyrt_sim::{Sim, SimRuntime};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const TTL: Duration = Duration::from_secs(60);
const STALE: Duration = Duration::from_secs(300);

/// What is loaded is the time at which the source was read.
async fn source(rt: SimRuntime) -> Result<u64, &'static str> {
    let read = rt.now().as_nanos();
    rt.sleep(SECOND * u32::try_from(draw(&rt, 8)).unwrap())
        .await;
    match draw(&rt, 9) {
        0..=3 => Err("down"),
        4 => panic!("out of order"),
        _ => Ok(read),
    }
}

#[test]
fn through_a_day_nothing_is_older_than_its_limit() {
    Sim::new().late_timers(50).check(6, |rt| async move {
        let cache = builder(&rt)
            .capacity(20)
            .ttl(TTL)
            .stale_for(STALE)
            .errors_for(SECOND * 2)
            .jitter(0.2)
            .build()
            .unwrap();
        let end = Instant::ORIGIN + DAY;
        let oldest = Arc::new(AtomicU64::new(0));
        let clients: Vec<_> = (0..5)
            .map(|_| {
                let (cache, rt, oldest) = (cache.clone(), rt.clone(), oldest.clone());
                let client = rt.clone();
                client.spawn(async move {
                    let (mut served, mut stale) = (0, 0);
                    while rt.now() < end {
                        rt.sleep(SECOND * u32::try_from(draw(&rt, 30)).unwrap())
                            .await;
                        let key = u32::try_from(draw(&rt, 30)).unwrap();
                        let asked = rt.now();
                        let load = {
                            let rt = rt.clone();
                            |_| source(rt)
                        };
                        // What is stale at the call is fine; the wait itself makes it no older.
                        if let Ok(read) = cache.get_or_try_load(&key, load).await {
                            let age = asked.as_nanos().saturating_sub(read);
                            oldest.fetch_max(age, Relaxed);
                            served += 1;
                            stale += u32::from(age > TTL.as_nanos() as u64);
                        }
                        if let Some(read) = cache.get(&key) {
                            // The time of its load counts, too: up to 8 seconds.
                            let age = Duration::from_nanos(rt.now().as_nanos() - read);
                            assert!(age < TTL + SECOND * 9, "{age:?} is not fresh");
                        }
                    }
                    (served, stale)
                })
            })
            .collect();
        let (mut served, mut stale) = (0, 0);
        for client in clients {
            let (some, of_them) = client.await.unwrap();
            served += some;
            stale += of_them;
        }
        let oldest = Duration::from_nanos(oldest.load(Relaxed));
        assert!(oldest < TTL + STALE + SECOND * 9, "{oldest:?}");
        assert!(oldest > TTL, "nothing stale was ever tried");
        assert!(served > 10_000 && stale > 100, "{served}, {stale}");
        let stats = cache.stats();
        assert!(
            stats.failures > 100 && stats.refreshes > 100 && stats.evicted > 100,
            "{stats:?}"
        );
        assert!(stats.entries <= 20);
    });
}
