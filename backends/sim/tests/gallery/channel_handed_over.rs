//! async-channel#87: an item goes away with the `recv` that it was handed to.
//!
//! A sender gave its item to a waiting receiver, which was dropped before it ran again; nobody
//! received the item. What is handed over has two places in which it can be, and only the queue was
//! looked at.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Defer, Shared, Slot, all_idle, draw, join, round_trips, spawn},
};
use anyrt_core::rt::{JoinHandle, Runtime};
use std::collections::VecDeque;

pub(crate) const BUG: Bug = Bug {
    name: "channel_handed_over",
    library: "async-channel#87",
    symptom: Symptom::Violated("items that were received"),
    within: 60,
    run: both!(scenario),
};

const ITEMS: usize = 3;

#[derive(Clone, Default)]
struct Channel(Shared<State>);

#[derive(Default)]
struct State {
    items: VecDeque<usize>,
    receivers: VecDeque<Slot<usize>>,
}

impl Channel {
    fn send(&self, item: usize) {
        let receiver = self.0.with(|state| {
            let receiver = state.receivers.pop_front();
            if receiver.is_none() {
                state.items.push_back(item);
            }
            receiver
        });
        if let Some(receiver) = receiver {
            receiver.put(item);
        }
    }

    async fn recv<const FIXED: bool>(&self) -> usize {
        let slot = Slot::default();
        let item = self.0.with(|state| {
            let item = state.items.pop_front();
            if item.is_none() {
                state.receivers.push_back(slot.clone());
            }
            item
        });
        if let Some(item) = item {
            return item;
        }
        let leaving = Defer::new(|| {
            self.0
                .with(|state| state.receivers.retain(|other| !other.is(&slot)));
            if FIXED && let Some(item) = slot.take() {
                self.send(item);
            }
        });
        let item = slot.filled().await;
        leaving.disarm();
        item
    }
}

/// What one receiver does not take is there for another.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let channel = Channel::default();
    let received = Shared::new(0);
    let [cancelled, other] = [(); 2].map(|()| {
        let (channel, received) = (channel.clone(), received.clone());
        rt.spawn(async move {
            loop {
                channel.recv::<FIXED>().await;
                received.with(|count| *count += 1);
            }
        })
    });
    let sending = spawn(&rt, |rt| async move {
        for item in 0..ITEMS {
            round_trips(&rt, 1).await;
            channel.send(item);
        }
    });
    round_trips(&rt, draw(&rt, 4)).await;
    cancelled.abort();
    drop(cancelled.await);
    join([sending]).await;
    all_idle(&rt).await;
    drop(other);
    let received = received.with(|count| *count);
    assert_eq!(received, ITEMS, "items that were received");
}
