//! Many futures in one task: an operation is one batch of them.

use anyrt_core::join;
use futures_util::{StreamExt, future::join_all, stream::FuturesUnordered};
use std::{
    future::poll_fn,
    hint::black_box,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
};

/// Ready at its first poll, or at its second after it has woken itself.
pub struct Yields {
    left: bool,
    value: usize,
}

impl Future for Yields {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        if std::mem::take(&mut self.left) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.value)
    }
}

fn ready(value: usize) -> Yields {
    let left = false;
    Yields { left, value }
}

fn yields(value: usize) -> Yields {
    let left = true;
    Yields { left, value }
}

/// A switch that a child waits at.
#[derive(Default)]
pub struct Switch {
    on: AtomicBool,
    waiter: Mutex<Option<Waker>>,
}

impl Switch {
    fn turn_on(&self) {
        self.on.store(true, Relaxed);
        let waiter = self.waiter.lock().expect("nobody panics").take();
        waiter.into_iter().for_each(Waker::wake);
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.on.load(Relaxed) {
            return Poll::Ready(());
        }
        *self.waiter.lock().expect("nobody panics") = Some(cx.waker().clone());
        Poll::Pending
    }
}

fn switches(count: usize) -> Vec<Arc<Switch>> {
    (0..count).map(|_| Arc::default()).collect()
}

/// Turns the switches on one after the other, far from the order of the children, with a poll
/// after each.
async fn one_at_a_time(switches: &[Arc<Switch>], all: impl Future) {
    let mut all = pin!(all);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(all.as_mut().poll(&mut cx).is_pending());
    let count = switches.len();
    for turn in 0..count {
        // A step that has no factor in common with a power of ten.
        switches[(turn * 7_919) % count].turn_on();
        let ready = all.as_mut().poll(&mut cx).is_ready();
        assert_eq!(ready, turn == count - 1);
    }
}

macro_rules! contenders {
    ($($name:ident: $all:expr;)+) => {$(
        pub mod $name {
            use super::*;

            pub async fn no_op(size: usize, n: u64) {
                for _ in 0..n {
                    black_box($all((0..black_box(size)).map(ready)).await);
                }
            }

            pub async fn yield_once(size: usize, n: u64) {
                for _ in 0..n {
                    black_box($all((0..black_box(size)).map(yields)).await);
                }
            }

            pub async fn one_at_a_time(size: usize, n: u64) {
                for _ in 0..n {
                    let switches = switches(black_box(size));
                    let children = switches.iter().map(|switch| poll_fn(|cx| switch.poll(cx)));
                    super::one_at_a_time(&switches, $all(children)).await;
                }
            }

            /// Their deadline has passed, so only the budget of tokio's task is in the way.
            pub async fn sleeps(size: usize, n: u64) {
                for _ in 0..n {
                    let now = tokio::time::Instant::now();
                    black_box($all((0..black_box(size)).map(|_| tokio::time::sleep_until(now))).await);
                }
            }
        }
    )+};
}

async fn with_set<F: Future>(children: impl Iterator<Item = F>) {
    let mut set: join::FutureSet<F> = children.collect();
    while let Some(output) = set.next().await {
        black_box(output);
    }
}

async fn with_unordered<F: Future>(children: impl Iterator<Item = F>) {
    let mut set: FuturesUnordered<F> = children.collect();
    while let Some(output) = set.next().await {
        black_box(output);
    }
}

async fn with_concurrency<F: Future>(children: impl Iterator<Item = F>) {
    use futures_concurrency::future::Join;
    black_box(children.collect::<Vec<_>>().join().await);
}

contenders! {
    anyrt: join::join_all;
    anyrt_set: with_set;
    futures: join_all;
    unordered: with_unordered;
    buffered: futures_buffered::join_all;
    concurrency: with_concurrency;
}
