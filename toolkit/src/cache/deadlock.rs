//! Loads that wait for one another in a circle, told before they do.
//!
//! While a loader is polled, its task has a value that says which load that is; what it waits for in turn
//! is noted beside that load. A circle is searched for only where a loader waits for a load, so callers
//! outside of loaders pay for a look at their task's values, and no more.

use crate::lock::lock;
use anyrt_core::{
    context::{Context, InContext},
    task_local,
};
use std::sync::{Arc, Mutex, MutexGuard, Weak};

task_local! {
    /// The load that the task works for.
    static LOADING: Weak<dyn Waiting>;
}

/// Held while the notes are followed or changed, so that no circle closes unseen.
static NOTES: Mutex<()> = Mutex::new(());

/// A load that may wait for others.
pub(super) trait Waiting: Send + Sync {
    fn waits(&self) -> &Waits;

    /// Whoever waits for it still is ready as soon as it is polled.
    fn is_over(&self) -> bool;
}

/// The loads that a loader waits for now.
#[derive(Default)]
pub(super) struct Waits(Mutex<Vec<Weak<dyn Waiting>>>);

impl Waits {
    fn list(&self) -> MutexGuard<'_, Vec<Weak<dyn Waiting>>> {
        lock(&self.0)
    }
}

/// A load would wait for itself.
pub(super) struct Circle;

/// That a loader waits for a load, until dropped.
pub(super) struct Noted {
    who: Weak<dyn Waiting>,
    whom: Weak<dyn Waiting>,
}

/// Runs `load` as that of `flight`: a load belongs to all who wait for it, so it sees no caller's token,
/// deadline or values.
pub(super) fn within<F: Future>(flight: Weak<dyn Waiting>, load: F) -> InContext<F> {
    LOADING.set_in(&Context::default(), flight).scope(load)
}

/// Notes that the current task's load, if it works for one, waits for `flight`.
#[inline]
pub(super) fn note(flight: &Arc<impl Waiting + 'static>) -> Result<Option<Box<Noted>>, Circle> {
    match LOADING.shared() {
        Some(who) => note_for(&who, flight.clone()),
        None => Ok(None),
    }
}

#[cold]
fn note_for(who: &Weak<dyn Waiting>, whom: Arc<dyn Waiting>) -> Result<Option<Box<Noted>>, Circle> {
    let Some(loading) = who.upgrade() else {
        return Ok(None);
    };
    // Dropped after the lock is: a load may drop its key.
    let mut seen = vec![whom.clone()];
    let _notes = lock(&NOTES);
    let mut next = 0;
    while let Some(load) = seen.get(next).cloned() {
        next += 1;
        // What its loader left behind may wait on, and holds nobody up.
        if load.is_over() {
            continue;
        }
        if is(&load, &loading) {
            return Err(Circle);
        }
        for behind in load.waits().list().iter().filter_map(Weak::upgrade) {
            if !seen.iter().any(|known| is(known, &behind)) {
                seen.push(behind);
            }
        }
    }
    let noted = Box::new(Noted {
        who: Arc::downgrade(&loading),
        whom: Arc::downgrade(&whom),
    });
    loading.waits().list().push(noted.whom.clone());
    Ok(Some(noted))
}

fn is(one: &Arc<dyn Waiting>, other: &Arc<dyn Waiting>) -> bool {
    std::ptr::addr_eq(Arc::as_ptr(one), Arc::as_ptr(other))
}

impl Drop for Noted {
    fn drop(&mut self) {
        let Some(who) = self.who.upgrade() else {
            return;
        };
        let _notes = lock(&NOTES);
        let mut list = who.waits().list();
        let at = list
            .iter()
            .position(|other| std::ptr::addr_eq(other.as_ptr(), self.whom.as_ptr()));
        if let Some(at) = at {
            list.swap_remove(at);
        }
    }
}
