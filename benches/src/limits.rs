//! The tables of retries and limits.

use crate::{
    harness::{Table, timed},
    ops::limits::*,
    rig,
};
use anyrt::tokio::Tokio;

/// In a task of a tokio runtime.
macro_rules! task {
    ($op:expr) => {{
        let runtime = rig::shared();
        move |n| rig::in_task(&runtime, timed($op(n)))
    }};
}

/// All of them.
pub fn tables() -> Vec<Table> {
    vec![
        Table::new("A retry around a future that is ready and `Ok`")
            .row(
                "a loop by hand",
                "floor: three attempts, no jitter, no error",
                task!(retry_loop),
            )
            .row("a loop by hand, again", "A/A", task!(retry_loop))
            .row("no retry", "floor", task!(retry_none))
            .row("anyrt", "", task!(|n| retry_anyrt(Tokio::default(), n)))
            .row(
                "backon",
                "no deadlines, no cancellation, no budget",
                task!(retry_backon),
            ),
        Table::new("A rate limit that allows")
            .row(
                "governor, on anyrt's clock",
                "no order: the heavy can starve",
                task!(|n| rate_governor_same_clock(Tokio::default(), n)),
            )
            .row(
                "governor, on anyrt's clock, again",
                "A/A",
                task!(|n| rate_governor_same_clock(Tokio::default(), n)),
            )
            .row(
                "anyrt, `try_acquire`",
                "FIFO",
                task!(|n| rate_try(Tokio::default(), n)),
            )
            .row(
                "anyrt, `acquire`",
                "FIFO",
                task!(|n| rate_acquire(Tokio::default(), n)),
            )
            .row(
                "governor, monotonic clock",
                "",
                task!(rate_governor_monotonic),
            )
            .row(
                "governor, TSC clock",
                "another clock",
                task!(rate_governor_quanta),
            )
            .row(
                "anyrt's clock",
                "floor",
                task!(|n| now(Tokio::default(), n)),
            ),
        Table::new("A slot that is free")
            .row(
                "a semaphore, owned",
                "floor: no keys",
                task!(|n| slots_semaphore(Tokio::default(), n)),
            )
            .row(
                "a semaphore, again",
                "A/A",
                task!(|n| slots_semaphore(Tokio::default(), n)),
            )
            .row(
                "anyrt, `Limiter`",
                "",
                task!(|n| slots_anyrt(Tokio::default(), n)),
            ),
    ]
}
