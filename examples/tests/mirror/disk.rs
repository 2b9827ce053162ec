//! What the limits make of a disk, in virtual time: how much it is asked for, at once and in a second.

use super::{
    Mirror, quick, slow,
    tree::{Trees, has_no_parts, is_like},
};
use anyrt::{
    App, Runtime, Signal, Signals, Sleep, Spawn, delegate,
    rt::{Clock, Entropy, SpawnBlocking},
    sim::{SimRuntime, check},
};
use anyrt_examples::mirror::{Options, Progress, mirror};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

const MS: Duration = Duration::from_millis(1);

/// A simulated runtime on which blocking work takes time, as a disk does.
#[derive(Debug, Clone)]
struct Disk {
    inner: SimRuntime,
    /// How long the call of that number takes.
    takes: fn(usize) -> Duration,
    calls: Arc<Mutex<Calls>>,
}

#[derive(Debug, Default)]
struct Calls {
    running: usize,
    /// How many ran when each began, itself included.
    begun: Vec<usize>,
}

impl Disk {
    fn new(rt: &SimRuntime, takes: fn(usize) -> Duration) -> Self {
        Self {
            inner: rt.clone(),
            takes,
            calls: Arc::default(),
        }
    }

    /// How many calls ran at once, as each began.
    fn crowds(&self) -> Vec<usize> {
        self.calls.lock().unwrap().begun.clone()
    }
}

impl SpawnBlocking for Disk {
    type BlockingHandle<T: Send + 'static> = <SimRuntime as Spawn>::JoinHandle<T>;

    #[track_caller]
    fn spawn_blocking<F, T>(&self, work: F) -> Self::BlockingHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let disk = self.clone();
        self.inner.spawn(async move {
            let time = {
                let mut calls = disk.calls.lock().unwrap();
                calls.running += 1;
                let running = calls.running;
                calls.begun.push(running);
                (disk.takes)(calls.begun.len())
            };
            disk.inner.sleep(time).await;
            let done = disk.inner.spawn_blocking(work).await;
            disk.calls.lock().unwrap().running -= 1;
            done.unwrap()
        })
    }
}

impl Spawn for Disk {
    delegate!(Spawn => inner: SimRuntime);
}

impl Clock for Disk {
    delegate!(Clock => inner: SimRuntime);
}

impl Sleep for Disk {
    delegate!(Sleep => inner: SimRuntime);
}

impl Entropy for Disk {
    delegate!(Entropy => inner: SimRuntime);
}

impl Runtime for Disk {
    delegate!(Runtime => inner: SimRuntime, except name);

    fn name(&self) -> &'static str {
        "a disk"
    }
}

#[test]
fn files_are_committed_many_at_a_time() {
    check(5, |rt| async move {
        let trees = Trees::of(256);
        let disk = Disk::new(&rt, |_| MS);
        let tally = Mirror::new(&trees, quick()).run(&disk).await.tally;
        assert_eq!((tally.files, tally.failed.len()), (256, 0));
        assert!((2..=16).contains(&tally.commits), "{tally:?}");
        is_like(&trees);
    });
}

#[test]
fn a_disk_that_becomes_slow_is_asked_for_less() {
    check(5, |rt| async move {
        let trees = Trees::of(400);
        let disk = Disk::new(&rt, |call| if call < 200 { MS } else { MS * 60 });
        let tally = Mirror::new(&trees, quick()).run(&disk).await.tally;
        assert_eq!(tally.files, 400);
        let crowds = disk.crowds();
        let most = |calls: &[usize]| calls.iter().copied().max().unwrap();
        // Two batches at most are committed beside what the limit is for.
        assert!(most(&crowds[..10]) <= 4, "it begins low: {crowds:?}");
        assert!(most(&crowds[..200]) >= 12, "it grows: {crowds:?}");
        assert!(
            most(&crowds[crowds.len() - 40..]) <= 4,
            "it gives way: {crowds:?}"
        );
    });
}

/// What is there at once is a second's.
#[test]
fn no_more_bytes_a_second_than_permitted() {
    check(5, |rt| async move {
        let trees = Trees::small();
        let before = rt.now();
        let tally = Mirror::new(&trees, slow()).run(&rt).await.tally;
        assert_eq!(tally.bytes, 7 * anyrt_examples::mirror::part::CHUNK / 2);
        let took = rt.now() - before;
        // The last one is whole after two seconds and a half, and is committed with what else is.
        assert!((MS * 2500..MS * 2700).contains(&took), "{took:?}");
    });
}

/// A call that hangs is not waited for any longer, and what it was to write is gone when it returns.
#[test]
fn a_second_ctrl_c_does_not_wait() {
    const HOUR: Duration = Duration::from_secs(3600);
    check(5, |rt| async move {
        let trees = Trees::small();
        let disk = Disk::new(&rt, |call| if call < 3 { MS } else { HOUR });
        let heard = rt.signals(Signal::SHUTDOWN).unwrap();
        let pressed = rt.clone();
        drop(rt.spawn(async move {
            for _ in 0..2 {
                pressed.sleep(MS * 1000).await;
                assert_eq!(pressed.raise(Signal::Interrupt), 1);
            }
        }));
        let app = App::new(&disk).grace(HOUR / 2).signals(heard);
        let progress = Progress::hidden();
        let options = Options { jobs: 2, ..quick() };
        let run = mirror(&disk, app, trees.paths(), options, &progress);
        let before = rt.now();
        let outcome = run.await.unwrap();
        assert_eq!(rt.now() - before, MS * 2000);
        assert_eq!(outcome.stopped.as_deref(), Some("SIGINT"));
        assert!(outcome.broken.is_some(), "{outcome:?}");
        rt.sleep(HOUR * 2).await;
        has_no_parts(&trees);
    });
}
