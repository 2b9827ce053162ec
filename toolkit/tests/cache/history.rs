//! Threads that race for one key: each history has an order in which a plain register would do the same.
//!
//! A load is two steps, as the promise has it: it begins where there is neither value nor load, and its
//! value enters unless the key was changed in between. Who joins does so while it flies.

use anyrt_sim::SimRuntime;
use anyrt_toolkit::AsyncCache;
use std::{
    pin::pin,
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
    thread,
};

type Cache = AsyncCache<SimRuntime, u8, u64>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Insert(u64),
    Remove(Option<u64>),
    Get(Option<u64>),
    /// A load of that value begins.
    Begin(u64),
    /// It ends.
    End(u64),
    /// A caller gets that value: it is there, or on its way.
    Serve(u64),
}

/// A step, and between which ticks it happened.
type Timed = (Step, u64, u64);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Register {
    value: Option<u64>,
    flight: Option<u64>,
}

impl Register {
    fn after(self, step: Step) -> Option<Self> {
        let Self { value, flight } = self;
        let set = |value| {
            let flight = None;
            Self { value, flight }
        };
        let stays = |holds: bool| holds.then_some(self);
        match step {
            Step::Insert(new) => Some(set(Some(new))),
            Step::Remove(seen) => (seen == value).then_some(set(None)),
            Step::Get(seen) => stays(seen == value),
            Step::Begin(new) => (value.is_none() && flight.is_none()).then_some(Self {
                value,
                flight: Some(new),
            }),
            Step::End(new) if flight == Some(new) => Some(set(Some(new))),
            Step::End(_) => Some(self),
            Step::Serve(seen) => stays(value == Some(seen) || flight == Some(seen)),
        }
    }
}

/// Whether the steps that are left can be put into an order.
fn has_order(left: &mut Vec<Timed>, state: Register) -> bool {
    if left.is_empty() {
        return true;
    }
    let first_end = left.iter().map(|(.., end)| *end).min().unwrap_or(0);
    for at in 0..left.len() {
        let (step, begin, _) = left[at];
        if begin > first_end {
            continue;
        }
        if let Some(state) = state.after(step) {
            let taken = left.swap_remove(at);
            if has_order(left, state) {
                return true;
            }
            left.push(taken);
            let last = left.len() - 1;
            left.swap(at, last);
        }
    }
    false
}

struct Clock(AtomicU64);

impl Clock {
    fn tick(&self) -> u64 {
        self.0.fetch_add(1, SeqCst)
    }
}

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

/// The judge is not blind.
#[test]
fn histories_without_an_order_are_found() {
    let late = vec![
        (Step::Begin(1), 0, 1),
        (Step::Insert(2), 2, 3),
        (Step::End(1), 4, 5),
        (Step::Get(Some(1)), 6, 7),
    ];
    assert!(!has_order(&mut late.clone(), Register::default()));
    let twice = vec![
        (Step::Begin(1), 0, 1),
        (Step::Begin(2), 2, 3),
        (Step::End(1), 4, 5),
    ];
    assert!(!has_order(&mut twice.clone(), Register::default()));
    let fine = vec![
        (Step::Begin(1), 0, 1),
        (Step::Serve(1), 2, 9),
        (Step::End(1), 4, 5),
    ];
    assert!(has_order(&mut fine.clone(), Register::default()));
}
