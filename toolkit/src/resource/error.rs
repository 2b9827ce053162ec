//! What went wrong in a body, and in the closes after it.

use anyrt_core::group::Cause;
use std::{borrow::Cow, error::Error, fmt, panic::Location};

/// Why a body has no output, and which of its resources did not close as they should: at least one of
/// these.
///
/// An output is given up for a close that fails: what it says may not have happened.
#[derive(Debug)]
#[non_exhaustive]
pub struct ExitError<E> {
    /// What happened to the body; `None` where it has come to its end.
    pub body: Option<Cause<E>>,
    /// The closes that failed, in the order of closing.
    pub closes: Vec<CloseError>,
}

impl<E> ExitError<E> {
    /// `None` where nothing went wrong.
    pub(super) fn new(body: Option<Cause<E>>, closes: Vec<CloseError>) -> Option<Self> {
        (body.is_some() || !closes.is_empty()).then_some(Self { body, closes })
    }

    /// The error that the body returned, if that is what happened.
    pub fn body_error(&self) -> Option<&E> {
        match &self.body {
            Some(Cause::Failed(error)) => Some(error),
            _ => None,
        }
    }
}

/// A resource that did not close as it should.
#[derive(Debug)]
#[non_exhaustive]
pub struct CloseError {
    /// Its name, where it has one.
    pub name: Option<Cow<'static, str>>,
    /// Where it was entered.
    pub entered_at: &'static Location<'static>,
    /// What happened: an error, [`StillInUse`] among them, a panic, or its time was over.
    pub cause: Cause<Box<dyn Error + Send + Sync>>,
}

/// A resource that somebody still had when it was to be closed. It is dropped unclosed, when they let it go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StillInUse;

impl fmt::Display for StillInUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("still in use when it was to be closed")
    }
}

impl Error for StillInUse {}

fn write_cause<E: fmt::Display>(cause: &Cause<E>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match cause {
        Cause::Failed(error) => error.fmt(f),
        Cause::Panicked(panic) => write!(f, "panicked: {}", panic.message()),
        Cause::TimedOut(elapsed) => write!(f, "{elapsed}"),
        _ => f.write_str("cancelled"),
    }
}

impl fmt::Display for CloseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "closing {name} ({}): ", self.entered_at)?,
            None => write!(f, "closing what was entered at {}: ", self.entered_at)?,
        }
        write_cause(&self.cause, f)
    }
}

impl Error for CloseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Cause::Failed(error) => error.source(),
            Cause::TimedOut(elapsed) => elapsed.source(),
            _ => None,
        }
    }
}

impl<E: fmt::Display> fmt::Display for ExitError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        if let Some(cause) = &self.body {
            write_cause(cause, f)?;
            between = "; ";
        }
        for close in &self.closes {
            write!(f, "{between}{close}")?;
            between = "; ";
        }
        Ok(())
    }
}

impl<E: Error + 'static> Error for ExitError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.body {
            Some(Cause::Failed(error)) => error.source(),
            _ => self.closes.first().and_then(Error::source),
        }
    }
}
