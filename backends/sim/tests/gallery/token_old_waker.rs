//! tokio#4497 (`CancellationToken`): a future that moved to another task is not woken.
//!
//! A future was polled in one task and awaited in another; the cancellation woke the first. The
//! condition under which a new waker replaces the kept one was wrong, so that the old one stayed.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Shared, draw, join, poll_once, round_trips, spawn},
};
use anyrt_core::rt::Runtime;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

pub(crate) const BUG: Bug = Bug {
    name: "token_old_waker",
    library: "tokio-util, tokio#4497",
    symptom: Symptom::Deadlock,
    within: 30,
    run: both!(scenario),
};

#[derive(Clone, Default)]
struct Token(Shared<State>);

#[derive(Default)]
struct State {
    is_cancelled: bool,
    waker: Option<Waker>,
}

impl Token {
    fn cancel(&self) {
        let waker = self.0.with(|state| {
            state.is_cancelled = true;
            state.waker.take()
        });
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

struct Cancelled<const FIXED: bool>(Token);

impl<const FIXED: bool> Future for Cancelled<FIXED> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        self.0.0.with(|state| {
            if state.is_cancelled {
                return Poll::Ready(());
            }
            match &state.waker {
                Some(kept) if kept.will_wake(&waker) == FIXED => {}
                _ => state.waker = Some(waker),
            }
            Poll::Pending
        })
    }
}

/// Whoever polled last is woken.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let token = Token::default();
    let cancelling = {
        let token = token.clone();
        let late = draw(&rt, 3);
        spawn(&rt, |rt| async move {
            round_trips(&rt, late).await;
            token.cancel();
        })
    };
    let mut cancelled = Cancelled::<FIXED>(token);
    poll_once(Pin::new(&mut cancelled)).await;
    let waiting = rt.spawn(cancelled);
    join([cancelling, waiting]).await;
}
