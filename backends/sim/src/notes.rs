//! What futures that are no part of the simulator say of their waits, poll by poll: see [`anyrt_core::waits`].

use crate::world;
use anyrt_core::waits::{self, Observer, Wait};
use std::{
    cell::{Cell, RefCell},
    mem,
};

/// A wait, as the future that waits has told it.
#[derive(Debug)]
pub(crate) struct Note {
    thing: usize,
    pub(crate) wait: Wait,
    /// When it was told first.
    pub(crate) since: u64,
}

impl Note {
    pub(crate) fn is_of(&self, other: &Self) -> bool {
        (self.thing, self.wait.place()) == (other.thing, other.wait.place())
    }
}

/// Of a poll with more waits than this, the first ones are kept, and the last: it is what holds the others.
const KEPT: usize = 16;

thread_local! {
    /// Whether a poll is under way of which all is to be told.
    static ASKED: Cell<bool> = const { Cell::new(false) };
    /// What was told in it.
    static NOTES: RefCell<Vec<Note>> = const { RefCell::new(Vec::new()) };
}

/// Has the core tell the simulator, and forgets what a poll that panicked has left.
pub(crate) fn begin() {
    waits::observe(&Notes);
    if !ASKED.get() {
        NOTES.set(Vec::new());
    }
}

/// Runs `poll`; what is told meanwhile is in `notes` then, and nothing else.
pub(crate) fn collect<O>(notes: &mut Vec<Note>, poll: impl FnOnce() -> O) -> O {
    notes.clear();
    let outer = Asked::begin(true);
    // A world within a world has notes of its own.
    let stashed = outer.0.then(|| NOTES.take());
    let output = poll();
    NOTES.with_borrow_mut(|told| mem::swap(told, notes));
    if let Some(stashed) = stashed {
        NOTES.set(stashed);
    }
    output
}

/// Runs `poll`, of which nothing is to be told: the simulator knows it better.
pub(crate) fn hushed<O>(poll: impl FnOnce() -> O) -> O {
    let _outer = Asked::begin(false);
    poll()
}

/// What was asked before, and is again once this is dropped, also where a poll panics.
struct Asked(bool);

impl Asked {
    fn begin(asked: bool) -> Self {
        Self(ASKED.replace(asked))
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        ASKED.set(self.0);
    }
}

#[derive(Debug)]
struct Notes;

fn with<O: Default>(look: impl FnOnce(&mut Vec<Note>) -> O) -> O {
    let asked = ASKED.try_with(Cell::get).unwrap_or_default();
    let look = |notes: &RefCell<Vec<Note>>| look(&mut notes.borrow_mut());
    match asked {
        true => NOTES.try_with(look).unwrap_or_default(),
        false => O::default(),
    }
}

impl Observer for Notes {
    fn pending(&self, thing: usize, wait: &dyn Fn() -> Wait) {
        if !with(|_| true) {
            return;
        }
        // Made before anything is borrowed: it is code of somebody else's.
        let note = Note {
            thing,
            wait: wait(),
            since: 0,
        };
        with(
            |notes| match notes.iter().position(|told| told.is_of(&note)) {
                Some(at) => notes[at] = note,
                None if notes.len() < KEPT => notes.push(note),
                None => notes[KEPT - 1] = note,
            },
        );
    }

    fn gave_up(&self, thing: usize) {
        with(|notes| {
            if let Some(at) = notes.iter().rposition(|note| note.thing == thing) {
                notes.remove(at);
            }
        });
    }

    fn count(&self) -> usize {
        with(|notes| notes.len())
    }

    fn forget_since(&self, count: usize) {
        with(|notes| notes.truncate(count));
    }

    fn interrupts(&self, wait: &dyn Fn() -> Wait) -> bool {
        with(|_| true) && world::interrupts(wait)
    }
}
