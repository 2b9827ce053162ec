//! Cancellation that is asked for: tokens, shields, clean-up.
//!
//! | to | write |
//! |---|---|
//! | ask others to stop, with a reason | [`CancellationToken::cancel`], [`cancel_with`](CancellationToken::cancel_with) |
//! | stop a part only | [`token.child()`](CancellationToken::child) |
//! | stop whoever is left when this returns | [`token.drop_guard()`](CancellationToken::drop_guard) |
//! | give up a future | [`future.cancellable(&token)`](Cancellable::cancellable), [`token.run_until_cancelled(future)`](CancellationToken::run_until_cancelled) |
//! | clean up, and be let finish | [`.on_cancel(cleanup)`](CancellableFuture::on_cancel) |
//! | not be cancelled by a token or a group for a while | [`shield(future)`](shield()) |
//!
//! A token asks; who was asked stops at a place of its choice. What drops a future without asking
//! is the abort of a task, which a [`TaskGroup`](crate::group::TaskGroup) does once its
//! [grace](crate::group::GroupBuilder::grace) is over: at once, unless it has one.
//!
//! # How a child ends that was asked to stop
//! With `Ok`, for it has done what it was asked to. A group knows nothing of its children's error type, so
//! a [`Cancelled`] that was made one of those (`cancellable(&token).await?`) is a failure like any other,
//! and stands in the group's error. So, in the outermost function of a child:
//!
//! ```
//! # extern crate anyrt_core as anyrt;
//! use anyrt::{cancel::CancellationToken, context::Context};
//! # use std::io;
//! # async fn next_mail() -> io::Result<String> { Ok(String::new()) }
//! # async fn deliver(_: String) -> io::Result<()> { Ok(()) }
//!
//! async fn deliver_all() -> io::Result<()> {
//!     let token = Context::current().token().cloned().unwrap_or_default();
//!     while let Some(mail) = token.run_until_cancelled(next_mail()).await {
//!         deliver(mail?).await?; // What is in hand is finished.
//!     }
//!     Ok(()) // Asked to stop: no failure.
//! }
//! ```

mod future;
mod shield;
#[cfg(test)]
mod tests;
mod token;

pub use future::{Cancellable, CancellableFuture, CancelledFuture, OnCancel, RunUntilCancelled};
pub use shield::{Shield, shield};
pub use token::{CancelReason, CancellationToken, Cancelled, DropGuard};
