//! Timers on virtual time.

use crate::world::{TimerKey, World};
use anyrt_core::{Instant, time::Alarm};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// An [`Alarm`] on virtual time.
#[derive(Debug)]
pub struct SimAlarm {
    world: Arc<World>,
    deadline: Instant,
    kept: Option<TimerKey>,
}

impl SimAlarm {
    pub(crate) fn new(world: Arc<World>, deadline: Instant) -> Self {
        Self {
            world,
            deadline,
            kept: None,
        }
    }

    fn disarm(&mut self) {
        if let Some(key) = self.kept.take() {
            self.world.clear_timer(key);
        }
    }
}

impl Alarm for SimAlarm {
    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn set(mut self: Pin<&mut Self>, deadline: Instant) {
        self.disarm();
        self.deadline = deadline;
    }

    fn poll_fired(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self {
            world,
            deadline,
            kept,
        } = &mut *self;
        world.poll_timer(*deadline, kept, cx.waker())
    }
}

impl Drop for SimAlarm {
    fn drop(&mut self) {
        self.disarm();
    }
}
