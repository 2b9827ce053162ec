//! Limits: how often something may begin.
//!
//! | to limit | write |
//! |---|---|
//! | how often calls begin | [`RateLimiter`] |
//! | the same, for each key by itself | [`KeyedRateLimiter`] |
//!
//! ```
//! use anyrt_core::{ConfigError, rt::Runtime};
//! use anyrt_toolkit::limit::{Quota, RateLimitError, RateLimiter};
//!
//! # async fn send(_: &str) {}
//! struct Mailer<R: Runtime> {
//!     limiter: RateLimiter<R>,
//! }
//!
//! impl<R: Runtime> Mailer<R> {
//!     /// Five at once, and a hundred an hour.
//!     fn new(rt: &R) -> Result<Self, ConfigError> {
//!         let limiter = RateLimiter::new(rt, Quota::per_hour(100).burst(5))?;
//!         Ok(Self { limiter })
//!     }
//!
//!     async fn mail(&self, to: &str) -> Result<(), RateLimitError> {
//!         self.limiter.acquire().await?;
//!         send(to).await;
//!         Ok(())
//!     }
//! }
//! ```

mod rate;

pub use rate::{AcquireRate, KeyedRateLimiter, Quota, RateLimitError, RateLimiter};
