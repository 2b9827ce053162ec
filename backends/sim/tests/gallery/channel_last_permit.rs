//! tokio#8260, #8075: a receiver waits for a permit that is gone.
//!
//! A closed channel is drained up to the permits that are still out. The last one was dropped without
//! an item, and the receiver never heard of it: sending woke it, and giving a slot back did not.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Shared, draw, round_trips, spawn},
};
use anyrt_core::rt::Runtime;

pub(crate) const BUG: Bug = Bug {
    name: "channel_last_permit",
    library: "tokio#8260, #8075",
    symptom: Symptom::Deadlock,
    within: 50,
    run: both!(scenario),
};

#[derive(Clone, Default)]
struct Channel(Shared<State>);

#[derive(Default)]
struct State {
    items: Vec<u32>,
    permits: u32,
    is_closed: bool,
}

impl Channel {
    fn reserve<const FIXED: bool>(&self) -> Permit<FIXED> {
        self.0.with(|state| state.permits += 1);
        Permit(self.clone())
    }

    async fn recv(&self) -> Option<u32> {
        let ready = |state: &mut State| match state.items.pop() {
            Some(item) => Some(Some(item)),
            None if state.is_closed && state.permits == 0 => Some(None),
            None => None,
        };
        self.0.until(ready).await
    }
}

struct Permit<const FIXED: bool>(Channel);

impl<const FIXED: bool> Permit<FIXED> {
    fn send(self, item: u32) {
        self.0.0.change(|state| state.items.push(item));
    }
}

impl<const FIXED: bool> Drop for Permit<FIXED> {
    fn drop(&mut self) {
        match FIXED {
            true => self.0.0.change(|state| state.permits -= 1),
            false => self.0.0.with(|state| state.permits -= 1),
        }
    }
}

/// The receiver of a closed channel comes to an end.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let channel = Channel::default();
    for _ in 0..2 {
        let permit = channel.reserve::<FIXED>();
        let has_item = draw(&rt, 1) == 0;
        drop(spawn(&rt, |rt| async move {
            round_trips(&rt, 1).await;
            if has_item {
                permit.send(1);
            }
        }));
    }
    round_trips(&rt, draw(&rt, 2)).await;
    channel.0.with(|state| state.is_closed = true);
    while channel.recv().await.is_some() {}
}
