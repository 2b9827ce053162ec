//! The errors that several rooms share: one small struct an operation, an enum where callers branch. What
//! only one room can give lies there: group errors, `Cancelled`, `WaitTaskError`, `AllFailed`, …
//!
//! # Errors with another one inside
//! All of them, of all rooms, say in `{}` what befell themselves, and give what is inside as their
//! [`source`](Error::source), as it is: the chain of sources leads to the caller's own error, where it can be
//! downcast, and says nothing twice. Of several errors inside, the first is the source. What ended by a
//! cancellation has a [`CancelReason`](crate::cancel::CancelReason), a [`Cancelled`](crate::cancel::Cancelled) or
//! a [`JoinError::Cancelled`] in its chain, which [`is_cancellation`] finds.
//!
//! One is an exception, for it is a text for a person first: an application's `Report` says all in `{}`, sources
//! included. [`chain`](chain()) prints it as it is, and repeats none of them.
//!
//! | to print | write |
//! |---|---|
//! | what befell, for one who prints the sources too | `{error}` |
//! | that, and what is inside; of several all, as a tree | `{error:#}`, for errors inside that are no [`Error`], too |
//! | all sources, in one line | [`chain(&error)`](chain()) |
//!
//! ```
//! # extern crate anyrt_core as anyrt;
//! use anyrt::{error::chain, group::StartError};
//! use std::{error::Error, io};
//!
//! let error = StartError::Failed(io::Error::other("no such host"));
//! assert_eq!(error.to_string(), "the task failed before it was ready");
//! assert_eq!(format!("{error:#}"), "the task failed before it was ready: no such host");
//! assert_eq!(chain(&error).to_string(), "the task failed before it was ready: no such host");
//! assert!(error.source().unwrap().is::<io::Error>());
//! ```

mod chain;
pub mod check;
mod item;

pub(crate) use chain::says;
pub use chain::{Chain, chain, is_cancellation, write_with};
pub use item::{SendError, SendTimeoutError, TrySendError};

use crate::prim::{Mutex, into_inner};
use std::{any::Any, borrow::Cow, error::Error, fmt, io, panic::Location, time::Duration};

/// Any error, in a box: what applications pass up where nobody branches on it.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// A setting that cannot be used; says which, its value, and what is permitted.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// let error = anyrt::time::seconds(f64::NAN).unwrap_err();
/// assert_eq!(error.to_string(), "seconds: NaN is not permitted (want: finite and not negative)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    /// The setting's name.
    pub field: &'static str,
    /// The value that was given.
    pub value: String,
    /// What would have been permitted.
    pub permitted: Cow<'static, str>,
}

impl ConfigError {
    /// Reports that `field` cannot be `value`, because `permitted` is all it can be.
    pub fn new(
        field: &'static str,
        value: impl fmt::Display,
        permitted: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            field,
            value: value.to_string(),
            permitted: permitted.into(),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            field,
            value,
            permitted,
        } = self;
        write!(f, "{field}: {value} is not permitted (want: {permitted})")
    }
}

impl Error for ConfigError {}

/// Why a task has no output.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a task without an output was aborted, or panicked"
)]
pub enum JoinError {
    /// The task was aborted, or its executor is gone.
    Cancelled,
    /// The task panicked.
    Panicked(Panic),
}

impl JoinError {
    /// Whether the task was aborted, or its executor is gone.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self, Self::Panicked(_))
    }

    /// Goes on unwinding with a task's panic, or returns the cancellation.
    pub fn resume(self) -> Self {
        match self {
            Self::Cancelled => self,
            Self::Panicked(panic) => std::panic::resume_unwind(panic.into_payload()),
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the task was cancelled"),
            Self::Panicked(panic) => write!(f, "the task panicked: {}", panic.message()),
        }
    }
}

impl Error for JoinError {}

/// For functions that do what blocks elsewhere: `rt.spawn_blocking(read).await??`. Its kind is
/// [`Other`](io::ErrorKind::Other), and the `JoinError` is inside.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::JoinError;
/// use std::io;
///
/// let error = io::Error::from(JoinError::Cancelled);
/// assert_eq!(error.kind(), io::ErrorKind::Other);
/// assert!(error.get_ref().is_some_and(|inside| inside.is::<JoinError>()));
/// ```
impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> Self {
        Self::other(error)
    }
}

/// The payload of a panic, kept so that it can be inspected or resumed.
// One word: each task has room for it in its outcome, which is moved a few times.
pub struct Panic(Box<Raised>);

struct Raised {
    message: Cow<'static, str>,
    // The mutex is never locked: it makes a `Send` payload `Sync`, without unsafe code.
    payload: Mutex<Box<dyn Any + Send + 'static>>,
}

impl Panic {
    /// Wraps what `std::panic::catch_unwind` or a runtime's join handle returned.
    pub fn new(payload: Box<dyn Any + Send + 'static>) -> Self {
        let message = if let Some(text) = payload.downcast_ref::<&'static str>() {
            Cow::Borrowed(*text)
        } else if let Some(text) = payload.downcast_ref::<String>() {
            Cow::Owned(text.clone())
        } else {
            Cow::Borrowed("(a payload that is not a string)")
        };
        Self(Box::new(Raised {
            message,
            payload: Mutex::new(payload),
        }))
    }

    /// The panic's message, or a stand-in where the payload is not a string.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The payload that the panic was raised with.
    pub fn into_payload(self) -> Box<dyn Any + Send + 'static> {
        into_inner(self.0.payload)
    }
}

/// By their messages.
impl PartialEq for Panic {
    fn eq(&self, other: &Self) -> bool {
        self.message() == other.message()
    }
}

impl Eq for Panic {}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Panic").field(&self.message()).finish()
    }
}

/// A limit of time passed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Elapsed {
    /// The operation's name, where it was given one.
    pub operation: Option<Cow<'static, str>>,
    /// The limit that was set. Where that was a deadline: the time until it, from the first poll on.
    pub limit: Duration,
    /// The time that had passed, on the runtime's clock, since the first poll.
    pub elapsed: Duration,
}

impl Elapsed {
    /// A limit that passed after `elapsed`.
    pub fn new(operation: Option<Cow<'static, str>>, limit: Duration, elapsed: Duration) -> Self {
        Self {
            operation,
            limit,
            elapsed,
        }
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.operation.as_deref().unwrap_or("operation");
        let Self { limit, elapsed, .. } = self;
        write!(
            f,
            "{operation} timed out after {elapsed:?} (limit: {limit:?})"
        )
    }
}

impl Error for Elapsed {}

/// For functions that do I/O: `rt.timeout(limit, read).await??`. Its kind is [`TimedOut`](io::ErrorKind::TimedOut), and
/// the `Elapsed` is inside.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::Elapsed;
/// use std::{io, time::Duration};
///
/// let limit = Duration::from_secs(1);
/// let error = io::Error::from(Elapsed::new(Some("read".into()), limit, limit));
/// assert_eq!(error.kind(), io::ErrorKind::TimedOut);
/// assert_eq!(error.to_string(), "read timed out after 1s (limit: 1s)");
/// ```
impl From<Elapsed> for io::Error {
    fn from(error: Elapsed) -> Self {
        Self::new(io::ErrorKind::TimedOut, error)
    }
}

/// A lock or semaphore could not be had in time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcquireTimeout {
    /// What was waited for.
    pub primitive: String,
    /// Where the guard or permit that stood in the way was asked for, if that is known.
    pub holder: Option<&'static Location<'static>>,
    /// The limit, and the time that had passed.
    pub elapsed: Elapsed,
}

impl AcquireTimeout {
    /// Reports that `primitive` could not be acquired because `holder` held it.
    pub fn new(
        primitive: impl Into<String>,
        holder: Option<&'static Location<'static>>,
        elapsed: Elapsed,
    ) -> Self {
        Self {
            primitive: primitive.into(),
            holder,
            elapsed,
        }
    }
}

impl fmt::Display for AcquireTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Elapsed { limit, elapsed, .. } = self.elapsed;
        let primitive = &self.primitive;
        write!(
            f,
            "{primitive} timed out after {elapsed:?} (limit: {limit:?})"
        )?;
        match self.holder {
            Some(holder) => write!(f, "; taken at {holder}"),
            None => Ok(()),
        }
    }
}

impl Error for AcquireTimeout {}

/// Why permits could not be had in time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "what is waited for ends, or the wait does"
)]
pub enum AcquireTimeoutError {
    /// Too few came free.
    TimedOut(AcquireTimeout),
    /// The semaphore is closed.
    Closed,
}

impl fmt::Display for AcquireTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(timeout) => write_with(f, "no permits came free in time", timeout),
            Self::Closed => f.write_str("the semaphore is closed"),
        }
    }
}

impl Error for AcquireTimeoutError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::TimedOut(timeout) => Some(timeout),
            Self::Closed => None,
        }
    }
}

/// What was waited for cannot come any more: the semaphore, channel or queue is closed, or its other side
/// is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("closed: nothing more can come of it")
    }
}

impl Error for Closed {}

/// Why a permit could not be had at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "never, or not yet")]
pub enum TryAcquireError {
    /// The semaphore is closed, and stays so.
    Closed,
    /// Too few permits are free, or somebody waits for them already.
    NoPermits,
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the semaphore is closed",
            Self::NoPermits => "no permits are free",
        })
    }
}

impl Error for TryAcquireError {}

/// Why no item could be received at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "never, or not yet")]
pub enum TryRecvError {
    /// Nothing is there now; something may come.
    Empty,
    /// Nothing is there, and nothing can come.
    Closed,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "empty: nothing is there now",
            Self::Closed => "closed: nothing more can come of it",
        })
    }
}

impl Error for TryRecvError {}
