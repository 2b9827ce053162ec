//! A value that is made once, by whoever comes first.

use super::{
    Event, const_unless_loom,
    raw::{AcquireFuture, HasRaw, RawSemaphore},
};
use crate::{
    error::Closed,
    waits::{self, Wait},
};
use std::{
    convert::Infallible,
    fmt,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind},
    pin::{Pin, pin},
    sync::OnceLock,
};

/// A value that is made once, by whoever comes first; the others wait for it.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{rt::Runtime, sync::OnceCell};
/// use std::time::Duration;
///
/// static GREETING: OnceCell<String> = OnceCell::new();
///
/// async fn greeting<R: Runtime>(rt: &R) -> &'static str {
///     GREETING
///         .get_or_init(async || {
///             rt.sleep(Duration::from_millis(1)).await; // as if it came from far away
///             String::from("hello")
///         })
///         .await
/// }
/// # assert!(GREETING.get().is_none());
/// ```
///
/// # Ordering and fairness
/// One initialiser runs at a time (*SY-49*), and turns are taken in the order of the first polls. One that
/// is cancelled, panics or fails leaves the cell empty; it is dropped, and then the next one's turn has come
/// (*SY-50*). An initialiser that waits for its own cell waits for ever.
pub struct OnceCell<T> {
    value: OnceLock<T>,
    /// One permit: the right to initialise. Closed once there is a value, so that all who wait for
    /// their turn go on at once rather than one after the other.
    turn: RawSemaphore,
    /// Set once there is a value, for those who wait and bring no initialiser.
    filled: Event,
}

impl<T> OnceCell<T> {
    const_unless_loom! {
        /// An empty cell.
        pub fn new() -> Self {
            Self { value: OnceLock::new(), turn: RawSemaphore::new(1), filled: Event::new() }
        }
    }

    /// The value.
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// Takes the value out, and leaves the cell empty.
    pub fn take(&mut self) -> Option<T> {
        std::mem::take(self).into_inner()
    }

    /// The value, if there is one.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut()
    }

    /// The value, if there is one.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// Fills the cell, and wakes all who wait for it (*SY-51*). This is not held up by an
    /// initialiser that runs, whose own value is then dropped.
    ///
    /// # Errors
    /// `value` comes back where the cell is full.
    pub fn set(&self, value: T) -> Result<(), T> {
        self.value.set(value)?;
        // A waker that panics must not keep the others asleep: the cell is full.
        let closed = catch_unwind(AssertUnwindSafe(|| self.turn.close()));
        self.filled.set();
        closed.unwrap_or_else(|payload| resume_unwind(payload));
        Ok(())
    }

    /// Waits for a value that somebody else brings.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost with a wait that is dropped.
    #[track_caller]
    pub fn wait(&self) -> impl Future<Output = &T> {
        let place = Location::caller();
        async move {
            let wait = || Wait::new("the value of a once-cell").of::<T>().at(place);
            if waits::is_observed() {
                waits::others_first(wait).await;
            }
            if self.get().is_none() {
                let mut filled = pin!(self.filled.wait());
                poll_fn(|cx| waits::instead(&self.filled, wait, || filled.as_mut().poll(cx))).await;
            }
            self.full()
        }
    }

    /// The value, which `init` makes where there is none and its turn comes.
    ///
    /// # Cancel safety
    /// Dropped while `init` runs, it takes `init` along, and the next who waits runs its own. Dropped
    /// before, it leaves the queue.
    #[track_caller]
    pub fn get_or_init<F, Fut>(&self, init: F) -> impl Future<Output = &T>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        let filling = self.get_or_try_init(|| async { Ok::<T, Infallible>(init().await) });
        async move {
            match filling.await {
                Ok(value) => value,
                Err(never) => match never {},
            }
        }
    }

    /// The value, which `init` makes where there is none and its turn comes.
    ///
    /// # Errors
    /// With what `init` fails with; those who wait go on with theirs.
    ///
    /// # Cancel safety
    /// As of [`get_or_init`](Self::get_or_init).
    #[track_caller]
    pub fn get_or_try_init<E, F, Fut>(&self, init: F) -> impl Future<Output = Result<&T, E>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let place = Location::caller();
        async move {
            if waits::is_observed() {
                waits::others_first(|| Self::turn_at(place)).await;
            }
            if let Some(value) = self.get() {
                return Ok(value);
            }
            // Declared before the initialiser runs, hence dropped after it.
            let turn = self
                .in_turn(AcquireFuture::new(self, 1), place)
                .await
                .map(Turn);
            if turn.is_ok() && self.get().is_none() {
                let value = init().await?;
                drop(self.set(value));
            }
            Ok(self.full())
        }
    }

    /// Waits for the turn, and says so.
    async fn in_turn<'a>(
        &'a self,
        mut acquire: AcquireFuture<&'a Self>,
        place: &'static Location<'static>,
    ) -> Result<&'a Self, Closed> {
        poll_fn(|cx| {
            let polled = Pin::new(&mut acquire).poll(cx);
            if polled.is_pending() {
                acquire.tell(|_| Self::turn_at(place));
            }
            polled
        })
        .await
    }

    fn turn_at(place: &'static Location<'static>) -> Wait {
        let wait = Wait::new("the initialiser of a once-cell");
        wait.of::<T>().at(place)
    }

    fn full(&self) -> &T {
        self.get()
            .expect("the value is there before anyone is told so")
    }
}

/// The right to initialise, until dropped.
struct Turn<'a, T>(&'a OnceCell<T>);

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        self.0.turn.release(1);
    }
}

impl<T> HasRaw for OnceCell<T> {
    fn raw(&self) -> &RawSemaphore {
        &self.turn
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    fn from(value: T) -> Self {
        let cell = Self::new();
        drop(cell.set(value));
        cell
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnceCell").field(&self.get()).finish()
    }
}
