//! The tables of pools, batches and breakers.

use crate::{
    harness::{Table, timed},
    ops::{limits::retry_none, owners::*},
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
        Table::new("A pool's object, alone: get and put")
            .row("a stack behind a mutex", "floor", task!(pool_stack))
            .row("a stack, again", "A/A", task!(pool_stack))
            .row(
                "anyrt",
                "checked each time",
                task!(|n| pool_anyrt(Tokio::default(), n)),
            )
            .row("deadpool", "checked each time", task!(pool_deadpool))
            .row(
                "deadpool, unmanaged",
                "never checked, no limits of time",
                task!(pool_deadpool_unmanaged),
            )
            .row("bb8", "checked each time", task!(pool_bb8)),
        Table::new("A pool's object, 64 tasks over 8")
            .row("anyrt", "FIFO", task!(|n| crowd_anyrt(Tokio::default(), n)))
            .row(
                "anyrt, again",
                "A/A",
                task!(|n| crowd_anyrt(Tokio::default(), n)),
            )
            .row("deadpool", "FIFO", task!(crowd_deadpool))
            .row("deadpool, unmanaged", "", task!(crowd_deadpool_unmanaged))
            .row("bb8", "", task!(crowd_bb8)),
        Table::new("A key in a batch of 100")
            .row(
                "a task, a channel and oneshots, by hand",
                "floor: no interval, no errors, no panics",
                task!(|n| batch_by_hand(100, n)),
            )
            .row("by hand, again", "A/A", task!(|n| batch_by_hand(100, n)))
            .row(
                "anyrt",
                "",
                task!(|n| batch_anyrt(Tokio::default(), 100, n)),
            ),
        Table::new("A breaker that is closed")
            .row("no breaker", "floor", task!(retry_none))
            .row("no breaker, again", "A/A", task!(retry_none))
            .row("anyrt", "", task!(|n| breaker_anyrt(Tokio::default(), n))),
    ]
}
