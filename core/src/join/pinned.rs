//! The one step that safe code cannot take: from a pinned slice to a pinned element of it.
//!
//! `Pin` has no projection for slices. Without it the children of one call would live in a box
//! each, or in blocks of pinned fields; with 30 children prototypes of those took twice as long.

#![allow(unsafe_code)]

use std::pin::Pin;

/// The element at `index`, pinned as its slice is.
///
/// # Panics
/// Where there is none.
#[inline]
pub(super) fn element<T>(slice: Pin<&mut [T]>, index: usize) -> Pin<&mut T> {
    // SAFETY: the element lives in the slice, so it stays where it is for as long as the slice
    // does, and is dropped in place with it. Nothing takes it out of its pin: a slice has no
    // `Drop` of its own, and is `Unpin` only where its elements are.
    unsafe { slice.map_unchecked_mut(|slice| &mut slice[index]) }
}
