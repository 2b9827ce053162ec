//! One value once, every value to all, the latest value.
//!
//! - `ready`: the value is there when the receiver looks;
//! - `waits`: the receiver looks first, and is woken;
//! - `turns`: one task sends, and all receivers receive, nobody ever waits.

use futures_lite::future::zip;
use std::hint::black_box;

macro_rules! oneshots {
    ($name:ident, $make:expr, $tx:ident $item:ident $send:expr) => {
        pub mod $name {
            use super::*;

            pub async fn ready(n: u64) {
                for $item in 0..n {
                    let ($tx, rx) = black_box($make);
                    $send;
                    black_box(rx.await.expect("sent"));
                }
            }

            pub async fn waits(n: u64) {
                for $item in 0..n {
                    let ($tx, rx) = black_box($make);
                    zip(async { black_box(rx.await.expect("sent")) }, async {
                        $send;
                    })
                    .await;
                }
            }
        }
    };
}

oneshots!(oneshot_anyrt, anyrt_core::channel::oneshot::channel::<u64>(), tx item tx.send(item).expect("received"));
oneshots!(oneshot_tokio, ::tokio::sync::oneshot::channel::<u64>(), tx item tx.send(item).expect("received"));
oneshots!(oneshot_mea, ::mea::oneshot::channel::<u64>(), tx item tx.send(item).expect("received"));
oneshots!(oneshot_crossfire, ::crossfire::oneshot::oneshot::<u64>(), tx item tx.send(item));

macro_rules! broadcasts {
    ($name:ident, $make:expr, $tx:ident $item:ident $send:expr, $rx:ident $subscribe:expr, $recv:expr) => {
        pub async fn $name(receivers: usize, n: u64) {
            let ($tx, $rx) = $make;
            let mut all: Vec<_> = (1..receivers).map(|_| $subscribe).collect();
            all.push($rx);
            for $item in 0..n {
                $send;
                for $rx in &mut all {
                    black_box($recv.await.expect("sent"));
                }
            }
        }
    };
}

fn overflowing() -> (async_broadcast::Sender<u64>, async_broadcast::Receiver<u64>) {
    let (mut tx, rx) = async_broadcast::broadcast(16);
    tx.set_overflow(true);
    (tx, rx)
}

broadcasts!(broadcast_anyrt, anyrt_core::channel::broadcast::channel::<u64>(16).expect("not 0"), tx item tx.send(item).expect("received"), rx tx.subscribe(), rx.recv());
broadcasts!(broadcast_tokio, ::tokio::sync::broadcast::channel::<u64>(16), tx item tx.send(item).expect("received"), rx tx.subscribe(), rx.recv());
broadcasts!(broadcast_mea, ::mea::broadcast::overflow::channel::<u64>(16), tx item tx.send(item), rx tx.subscribe(), rx.recv());
broadcasts!(broadcast_async, overflowing(), tx item tx.try_broadcast(item).expect("it overflows"), rx tx.new_receiver(), rx.recv_direct());

pub async fn watch_anyrt(n: u64) {
    let (tx, mut rx) = anyrt_core::channel::watch::channel(0);
    for item in 1..=n {
        tx.send(item);
        black_box(*rx.changed().await.expect("sent"));
    }
}

pub async fn watch_tokio(n: u64) {
    let (tx, mut rx) = ::tokio::sync::watch::channel(0);
    for item in 1..=n {
        tx.send(item).expect("received");
        rx.changed().await.expect("sent");
        black_box(*rx.borrow_and_update());
    }
}

/// Looks that find nothing new.
pub async fn look_anyrt(n: u64) {
    let (_tx, rx) = anyrt_core::channel::watch::channel(0_u64);
    for _ in 0..n {
        black_box(*black_box(&rx).latest());
    }
}

pub async fn look_tokio(n: u64) {
    let (_tx, rx) = ::tokio::sync::watch::channel(0_u64);
    for _ in 0..n {
        black_box(*black_box(&rx).borrow());
    }
}

pub async fn queue_anyrt(n: u64) {
    use anyrt_core::channel::queue::{Order, Queue};
    let queue = Queue::bounded(Order::fifo(), 100).expect("not 0");
    for item in 0..n {
        queue.put(item).await.expect("open");
        black_box(*queue.get().await.expect("open"));
    }
}

/// The same without an end to wait for.
pub async fn queue_async_channel(n: u64) {
    let (tx, rx) = async_channel::bounded(100);
    for item in 0..n {
        tx.send(item).await.expect("open");
        black_box(rx.recv().await.expect("open"));
    }
}
