//! The cost of n children grows with n, in every pattern of wakes: counted in polls.

use crate::{children::*, support::*};
use anyrt_core::join::join_all;
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    pin::pin,
    task::{Poll, Waker},
};

fn polls(remotes: &[Remote]) -> usize {
    remotes.iter().map(Remote::polls).sum()
}

/// All polls of `n` children that are woken one after the other.
fn polls_one_at_a_time(n: usize) -> usize {
    let remotes = Remote::many(n);
    let mut all = pin!(join_all(remotes.iter().map(|remote| remote.child(()))));
    assert!(settle(all.as_mut()).is_pending());
    for turn in 0..n {
        remotes[(turn * 7_919) % n].open();
        assert_eq!(settle(all.as_mut()).is_ready(), turn == n - 1);
    }
    polls(&remotes)
}

#[test]
fn waking_one_at_a_time_is_linear() {
    let (few, many) = (polls_one_at_a_time(1_000), polls_one_at_a_time(4_000));
    assert_eq!(few, 2 * 1_000);
    assert!(many as f64 <= few as f64 * 4.4, "{few} polls, then {many}");
}

/// The polls of `n` children that are all woken at once, of which only 100 a poll of the task get
/// anywhere: the others wake themselves, as leaf futures do whose runtime's budget is used up.
fn polls_with_a_budget(n: usize) -> usize {
    let (budget, polls) = (Cell::new(0), Cell::new(0));
    let go = Cell::new(false);
    let wakers = RefCell::new(Vec::new());
    let deferred = RefCell::new(Vec::new());
    let children = (0..n).map(|_| {
        poll_fn(|cx| {
            polls.set(polls.get() + 1);
            if !go.get() {
                wakers.borrow_mut().push(cx.waker().clone());
                return Poll::Pending;
            }
            if budget.get() == 0 {
                // Woken when the task has returned, which is what tokio does.
                deferred.borrow_mut().push(cx.waker().clone());
                return Poll::Pending;
            }
            budget.set(budget.get() - 1);
            Poll::Ready(())
        })
    });
    let mut all = pin!(join_all(children));
    assert!(poll(all.as_mut()).is_pending());
    go.set(true);
    wakers.take().into_iter().for_each(Waker::wake);
    loop {
        budget.set(100);
        if poll(all.as_mut()).is_ready() {
            return polls.get();
        }
        deferred.take().into_iter().for_each(Waker::wake);
    }
}

#[test]
fn a_budget_of_the_runtime_is_linear() {
    let (few, many) = (polls_with_a_budget(2_000), polls_with_a_budget(8_000));
    assert!(many as f64 <= few as f64 * 4.4, "{few} polls, then {many}");
    assert!(few <= 2_000 * 3, "{few} polls for 2000 children");
}
