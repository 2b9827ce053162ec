//! The budget that tokio gives each task, and many futures in one: polls grow with their number.

use anyrt_core::join::{FutureSet, join_all};
use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, sleep_until};

/// Sleeps that end together; each poll is counted.
fn sleeps(n: usize, polls: &AtomicUsize) -> impl Iterator<Item = impl Future<Output = ()>> {
    let deadline = Instant::now() + Duration::from_millis(10);
    (0..n).map(move |_| {
        let mut sleep = Box::pin(sleep_until(deadline));
        poll_fn(move |cx| {
            polls.fetch_add(1, Relaxed);
            sleep.as_mut().poll(cx)
        })
    })
}

async fn polls_of_join(n: usize) -> usize {
    let polls = AtomicUsize::new(0);
    join_all(sleeps(n, &polls)).await;
    polls.into_inner()
}

async fn polls_of_set(n: usize) -> usize {
    let polls = AtomicUsize::new(0);
    let mut set: FutureSet<_> = sleeps(n, &polls).collect();
    while set.next().await.is_some() {}
    drop(set);
    polls.into_inner()
}

fn is_linear(few: usize, many: usize) {
    assert!(few >= 2 * 1_000, "the budget is in the way, {few} polls");
    assert!(many * 10 <= few * 44, "{few} polls, then {many}");
}

/// Paused, so that all of them fire in one turn of the clock.
#[tokio::test(start_paused = true)]
async fn sleeps_that_fire_together_are_linear() {
    let few = tokio::spawn(polls_of_join(2_000)).await.unwrap();
    let many = tokio::spawn(polls_of_join(8_000)).await.unwrap();
    is_linear(few, many);
    let few = tokio::spawn(polls_of_set(2_000)).await.unwrap();
    let many = tokio::spawn(polls_of_set(8_000)).await.unwrap();
    is_linear(few, many);
}

/// A future that is ready whenever it is polled, as far as the budget goes.
struct Greedy(u32);

impl Future for Greedy {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        while self.0 > 0 {
            let proceed = std::pin::pin!(tokio::task::coop::consume_budget());
            if proceed.poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.0 -= 1;
        }
        Poll::Ready(())
    }
}

/// A branch that uses up the whole budget in every poll leaves the others something.
#[tokio::test]
async fn a_greedy_branch_starves_nobody() {
    let done = tokio::spawn(async {
        anyrt_core::race!(
            async {
                Greedy(u32::MAX).await;
                false
            },
            async {
                Greedy(1_000).await;
                true
            }
        )
    });
    assert!(done.await.unwrap());
}
