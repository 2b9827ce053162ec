//! What tests of async code need: calls that do as they are told, futures that are watched.
//!
//! Both take time from the runtime, so on the simulator a test with delays of hours takes none, and says the
//! same each time.
//!
//! ```
//! use anyrt::rt::Runtime;
//! use anyrt::{retry::{Retry, retry}, testing::MockFn};
//! use std::time::Duration;
//!
//! async fn a_slow_answer_is_worth_the_wait<R: Runtime>(rt: R) {
//!     let fetch = MockFn::new(&rt)
//!         .then(Err("busy"))
//!         .then_after(Duration::from_secs(60), Ok(42));
//!     let policy = Retry::builder().build().unwrap();
//!
//!     let answer = retry(&rt, &policy, |attempt| fetch.call(attempt.number())).await;
//!
//!     assert_eq!(answer, Ok(42));
//!     assert_eq!(fetch.args(), [1, 2]);
//! }
//! # anyrt::sim::check(3, |rt| a_slow_answer_is_worth_the_wait(rt));
//! ```

mod mock;
mod watch;

pub use mock::{Call, CallEnd, MockCall, MockFn};
pub use watch::{Watch, Watched};
