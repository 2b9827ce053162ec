//! On smol. It keeps less: a destructor that panics ends the process, a task that is woken just as its executor goes
//! hangs, `is_finished` of an aborted task is not there, nor is the place of the spawn.

use super::{super::spawn::child, Ended};
use async_executor::FallibleTask;
use smol::future::FutureExt;
use std::{
    any::Any,
    cell::Cell,
    hint::black_box,
    mem,
    panic::AssertUnwindSafe,
    pin::{Pin, pin},
    sync::{Mutex, PoisonError},
    task::{Context, Poll, Waker, ready},
};

thread_local! {
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// What such a program calls in place of `smol::block_on`.
pub fn block_on<F: Future>(future: F) -> F::Output {
    assert!(!BUSY.get(), "this would block the executor");
    smol::block_on(marked(future))
}

/// Marks its thread while it is polled.
async fn marked<F: Future>(future: F) -> F::Output {
    struct Unmark(bool);
    impl Drop for Unmark {
        fn drop(&mut self) {
            BUSY.set(self.0);
        }
    }
    let mut future = pin!(future);
    std::future::poll_fn(|cx| {
        let _unmark = Unmark(BUSY.replace(true));
        future.as_mut().poll(cx)
    })
    .await
}

type Caught<T> = Result<T, Box<dyn Any + Send>>;
type Cancel<T> = Pin<Box<dyn Future<Output = Option<Caught<T>>> + Send>>;

pub struct OnSmol<T>(Mutex<State<T>>);

enum State<T> {
    Running(FallibleTask<Caught<T>>),
    Aborting(Cancel<T>),
    Over,
}

impl<T: Send + 'static> OnSmol<T> {
    pub fn spawn(
        executor: &smol::Executor<'static>,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Self {
        let task = executor.spawn(AssertUnwindSafe(marked(work)).catch_unwind());
        Self(Mutex::new(State::Running(task.fallible())))
    }

    pub fn spawn_global(work: impl Future<Output = T> + Send + 'static) -> Self {
        let task = smol::spawn(AssertUnwindSafe(marked(work)).catch_unwind());
        Self(Mutex::new(State::Running(task.fallible())))
    }

    pub fn abort(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Running(task) = &*state
            && !task.is_finished()
            && let State::Running(task) = mem::replace(&mut *state, State::Over)
        {
            let mut cancel: Cancel<T> = Box::pin(task.cancel());
            // It is cancelled by the first poll.
            drop(
                cancel
                    .as_mut()
                    .poll(&mut Context::from_waker(Waker::noop())),
            );
            *state = State::Aborting(cancel);
        }
    }
}

impl<T> Future for OnSmol<T> {
    type Output = Result<T, Ended>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let state = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let ended = match state {
            State::Running(task) => ready!(Pin::new(task).poll(cx)),
            State::Aborting(cancel) => ready!(cancel.as_mut().poll(cx)),
            State::Over => None,
        };
        Poll::Ready(match ended {
            Some(ended) => ended.map_err(Ended::Panicked),
            None => Err(Ended::Cancelled),
        })
    }
}

impl<T> Drop for OnSmol<T> {
    fn drop(&mut self) {
        let state = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let State::Running(task) = mem::replace(state, State::Over) {
            task.detach();
        }
    }
}

pub async fn on_smol(executor: &'static smol::Executor<'static>, n: u64) {
    for i in 0..n {
        black_box(OnSmol::spawn(executor, child(i)).await.expect("it ends"));
    }
}

pub async fn on_smol_global(n: u64) {
    for i in 0..n {
        black_box(OnSmol::spawn_global(child(i)).await.expect("it ends"));
    }
}
