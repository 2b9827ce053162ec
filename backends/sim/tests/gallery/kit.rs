//! What the miniatures are made of: shared state that can be waited for, and ways to give up.

use anyrt_core::{
    JoinError,
    rt::{Entropy, JoinHandle, Sleep, Spawn, SpawnBlocking},
    try_join_all,
};
use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::{Poll, Waker},
    time::Duration,
};

/// State that tasks share. Whoever waits for it is woken by [`change`](Self::change), and not by
/// [`with`](Self::with): to forget a wake-up is to write the one for the other.
#[derive(Debug, Default)]
pub(crate) struct Shared<T>(Arc<Mutex<(T, Vec<Waker>)>>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Shared<T> {
    pub(crate) fn new(state: T) -> Self {
        Self(Arc::new(Mutex::new((state, Vec::new()))))
    }

    pub(crate) fn with<O>(&self, look: impl FnOnce(&mut T) -> O) -> O {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).0)
    }

    pub(crate) fn change<O>(&self, change: impl FnOnce(&mut T) -> O) -> O {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let output = change(&mut inner.0);
        let woken = std::mem::take(&mut inner.1);
        drop(inner);
        woken.into_iter().for_each(Waker::wake);
        output
    }

    /// Waits until `ready` gives something.
    pub(crate) async fn until<O>(&self, mut ready: impl FnMut(&mut T) -> Option<O>) -> O {
        poll_fn(|cx| {
            let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match ready(&mut inner.0) {
                Some(output) => Poll::Ready(output),
                None => {
                    inner.1.push(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A waiter's place in a queue, into which something is put for it.
pub(crate) type Slot<T> = Shared<Option<T>>;

impl<T> Slot<T> {
    pub(crate) fn put(&self, item: T) {
        self.change(|slot| *slot = Some(item));
    }

    /// Takes what was put in; until then the waiter has not heard of it.
    pub(crate) fn take(&self) -> Option<T> {
        self.with(Option::take)
    }

    pub(crate) async fn filled(&self) -> T {
        self.until(Option::take).await
    }
}

/// Does something when it is dropped: also where the future around it was given up.
pub(crate) struct Defer<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Defer<F> {
    pub(crate) fn new(action: F) -> Self {
        Self(Some(action))
    }

    pub(crate) fn disarm(mut self) {
        self.0 = None;
    }
}

impl<F: FnOnce()> Drop for Defer<F> {
    fn drop(&mut self) {
        if let Some(action) = self.0.take() {
            action();
        }
    }
}

/// A number from 0 to `most`, drawn.
pub(crate) fn draw<R: Entropy>(rt: &R, most: u64) -> u64 {
    rt.random_u64() % (most + 1)
}

/// Has so many things done elsewhere, one after the other: reads, queries, whatever. How long each
/// takes is the schedule's choice, which it would not be of a `yield_now`: that lets the others go first.
pub(crate) async fn round_trips<R: SpawnBlocking>(rt: &R, times: u64) {
    for _ in 0..times {
        rt.spawn_blocking(|| ()).await.expect("it does nothing");
    }
}

/// Waits until nobody has anything left to do: simulated time moves only then.
pub(crate) async fn all_idle<R: Sleep>(rt: &R) {
    rt.sleep(Duration::from_millis(1)).await;
}

/// Spawns what wants the runtime, too.
#[track_caller]
pub(crate) fn spawn<R, F, Fut>(rt: &R, task: F) -> R::JoinHandle<Fut::Output>
where
    R: Spawn + Clone,
    F: FnOnce(R) -> Fut,
    Fut: Future<Output: Send> + Send + 'static,
{
    rt.spawn(task(rt.clone()))
}

/// Joins tasks of which none is aborted. What one panics with goes on at once, whatever the others
/// wait for.
pub(crate) async fn join<T>(tasks: impl IntoIterator<Item = impl JoinHandle<T>>) -> Vec<T> {
    let joined = try_join_all(tasks).await;
    joined.map_err(JoinError::resume).expect("none is aborted")
}

/// Polls it now, and has no more to do with it. Says whether it was ready.
pub(crate) async fn poll_once(mut future: Pin<&mut impl Future>) -> bool {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await
}

/// Gives `future` up in place of the poll that comes after so many.
pub(crate) async fn up_to_polls<F: Future>(polls: u64, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(cx).map(Some)
    })
    .await
}
