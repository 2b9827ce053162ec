//! What a program does, by name: how long it took, how it ended, inside of what.
//!
//! ```
//! use anyrt::rt::{Runtime, Sleep};
//! use anyrt::operation::{Operation, Outcome, Tracker};
//! use std::{io, time::Duration};
//!
//! async fn fetch<R: Runtime>(rt: &R, url: &str) -> io::Result<usize> {
//!     let fetch = async {
//!         rt.sleep(Duration::from_millis(20)).await;
//!         Err(io::ErrorKind::NotFound.into())
//!     };
//!     Operation::new("fetch").field("url", url).try_run(rt, fetch).await
//! }
//!
//! # anyrt::sim::check(1, |rt| async move {
//! let tracker = Tracker::new(100);
//! let work = Operation::new("sync").run(&rt, async { fetch(&rt, "/home").await.is_ok() });
//! tracker.scope(work).await;
//!
//! let finished = tracker.finished();
//! assert_eq!(finished[0].fields, [("url", "/home".to_owned())]);
//! assert_eq!(finished[0].outcome, Outcome::Error("entity not found".to_owned()));
//! assert_eq!(finished[0].duration, Duration::from_millis(20));
//! assert_eq!((finished[0].parent, finished[1].parent), (Some(finished[1].id), None));
//! assert_eq!(tracker.durations("sync").unwrap().p99, Duration::from_millis(20));
//! # });
//! ```
//!
//! # Who listens
//! - A [`Tracker`], in force for a [scope](Tracker::scope) of futures or [given](Operation::tracker) to an
//!   operation. It is part of the [context](anyrt_core::context): the children of a task group inherit it,
//!   and the operation that they belong to; a bare `spawn` inherits neither (*OP-4*, *OP-5*).
//! - With the feature `tracing`, its subscriber. Where there is none of both, an operation reads no clock,
//!   allocates nothing, and formats no field: it is the future, and one look at the task's values (*OP-8*).
//!
//! # As `tracing` sees it
//! Target `anyrt::operation`. An operation is a span `operation` of the level `INFO`, with its `name`, its
//! `fields` in one string, and at the end its `outcome`. It is entered in each poll and for the destructor of
//! the future. In it, at the end, there is one event with `name`, `outcome`, `seconds` on the runtime's clock,
//! and, where there is one, `error`, with all its sources in one line: of the level `DEBUG` for a success or a cancellation, `WARN` for an error,
//! `ERROR` for a panic. A span's parent is the span that the thread is in; in a task that is in none, it is
//! the operation that the task inherited.

mod fields;
mod future;
mod outcome;
mod place;
mod stats;
#[cfg_attr(not(feature = "tracing"), path = "silent.rs")]
mod trace;
mod tracker;
mod watch;

pub use fields::{Fields, With};
pub use future::OperationFuture;
pub use outcome::{AsBox, AsError, AsText, Failure, Outcome};
pub use stats::{Counts, Durations};
pub use tracker::{Finished, OperationId, Running, Tracker};

use anyrt_core::rt::Clock;
use std::{
    borrow::Cow,
    fmt::{self, Display},
    future::Future,
};

/// What [`run`](Operation::run) and [`try_run`](Operation::try_run) return.
pub type OperationOf<R, F, L = ()> =
    OperationFuture<R, F, L, fn(&<F as Future>::Output) -> Outcome>;

/// Something with a name that takes time and has an outcome. The [room's](self) page has an example.
#[must_use = "an operation does nothing until it is run"]
#[derive(Clone)]
pub struct Operation<L = ()> {
    name: Cow<'static, str>,
    fields: L,
    tracker: Option<Tracker>,
}

impl Operation {
    /// An operation of this name: the kind of thing that it is, for it is counted by that. What differs from
    /// one to the next is a [field](Self::field).
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            fields: (),
            tracker: None,
        }
    }
}

impl<L: Fields> Operation<L> {
    /// Adds what else is known of it. It is formatted where somebody listens, at the first poll.
    pub fn field<V: Display>(self, key: &'static str, value: V) -> Operation<With<L, V>> {
        Operation {
            name: self.name,
            fields: With {
                others: self.fields,
                key,
                value,
            },
            tracker: self.tracker,
        }
    }

    /// Is watched by this tracker, in place of the one in force; so is what begins inside of it.
    pub fn tracker(mut self, tracker: &Tracker) -> Self {
        self.tracker = Some(tracker.clone());
        self
    }

    /// Awaits `future`, as this operation: it begins with the first poll, and ends once the future is gone (*OP-3*). Any
    /// output is a [success](Outcome::Success); dropped before, it was [cancelled](Outcome::Cancelled) (*OP-1*). A panic
    /// goes on unwinding (*OP-2*).
    ///
    /// # Cancel safety
    /// As safe as `future`.
    pub fn run<R: Clock + Clone, F: Future>(self, rt: &R, future: F) -> OperationOf<R, F, L> {
        self.run_with(rt, future, |_| Outcome::Success)
    }

    /// [`run`](Self::run) for a `Result`: its error is the operation's outcome, as
    /// [`Outcome::of_error`] says. What is neither an [`Error`](std::error::Error), nor has one inside, nor is a text, can be
    /// run with [`Outcome::by_text`].
    ///
    /// # Errors
    /// The future's own.
    ///
    /// # Cancel safety
    /// As safe as `future`.
    pub fn try_run<R, F, T, E, Via>(self, rt: &R, future: F) -> OperationOf<R, F, L>
    where
        R: Clock + Clone,
        F: Future<Output = Result<T, E>>,
        E: Failure<Via>,
    {
        self.run_with(rt, future, of_result)
    }

    /// [`run`](Self::run) for outputs of which only the caller knows whether they are a success. `judge` is not
    /// asked where nobody listens.
    ///
    /// # Cancel safety
    /// As safe as `future`.
    pub fn run_with<R, F, J>(self, rt: &R, future: F, judge: J) -> OperationFuture<R, F, L, J>
    where
        R: Clock + Clone,
        F: Future,
        J: FnOnce(&F::Output) -> Outcome,
    {
        OperationFuture::new(rt.clone(), self, future, judge)
    }
}

pub(crate) fn of_result<T, E: Failure<Via>, Via>(result: &Result<T, E>) -> Outcome {
    match result {
        Ok(_) => Outcome::Success,
        Err(error) => Outcome::of_error(error),
    }
}

impl<L> fmt::Debug for Operation<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation")
            .field("name", &self.name)
            .field("tracker", &self.tracker)
            .finish_non_exhaustive()
    }
}
