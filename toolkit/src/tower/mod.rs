//! What the toolkit does for a call, as layers for [tower](https://docs.rs/tower): on any runtime, where tower's
//! own need tokio's timers.
//!
//! | layer | what it is made of | its own error |
//! |---|---|---|
//! | [`TimeoutLayer`] | [`wait_for`](anyrt_core::time::wait_for()) | [`Elapsed`](anyrt_core::Elapsed) |
//! | [`RetryLayer`] | a [`Retry`](crate::retry::Retry) policy | [`RetryError`](crate::retry::RetryError) |
//! | [`RateLimitLayer`] | a [`RateLimiter`](crate::limit::RateLimiter) | [`RateLimitError`](crate::limit::RateLimitError) |
//! | [`ConcurrencyLimitLayer`] | a [`Limiter`](crate::limit::Limiter) | [`Cancelled`](anyrt_core::cancel::Cancelled) |
//! | [`CircuitBreakerLayer`] | a [`CircuitBreaker`](crate::resilience::CircuitBreaker) | [`Open`](crate::resilience::Open) |
//! | [`OperationLayer`] | an [`Operation`](crate::operation::Operation) a request | none |
//!
//! ```
//! use anyrt::{ConfigError, rt::Runtime};
//! use anyrt::{
//!     limit::Limiter,
//!     operation::Operation,
//!     retry::{Backoff, Retry},
//!     tower::{ConcurrencyLimitLayer, OperationLayer, RetryLayer, TimeoutLayer},
//! };
//! use std::{io, time::Duration};
//! use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! async fn fetch(url: &'static str) -> io::Result<String> {
//!     Ok(format!("the page at {url}"))
//! }
//!
//! fn client<R: Runtime>(
//!     rt: &R,
//! ) -> Result<impl Service<&'static str, Response = String, Error = BoxError>, ConfigError> {
//!     let limiter = Limiter::new(rt, 100)?;
//!     let policy = Retry::builder()
//!         .attempts(4)
//!         .backoff(Backoff::exponential(Duration::from_millis(50)).full_jitter())
//!         .build()?;
//!     Ok(ServiceBuilder::new()
//!         .map_err(Into::into)
//!         // From the outside inwards.
//!         .layer(OperationLayer::new(rt, |url: &&'static str| Operation::new("fetch").field("url", *url)))
//!         .layer(ConcurrencyLimitLayer::new(&limiter))
//!         .layer(TimeoutLayer::new(rt, Duration::from_secs(10)).named("fetch"))
//!         .layer(RetryLayer::new(rt, &policy))
//!         .service(service_fn(fetch)))
//! }
//!
//! # use anyrt::rt::BlockOn;
//! # let rt = anyrt_smol::Smol::default();
//! # rt.block_on(async {
//! let page = client(&rt)?.oneshot("/home").await?;
//! assert_eq!(page, "the page at /home");
//! # Ok::<_, BoxError>(())
//! # }).unwrap();
//! ```
//!
//! # Errors
//! Each layer's service fails with a [`LayerError`]: the layer's own error, or the inner one. They nest as the
//! layers do, so no error has to be looked for in a box; [`into_boxed`](LayerError::into_boxed) makes one
//! where that is wanted.
//!
//! # `poll_ready`
//! The two limits wait there, and push back: tower's `load_shed` sees them. What they found is kept for the next
//! `call`; a service that is dropped before, or while it waits, gives it back (*TW-7*). The others are ready when
//! the service inside is. A service that was found ready is the one that is called: clones are
//! only made of it for later attempts. So what is outside of a limit, a [timeout](TimeoutLayer) for instance, does
//! not see how long its `poll_ready` waits.
//!
//! Services are `Clone`, `Send` and `Sync` where what is inside is, and their futures are not boxed.

mod breaker;
mod concurrency;
mod error;
mod operation;
mod rate;
mod reserve;
mod response;
mod retry;
mod timeout;

pub use breaker::{AnyError, BreakerResponse, CircuitBreakerLayer, CircuitBreakerService, Failure};
pub use concurrency::{ConcurrencyLimitLayer, ConcurrencyLimitService};
pub use error::LayerError;
pub use operation::{ByError, Judge, OperationLayer, OperationService};
pub use rate::{RateLimitLayer, RateLimitService};
pub use response::ResponseFuture;
pub use retry::{RetryLayer, RetryResponse, RetryService};
pub use timeout::{TimeoutLayer, TimeoutResponse, TimeoutService};
