//! What a thread knows of the world that it runs.

use super::World;
use anyrt_core::waits::Wait;
use std::{
    cell::{Cell, RefCell},
    sync::Arc,
};

thread_local! {
    /// Whether this thread runs a world.
    static DRIVES: Cell<bool> = const { Cell::new(false) };
    /// Which, while it polls.
    static WORLD: RefCell<Option<Arc<World>>> = const { RefCell::new(None) };
    /// How the task that is being polled ends, if it does. What is aborted cannot say so.
    static ENDING: Cell<Ending> = const { Cell::new(Ending::Aborted) };
}

/// Whether this thread runs a world.
pub(super) fn drives() -> bool {
    DRIVES.get()
}

/// This thread runs a world, until dropped.
pub(crate) struct Drives(bool);

impl Drives {
    pub(crate) fn begin() -> Self {
        Self(DRIVES.replace(true))
    }
}

impl Drop for Drives {
    fn drop(&mut self) {
        DRIVES.set(self.0);
    }
}

/// This thread polls for that world, until dropped.
pub(super) struct Polls(Option<Arc<World>>);

impl Polls {
    pub(super) fn begin(world: &Arc<World>) -> Self {
        Self(WORLD.replace(Some(world.clone())))
    }
}

impl Drop for Polls {
    fn drop(&mut self) {
        drop(WORLD.replace(self.0.take()));
    }
}

/// Where a join begins its round of polls: for [`with_drawn_turns`](anyrt_core::join::with_drawn_turns).
pub(super) fn turn(places: usize) -> usize {
    let world = WORLD.with_borrow(Option::clone);
    world.map_or(0, |world| world.turn(places))
}

/// Whether others run before the task that is being polled asks for what it would wait for.
pub(crate) fn interrupts(wait: &dyn Fn() -> Wait) -> bool {
    let world = WORLD.with_borrow(Option::clone);
    world.is_some_and(|world| world.interrupts_portable(wait))
}

/// How a task ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Ready,
    Panicked,
    Aborted,
}

impl Ending {
    /// Of the task that is being polled.
    pub(crate) fn note(self) {
        ENDING.set(self);
    }

    /// Of the task that was polled.
    pub(super) fn noted() -> Self {
        ENDING.get()
    }
}
