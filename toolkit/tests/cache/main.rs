//! The cache, on the simulator: over schedules, against a model, through a day.

mod bad_input;
mod bounds;
mod clock;
mod day;
mod errors;
mod flights;
mod given_up;
mod handed_over;
mod history;
mod landing;
mod model;
mod time;

use anyrt_core::rt::Entropy;
use anyrt_sim::SimRuntime;
use anyrt_toolkit::{AsyncCache, cache::CacheBuilder};
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
    time::Duration,
};

const SECOND: Duration = Duration::from_secs(1);

type Cache = AsyncCache<SimRuntime, u32, u64, &'static str>;

fn builder(rt: &SimRuntime) -> CacheBuilder<SimRuntime, u32, u64, &'static str> {
    AsyncCache::builder(rt).fallible().capacity(1000)
}

fn cache(rt: &SimRuntime) -> Cache {
    builder(rt).build().unwrap()
}

/// Between 0 and `most`.
fn draw(rt: &SimRuntime, most: u64) -> u64 {
    rt.random_u64() % (most + 1)
}

/// A count that tasks share.
#[derive(Debug, Clone, Default)]
struct Count(Arc<AtomicUsize>);

impl Count {
    fn up(&self) -> usize {
        self.0.fetch_add(1, SeqCst) + 1
    }

    fn down(&self) {
        self.0.fetch_sub(1, SeqCst);
    }

    fn get(&self) -> usize {
        self.0.load(SeqCst)
    }
}

/// Counts down when it goes.
struct Down(Count);

impl Drop for Down {
    fn drop(&mut self) {
        self.0.down();
    }
}

/// Gives a future so many polls; dropped then, it gives `None`.
struct Polls<F> {
    inner: Option<Pin<Box<F>>>,
    left: u64,
}

fn polls<F: Future>(left: u64, inner: F) -> Polls<F> {
    let inner = Some(Box::pin(inner));
    Polls { inner, left }
}

impl<F: Future> Future for Polls<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let Some(inner) = &mut self.inner else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(output) = inner.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.inner = None;
            return Poll::Ready(None);
        }
        Poll::Pending
    }
}
