//! An operation around a future that is ready, with somebody who listens and without.

use anyrt_core::rt::Runtime;
use anyrt_toolkit::operation::{Operation, Tracker};
use std::{
    hint::black_box,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};
use tracing::{
    Event, Instrument, Level, Metadata, Subscriber, span,
    span::{Attributes, Id, Record},
};

async fn work(i: u64) -> u64 {
    black_box(i)
}

pub async fn bare(n: u64) {
    for i in 0..n {
        black_box(work(i).await);
    }
}

/// Nobody listens, unless somebody was [told to](listening).
pub async fn anyrt<R: Runtime>(rt: R, n: u64) {
    for i in 0..n {
        let operation = Operation::new("op").field("n", i);
        black_box(operation.run(&rt, work(i)).await);
    }
}

pub async fn tracked<R: Runtime>(rt: R, n: u64) {
    Tracker::new(100).scope(anyrt(rt, n)).await;
}

/// What somebody writes who wants a span and nothing else.
pub async fn by_hand(n: u64) {
    for i in 0..n {
        let span = span!(target: "op", Level::INFO, "op", n = i);
        black_box(work(i).instrument(span).await);
    }
}

/// Wants all, and does nothing.
struct Idle(AtomicU64);

impl Subscriber for Idle {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(self.0.fetch_add(1, Relaxed))
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// From now on the process has a subscriber.
pub async fn listening(work: impl Future<Output = ()>) {
    // Where there is one already, it is this one.
    tracing::subscriber::set_global_default(Idle(AtomicU64::new(1))).ok();
    work.await;
}
