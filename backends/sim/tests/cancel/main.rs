//! Cancel safety, operation by operation: each is dropped at each of its points, under many schedules.
//!
//! The table lists every item of the core whose docs have a section `# Cancel safety`; a test compares it
//! with the sources, so that a new operation cannot be forgotten.

#[macro_use]
mod table;

mod channels;
mod joins;
mod kit;
mod primitives;
mod sync;
mod tasks;
mod time;

use std::path::Path;

table! {
    "cancel/future.rs" { "cancellable" => tasks::cancellable, "on_cancel" => tasks::on_cancel }
    "cancel/shield.rs" { "shield" => tasks::shielded }
    "cancel/token.rs" {
        "cancelled" => tasks::token_cancelled,
        "cancelled_owned" => tasks::token_cancelled_owned,
        "run_until_cancelled" => tasks::run_until_cancelled,
    }
    "channel/broadcast/mod.rs" { "recv" => channels::broadcast_recv }
    "channel/oneshot.rs" { "closed" => channels::oneshot_closed, "Receiver" => channels::oneshot_recv }
    "channel/queue/mod.rs" {
        "put" => channels::queue_put,
        "get" => channels::queue_get,
        "join" => channels::queue_join,
    }
    "channel/watch/mod.rs" {
        "closed" => channels::watch_closed,
        "changed" => channels::watch_changed,
        "wait_for" => channels::watch_wait_for,
    }
    "context/local.rs" { "scope" => tasks::local_scope }
    "context/mod.rs" { "scope" => tasks::context_scope }
    "gather/all.rs" { "gather" => tasks::gathered, "settled" => tasks::gathered_settled }
    "gather/map.rs" {
        "map_concurrent" => tasks::mapped,
        "next" => tasks::map_next,
        "collect" => tasks::map_collect,
    }
    "gather/race.rs" { "race" => tasks::raced, "race_ok" => tasks::raced_ok, "hedge" => tasks::hedged }
    "group/owner.rs" {
        "TaskGroup" => tasks::group_dropped,
        "join" => tasks::group_join,
        "collect" => tasks::group_collect,
        "shutdown" => tasks::group_shutdown,
    }
    "group/run.rs" { "task_group" => tasks::group_closure, "run" => tasks::group_run }
    "group/spawner.rs" { "next" => tasks::group_next }
    "group/start.rs" { "start" => tasks::group_start }
    "join/all.rs" { "join_all" => joins::all, "try_join_all" => joins::try_all }
    "join/first.rs" { "race" => joins::first, "race_ok" => joins::first_ok }
    "join/macros.rs" {
        "join" => joins::join_macro,
        "try_join" => joins::try_join_macro,
        "race" => joins::race_macro,
    }
    "join/scope/member.rs" { "ScopedHandle" => joins::scoped_handle }
    "join/scope/mod.rs" {
        "scope" => joins::scoped,
        "scope_local" => joins::scoped_local,
        "try_scope" => joins::try_scoped,
    }
    "join/set.rs" { "next" => joins::set_next }
    "rt/channel.rs" {
        "send" => primitives::send,
        "reserve" => primitives::reserve,
        "reserve_owned" => primitives::reserve_owned,
        "send_timeout" => primitives::send_timeout,
        "recv" => primitives::recv,
    }
    "rt/lock.rs" { "Lock" => primitives::lock }
    "rt/semaphore.rs" { "Semaphore" => primitives::semaphore }
    "rt/signal.rs" {
        "signals" => primitives::signals,
        "recv" => primitives::signal_received,
    }
    "rt/spawn.rs" { "JoinHandle" => tasks::join_handle }
    "rt/stream.rs" { "ReceiverStream" => primitives::stream }
    "rt/time.rs" { "Timer" => time::timer, "sleep" => time::sleep, "Timeout" => time::timeout }
    "sync/barrier.rs" { "wait" => sync::barrier_wait }
    "sync/condvar.rs" {
        "wait" => sync::condvar_wait,
        "wait_while" => sync::condvar_wait_while,
        "wait_owned" => sync::condvar_wait_owned,
        "wait_while_owned" => sync::condvar_wait_while_owned,
    }
    "sync/event.rs" { "wait" => sync::event_wait }
    "sync/mutex.rs" { "FifoMutex" => sync::fifo_mutex }
    "sync/notify.rs" { "notified" => sync::notified, "notified_owned" => sync::notified_owned }
    "sync/once_cell.rs" {
        "wait" => sync::once_cell_wait,
        "get_or_init" => sync::get_or_init,
        "get_or_try_init" => sync::get_or_try_init,
    }
    "sync/rwlock.rs" {
        "FifoRwLock" => sync::rwlock_both,
        "read" => sync::rwlock_read,
        "read_owned" => sync::rwlock_read_owned,
        "write" => sync::rwlock_write,
        "write_owned" => sync::rwlock_write_owned,
    }
    "sync/semaphore.rs" { "FifoSemaphore" => sync::fifo_semaphore }
    "task/yield_now.rs" { "yield_now" => time::yielding }
    "time/interval.rs" { "tick" => time::tick }
    "time/wait_for.rs" { "wait_for" => time::waited_for, "wait_until" => time::waited_until }
    "time/wait_for_task.rs" { "wait_for_task" => time::waited_for_task }
}

/// Public operations that have no section of their own, with the reason.
const EXEMPT: &[(&str, &str, &str)] = &[
    ("task/blocking.rs", "portable_blocking", HANDLE),
    (
        "task/detached.rs",
        "portable_detached",
        "an executor's to poll",
    ),
    ("task/portable.rs", "portable", HANDLE),
];

const HANDLE: &str = "the handle keeps what the trait of handles promises";

#[test]
fn no_operation_is_forgotten() {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/src");
    table::Docs::below(&core).hold(TABLE, 80, EXEMPT);
}
