//! The gallery: concurrency bugs that well-known libraries shipped, in miniature, and how many seeds
//! the simulator needs to find each.
//!
//! A file has one bug: a small implementation, generic over the runtime, in which `FIXED` marks all that
//! the fix changed, and a scenario that says what should hold. `README.md` has the table of what was
//! measured; `ANYRT_GALLERY=write cargo test -p anyrt-sim --test gallery` brings it up to date.

mod barrier_opens_early;
mod bug;
mod cache_old_flight;
mod cache_stale_insert;
mod channel_handed_over;
mod channel_kept_receiver;
mod channel_last_item;
mod channel_last_permit;
mod condition_notified;
mod delay_queue_insert;
mod flight_leader_dropped;
mod futurelock;
mod gather_siblings;
mod kit;
mod lock_handed_over;
mod notify_forgets_permit;
mod pool_half_checked;
mod pool_lost_wakeup;
mod pool_resized;
mod pool_slot_leaked;
mod rate_unpolled_leader;
mod semaphore_over_grant;
mod set_dropped;
mod set_unpolled;
mod table;
mod token_old_waker;
mod wait_for_hides_cancel;
mod wait_for_loses_result;

macro_rules! gallery {
    ($($file:ident),* $(,)?) => {
        /// In the order of the table.
        const BUGS: &[bug::Bug] = &[$($file::BUG),*];

        mod found {
            $(#[test] fn $file() { super::$file::BUG.assert_found(); })*
        }
    };
}

gallery![
    barrier_opens_early,
    cache_old_flight,
    cache_stale_insert,
    channel_handed_over,
    channel_kept_receiver,
    channel_last_item,
    channel_last_permit,
    condition_notified,
    delay_queue_insert,
    flight_leader_dropped,
    futurelock,
    gather_siblings,
    lock_handed_over,
    notify_forgets_permit,
    pool_half_checked,
    pool_lost_wakeup,
    pool_resized,
    pool_slot_leaked,
    rate_unpolled_leader,
    semaphore_over_grant,
    set_dropped,
    set_unpolled,
    token_old_waker,
    wait_for_hides_cancel,
    wait_for_loses_result,
];

#[test]
fn the_table_is_what_is_measured() {
    table::check(BUGS);
}
