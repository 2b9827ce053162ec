//! Letting others run from a loop that always has something to do.

use std::task::Context;

/// How often in a row an operation may be ready at its first poll.
const LONGEST: u8 = 128;

/// Counts how often in a row a receiver was ready.
///
/// A loop around one that is always ready never suspends: no timeout around it could fire,
/// and nothing else on its thread could run.
#[derive(Debug)]
pub(crate) struct Streak {
    /// Counted down, for then a poll counts and looks in one instruction.
    left: u8,
}

impl Default for Streak {
    fn default() -> Self {
        Self { left: LONGEST + 1 }
    }
}

impl Streak {
    /// Whether it is time to be pending once; the waker has been woken then.
    #[inline]
    pub(crate) fn must_yield(&mut self, cx: &Context<'_>) -> bool {
        self.left -= 1;
        if self.left == 0 {
            self.yields(cx);
            return true;
        }
        false
    }

    #[cold]
    fn yields(&mut self, cx: &Context<'_>) {
        self.end();
        cx.waker().wake_by_ref();
    }

    /// There was nothing: the task suspends anyway.
    pub(crate) fn end(&mut self) {
        *self = Self::default();
    }
}
