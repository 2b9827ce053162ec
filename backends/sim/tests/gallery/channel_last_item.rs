//! crossfire#70; flume 0.10.4: the last item of a channel is not received.
//!
//! A receiver saw that the queue was empty, then that the sender was gone, and took that for the end;
//! between the two looks the sender had sent its last item, and left. What is final has to be looked
//! at first.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Shared, join, round_trips, spawn},
};
use anyrt_core::rt::Runtime;

pub(crate) const BUG: Bug = Bug {
    name: "channel_last_item",
    library: "crossfire#70; flume 0.10.4",
    symptom: Symptom::Violated("items that were received"),
    within: 60,
    run: both!(scenario),
};

#[derive(Clone, Default)]
struct Channel(Shared<State>);

#[derive(Default)]
struct State {
    items: u32,
    is_closed: bool,
}

impl Channel {
    async fn recv<R: Runtime, const FIXED: bool>(&self, rt: &R) -> Option<()> {
        loop {
            let was_closed = self.0.with(|state| state.is_closed);
            let item = self.0.with(|state| {
                let taken = state.items.checked_sub(1);
                taken.map(|left| state.items = left)
            });
            if item.is_some() {
                return item;
            }
            get_ready_to_wait(rt).await;
            let is_closed = self.0.with(|state| state.is_closed);
            if if FIXED { was_closed } else { is_closed } {
                return None;
            }
            let changed = |state: &mut State| (state.items > 0 || state.is_closed).then_some(());
            self.0.until(changed).await;
        }
    }
}

async fn get_ready_to_wait<R: Runtime>(rt: &R) {
    round_trips(rt, 1).await;
}

/// What was sent before the end is received before the end.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    const ITEMS: u32 = 2;
    let channel = Channel::default();
    let sending = {
        let channel = channel.clone();
        spawn(&rt, |rt| async move {
            for _ in 0..ITEMS {
                round_trips(&rt, 2).await;
                channel.0.change(|state| state.items += 1);
            }
            channel.0.change(|state| state.is_closed = true);
        })
    };
    let mut received = 0;
    while channel.recv::<_, FIXED>(&rt).await.is_some() {
        received += 1;
    }
    assert_eq!(received, ITEMS, "items that were received");
    join([sending]).await;
}
