//! The tables of `wall` about many futures in one task.

use crate::{harness::Table, harness::timed, ops::join::*, rig};

/// In a task of one current-thread tokio.
macro_rules! row {
    ($contender:ident, $job:ident, $size:expr) => {{
        let runtime = rig::shared();
        move |n| rig::in_task(&runtime, timed($contender::$job($size, n)))
    }};
}

const QUADRATIC: &str = "quadratic";

macro_rules! table {
    ($title:expr, $job:ident, $size:expr, $unordered:expr, $concurrency:expr) => {{
        let table = Table::new($title)
            .row("futures `join_all`", $unordered, row!(futures, $job, $size))
            .row(
                "futures `join_all`, again",
                "A/A",
                row!(futures, $job, $size),
            )
            .row("anyrt `join_all`", "", row!(anyrt, $job, $size))
            .row("anyrt `FutureSet`", "", row!(anyrt_set, $job, $size))
            .row(
                "`FuturesUnordered`",
                $unordered,
                row!(unordered, $job, $size),
            )
            .row(
                "futures-buffered `join_all`",
                "",
                row!(buffered, $job, $size),
            );
        match $concurrency {
            Some(note) => table.row("futures-concurrency", note, row!(concurrency, $job, $size)),
            None => table,
        }
    }};
}

pub fn tables() -> Vec<Table> {
    vec![
        table!("Join 10 that are ready", no_op, 10, "", Some("")),
        table!("Join 30 that are ready", no_op, 30, "", Some("")),
        table!("Join 1,000 that are ready", no_op, 1_000, "", Some("")),
        table!("Join 100,000 that are ready", no_op, 100_000, "", Some("")),
        table!("Join 10 that yield once", yield_once, 10, "", Some("")),
        table!("Join 30 that yield once", yield_once, 30, "", Some("")),
        table!(
            "Join 1,000 that yield once",
            yield_once,
            1_000,
            "",
            Some("")
        ),
        table!(
            "Join 100,000 that yield once",
            yield_once,
            100_000,
            "",
            Some("")
        ),
        table!(
            "Join 10 that wake one at a time",
            one_at_a_time,
            10,
            "",
            Some("")
        ),
        table!(
            "Join 1,000 that wake one at a time",
            one_at_a_time,
            1_000,
            "",
            Some(QUADRATIC)
        ),
        table!(
            "Join 100,000 that wake one at a time",
            one_at_a_time,
            100_000,
            "",
            None::<&str>
        ),
        table!(
            "Join 1,000 sleeps that are due, tokio",
            sleeps,
            1_000,
            QUADRATIC,
            Some(QUADRATIC)
        ),
        table!(
            "Join 10,000 sleeps that are due, tokio",
            sleeps,
            10_000,
            QUADRATIC,
            Some(QUADRATIC)
        ),
    ]
}
