//! What went wrong in a body, and in the closes after it.

use anyrt_core::{
    error::{BoxError, chain, write_with},
    group::Cause,
};
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

    /// The body's own error, if it returned one.
    pub fn error(&self) -> Option<&E> {
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
    pub cause: Cause<BoxError>,
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

/// The source of what befell somebody whose errors are in boxes, as far as it has one.
pub(crate) fn source_of(cause: &Cause<BoxError>) -> Option<&(dyn Error + 'static)> {
    match cause {
        Cause::Failed(error) => Some(&**error),
        Cause::TimedOut(elapsed) => Some(elapsed),
        Cause::Cancelled(Some(reason)) => Some(reason),
        _ => None,
    }
}

/// Who, and what befell them; `{:#}` has all sources.
pub(crate) struct Befell<'a, W>(pub W, pub &'a Cause<BoxError>);

impl<W: fmt::Display> fmt::Display for Befell<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(who, cause) = self;
        match source_of(cause) {
            Some(source) if f.alternate() => write!(f, "{who} {cause}: {}", chain(source)),
            _ => write!(f, "{who} {cause}"),
        }
    }
}

impl fmt::Display for CloseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name, entered_at, ..
        } = self;
        let who = match name {
            Some(name) => format!("closing {name} ({entered_at})"),
            None => format!("closing what was entered at {entered_at}"),
        };
        Befell(who, &self.cause).fmt(f)
    }
}

impl Error for CloseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        source_of(&self.cause)
    }
}

/// Whose closing failed, the last first, and what befell the body. `{:#}` has the errors, too.
impl<E: fmt::Display> fmt::Display for ExitError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What came first stands last: its source is the whole one's, and follows where sources are printed.
        let mut between = "";
        for close in self.closes.iter().rev() {
            f.write_str(between)?;
            close.fmt(f)?;
            between = "; ";
        }
        match &self.body {
            Some(Cause::Failed(error)) => {
                write_with(f, format_args!("{between}the body failed"), error)
            }
            Some(cause) => write!(f, "{between}the body {cause}"),
            None => Ok(()),
        }
    }
}

impl<E: Error + 'static> Error for ExitError<E> {
    /// That of the body, or of the first close that failed.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.body {
            Some(cause) => cause.source(),
            None => self.closes.first().and_then(Error::source),
        }
    }
}
