//! Letting others run from a loop that always has something to do.

use std::task::Context;

/// How often in a row an operation may be ready at its first poll.
const LONGEST: u8 = 128;

/// Counts how often in a row a receiver was ready.
///
/// A loop around one that is always ready never suspends: no timeout around it could fire,
/// and nothing else on its thread could run.
#[derive(Debug, Default)]
pub(crate) struct Streak(u8);

impl Streak {
    /// Whether it is time to be pending once; the waker has been woken then.
    #[inline]
    pub(crate) fn must_yield(&mut self, cx: &Context<'_>) -> bool {
        if self.0 == LONGEST {
            self.yields(cx);
            return true;
        }
        self.0 += 1;
        false
    }

    #[cold]
    fn yields(&mut self, cx: &Context<'_>) {
        self.0 = 0;
        cx.waker().wake_by_ref();
    }

    /// There was nothing: the task suspends anyway.
    pub(crate) fn end(&mut self) {
        self.0 = 0;
    }
}
