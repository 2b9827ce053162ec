//! Channels, in three settings:
//!
//! - `turns`: one task sends an item and receives it, nobody ever waits;
//! - `pair`: a producer and a consumer, the two arms of one join, wait for each other each time the channel is full
//!   or empty;
//! - `bursts`: one task sends 100 items and receives them.

use anyrt_core::rt::{Receiver, Sender};
use futures_lite::future::zip;
use std::hint::black_box;

const BURST: u64 = 100;

macro_rules! settings {
    ($channel:ident, $make:expr, $tx:ident $item:ident $send:expr, $rx:ident $recv:expr) => {
        pub mod $channel {
            use super::*;

            pub async fn turns(capacity: usize, n: u64) {
                #[allow(unused_mut)]
                let ($tx, mut $rx) = $make(capacity);
                for $item in 0..n {
                    assert!($send);
                    black_box($recv);
                }
            }

            pub async fn pair(capacity: usize, n: u64) {
                #[allow(unused_mut)]
                let ($tx, mut $rx) = $make(capacity);
                let producer = async {
                    for $item in 0..n {
                        assert!($send);
                    }
                };
                let consumer = async {
                    for _ in 0..n {
                        black_box($recv);
                    }
                };
                zip(producer, consumer).await;
            }
        }
    };
}

macro_rules! bursts {
    ($name:ident, $make:expr, $tx:ident $item:ident $send:expr, $rx:ident $recv:expr) => {
        pub async fn $name(n: u64) {
            #[allow(unused_mut)]
            let ($tx, mut $rx) = $make;
            for _ in 0..n.div_ceil(BURST) {
                for $item in 0..BURST {
                    assert!($send);
                }
                for _ in 0..BURST {
                    black_box($recv);
                }
            }
        }
    };
}

fn anyrt_pair(
    capacity: usize,
) -> (
    anyrt_core::sync::FifoSender<u64>,
    anyrt_core::sync::FifoReceiver<u64>,
) {
    anyrt_core::sync::channel(capacity).expect("the capacity is not 0")
}

settings!(anyrt, anyrt_pair, tx item tx.send(item).await.is_ok(), rx rx.recv().await.expect("sent"));
settings!(tokio, ::tokio::sync::mpsc::channel, tx item tx.send(item).await.is_ok(), rx rx.recv().await.expect("sent"));
settings!(async_channel, ::async_channel::bounded, tx item tx.send(item).await.is_ok(), rx rx.recv().await.expect("sent"));
settings!(flume, ::flume::bounded, tx item tx.send_async(item).await.is_ok(), rx rx.recv_async().await.expect("sent"));
settings!(kanal, ::kanal::bounded_async, tx item tx.send(item).await.is_ok(), rx rx.recv().await.expect("sent"));
settings!(crossfire, ::crossfire::mpsc::bounded_async, tx item tx.send(item).await.is_ok(), rx rx.recv().await.expect("sent"));

bursts!(anyrt_bursts, anyrt_core::sync::unbounded_channel::<u64>(), tx item tx.send(item).await.is_ok(), rx rx.recv().await.expect("sent"));
bursts!(tokio_bursts, ::tokio::sync::mpsc::unbounded_channel::<u64>(), tx item tx.send(item).is_ok(), rx rx.recv().await.expect("sent"));
bursts!(async_channel_bursts, ::async_channel::unbounded::<u64>(), tx item tx.send(item).await.is_ok(), rx rx.recv().await.expect("sent"));
bursts!(flume_bursts, ::flume::unbounded::<u64>(), tx item tx.send_async(item).await.is_ok(), rx rx.recv_async().await.expect("sent"));
bursts!(kanal_bursts, ::kanal::unbounded_async::<u64>(), tx item tx.send(item).await.is_ok(), rx rx.recv().await.expect("sent"));
bursts!(crossfire_bursts, ::crossfire::mpsc::unbounded_async::<u64>(), tx item tx.send(item).is_ok(), rx rx.recv().await.expect("sent"));

/// The floor: a queue and no channel around it.
pub async fn deque(n: u64) {
    let mut queue = std::collections::VecDeque::with_capacity(100);
    for item in 0..n {
        black_box(&mut queue).push_back(item);
        black_box(black_box(&mut queue).pop_front());
    }
}
