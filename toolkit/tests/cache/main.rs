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
#[path = "../kit/mod.rs"]
mod kit;
mod landing;
mod model;
mod rules;
mod time;
mod unlocked;

use anyrt_sim::SimRuntime;
use anyrt_toolkit::{AsyncCache, cache::CacheBuilder};
use kit::{Count, SECOND, draw};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

type Cache = AsyncCache<SimRuntime, u32, u64, &'static str>;

fn builder(rt: &SimRuntime) -> CacheBuilder<SimRuntime, u32, u64, &'static str> {
    AsyncCache::builder(rt).fallible().capacity(1000)
}

fn cache(rt: &SimRuntime) -> Cache {
    builder(rt).build().unwrap()
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

/// Numbers that a seed decides: SplitMix64, as the simulator's.
struct Drawn(u64);

impl Drawn {
    /// Apart from what the simulator draws of the same seed.
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xD134_2543_DE82_EF95))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
