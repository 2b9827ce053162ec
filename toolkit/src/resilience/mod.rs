//! Living with failures: boundaries with fallbacks, circuit breakers.
//!
//! | to | write |
//! |---|---|
//! | go on with something else where a call fails | [`Boundary`] |
//! | not call what is known to be down | [`CircuitBreaker`] |
//! | try again | [`retry`](crate::retry) |
//! | ask several, and take the first answer | [`race_ok`](anyrt_core::gather::race_ok), [`hedge`](anyrt_core::gather::hedge) |
//! | ask several, and take what comes in time | [`best_effort`] |

mod best_effort;
mod boundary;
mod breaker;

pub use best_effort::best_effort;
pub use boundary::Boundary;
pub use breaker::{
    BreakerBuilder, BreakerCall, BreakerError, BreakerState, CallFuture, CircuitBreaker, Open,
};
