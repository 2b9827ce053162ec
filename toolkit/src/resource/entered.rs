//! A resource that is lent to its user, and goes home before it is closed.
//!
//! ```text
//!   opening ──▶ lent ⇄ home ──exit──▶ over      its close is awaited
//!      │          └──────────exit──▶ over      still in use: an error; dropped when it is let go
//!      └──────────────exit──▶ over              never opened: nothing to close
//! ```

use crate::lock::lock;
use std::{
    fmt, mem,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex},
};

/// A resource in its scope. It is used as the resource itself; dropped, at once too, it goes back to the stack that
/// closes it at the end.
///
/// It must not outlive the body that it was entered in: somebody who still has it when it is to be closed
/// makes that an [error](super::StillInUse).
pub struct Entered<T> {
    /// Always there, until it is dropped.
    value: Option<T>,
    home: Home<T>,
}

#[derive(Debug)]
pub(super) enum Stand<T> {
    Opening,
    Lent,
    Here(T),
    Over,
}

/// Where a resource is, for its user and for its close.
#[derive(Debug)]
pub(super) struct Home<T>(Arc<Mutex<Stand<T>>>);

impl<T> Clone for Home<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Home<T> {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Stand::Opening)))
    }

    /// The resource has been opened. It comes back where its stack did not wait for that.
    pub(super) fn lend(self, value: T) -> Result<Entered<T>, T> {
        {
            let mut stand = lock(&self.0);
            match &*stand {
                Stand::Over => return Err(value),
                _ => *stand = Stand::Lent,
            }
        }
        let value = Some(value);
        Ok(Entered { value, home: self })
    }

    /// For its close.
    pub(super) fn take(&self) -> Stand<T> {
        mem::replace(&mut *lock(&self.0), Stand::Over)
    }
}

impl<T> Entered<T> {
    /// One that is lent from the start on, and where it goes.
    pub(super) fn new(value: T) -> (Self, Home<T>) {
        let home = Home(Arc::new(Mutex::new(Stand::Lent)));
        let value = Some(value);
        let entered = Self {
            value,
            home: home.clone(),
        };
        (entered, home)
    }
}

impl<T> Deref for Entered<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value
            .as_ref()
            .expect("it is there until it is dropped")
    }
}

impl<T> DerefMut for Entered<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value
            .as_mut()
            .expect("it is there until it is dropped")
    }
}

impl<T> Drop for Entered<T> {
    fn drop(&mut self) {
        let Some(value) = self.value.take() else {
            return;
        };
        let mut stand = lock(&self.home.0);
        if let Stand::Lent = *stand {
            *stand = Stand::Here(value);
        } else {
            drop(stand);
            drop(value);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Entered<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Entered").field(&**self).finish()
    }
}
