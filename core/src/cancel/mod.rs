//! Cancellation that is asked for: tokens, shields, clean-up.
//!
//! | to | write |
//! |---|---|
//! | ask others to stop, with a reason | [`CancellationToken::cancel`], [`cancel_with`](CancellationToken::cancel_with) |
//! | stop a part only | [`token.child()`](CancellationToken::child) |
//! | stop whoever is left when this returns | [`token.drop_guard()`](CancellationToken::drop_guard) |
//! | give up a future | [`future.cancellable(&token)`](Cancellable::cancellable), [`token.run_until_cancelled(future)`](CancellationToken::run_until_cancelled) |
//! | clean up, and be let finish | [`.on_cancel(cleanup)`](CancellableFuture::on_cancel) |
//! | not be cancelled for a while | [`shield(future)`](shield()) |
//!
//! A token asks; who was asked stops at a place of its choice. What drops a future without asking
//! is the abort of a task, which a [`TaskGroup`](crate::group::TaskGroup) does once its grace is over.

mod future;
mod shield;
#[cfg(test)]
mod tests;
mod token;

pub use future::{Cancellable, CancellableFuture, CancelledFuture, OnCancel, RunUntilCancelled};
pub use shield::{Shield, shield};
pub use token::{CancelReason, CancellationToken, Cancelled, DropGuard};
