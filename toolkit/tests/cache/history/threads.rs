//! Threads that race for one key: what the simulator cannot do, two in one operation at the same time.

use super::judge::{Clock, Register, Step, Timed, has_order};
use anyrt_sim::SimRuntime;
use anyrt_toolkit::AsyncCache;
use std::{
    pin::pin,
    sync::{Barrier, atomic::AtomicU64},
    task::{Context, Poll, Wake, Waker},
    thread,
};

type Cache = AsyncCache<SimRuntime, u8, u64>;

struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.unpark();
    }
}

fn block<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(std::sync::Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// What a thread does, by the bits of a number; values are its own.
fn act(cache: &Cache, clock: &'static Clock, who: u64, mut bits: u64) -> Vec<Timed> {
    let mut steps = Vec::new();
    for turn in 0..3 {
        let value = who * 10 + turn;
        let begin = clock.tick();
        match bits % 4 {
            0 => {
                cache.insert(1, value);
                steps.push((Step::Insert(value), begin, clock.tick()));
            }
            1 => {
                let seen = cache.remove(&1);
                steps.push((Step::Remove(seen), begin, clock.tick()));
            }
            2 => {
                let seen = cache.get(&1);
                steps.push((Step::Get(seen), begin, clock.tick()));
            }
            _ => {
                let mut ran = None;
                let (told, tell) = std::sync::mpsc::channel();
                let load = |_| {
                    ran = Some(clock.tick());
                    async move {
                        thread::yield_now();
                        told.send(clock.tick()).unwrap();
                        value
                    }
                };
                let seen = block(cache.get_or_load(&1, load)).unwrap();
                let end = clock.tick();
                match ran {
                    Some(called) => {
                        let ended = tell.recv().unwrap();
                        assert_eq!(seen, value);
                        steps.push((Step::Begin(value), begin, called));
                        steps.push((Step::End(value), ended, end));
                    }
                    None => steps.push((Step::Serve(seen), begin, end)),
                }
            }
        }
        bits /= 4;
    }
    steps
}

#[test]
fn every_history_of_threads_has_an_order() {
    static CLOCK: Clock = Clock(AtomicU64::new(0));
    let rt = SimRuntime::new(1);
    for round in 0..1500_u64 {
        let cache: Cache = AsyncCache::builder(&rt).capacity(10).build().unwrap();
        let start = Barrier::new(3);
        let mut steps: Vec<Timed> = thread::scope(|scope| {
            let threads = [1, 2, 3].map(|who| {
                // Weyl's sequence: all mixtures come by.
                let bits = (round * 3 + who).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
                let (cache, start) = (&cache, &start);
                scope.spawn(move || {
                    start.wait();
                    act(cache, &CLOCK, who, bits)
                })
            });
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        let told = steps.clone();
        assert!(
            has_order(&mut steps, Register::default()),
            "round {round}: {told:?}"
        );
    }
}
