//! The one-shot channel under loom: every interleaving of its two halves.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p anyrt-core --release --lib loom`.

use super::oneshot::{self, Receiver, Sender};
use crate::error::Closed;
use loom::{future::block_on, thread};

/// Runs `one` and `other` on a thread each, twice: either is the first thread once. For loom does not
/// see the counts of std's `Arc`, and an order in which the first thread meets nobody ends the search.
fn race<A: Send + 'static, B: Send + 'static>(
    one: impl FnOnce(Sender<u32>) -> A + Copy + Send + Sync + 'static,
    other: impl FnOnce(Receiver<u32>) -> B + Copy + Send + Sync + 'static,
    check: impl Fn(A, B) + Copy + Send + Sync + 'static,
) {
    loom::model(move || {
        let (tx, rx) = oneshot::channel();
        let thread = thread::spawn(move || one(tx));
        let received = other(rx);
        check(thread.join().unwrap(), received);
    });
    loom::model(move || {
        let (tx, rx) = oneshot::channel();
        let thread = thread::spawn(move || other(rx));
        let sent = one(tx);
        check(sent, thread.join().unwrap());
    });
}

#[test]
fn a_value_wakes_whoever_waits() {
    race(
        |tx| tx.send(1),
        |rx| block_on(rx),
        |sent, received| assert_eq!((sent, received), (Ok(()), Ok(1))),
    );
}

#[test]
fn a_sender_that_leaves_wakes_whoever_waits() {
    race(
        drop,
        |rx| block_on(rx),
        |(), received| assert_eq!(received, Err(Closed)),
    );
}

#[test]
fn a_receiver_that_leaves_wakes_whoever_waits() {
    race(|mut tx| block_on(tx.closed()), drop, |(), ()| ());
}

#[test]
fn a_value_is_received_or_handed_back() {
    race(
        |tx| tx.send(1),
        |mut rx| {
            rx.close();
            block_on(rx)
        },
        |sent, received| match sent {
            Ok(()) => assert_eq!(received, Ok(1)),
            Err(back) => assert_eq!((back, received), (1, Err(Closed))),
        },
    );
}
