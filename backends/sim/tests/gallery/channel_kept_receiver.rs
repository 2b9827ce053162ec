//! async-channel#49: items lie in a channel, and a receiver sleeps.
//!
//! The first item woke a receiver whose future was forgotten: neither polled nor dropped. The second
//! woke nobody, for one had been woken and had not run yet, so a receiver that was polled slept on.
//! Each item is a notification of its own.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Defer, Shared, Slot, join, poll_once, round_trips, spawn},
};
use anyrt_core::rt::Runtime;
use std::pin::pin;

pub(crate) const BUG: Bug = Bug {
    name: "channel_kept_receiver",
    library: "async-channel#49",
    symptom: Symptom::Deadlock,
    within: 60,
    run: both!(scenario),
};

#[derive(Clone, Default)]
struct Channel(Shared<State>);

#[derive(Default)]
struct State {
    items: u32,
    /// Those who wait, and whether they were notified.
    receivers: Vec<(Slot<()>, bool)>,
}

impl Channel {
    fn notify<const FIXED: bool>(&self) {
        let chosen = self.0.with(|state| {
            let is_on_its_way = state.receivers.iter().any(|(_, notified)| *notified);
            if is_on_its_way && !FIXED {
                return None;
            }
            let (slot, notified) = state.receivers.iter_mut().find(|entry| !entry.1)?;
            *notified = true;
            Some(slot.clone())
        });
        if let Some(chosen) = chosen {
            chosen.put(());
        }
    }

    fn send<const FIXED: bool>(&self) {
        self.0.with(|state| state.items += 1);
        self.notify::<FIXED>();
    }

    async fn recv<const FIXED: bool>(&self) {
        loop {
            let slot = Slot::default();
            let received = self.0.with(|state| {
                let received = state.items > 0;
                match received {
                    true => state.items -= 1,
                    false => state.receivers.push((slot.clone(), false)),
                }
                received
            });
            if received {
                return;
            }
            let leaving = Defer::new(|| self.leave::<FIXED>(&slot));
            slot.filled().await;
            leaving.disarm();
            self.0
                .with(|state| state.receivers.retain(|entry| !entry.0.is(&slot)));
        }
    }

    /// Takes a place back, and passes on what was meant for it.
    fn leave<const FIXED: bool>(&self, slot: &Slot<()>) {
        self.0
            .with(|state| state.receivers.retain(|entry| !entry.0.is(slot)));
        if slot.take().is_some() {
            self.notify::<FIXED>();
        }
    }
}

/// Of two receivers one is not polled; one of two items is for the other.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let channel = Channel::default();
    let other = {
        let channel = channel.clone();
        spawn(&rt, |rt| async move {
            round_trips(&rt, 1).await;
            channel.recv::<FIXED>().await;
        })
    };
    let sending = {
        let channel = channel.clone();
        spawn(&rt, |rt| async move {
            for _ in 0..2 {
                round_trips(&rt, 1).await;
                channel.send::<FIXED>();
            }
        })
    };
    let mut kept = pin!(channel.recv::<FIXED>());
    poll_once(kept.as_mut()).await;
    join([other, sending]).await;
}
