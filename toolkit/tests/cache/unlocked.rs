//! Keys and values are dropped under no lock, also where `Eq` or `Clone` panics: their destructors may use the cache.

use anyrt_core::rt::Sleep;
use anyrt_sim::{SimRuntime, check};
use anyrt_toolkit::cache::AsyncCache;
use std::{
    future::pending,
    hash::{Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    task::{Context, Waker},
    thread,
    time::Duration,
};

const KEYS: u32 = 40;

/// What all keys and values of a test have in common.
struct Mood {
    /// So many calls of `Eq` and `Clone` succeed before one panics.
    left: AtomicUsize,
    cache: OnceLock<AsyncCache<SimRuntime, Key, Value>>,
}

impl Mood {
    fn step(&self) {
        let count = |left: usize| (left < usize::MAX).then(|| left.saturating_sub(1));
        if self.left.fetch_update(SeqCst, SeqCst, count) == Ok(0) {
            resume_unwind(Box::new("a mood"));
        }
    }

    /// Acts again and again, with one call more that succeeds each time, until none panics. Says how many did.
    fn at_each_call<O>(&self, act: impl Fn() -> O) -> usize {
        for left in 0.. {
            self.left.store(left, SeqCst);
            let acted = catch_unwind(AssertUnwindSafe(&act)).map(drop);
            self.left.store(usize::MAX, SeqCst);
            if acted.is_ok() {
                return left;
            }
        }
        unreachable!("no call compares for ever")
    }
}

struct Key(u32, Arc<Mood>);

struct Value(Arc<Mood>);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.1.step();
        self.0 == other.0
    }
}

impl Eq for Key {}

impl Clone for Key {
    fn clone(&self) -> Self {
        self.1.step();
        Self(self.0, self.1.clone())
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        self.0.step();
        Self(self.0.clone())
    }
}

fn look(mood: &Mood) {
    if let Some(cache) = mood.cache.get() {
        cache.len();
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        look(&self.1);
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        look(&self.0);
    }
}

/// A cache with some values, and what makes keys and values.
fn moody(rt: &SimRuntime) -> (Arc<Mood>, impl Fn(u32) -> Key, impl Fn() -> Value) {
    let mood = Arc::new(Mood {
        left: AtomicUsize::new(usize::MAX),
        cache: OnceLock::new(),
    });
    let second = Duration::from_secs(1);
    let builder = AsyncCache::builder(rt).capacity(1000);
    let cache = builder.ttl(second).stale_for(second).build().unwrap();
    let (of_key, of_value) = (mood.clone(), mood.clone());
    let key = move |number| Key(number, of_key.clone());
    let value = move || Value(of_value.clone());
    for number in 0..KEYS {
        cache.insert(key(number), value());
    }
    mood.cache.set(cache).ok();
    (mood, key, value)
}

/// Fails where `work` hangs.
#[expect(clippy::disallowed_methods, reason = "the tests' own watchdog")]
fn ends(work: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    let worker = thread::spawn(move || {
        work();
        done.send(()).ok();
    });
    match is_done.recv_timeout(Duration::from_secs(30)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs: what is dropped under a lock?"),
        _ => worker.join().expect("the work does not panic"),
    }
}

#[test]
fn what_cannot_be_compared_is_dropped_outside() {
    ends(|| {
        check(3, |rt| async move {
            let (mood, key, value) = moody(&rt);
            let cache = mood.cache.get().unwrap();
            assert_ne!(mood.at_each_call(|| cache.insert(key(1), value())), 0);
            assert_ne!(
                mood.at_each_call(|| cache.update(&key(2), |_| Some(value()))),
                0
            );
            // A load is under way, which is compared with, too.
            let late = key(99);
            let mut load = pin!(cache.get_or_load(&late, |_| pending()));
            let mut cx = Context::from_waker(Waker::noop());
            assert!(load.as_mut().poll(&mut cx).is_pending());
            assert_ne!(mood.at_each_call(|| cache.insert(key(99), value())), 0);
            assert_ne!(mood.at_each_call(|| cache.remove(&key(99))), 0);
            cache.clear();
        });
    });
}

#[test]
fn a_loaded_value_that_cannot_be_compared_is_dropped_outside() {
    ends(|| {
        check(3, |rt| async move {
            let (mood, key, value) = moody(&rt);
            let cache = mood.cache.get().unwrap();
            let second = Duration::from_secs(1);
            let (rt2, ends) = (rt.clone(), value());
            assert!(cache.refresh(&key(1), |_| async move {
                rt2.sleep(second / 2).await;
                ends
            }));
            rt.sleep(second / 4).await;
            // The key and the value are cloned for the entry, which is compared then.
            mood.left.store(2, SeqCst);
            rt.sleep(second / 2).await;
            mood.left.store(usize::MAX, SeqCst);
            assert_eq!(cache.stats().in_flight, 0);
            cache.clear();
        });
    });
}

#[test]
fn what_is_stale_and_cannot_be_compared_is_dropped_outside() {
    ends(|| {
        check(3, |rt| async move {
            let (mood, key, _) = moody(&rt);
            let cache = mood.cache.get().unwrap();
            rt.sleep(Duration::from_millis(1500)).await;
            // Read while it is loaded anew.
            assert!(cache.refresh(&key(1), |_| pending()));
            let read = || {
                let stale = key(1);
                let mut load = pin!(cache.get_or_load(&stale, |_| pending()));
                let mut cx = Context::from_waker(Waker::noop());
                assert!(load.as_mut().poll(&mut cx).is_ready(), "it is stale");
            };
            assert_ne!(mood.at_each_call(read), 0);
            cache.clear();
        });
    });
}

#[test]
fn copies_that_are_not_complete_are_dropped_outside() {
    ends(|| {
        check(3, |rt| async move {
            let (mood, ..) = moody(&rt);
            let cache = mood.cache.get().unwrap();
            let calls = mood.at_each_call(|| cache.iter().count());
            assert_eq!(calls, 2 * KEYS as usize);
            cache.clear();
        });
    });
}
