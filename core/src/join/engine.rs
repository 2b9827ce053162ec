//! Many futures in one task: only those that were woken are polled, each once a round.
//!
//! ```text
//!   wake ──▶ woken queue ──▶ local queue ──▶ polled ──▶ output, or waits for its wake
//!               (shared)      (one round)
//! ```
//!
//! A round begins with what was woken before it and polls no child twice, so that one that wakes
//! itself cannot keep the others, or the task, from running. It ends early after [`IN_VAIN`]
//! children were woken only to be pending again: that is what leaf futures do once a runtime's
//! budget for the task is used up, and polling all the others in vain would make
//! n children that are ready together cost n². First polls do not count, since there are n
//! of them at most.
//!
//! Up to [`FEW`] children share the task's own waker and are all polled in each round, which
//! then starts one further each time: a waker of one's own costs more than that.

use super::{
    slots::{Slot, Slots},
    turn,
    wakes::{FRESH, Wakes},
};
use crate::waits::{self, Wait};
use std::{
    future::Future,
    ops::ControlFlow,
    task::{Context, Poll},
};

/// The children that need no wakers of their own.
const FEW: usize = 30;
/// The polls of woken children that may be in vain in one round. tokio's budget is 128 operations.
const IN_VAIN: usize = 64;

/// The rounds after which one looks for who was woken, whatever else there is to poll.
const LOOK: usize = 32;

type Output<S> = <<S as Slots>::Child as Future>::Output;

/// What becomes of an output: `Break` ends the round, `Continue` keeps it in its slot or not.
pub(super) type Flow<S, B> = ControlFlow<B, Option<Output<S>>>;

pub(super) struct Engine<S> {
    // Closed before the children are dropped, whose destructors may wake their siblings.
    wakes: Option<Box<Wakes>>,
    pub(super) slots: S,
    pub(super) running: usize,
    /// How many share the task's waker.
    few: usize,
    /// Where the next round of all begins; or counts rounds, up to [`LOOK`].
    rounds: usize,
}

impl<S: Slots> Engine<S> {
    /// An engine for the `running` children in the first slots, to which none are added.
    #[inline]
    pub(super) fn fixed(slots: S, running: usize) -> Self {
        Self {
            wakes: (running > FEW).then(|| Box::new(Wakes::new(running))),
            slots,
            running,
            few: running,
            rounds: 0,
        }
    }

    /// An engine without children as yet.
    pub(super) fn growing(slots: S) -> Self {
        Self {
            wakes: Some(Box::new(Wakes::new(0))),
            slots,
            running: 0,
            few: 0,
            rounds: 0,
        }
    }

    /// Drops all children, and the outputs that were kept; `empty` takes their place.
    ///
    /// Where a destructor panics, the others still run.
    pub(super) fn clear(&mut self, empty: S) {
        self.running = 0;
        self.few = 0;
        if let Some(wakes) = &mut self.wakes {
            // The old ones are closed first: destructors may wake their siblings.
            **wakes = Wakes::new(0);
        }
        drop(std::mem::replace(&mut self.slots, empty));
    }

    /// A child has come into a slot.
    pub(super) fn enter(&mut self, index: usize) {
        self.running += 1;
        if let Some(wakes) = &mut self.wakes {
            wakes.enter(index);
        }
    }

    /// Polls those children that are due; `each` gets the slots and outputs of those that finish.
    ///
    /// `Ready(None)` says that no child is left.
    ///
    /// # Panics
    /// Where a child does, or its destructor: that child is gone then, and the others remain.
    #[inline]
    pub(super) fn round<B>(
        &mut self,
        cx: &mut Context<'_>,
        each: impl FnMut(usize, Output<S>) -> Flow<S, B>,
    ) -> Poll<Option<B>> {
        let broke = match self.wakes {
            None => self.round_of_all(cx, each),
            Some(_) => self.round_of_woken(cx, each),
        };
        match broke {
            Some(broke) => Poll::Ready(Some(broke)),
            None if self.running == 0 => Poll::Ready(None),
            None => {
                if self.wakes.is_some() {
                    self.tell();
                }
                Poll::Pending
            }
        }
    }

    /// Not all of them are polled in a round, so not all have just said what they wait for.
    #[cold]
    fn tell(&self) {
        waits::pending(&self.slots, || match self.running {
            1 => Wait::new("a future of a set"),
            count => {
                let which = "those that were polled last are named beside";
                Wait::new(format!("any of {count} futures of a set ({which})"))
            }
        });
    }

    #[inline]
    fn round_of_all<B>(
        &mut self,
        cx: &mut Context<'_>,
        mut each: impl FnMut(usize, Output<S>) -> Flow<S, B>,
    ) -> Option<B> {
        let few = self.few;
        let mut index = turn::begin(&mut self.rounds, few);
        let Self { slots, running, .. } = self;
        for _ in 0..few {
            if let Some(broke) = poll_child(slots, running, index, cx, &mut each).broke() {
                return Some(broke);
            }
            index += 1;
            if index == few {
                index = 0;
            }
        }
        None
    }

    fn round_of_woken<B>(
        &mut self,
        cx: &mut Context<'_>,
        mut each: impl FnMut(usize, Output<S>) -> Flow<S, B>,
    ) -> Option<B> {
        let Self {
            wakes,
            slots,
            running,
            rounds,
            ..
        } = self;
        let wakes = wakes.as_mut()?;
        // A look at the woken queue takes a lock, so not for each output of a set. Now and then
        // though, or children that are pushed and ready at once would keep the woken waiting.
        *rounds = (*rounds + 1) % LOOK;
        let looked = wakes.is_empty() || *rounds == 0;
        if looked {
            wakes.drain(cx.waker());
        }
        let mut in_vain = 0;
        let mut broke = None;
        while let Some(key) = wakes.pop() {
            wakes.poll(key, |index, waker| {
                let cx = &mut Context::from_waker(waker);
                let polled = poll_child(slots, running, index, cx, &mut each);
                let goes_on = matches!(polled, Polled::Pending);
                in_vain += usize::from(goes_on && key & FRESH == 0);
                broke = polled.broke();
                goes_on
            });
            if broke.is_some() {
                return broke;
            }
            if in_vain == IN_VAIN && !wakes.is_empty() {
                cx.waker().wake_by_ref();
                return None;
            }
        }
        if !looked && *running > 0 {
            wakes.drain(cx.waker());
            if !wakes.is_empty() {
                cx.waker().wake_by_ref();
            }
        }
        None
    }
}

/// What became of a child.
enum Polled<B> {
    Pending,
    /// It is finished, or was before.
    Gone,
    Broke(B),
}

impl<B> Polled<B> {
    #[inline]
    fn broke(self) -> Option<B> {
        match self {
            Self::Broke(broke) => Some(broke),
            _ => None,
        }
    }
}

/// Polls the child in a slot, if there is one. Once it is finished, its future is dropped.
#[inline]
fn poll_child<S: Slots, B>(
    slots: &mut S,
    running: &mut usize,
    index: usize,
    cx: &mut Context<'_>,
    mut each: impl FnMut(usize, Output<S>) -> Flow<S, B>,
) -> Polled<B> {
    let child = Vacate {
        slots,
        running,
        index,
    };
    let output = match child.poll(cx) {
        None => return Polled::Gone,
        Some(Poll::Pending) => return Polled::Pending,
        Some(Poll::Ready(output)) => output,
    };
    *running -= 1;
    match each(index, output) {
        ControlFlow::Continue(Some(output)) => {
            slots.slot(index).set(Slot::Done { output });
            Polled::Gone
        }
        ControlFlow::Continue(None) => {
            slots.vacate(index);
            Polled::Gone
        }
        ControlFlow::Break(broke) => {
            slots.vacate(index);
            Polled::Broke(broke)
        }
    }
}

/// Drops a child that panics while it is polled: it is gone as if it were finished.
struct Vacate<'a, S: Slots> {
    slots: &'a mut S,
    running: &'a mut usize,
    index: usize,
}

impl<S: Slots> Vacate<'_, S> {
    /// `None` where there is no child that runs.
    #[inline]
    fn poll(self, cx: &mut Context<'_>) -> Option<Poll<Output<S>>> {
        let slot = self.slots.slot(self.index);
        let polled = slot.is_running().then(|| slot.poll(cx));
        std::mem::forget(self);
        polled
    }
}

impl<S: Slots> Drop for Vacate<'_, S> {
    fn drop(&mut self) {
        *self.running -= 1;
        self.slots.vacate(self.index);
    }
}
