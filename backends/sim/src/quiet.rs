//! Keeps panics of simulated worlds from being printed: they go into the report.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    mem, panic,
    sync::Once,
};

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
    /// Whether there was one since somebody asked.
    static ANY: Cell<bool> = const { Cell::new(false) };
    /// All since then.
    static ALL: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// No panic of this thread is printed, until dropped. Inside another one it leaves that as it was.
pub(crate) struct Quiet {
    before: bool,
    /// What was there to be told before.
    untold: Vec<String>,
}

impl Quiet {
    pub(crate) fn begin() -> Self {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                if QUIET.get() {
                    let text = info.payload_as_str().unwrap_or(NO_TEXT);
                    let place = info.location().map(|place| format!(" ({place})"));
                    let message = format!("{text}{}", place.unwrap_or_default());
                    ANY.set(true);
                    ALL.with_borrow_mut(|all| all.push(message.clone()));
                    LAST.set(Some(message));
                } else {
                    before(info);
                }
            }));
        });
        Self {
            before: QUIET.replace(true),
            untold: take_all(),
        }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        QUIET.set(self.before);
        if self.before {
            drop(take_all());
            ANY.set(!self.untold.is_empty());
            ALL.set(mem::take(&mut self.untold));
        }
    }
}

const NO_TEXT: &str = "(a payload that is not a string)";

/// Whether there was a panic on this thread since [`take_all`] was called last.
#[inline]
pub(crate) fn any() -> bool {
    ANY.get()
}

/// The messages of all panics of this thread since this was called last, with their places, in their order.
pub(crate) fn take_all() -> Vec<String> {
    match ANY.replace(false) {
        true => ALL.take(),
        false => Vec::new(),
    }
}

/// The message of a panic that was just caught on this thread, with its place where it is known.
pub(crate) fn message(payload: &Box<dyn Any + Send>) -> String {
    let noted = LAST.with(|last| last.borrow_mut().take());
    noted.unwrap_or_else(|| {
        let text = payload.downcast_ref::<&'static str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        text.unwrap_or(NO_TEXT).to_owned()
    })
}
