//! An object that is out.

use super::{Manager, lease::Lease};
use anyrt_core::rt::Runtime;
use std::{
    fmt,
    ops::{Deref, DerefMut},
};

/// An object of a [`Pool`](super::Pool), which goes back when it is dropped.
///
/// It goes to whoever has waited longest, or lies idle. One that the manager does not want to
/// [keep](Manager::keep), that is too old, that there is no room for since a
/// [resize](super::Pool::resize), or whose pool is closed, is dropped instead.
#[must_use = "dropped at once, it goes back at once"]
pub struct Pooled<R: Runtime, M: Manager>(Lease<R, M>);

impl<R: Runtime, M: Manager> Pooled<R, M> {
    /// `lease` has an object.
    pub(super) fn new(lease: Lease<R, M>) -> Self {
        Self(lease)
    }

    /// Takes the object out of its pool for good; its place is free for another one (*PO-6*).
    pub fn detach(mut this: Self) -> M::Object {
        this.0.take()
    }

    /// Drops the object instead of giving it back: its user knows that it is broken.
    pub fn discard(mut this: Self) {
        this.0.empty();
    }
}

impl<R: Runtime, M: Manager> Deref for Pooled<R, M> {
    type Target = M::Object;

    #[inline]
    fn deref(&self) -> &M::Object {
        self.0.object()
    }
}

impl<R: Runtime, M: Manager> DerefMut for Pooled<R, M> {
    #[inline]
    fn deref_mut(&mut self) -> &mut M::Object {
        self.0.object_mut()
    }
}

impl<R: Runtime, M: Manager> Drop for Pooled<R, M> {
    #[inline]
    fn drop(&mut self) {
        self.0.inspect();
    }
}

impl<R: Runtime, M: Manager<Object: fmt::Debug>> fmt::Debug for Pooled<R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pooled")
            .field("pool", &self.0.pool())
            .field("object", &**self)
            .finish()
    }
}
