//! Cancel safety, operation by operation: each is dropped at each of its points, under many schedules.
//!
//! The table lists every item of the core whose docs have a section `# Cancel safety`. `cargo xtask tidy` compares it
//! with the sources, so that a new operation cannot be forgotten, and makes `conformance/CANCEL_SAFETY.md` of it.

#[macro_use]
mod table;

mod channels;
mod gathered;
mod groups;
mod joins;
mod kit;
mod primitives;
mod sync;
mod tasks;
mod time;

table! {
    "cancel/future.rs" { "Cancellable::cancellable" => tasks::cancellable, "CancellableFuture::on_cancel" => tasks::on_cancel }
    "cancel/shield.rs" { "shield" => tasks::shielded }
    "cancel/token.rs" {
        "CancellationToken::cancelled" => tasks::token_cancelled,
        "CancellationToken::cancelled_owned" => tasks::token_cancelled_owned,
        "CancellationToken::run_until_cancelled" => tasks::run_until_cancelled,
    }
    "channel/broadcast/mod.rs" { "Receiver::recv" => channels::broadcast_recv }
    "channel/oneshot.rs" { "Sender::closed" => channels::oneshot_closed, "Receiver" => channels::oneshot_recv }
    "channel/queue/mod.rs" {
        "Queue::put" => channels::queue_put,
        "Queue::get" => channels::queue_get,
        "Queue::join" => channels::queue_join,
    }
    "channel/watch/mod.rs" {
        "Sender::closed" => channels::watch_closed,
        "Receiver::changed" => channels::watch_changed,
        "Receiver::wait_for" => channels::watch_wait_for,
    }
    "context/local.rs" { "TaskLocal::scope" => tasks::local_scope }
    "context/mod.rs" { "Context::cancelled" => tasks::context_cancelled, "Context::scope" => tasks::context_scope }
    "gather/all.rs" { "gather" => gathered::gathered, "Gather::settled" => gathered::gathered_settled }
    "gather/map.rs" {
        "map_concurrent" => gathered::mapped,
        "map_concurrent_stream" => gathered::mapped_stream,
        "MapConcurrent::next" => gathered::map_next,
        "MapConcurrent::collect" => gathered::map_collect,
    }
    "gather/race.rs" { "race" => gathered::raced, "race_ok" => gathered::raced_ok, "hedge" => gathered::hedged }
    "group/owner.rs" {
        "TaskGroup" => groups::group_dropped,
        "TaskGroup::join" => groups::group_join,
        "TaskGroup::collect" => groups::group_collect,
        "TaskGroup::shutdown" => groups::group_shutdown,
    }
    "group/run.rs" { "task_group" => groups::group_closure, "TaskGroup::run" => groups::group_run }
    "group/spawner.rs" { "Spawner::next" => groups::group_next }
    "group/start.rs" { "Spawner::start" => groups::group_start }
    "join/all.rs" { "join_all" => joins::all, "try_join_all" => joins::try_all }
    "join/first.rs" { "race" => joins::first, "race_ok" => joins::first_ok }
    "join/macros.rs" {
        "join!" => joins::join_macro,
        "try_join!" => joins::try_join_macro,
        "race!" => joins::race_macro,
    }
    "join/scope/member.rs" { "ScopedHandle" => joins::scoped_handle }
    "join/scope/mod.rs" {
        "scope" => joins::scoped,
        "scope_local" => joins::scoped_local,
        "try_scope" => joins::try_scoped,
    }
    "join/set.rs" { "FutureSet::next" => joins::set_next }
    "rt/channel.rs" {
        "Sender::send" => primitives::send,
        "Sender::reserve" => primitives::reserve,
        "Sender::reserve_owned" => primitives::reserve_owned,
        "Sender::send_timeout" => primitives::send_timeout,
        "Receiver::recv" => primitives::recv,
    }
    "rt/lock.rs" { "Lock" => primitives::lock }
    "rt/semaphore.rs" { "Semaphore" => primitives::semaphore }
    "rt/signal.rs" {
        "Signals::signals" => primitives::signals,
        "SignalStream::recv" => primitives::signal_received,
    }
    "rt/spawn.rs" { "JoinHandle" => tasks::join_handle }
    "rt/stream.rs" { "ReceiverStream" => primitives::stream }
    "rt/time.rs" { "Timer" => time::timer, "Sleep::sleep" => time::sleep, "Timeout" => time::timeout }
    "sync/barrier.rs" { "Barrier::wait" => sync::barrier_wait }
    "sync/condvar.rs" {
        "Condvar::wait" => sync::condvar_wait,
        "Condvar::wait_while" => sync::condvar_wait_while,
        "Condvar::wait_owned" => sync::condvar_wait_owned,
        "Condvar::wait_while_owned" => sync::condvar_wait_while_owned,
    }
    "sync/event.rs" { "Event::wait" => sync::event_wait }
    "sync/mutex.rs" { "FifoMutex" => sync::fifo_mutex }
    "sync/notify.rs" { "Notify::notified" => sync::notified, "Notify::notified_owned" => sync::notified_owned }
    "sync/once_cell.rs" {
        "OnceCell::wait" => sync::once_cell_wait,
        "OnceCell::get_or_init" => sync::get_or_init,
        "OnceCell::get_or_try_init" => sync::get_or_try_init,
    }
    "sync/rwlock.rs" {
        "FifoRwLock" => sync::rwlock_both,
        "FifoRwLock::read" => sync::rwlock_read,
        "FifoRwLock::read_owned" => sync::rwlock_read_owned,
        "FifoRwLock::write" => sync::rwlock_write,
        "FifoRwLock::write_owned" => sync::rwlock_write_owned,
    }
    "sync/semaphore.rs" { "FifoSemaphore" => sync::fifo_semaphore }
    "task/yield_now.rs" { "yield_now" => time::yielding }
    "time/interval.rs" { "Interval::tick" => time::tick }
    "time/wait_for.rs" { "wait_for" => time::waited_for, "wait_until" => time::waited_until }
    "time/wait_for_task.rs" { "wait_for_task" => time::waited_for_task }
    "waits.rs" { "others_first" => tasks::others_first }
}
