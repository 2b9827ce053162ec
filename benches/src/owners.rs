//! Pools and batches, where nothing fails; operations.

use crate::{
    case,
    cases::Cases,
    ops::{batch, operation, pool::*},
};
use anyrt::tokio::Tokio;

/// All of them.
pub const CASES: &[Cases] = &[
    (
        "A pool's object, alone: get and put",
        &[
            case!("pool, a stack behind a mutex", "floor", alone_stack),
            case!("pool, anyrt", "checked each time", 4.2, |n| alone_anyrt(
                Tokio::default(),
                n
            )),
            case!("pool, deadpool", "checked each time", alone_deadpool),
            case!(
                "pool, deadpool, unmanaged",
                "never checked, no limits of time",
                alone_deadpool_unmanaged
            ),
            case!("pool, bb8", "checked each time", alone_bb8),
        ],
    ),
    (
        "A pool's object, 64 tasks over 8",
        &[
            case!("crowd, deadpool", "FIFO", crowd_deadpool),
            case!("crowd, anyrt", "FIFO", 0.75, |n| crowd_anyrt(
                Tokio::default(),
                n
            )),
            case!("crowd, deadpool, unmanaged", "", crowd_deadpool_unmanaged),
            case!("crowd, bb8", "", crowd_bb8),
        ],
    ),
    (
        "A key in a batch of 100",
        &[
            case!(
                "batch, a task, a channel and oneshots by hand",
                "floor: no interval, no errors, no panics",
                |n| batch::by_hand(100, n)
            ),
            case!("batch, anyrt", "", |n| batch::anyrt(
                Tokio::default(),
                100,
                n
            )),
            case!(
                "batch, tower's buffer",
                "no batches: the service is called for each key",
                |n| batch::buffer(100, n)
            ),
        ],
    ),
    (
        "An operation around a future that is ready",
        &[
            case!("op, a span by hand", "floor", operation::by_hand),
            case!("op, none", "floor", operation::bare),
            case!("op, anyrt", "nobody listens", |n| operation::anyrt(
                Tokio::default(),
                n
            )),
            case!("op, anyrt, a tracker", "", |n| operation::tracked(
                Tokio::default(),
                n
            )),
        ],
    ),
    // The last one: from here on the process has a subscriber.
    (
        "An operation around a future that is ready, with a subscriber",
        &[
            case!(
                "subscriber, a span by hand",
                "floor; the subscriber does nothing",
                |n| operation::listening(operation::by_hand(n))
            ),
            case!("subscriber, anyrt", "", |n| operation::listening(
                operation::anyrt(Tokio::default(), n)
            )),
        ],
    ),
];
