//! Limits: how often something may begin, and how many may run at once.
//!
//! | to limit | write |
//! |---|---|
//! | how often calls begin | [`RateLimiter`] |
//! | the same, for each key by itself | [`KeyedRateLimiter`] |
//! | how many run at once, with a fair share for each key | [`Limiter`] |
//! | the same, with a limit that finds itself | [`Limiter::adaptive`] |
//!
//! ```
//! use anyrt::{ConfigError, rt::Runtime};
//! use anyrt::limit::{Quota, RateLimitError, RateLimiter};
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

mod concurrency;
mod rate;

pub use concurrency::{AcquireSlot, Aimd, Limiter, Slot};
pub use rate::{AcquireRate, KeyedRateLimiter, Quota, RateLimitError, RateLimiter};
