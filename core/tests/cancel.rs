//! Tokens under strain: long chains, crowds, wakers that panic, threads that race.
//!
//! These races are tried, not model-checked: a token keeps its reason in a `OnceLock`, which loom
//! has none of.

mod support;

use anyrt_core::cancel::{Cancellable, CancellationToken};
use std::{
    future::pending,
    hint,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Barrier, mpsc},
    thread,
};
use support::{Counter, Panics, block_on, poll_with};

const LONG: usize = 100_000;

/// A stack on which nothing recurses a hundred thousand times, nor a thousand.
#[allow(clippy::disallowed_types)] // A test has no runtime to ask.
fn on_a_small_stack(test: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(64 * 1024);
        thread.spawn_scoped(scope, test).unwrap();
    });
}

fn chain(root: &CancellationToken) -> CancellationToken {
    (0..LONG).fold(root.clone(), |token, _| token.child())
}

#[test]
fn a_long_chain_is_cancelled_from_its_top() {
    on_a_small_stack(|| {
        let root = CancellationToken::new();
        let leaf = chain(&root);
        root.cancel_with("all of it");
        assert_eq!(leaf.reason(), root.reason());
    });
}

#[test]
fn a_long_chain_is_dropped_from_either_end() {
    on_a_small_stack(|| {
        let root = CancellationToken::new();
        drop(chain(&root));
        let leaf = chain(&root);
        drop(root);
        drop(leaf);
        let mut all = vec![CancellationToken::new()];
        for _ in 0..LONG {
            all.push(all[all.len() - 1].child());
        }
        // From the top, then what is left from the bottom.
        all.drain(..LONG / 2);
        while all.pop().is_some() {}
    });
}

#[test]
fn a_long_chain_is_cancelled_link_by_link_in_no_time() {
    // Were each to walk all that is below it, this would be five billion steps.
    on_a_small_stack(|| {
        let mut all = vec![CancellationToken::new()];
        for _ in 0..LONG {
            all.push(all[all.len() - 1].child());
        }
        for token in &all {
            token.cancel();
        }
        assert!(all.iter().all(CancellationToken::is_cancelled));
    });
}

#[test]
fn a_waker_that_panics_keeps_nobody_from_being_woken() {
    let root = CancellationToken::new();
    let children = [root.child(), root.child(), root.child()];
    let (panics, (counter, counts)) = (Panics::waker(), Counter::new());
    let mut waits: Vec<_> = children.iter().map(CancellationToken::cancelled).collect();
    for (wait, waker) in waits.iter_mut().zip([&counts, &panics, &counts]) {
        let polled = poll_with(pin!(wait), waker);
        assert!(polled.is_pending());
    }
    let caught = catch_unwind(AssertUnwindSafe(|| root.cancel()));
    assert!(caught.is_err(), "the panic is told to whoever cancels");
    assert_eq!(counter.count(), 2);
    assert!(children.iter().all(CancellationToken::is_cancelled));
    root.cancel();
    assert!(root.child().is_cancelled());
}

#[test]
fn of_two_who_cancel_at_once_one_reason_is_everywhere() {
    for _ in 0..300 {
        let root = CancellationToken::new();
        let below: Vec<_> = (0..20)
            .map(|_| root.child())
            .flat_map(|child| [child.child(), child])
            .collect();
        let start = Barrier::new(2);
        thread::scope(|scope| {
            for reason in ["one", "the other"] {
                let (root, below, start) = (&root, &below, &start);
                scope.spawn(move || {
                    start.wait();
                    root.cancel_with(reason);
                    for token in below {
                        assert_eq!(token.reason(), root.reason(), "cancelled on return");
                    }
                });
            }
        });
    }
}

#[test]
fn children_that_are_cancelled_may_go_while_their_parent_is_cancelled() {
    const ROUNDS: usize = 5_000;
    let (give, take) = mpsc::sync_channel::<Vec<CancellationToken>>(0);
    thread::scope(|scope| {
        scope.spawn(move || {
            // The last to hold one may be whoever walks over it: under no lock, or it hangs.
            take.into_iter().for_each(drop);
        });
        for round in 0..ROUNDS {
            let root = CancellationToken::new();
            let children: Vec<_> = (0..8).map(|_| root.child()).collect();
            children.iter().for_each(CancellationToken::cancel);
            give.send(children).unwrap();
            for _ in 0..round % 50 {
                hint::spin_loop();
            }
            root.cancel();
        }
        drop(give);
    });
}

#[test]
fn whoever_is_born_waits_or_goes_while_it_is_cancelled_hears_of_it() {
    const THREADS: usize = 3;
    for round in 0..300 {
        let root = CancellationToken::new();
        let start = Barrier::new(THREADS + 1);
        thread::scope(|scope| {
            for n in 0..THREADS {
                let (root, start) = (&root, &start);
                scope.spawn(move || {
                    let middle = root.child();
                    start.wait();
                    for _ in 0..round % 20 {
                        drop((middle.child().child(), root.child()));
                    }
                    let leaf = middle.child();
                    drop(middle);
                    // A wake that is lost is a hang.
                    let reason = match n {
                        0 => block_on(leaf.cancelled()),
                        1 => block_on(leaf.clone().cancelled_owned()),
                        _ => {
                            let given_up = block_on(pending::<()>().cancellable(&leaf));
                            given_up.unwrap_err().reason
                        }
                    };
                    assert_eq!(Some(&reason), root.reason());
                    assert!(leaf.child().is_cancelled());
                });
            }
            start.wait();
            root.cancel();
        });
    }
}
