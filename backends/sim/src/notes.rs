//! What futures that are no part of the simulator say of their waits, poll by poll: see [`anyrt_core::waits`].

use anyrt_core::waits::{self, Observer, Wait};
use std::cell::RefCell;

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
    /// Those of the poll that is under way; `None` where nobody asks.
    static NOTES: RefCell<Option<Vec<Note>>> = const { RefCell::new(None) };
}

/// Has the core tell the simulator.
pub(crate) fn begin() {
    waits::observe(&Notes);
}

/// Runs `poll`; what is told meanwhile is in `notes` then, and nothing else.
pub(crate) fn collect<O>(notes: &mut Vec<Note>, poll: impl FnOnce() -> O) -> O {
    notes.clear();
    let outer = NOTES.replace(Some(std::mem::take(notes)));
    let _collected = Collected { notes, outer };
    poll()
}

/// Runs `poll`, of which nothing is to be told: the simulator knows it better.
pub(crate) fn hushed<O>(poll: impl FnOnce() -> O) -> O {
    let (mut unused, outer) = (Vec::new(), NOTES.take());
    let _collected = Collected {
        notes: &mut unused,
        outer,
    };
    poll()
}

/// Puts things back, also where a poll panics.
struct Collected<'a> {
    notes: &'a mut Vec<Note>,
    outer: Option<Vec<Note>>,
}

impl Drop for Collected<'_> {
    fn drop(&mut self) {
        let told = NOTES.replace(self.outer.take());
        *self.notes = told.unwrap_or_default();
    }
}

#[derive(Debug)]
struct Notes;

fn with<O: Default>(look: impl FnOnce(&mut Vec<Note>) -> O) -> O {
    let looked = NOTES.try_with(|notes| notes.borrow_mut().as_mut().map(look));
    looked.ok().flatten().unwrap_or_default()
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
}
