//! Retries, limits and breakers, where nothing fails and nothing waits.

use crate::{
    case,
    cases::Cases,
    ops::{breaker, limits::*, retry},
};
use anyrt::tokio::Tokio;

/// All of them.
pub const CASES: &[Cases] = &[
    (
        "A retry around a future that is ready and `Ok`",
        &[
            case!(
                "retry, a loop by hand",
                "floor: three attempts, no jitter, no error",
                retry::by_hand
            ),
            case!("retry, none", "floor", retry::none),
            // A runtime of its own, and room for what may come, are set up and taken down.
            case!("retry, anyrt", "", 3.0, |n| retry::anyrt(
                Tokio::default(),
                n
            )),
            case!(
                "retry, backon",
                "no deadlines, no cancellation, no budget",
                retry::backon
            ),
        ],
    ),
    (
        "A rate limit that allows",
        &[
            case!(
                "rate, governor on anyrt's clock",
                "no order: the heavy can starve",
                |n| rate_governor_same_clock(Tokio::default(), n)
            ),
            // The target is 1.05, of the time, and kept there. A quota that can change is loaded, and a time that wraps
            // looked at, in a few instructions more.
            case!("rate, anyrt, `try_acquire`", "FIFO", 1.1, |n| rate_try(
                Tokio::default(),
                n
            )),
            case!(
                "rate, governor, `until_ready`",
                "no order, no cancellation",
                |n| rate_governor_until_ready(Tokio::default(), n)
            ),
            case!("rate, anyrt, `acquire`", "FIFO", 1.47, |n| rate_acquire(
                Tokio::default(),
                n
            )),
            case!(
                "rate, governor, monotonic clock",
                "",
                rate_governor_monotonic
            ),
            case!(timed
                "rate, governor, TSC clock",
                "another clock",
                rate_governor_quanta
            ),
            case!("rate, anyrt's clock", "floor", |n| now(Tokio::default(), n)),
        ],
    ),
    (
        "A rate limit that denies",
        &[
            case!(
                "denied, governor on anyrt's clock",
                "says when, as ours does",
                |n| denied_governor(Tokio::default(), n)
            ),
            case!("denied, anyrt", "", |n| denied_anyrt(Tokio::default(), n)),
        ],
    ),
    (
        "A rate limit for each of 1,000 keys",
        &[
            case!(
                "keyed, governor, DashMap",
                "keys stay until they are swept by hand",
                |n| keyed_governor_dashmap(Tokio::default(), n)
            ),
            case!(
                "keyed, governor, a map behind a mutex",
                "keys stay until they are swept by hand",
                |n| keyed_governor_mutex(Tokio::default(), n)
            ),
            case!(
                "keyed, anyrt",
                "a handle each time, forgets what nobody uses",
                |n| keyed_anyrt(Tokio::default(), n)
            ),
            case!("keyed, anyrt, handles that are kept", "", |n| {
                keyed_anyrt_kept(Tokio::default(), n)
            }),
        ],
    ),
    (
        "A slot that is free",
        &[
            case!("slot, a semaphore, owned", "floor: no keys", |n| {
                slots_semaphore(Tokio::default(), n)
            }),
            case!(
                "slot, anyrt, `Limiter`",
                "its limit can change",
                // Of 99 instructions, where the floor is 71: a slot knows its lane, and when it began where the limit adapts.
                1.40,
                |n| slots_anyrt(Tokio::default(), n)
            ),
        ],
    ),
    (
        "A breaker that is closed",
        &[
            case!(
                "breaker, by hand",
                "floor: counts failures in a row, never opens",
                breaker::by_hand
            ),
            case!("breaker, none", "floor", retry::none),
            // The target is the time of recloser's, which is six times the floor's Ir.
            case!("breaker, anyrt", "", 2.75, |n| breaker::anyrt(
                Tokio::default(),
                n
            )),
            case!(
                "breaker, recloser",
                "a rate of the last 100 calls, all the while half-open",
                breaker::recloser
            ),
            case!(
                "breaker, failsafe",
                "no trials are counted, a dropped call stays",
                breaker::failsafe
            ),
        ],
    ),
];
