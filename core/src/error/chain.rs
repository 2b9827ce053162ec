//! Errors and what is inside of them: printed, and searched.

use super::JoinError;
use crate::cancel::{CancelReason, Cancelled};
use std::{error::Error, fmt, iter};

/// Prints an error and all its sources in one line: `the load failed: disk full`.
///
/// A source that the text before it says already, as some libraries' errors do, is left out.
pub fn chain<'a>(error: &'a (dyn Error + 'static)) -> Chain<'a> {
    Chain(error)
}

/// An error with all its sources, for `{}`; made by [`chain`].
#[derive(Clone, Copy)]
pub struct Chain<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = self.0.to_string();
        f.write_str(&last)?;
        for source in sources(self.0).skip(1) {
            let text = source.to_string();
            if !says(&last, &text) {
                write!(f, ": {text}")?;
                last = text;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(sources(self.0)).finish()
    }
}

/// Whether the error stands for a cancellation: it is a [`CancelReason`], a [`Cancelled`] or a
/// [`JoinError::Cancelled`], or has one of them among its sources.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{JoinError, error::is_cancellation};
/// use std::io;
///
/// assert!(is_cancellation(&JoinError::Cancelled));
/// assert!(!is_cancellation(&io::Error::other("disk full")));
/// ```
pub fn is_cancellation(error: &(dyn Error + 'static)) -> bool {
    sources(error).any(|error| {
        let joined = error.downcast_ref::<JoinError>();
        error.is::<CancelReason>()
            || error.is::<Cancelled>()
            || joined.is_some_and(JoinError::is_cancelled)
    })
}

/// Whether this is a part of it: from the beginning, a `: ` or a line's begin to the end, a `: ` or a line's end.
pub(crate) fn says(told: &str, text: &str) -> bool {
    told.match_indices(text).any(|(at, _)| {
        let (before, after) = (&told[..at], &told[at + text.len()..]);
        let begins = before.is_empty() || before.ends_with(": ") || before.ends_with('\n');
        let ends = after.is_empty() || after.starts_with(": ") || after.starts_with('\n');
        begins && ends
    })
}

fn sources<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    // `io::Error` gives the source of what it was made of, and not that itself.
    iter::successors(Some(error), |&error| {
        inside(error).or_else(|| error.source())
    })
}

fn inside<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let inside = error.downcast_ref::<std::io::Error>()?.get_ref()?;
    Some(inside)
}

/// For the `Display` of an error with another inside: `{}` is the text, `{:#}` both.
///
/// # Errors
/// Those of the formatter.
pub fn write_with(
    f: &mut fmt::Formatter<'_>,
    text: impl fmt::Display,
    inside: &(impl fmt::Display + ?Sized),
) -> fmt::Result {
    match f.alternate() {
        true => write!(f, "{text}: {inside:#}"),
        false => write!(f, "{text}"),
    }
}
