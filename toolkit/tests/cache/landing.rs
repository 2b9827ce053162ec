//! Loads whose end runs into a panic of the user's: those who wait are told all the same.

use super::SECOND;
use anyrt_core::channel::oneshot;
use anyrt_sim::check;
use anyrt_toolkit::AsyncCache;
use std::{
    future::Future,
    hash::{Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
};

/// What panics once when it is told to: where it is dropped, or compared.
#[derive(Debug, Clone, Default)]
struct Mine(Arc<AtomicBool>);

impl Mine {
    fn arm(&self) {
        self.0.store(true, SeqCst);
    }

    fn go_off(&self) {
        assert!(!self.0.swap(false, SeqCst), "a mine");
    }
}

#[derive(Debug, Clone)]
struct Value(u32, Option<Mine>);

impl Drop for Value {
    fn drop(&mut self) {
        self.1.iter().for_each(Mine::go_off);
    }
}

#[derive(Debug, Clone)]
struct Key(u32, Option<Mine>);

impl Eq for Key {}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.1.iter().for_each(Mine::go_off);
        self.0 == other.0
    }
}

/// All collide.
impl Hash for Key {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

type Call<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + 'a>>;

fn poll<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    let mut cx = Context::from_waker(Waker::noop());
    future.as_mut().poll(&mut cx)
}

/// Two wait for a load, and the poll of the first, which ends it, meets the mine. The second has its result.
fn second_hears<T, E>(calls: [Call<'_, T, E>; 2], end: impl FnOnce(), mine: &Mine) -> Result<T, E> {
    let [mut first, mut second] = calls;
    assert!(poll(&mut first).is_pending() && poll(&mut second).is_pending());
    mine.arm();
    end();
    let driven = catch_unwind(AssertUnwindSafe(|| poll(&mut first).is_ready()));
    assert!(driven.is_err(), "the mine went off");
    drop(first);
    match poll(&mut second) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("nobody told the second one"),
    }
}

#[test]
fn the_value_that_makes_room_may_panic() {
    check(1, |rt| async move {
        let cache: AsyncCache<_, u32, Value> =
            AsyncCache::builder(&rt).capacity(1).build().unwrap();
        let mine = Mine::default();
        cache.insert(1, Value(1, Some(mine.clone())));
        let (end, ended) = oneshot::channel();
        let calls: [Call<'_, _, _>; 2] = [
            Box::pin(cache.get_or_load(&2, |_| async { ended.await.unwrap() })),
            Box::pin(cache.get_or_load(&2, |_| async { unreachable!() })),
        ];
        let value = second_hears(calls, || end.send(Value(2, None)).unwrap(), &mine);
        assert_eq!(value.unwrap().0, 2);
        assert_eq!(cache.get(&2).unwrap().0, 2);
        assert_eq!(cache.stats().in_flight, 0);
    });
}

#[test]
fn the_keys_eq_may_panic() {
    check(1, |rt| async move {
        let cache: AsyncCache<_, Key, u32> = AsyncCache::builder(&rt).capacity(10).build().unwrap();
        let mine = Mine::default();
        cache.insert(Key(1, Some(mine.clone())), 1);
        let (end, ended) = oneshot::channel();
        let key = Key(2, None);
        let calls: [Call<'_, _, _>; 2] = [
            Box::pin(cache.get_or_load(&key, |_| async { ended.await.unwrap() })),
            Box::pin(cache.get_or_load(&key, |_| async { unreachable!() })),
        ];
        let value = second_hears(calls, || end.send(2).unwrap(), &mine);
        assert_eq!(value.unwrap(), 2);
        assert_eq!(cache.stats().in_flight, 0);
    });
}

#[test]
fn the_error_that_makes_room_may_panic() {
    check(1, |rt| async move {
        let cache: AsyncCache<_, u32, u32, Value> = AsyncCache::builder(&rt)
            .fallible()
            .capacity(1)
            .errors_for(SECOND)
            .build()
            .unwrap();
        let mine = Mine::default();
        let mined = Value(1, Some(mine.clone()));
        drop(cache.get_or_try_load(&1, |_| async { Err(mined) }).await);
        let (end, ended) = oneshot::channel();
        let calls: [Call<'_, _, _>; 2] = [
            Box::pin(cache.get_or_try_load(&2, |_| async { Err(ended.await.unwrap()) })),
            Box::pin(cache.get_or_try_load(&2, |_| async { unreachable!() })),
        ];
        let error = second_hears(calls, || end.send(Value(2, None)).unwrap(), &mine);
        assert_eq!(error.unwrap_err().error().unwrap().0, 2);
        assert_eq!(cache.stats().in_flight, 0);
    });
}
