//! Trying again what failed: policies, waits that grow, a budget that many calls share.
//!
//! ```
//! use anyrt::{ConfigError, rt::Runtime};
//! use anyrt::retry::{Backoff, Retry, RetryError, retry};
//! use std::{io, time::Duration};
//!
//! # async fn fetch(_: &str) -> io::Result<String> { Ok(String::new()) }
//! /// Kept in a struct, most often: a policy is made once.
//! fn policy() -> Result<Retry<io::Error>, ConfigError> {
//!     Retry::builder()
//!         .attempts(5)
//!         .backoff(Backoff::exponential(Duration::from_millis(50)).full_jitter())
//!         .max_elapsed(Duration::from_secs(30))
//!         .when(|error: &io::Error| error.kind() != io::ErrorKind::NotFound)
//!         .build()
//! }
//!
//! async fn page<R: Runtime>(
//!     rt: &R,
//!     policy: &Retry<io::Error>,
//! ) -> Result<String, RetryError<io::Error>> {
//!     retry(rt, policy, |_| fetch("/")).named("page").await
//! }
//! ```
//!
//! # When it ends
//! With the first `Ok`, or with a [`RetryError`] that has the last error, the number of attempts, the time,
//! and which of these came first: the error is not retryable, no attempt is left, the next wait would
//! pass [`max_elapsed`](RetryBuilder::max_elapsed) or the [context's](anyrt_core::context::Context::deadline)
//! deadline, the [budget](RetryBudget) is spent, the context's token was cancelled. No wait is begun that
//! a deadline would cut short.
//!
//! # What fails
//! An `Err`. A value that is no success, such as a response that says "too busy", becomes one in the closure:
//!
//! ```
//! # use anyrt::{retry::{Retry, RetryError, retry}, rt::Runtime};
//! # use std::io;
//! # struct Response { status: u16 }
//! # async fn get(_: &str) -> io::Result<Response> { Ok(Response { status: 200 }) }
//! # async fn page<R: Runtime>(rt: &R, policy: &Retry<io::Error>) -> Result<Response, RetryError<io::Error>> {
//! retry(rt, policy, |_| async {
//!     match get("/").await? {
//!         Response { status: 503, .. } => Err(io::ErrorKind::ResourceBusy.into()),
//!         response => Ok(response),
//!     }
//! })
//! # .await
//! # }
//! ```
//!
//! # What it costs
//! An attempt that is ready at once with an `Ok` costs no look at the clock and no allocation, unless the
//! policy has a limit of time.

mod backoff;
mod budget;
mod call;
mod error;
mod future;
mod operate;
mod policy;

pub use backoff::{Backoff, Delays};
pub use budget::RetryBudget;
pub use error::{AttemptError, GaveUp, RetryError, RetryFailure};
pub use future::{RetryFuture, retry};
pub use operate::Attempt;
#[cfg(feature = "tower")]
pub(crate) use operate::Operate;
pub use policy::{Retry, RetryBuilder, Retrying};
