//! Groups under random interleavings, seeded; runtimes that go away under them; wakers that panic.

use anyrt_conformance::{
    Verdict,
    probe::{Counted, Expected, Probe, Wakes},
    watched,
};
use anyrt_core::{
    cancel::shield,
    group::{Cause, Spawner, Step, TaskError, TaskGroup},
    rt::{BlockOn, Sleep, Spawn},
    task::yield_now,
};
use anyrt_tokio::Tokio;
use std::{
    future::{Future, pending},
    panic::panic_any,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Wake, Waker},
    time::{Duration, Instant},
};

type Group = TaskGroup<Tokio, u32, u32>;

/// xorshift: the same numbers for the same seed.
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    fn fork(&mut self) -> Self {
        Self(self.below(u64::MAX >> 12) * 2 + 1)
    }
}

/// What a round counts.
#[derive(Default)]
struct Tally {
    spawned: AtomicUsize,
    running: AtomicUsize,
    most: AtomicUsize,
    drops: Arc<Wakes>,
}

/// Counts one as running, from its first poll to its drop.
struct Running(Arc<Tally>);

impl Running {
    fn new(tally: &Arc<Tally>) -> Self {
        let now = tally.running.fetch_add(1, SeqCst) + 1;
        tally.most.fetch_max(now, SeqCst);
        Self(Arc::clone(tally))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, SeqCst);
    }
}

fn add(group: &Spawner<Tokio, u32, u32>, tally: &Arc<Tally>, mut random: Random, depth: u32) {
    let (own, counts) = (group.clone(), Arc::clone(tally));
    let dropped = Counted::new(&tally.drops);
    let child: Pin<Box<dyn Future<Output = Result<u32, u32>> + Send>> = Box::pin(async move {
        let _dropped = dropped;
        let _running = Running::new(&counts);
        for _ in 0..random.below(3) {
            yield_now().await;
        }
        match random.below(20) {
            0 => return Err(1),
            1 => panic_any(Expected(1)),
            2 => own.cancel(),
            3 => own.close(),
            4 => pending().await,
            5 => shield(yield_now()).await,
            6 => {
                own.token().cancelled().await;
            }
            7 => return own.next().await.ok_or(2),
            8..11 if depth > 0 => add(&own, &counts, random.fork(), depth - 1),
            11 if depth > 0 => {
                let inner = Group::new(&Tokio::default());
                let alone = Arc::new(Tally::default());
                add(&inner, &alone, random.fork(), 0);
                if random.below(2) == 0 {
                    let _ = inner.shutdown().await;
                    assert_eq!(alone.drops.count(), alone.spawned.load(SeqCst));
                }
            }
            _ => {}
        }
        yield_now().await;
        Ok(3)
    });
    tally.spawned.fetch_add(1, SeqCst);
    // Refused: dropped, and counted as such.
    drop(group.spawn(child));
}

async fn round(rt: Tokio, mut random: Random) {
    let mut builder = Group::builder(&rt);
    let limit = random.below(4) as usize;
    if limit > 0 {
        builder = builder.max_concurrent(limit).expect("more than 0");
    }
    match random.below(4) {
        0 => builder = builder.supervisor(),
        1 => builder = builder.enough(2).expect("more than 0"),
        _ => {}
    }
    if random.below(3) == 0 {
        builder = builder.grace(Duration::from_micros(200));
    }
    if random.below(4) == 0 {
        builder = builder.discard();
    }
    if random.below(4) == 0 {
        builder = builder.timeout(Duration::from_micros(random.below(2000)));
    } else if random.below(2) == 0 {
        builder = builder.joiner(|outcome: Result<&u32, &TaskError<u32>>| match outcome {
            Ok(_) => Step::Continue,
            Err(_) => Step::Fail,
        });
    }
    let group = builder.build();
    let tally = Arc::new(Tally::default());
    for _ in 0..random.below(8) {
        add(&group, &tally, random.fork(), 2);
    }
    let (spawner, mut other) = (group.spawner(), random.fork());
    let counts = Arc::clone(&tally);
    let meddler = rt.spawn(async move {
        for _ in 0..other.below(6) {
            yield_now().await;
        }
        match other.below(4) {
            0 => spawner.cancel(),
            1 => add(&spawner, &counts, other.fork(), 1),
            2 => drop(Probe::new(spawner.next()).poll()),
            _ => spawner.close(),
        }
    });
    for _ in 0..random.below(4) {
        yield_now().await;
    }
    let ends = random.below(5);
    // Whoever never ends by itself is not waited for without a word.
    let canceller = group.spawner();
    let late = rt.sleep(Duration::from_millis(1));
    let ender = rt.spawn(async move {
        late.await;
        canceller.cancel();
    });
    match ends {
        0 => drop(group.join().await),
        1 => drop(group.collect().await),
        2 => drop(group.shutdown().await),
        3 => {
            let body = async |own: Spawner<_, _, _>| {
                while own.next().await.is_some() {}
                if random.below(2) == 0 { Err(4) } else { Ok(()) }
            };
            drop(group.run(body).await);
        }
        _ => drop(group),
    }
    if ends < 4 {
        // The meddler may have added one that was refused, and is being dropped by it.
        meddler.await.expect("it does not panic");
        let spawned = tally.spawned.load(SeqCst);
        assert_eq!(tally.drops.count(), spawned, "drops once it has returned");
    }
    tally.drops.reached(tally.spawned.load(SeqCst)).await;
    if limit > 0 {
        assert!(tally.most.load(SeqCst) <= limit, "too many at once");
    }
    drop(ender.await);
}

#[test]
fn groups_survive_random_interleavings() {
    let verdict = watched(Duration::from_secs(60), || {
        let rt = Tokio::multi_thread().expect("tokio starts");
        let until = Instant::now() + Duration::from_secs(3);
        for seed in 1.. {
            if Instant::now() > until {
                break;
            }
            let rounds: Vec<_> = (0..4)
                .map(|n| rt.spawn(round(rt.clone(), Random(seed * 4 + n))))
                .collect();
            for (n, round) in (0..).zip(rounds) {
                let ended = rt.block_on(round);
                assert!(ended.is_ok(), "seed {}: {ended:?}", seed * 4 + n);
            }
        }
        Ok(())
    });
    assert!(matches!(verdict, Verdict::Passed), "{verdict}");
}

#[test]
fn a_runtime_that_is_shut_down_under_a_group() {
    for supervised in [false, true] {
        let gone = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()
            .expect("tokio starts");
        let rt = Tokio::from_handle(gone.handle().clone());
        let mut builder = Group::builder(&rt).max_concurrent(2).expect("more than 0");
        if supervised {
            builder = builder.supervisor();
        }
        let group = builder.build();
        let drops = Wakes::new();
        for _ in 0..4 {
            let dropped = Counted::new(&drops);
            let child = async move {
                let _dropped = dropped;
                pending().await
            };
            group.spawn(child).expect("it is open");
        }
        gone.shutdown_background();
        let spawner = group.spawner();
        // The queue drains into a runtime that is gone, one at a time.
        let joined = Tokio::default().block_on(group.join());
        let error = joined.expect_err("children were lost");
        let lost = error
            .iter()
            .all(|failure| matches!(failure.cause, Cause::Cancelled(None)));
        assert!(lost, "{error:?}");
        // The first loss cancels the others, which are no failures then.
        assert!(if supervised {
            error.len() == 4
        } else {
            error.len() <= 2
        });
        assert_eq!((drops.count(), spawner.len()), (4, 0));
    }
}

#[test]
fn a_child_spawned_into_a_runtime_that_is_gone() {
    let gone = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .expect("tokio starts");
    let rt = Tokio::from_handle(gone.handle().clone());
    drop(gone);
    // A policy that starts anew what was lost is asked again before it has answered.
    let own = Arc::new(Mutex::new(None::<Spawner<Tokio, u32, u32>>));
    let (group, asked) = (Arc::clone(&own), Arc::new(AtomicUsize::new(0)));
    let asks = Arc::clone(&asked);
    let joiner = move |_: Result<&u32, &TaskError<u32>>| {
        if asks.fetch_add(1, SeqCst) < 3 {
            let group = group.lock().expect("nobody panics").clone();
            let _lost = group.map(|group| group.spawn(pending()));
        }
        Step::Continue
    };
    let group = Group::builder(&rt).joiner(joiner).build();
    *own.lock().expect("nobody panics") = Some(group.spawner());
    group.spawn(pending()).expect("it is open");
    own.lock().expect("nobody panics").take();
    let error = Tokio::default().block_on(group.join());
    assert_eq!(error.expect_err("all were lost").len(), 4);
    assert_eq!(asked.load(SeqCst), 4);
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic_any(Expected(5));
    }
}

#[test]
fn a_waker_that_panics_keeps_nobody_waiting() {
    let verdict = watched(Duration::from_secs(20), || {
        let rt = Tokio::current_thread().expect("tokio starts");
        let group = Group::new(&rt);
        let token = group.token().clone();
        let mut told = Box::pin(token.cancelled());
        let waker = Waker::from(Arc::new(Panics));
        let polled = told.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        group.spawn(pending()).expect("it is open");
        group.spawn(async { Err(1) }).expect("it is open");
        let joined = rt.block_on(group.join());
        assert_eq!(joined.expect_err("one failed").len(), 1);
        Ok(())
    });
    assert!(matches!(verdict, Verdict::Passed), "{verdict}");
}
