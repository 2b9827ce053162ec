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
//! # On a server
//! A server has a stack for what comes in: it refuses what it cannot bear, soon, and with a status that says why.
//!
//! ```
//! use anyrt::{
//!     Elapsed, cancel::Cancelled,
//!     limit::{Limiter, Quota, RateLimitError, RateLimiter},
//!     rt::Runtime,
//!     tower::{ConcurrencyLimitLayer, LayerError, RateLimitLayer, TimeoutLayer},
//! };
//! use std::{error::Error, fmt, time::Duration};
//! use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! /// The status of a request that was refused.
//! #[derive(Debug, Clone, Copy, PartialEq)]
//! struct Status(u16);
//!
//! // For `load_shed`, whose error is a box.
//! impl Error for Status {}
//! impl fmt::Display for Status {
//!     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
//!         write!(f, "refused with {}", self.0)
//!     }
//! }
//!
//! // What a layer says by itself is a status; what is inside has one already.
//! impl From<RateLimitError> for Status { fn from(_: RateLimitError) -> Self { Self(429) } }
//! impl From<Cancelled> for Status { fn from(_: Cancelled) -> Self { Self(503) } }
//! impl From<Elapsed> for Status { fn from(_: Elapsed) -> Self { Self(504) } }
//! impl<L: Into<Self>> From<LayerError<L, Self>> for Status {
//!     fn from(error: LayerError<L, Self>) -> Self {
//!         match error {
//!             LayerError::Layer(own) => own.into(),
//!             LayerError::Inner(status) => status,
//!         }
//!     }
//! }
//!
//! /// Of `load_shed`: what was refused below it, or by itself that.
//! fn shed_as(status: Status) -> impl Fn(BoxError) -> Status + Clone {
//!     move |error| error.downcast().map_or(status, |inner| *inner)
//! }
//!
//! /// What answers the requests of a client, whose rate that is; `requests` is for all of them.
//! fn front<R: Runtime>(
//!     rt: &R,
//!     rate: &RateLimiter<R>,
//!     requests: &Limiter<R>,
//! ) -> impl Service<&'static str, Response = String, Error = Status> + Clone + use<R> {
//!     ServiceBuilder::new()
//!         .map_err(shed_as(Status(429)))
//!         .load_shed()
//!         .map_err(Status::from)
//!         .layer(RateLimitLayer::new(rate))
//!         .map_err(shed_as(Status(503)))
//!         .load_shed()
//!         .map_err(Status::from)
//!         .layer(ConcurrencyLimitLayer::new(requests))
//!         .map_err(Status::from)
//!         .layer(TimeoutLayer::new(rt, Duration::from_secs(10)))
//!         .service(service_fn(|path: &'static str| async move { Ok(format!("what is at {path}")) }))
//! }
//!
//! # use anyrt::rt::BlockOn;
//! # let rt = anyrt_smol::Smol::default();
//! # rt.block_on(async {
//! let rate = RateLimiter::new(&rt, Quota::per_hour(1))?;
//! let front = front(&rt, &rate, &Limiter::new(&rt, 100)?);
//! // A clone for each request: what one waits for, or was refused, is none of the others' business.
//! assert_eq!(front.clone().oneshot("/").await.as_deref(), Ok("what is at /"));
//! assert_eq!(front.clone().oneshot("/").await, Err(Status(429)));
//! # Ok::<_, anyrt::ConfigError>(())
//! # }).unwrap();
//! ```
//!
//! The order is part of the meaning. A limit of a client stands above that of all, so that who asks too often never
//! takes a place; limits stand above the timeout, which then begins with those that were let in; a breaker stands above
//! the retries, and counts what failed for good; a timeout below them is that of an attempt. A slot is held until the
//! response is there: if that has a body which is read later, that is the connection's to bound. `examples/src/serve/`
//! has all of it, behind hyper and in front of a disk that fails, with the stop that finishes what is in flight.
//!
//! # Limits in a stack
//! A request passes the limits from the outside inwards, as attributes and nested calls do, and as in tower's own stacks:
//! while it waits for one, it holds what it was given by those above, and nothing of those below.
//!
//! | outside | inside | a request that waits inside | the order for |
//! |---|---|---|---|
//! | rate | slots | has had its turn, as has one that is refused there, and held no slot while it waited for that | what comes in, such as the rate of a client: who waits for a turn takes no one's place. Those that waited for slots then begin as these get free, faster than the rate perhaps |
//! | slots | rate | holds a slot until its turn | what goes out, where the other side counts: calls begin at the rate, whatever waited before. The slots should be for nobody but those under the rate |
//!
//! Wherever both would do, rate outside is the one that holds nothing others could use.
//!
//! # Errors
//! Each layer's service fails with a [`LayerError`]: the layer's own error, or the inner one. They nest as the
//! layers do, so no error has to be looked for in a box; [`into_boxed`](LayerError::into_boxed) makes one
//! where that is wanted. It opens its own layer: above each of them, the box has what failed, and never a [`LayerError`].
//!
//! ```
//! use anyrt::{
//!     Elapsed, rt::Runtime,
//!     retry::{Backoff, Retry, RetryError},
//!     tower::{LayerError, RetryLayer, TimeoutLayer},
//! };
//! use std::{io, time::Duration};
//! use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! fn client<R: Runtime>(
//!     rt: &R,
//!     policy: &Retry<io::Error>,
//! ) -> impl Service<u32, Response = (), Error = BoxError> + use<R> {
//!     ServiceBuilder::new()
//!         .map_err(LayerError::into_boxed)
//!         .layer(TimeoutLayer::new(rt, Duration::from_secs(10)))
//!         .map_err(LayerError::into_boxed)
//!         .layer(RetryLayer::new(rt, policy))
//!         .service(service_fn(|_: u32| async { Err(io::Error::other("disk full")) }))
//! }
//!
//! # anyrt::sim::check(3, |rt| async move {
//! # let policy = Retry::builder().attempts(2).backoff(Backoff::constant(Duration::ZERO)).build().unwrap();
//! let error = client(&rt, &policy).oneshot(1).await.unwrap_err();
//! assert!(!error.is::<Elapsed>());
//! let failed: &RetryError<io::Error> = error.downcast_ref().expect("no attempt was left");
//! assert_eq!(failed.attempts, 2);
//! # });
//! ```
//!
//! # `poll_ready`
//! The two limits wait there, and push back: tower's `load_shed` sees them. Pending means that there is nothing to have:
//! what is free is taken at once, also on the simulator, whose fault of letting others go first is not for them. They ask the service inside once they have
//! what they wait for, which is kept for the next `call`; a service that is dropped before, or while it waits, gives it
//! back (*TW-7*). The other layers are ready when the service inside is. A service that was found ready is the one that
//! is called: clones are only made of it for later attempts. So what is outside of a limit, a [timeout](TimeoutLayer)
//! for instance, does not see how long its `poll_ready` waits.
//!
//! Services are `Clone`, `Send` and `Sync` where what is inside is, and their futures are not boxed.

mod breaker;
mod concurrency;
mod error;
mod limit;
mod operation;
mod rate;
mod response;
mod retry;
mod timeout;

pub use breaker::{
    AnyError, BreakerResponse, CircuitBreakerLayer, CircuitBreakerService, IsFailure,
};
pub use concurrency::{ConcurrencyLimitLayer, ConcurrencyLimitService};
pub use error::LayerError;
pub use limit::LimitService;
pub use operation::{ByError, Judge, OperationLayer, OperationService};
pub use rate::{RateLimitLayer, RateLimitService};
pub use response::ResponseFuture;
pub use retry::{RetryLayer, RetryResponse, RetryService};
pub use timeout::{TimeoutLayer, TimeoutResponse, TimeoutService};
