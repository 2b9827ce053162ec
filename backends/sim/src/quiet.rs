//! Keeps panics of simulated worlds from being printed: they go into the report.

use std::{
    cell::{Cell, RefCell},
    panic,
    sync::Once,
};

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// No panic of this thread is printed, until dropped.
pub(crate) struct Quiet(());

impl Quiet {
    pub(crate) fn begin() -> Self {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                if QUIET.get() {
                    let text = info
                        .payload_as_str()
                        .unwrap_or("(a payload that is not a string)");
                    let place = info.location().map(|place| format!(" ({place})"));
                    let message = format!("{text}{}", place.unwrap_or_default());
                    LAST.with(|last| *last.borrow_mut() = Some(message));
                } else {
                    before(info);
                }
            }));
        });
        QUIET.set(true);
        Self(())
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        QUIET.set(false);
    }
}

/// The message of the thread's last panic, with its place.
pub(crate) fn last() -> Option<String> {
    LAST.with(|last| last.borrow_mut().take())
}
