//! The tables of oneshot, broadcast, watch and queue, for both binaries.

use crate::{counted, harness::Table, here, ops::messages::*, rig};

/// For `wall`.
pub fn tables() -> Vec<Table> {
    let broadcast = |title, receivers| {
        Table::new(title)
            .row(
                "anyrt",
                "cloned outside the lock",
                here!(|n| broadcast_anyrt(receivers, n)),
            )
            .row(
                "anyrt, again",
                "A/A",
                here!(|n| broadcast_anyrt(receivers, n)),
            )
            .row(
                "tokio",
                "cloned under a lock, counts the task's budget",
                here!(|n| broadcast_tokio(receivers, n)),
            )
            .row(
                "mea",
                "cloned under a lock",
                here!(|n| broadcast_mea(receivers, n)),
            )
            .row(
                "async-broadcast",
                "cloned under the lock",
                here!(|n| broadcast_async(receivers, n)),
            )
    };
    vec![
        Table::new("Oneshot, made, sent and received")
            .row("anyrt", "no unsafe", here!(oneshot_anyrt::ready))
            .row("anyrt, again", "A/A", here!(oneshot_anyrt::ready))
            .row("mea", "no wait for the end", here!(oneshot_mea::ready))
            .row(
                "crossfire",
                "a value that is not received is lost",
                here!(oneshot_crossfire::ready),
            )
            .row(
                "tokio",
                "counts the task's budget",
                here!(oneshot_tokio::ready),
            ),
        Table::new("Oneshot, made, waited for, sent and received")
            .row("anyrt", "no unsafe", here!(oneshot_anyrt::waits))
            .row("anyrt, again", "A/A", here!(oneshot_anyrt::waits))
            .row("mea", "no wait for the end", here!(oneshot_mea::waits))
            .row(
                "crossfire",
                "a value that is not received is lost",
                here!(oneshot_crossfire::waits),
            )
            .row(
                "tokio",
                "counts the task's budget",
                here!(oneshot_tokio::waits),
            ),
        broadcast("Broadcast, sent and received by one", 1),
        broadcast("Broadcast, sent and received by four", 4),
        Table::new("Watch, sent and received")
            .row("anyrt", "a snapshot", here!(watch_anyrt))
            .row("anyrt, again", "A/A", here!(watch_anyrt))
            .row(
                "tokio",
                "a guard that locks senders out",
                here!(watch_tokio),
            ),
        Table::new("Watch, a look at the latest")
            .row("anyrt", "a snapshot", here!(look_anyrt))
            .row("anyrt, again", "A/A", here!(look_anyrt))
            .row("tokio", "a guard that locks senders out", here!(look_tokio)),
        Table::new("Queue, put, got and done")
            .row(
                "anyrt",
                "jobs, join, orders, nobody is overtaken",
                here!(queue_anyrt),
            )
            .row("anyrt, again", "A/A", here!(queue_anyrt))
            .row("async-channel", "none of these", here!(queue_async_channel)),
    ]
}

/// For `ir`: operations, and the most that each may cost in terms of its table's first.
pub const COUNTED: &[counted::Table] = &[
    (
        "Oneshot, made, sent and received",
        &[
            ("oneshot, tokio", None),
            // Six atomic read-modify-writes to tokio's five, a mutex where tokio has `unsafe`, and a
            // look whether a simulator wants to know.
            ("oneshot, anyrt", Some(1.33)),
            ("oneshot, mea", None),
            ("oneshot, crossfire", None),
        ],
    ),
    (
        "Oneshot, made, waited for, sent and received",
        &[
            ("awaited oneshot, tokio", None),
            // As above; the switches of tasks are the same.
            ("awaited oneshot, anyrt", Some(1.03)),
            ("awaited oneshot, mea", None),
            ("awaited oneshot, crossfire", None),
        ],
    ),
    (
        "Broadcast, sent and received by one",
        &[
            ("broadcast to one, tokio", None),
            // Values are cloned outside the lock: an `Arc` is cloned and dropped for it.
            ("broadcast to one, anyrt", Some(1.09)),
            ("broadcast to one, mea", None),
            ("broadcast to one, async-broadcast", None),
        ],
    ),
    (
        "Broadcast, sent and received by four",
        &[
            ("broadcast to four, tokio", None),
            // As above.
            ("broadcast to four, anyrt", Some(1.01)),
            ("broadcast to four, mea", None),
            ("broadcast to four, async-broadcast", None),
        ],
    ),
    (
        "Watch, sent and received",
        &[("watch, tokio", None), ("watch, anyrt", Some(1.0))],
    ),
    (
        "Watch, a look at the latest",
        &[("look, tokio", None), ("look, anyrt", Some(1.36))],
    ),
    (
        "Queue, put, got and done",
        &[("queue, async-channel", None), ("queue, anyrt", None)],
    ),
];

/// Runs one of [`COUNTED`].
///
/// # Panics
/// Where there is none of that name.
pub fn run(operation: &str, n: u64) {
    let runtime = rig::shared();
    match operation {
        "oneshot, anyrt" => runtime.block_on(oneshot_anyrt::ready(n)),
        "oneshot, tokio" => runtime.block_on(oneshot_tokio::ready(n)),
        "oneshot, mea" => runtime.block_on(oneshot_mea::ready(n)),
        "oneshot, crossfire" => runtime.block_on(oneshot_crossfire::ready(n)),
        "awaited oneshot, anyrt" => runtime.block_on(oneshot_anyrt::waits(n)),
        "awaited oneshot, tokio" => runtime.block_on(oneshot_tokio::waits(n)),
        "awaited oneshot, mea" => runtime.block_on(oneshot_mea::waits(n)),
        "awaited oneshot, crossfire" => runtime.block_on(oneshot_crossfire::waits(n)),
        "broadcast to one, anyrt" => runtime.block_on(broadcast_anyrt(1, n)),
        "broadcast to one, tokio" => runtime.block_on(broadcast_tokio(1, n)),
        "broadcast to one, mea" => runtime.block_on(broadcast_mea(1, n)),
        "broadcast to one, async-broadcast" => runtime.block_on(broadcast_async(1, n)),
        "broadcast to four, anyrt" => runtime.block_on(broadcast_anyrt(4, n)),
        "broadcast to four, tokio" => runtime.block_on(broadcast_tokio(4, n)),
        "broadcast to four, mea" => runtime.block_on(broadcast_mea(4, n)),
        "broadcast to four, async-broadcast" => runtime.block_on(broadcast_async(4, n)),
        "watch, anyrt" => runtime.block_on(watch_anyrt(n)),
        "watch, tokio" => runtime.block_on(watch_tokio(n)),
        "look, anyrt" => runtime.block_on(look_anyrt(n)),
        "look, tokio" => runtime.block_on(look_tokio(n)),
        "queue, anyrt" => runtime.block_on(queue_anyrt(n)),
        "queue, async-channel" => runtime.block_on(queue_async_channel(n)),
        _ => panic!("there is no operation {operation:?}"),
    }
}
