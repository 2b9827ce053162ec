//! Locks, permits, signals, channels.

#[doc(hidden)]
#[macro_export]
macro_rules! __rules_coordination {
    ([$($callback:tt)+] [$($given:tt)*] [$($rules:tt)*]) => {
        $crate::__rules_toolkit! { [$($callback)+] [$($given)*] [
            $($rules)*
            (sy_01_lock_waiters_are_fifo, lock::sy_1, "SY-1", Must, Exact,
                "Those who wait for a lock get it in the order of their first poll.")
            (sy_02_a_lock_grant_is_passed_on, lock::sy_2, "SY-2", Must, Exact,
                "A waiter that is dropped after it was granted the lock passes it on.")
            (sy_03_a_lock_has_one_holder, lock::sy_3, "SY-3", Must, Exact,
                "A lock has one holder, also between release and wake.")
            (sy_04_large_requests_are_not_starved, semaphore::sy_4, "SY-4", Must, Exact,
                "A large `acquire_many` is not starved by small ones.")
            (sy_05_the_total_can_change, permits::sy_5, "SY-5", Must, Exact,
                "Permits can be added and forgotten, and the total shrunk to 0, without disturbing holders.")
            (sy_06_close_fails_waiters_and_newcomers, permits::sy_6, "SY-6", Must, Exact,
                "`close` of a semaphore fails those who wait and all who come later; permits that are out stay good.")
            (sy_07_an_unpolled_lock_future_takes_nothing, lock::sy_7, "SY-7", Must, Exact,
                "A future of a lock acquires nothing until it is polled.")
            (sy_08_a_panic_releases_the_lock, lock::sy_8, "SY-8", Must, Exact,
                "A panic under a guard releases the lock; nothing is poisoned.")
            (sy_09_owned_guards, lock::sy_9, "SY-9", Must, Exact,
                "Owned guards keep the lock alive, can leave the scope, and exclude as others do.")
            (sy_10_a_timed_acquire_names_the_holder, lock::sy_10, "SY-10", Must, Exact,
                "A lock or permits that were not to be had in time: the error names the primitive and the place where its holder asked for it, and the waiter is gone.")
            (sy_11_an_event_returns_everyone, event::sy_11, "SY-11", Must, Exact,
                "Once an event is set, everyone returns who waited for it or comes to wait; `clear` re-arms it, and who waited at `set` returns also where `clear` follows before the next poll.")
            (sy_12_a_notification_is_stored_or_passed_on, notify::sy_12, "SY-12", Must, Exact,
                "`notify_one` stores one notification where nobody waits; a notified waiter that is dropped passes its own on.")
            (sy_13_a_condition_passes_its_notification_on, condvar::sy_13, "SY-13", Must, Exact,
                "A waiter for a condition that is dropped after it was notified, also while it waits for the lock, passes the notification on.")
            (sy_14_a_dropped_waiter_leaves_the_barrier, barrier::sy_14, "SY-14", Must, Exact,
                "A waiter at a barrier that is dropped leaves the count.")
            (sy_15_too_many_permits_are_an_error, permits::sy_15, "SY-15", Must, Exact,
                "A semaphore of more than `MAX_PERMITS` is a `ConfigError`; so is adding beyond them, which changes nothing.")
            (sy_20_try_lock_overtakes_nobody, lock::sy_20, "SY-20", Must, Exact,
                "Neither `try_lock` nor a newcomer overtakes one who waits for a lock.")
            (sy_21_semaphore_waiters_are_fifo, semaphore::sy_21, "SY-21", Must, Exact,
                "Those who wait for permits get them in the order of their first poll.")
            (sy_22_try_acquire_overtakes_nobody, semaphore::sy_22, "SY-22", Must, Exact,
                "Neither `try_acquire` nor a newcomer overtakes one who waits for permits.")
            (sy_23_a_permit_grant_is_passed_on, semaphore::sy_23, "SY-23", Must, Exact,
                "A waiter that is dropped, before or after it was granted permits, passes them on.")
            (sy_24_permits_are_never_over_granted, semaphore::sy_24, "SY-24", Must, Exact,
                "No more permits are out than there are, also between release and wake.")
            (sy_25_an_unpolled_acquire_takes_nothing, permits::sy_25, "SY-25", Must, Exact,
                "A future of a semaphore acquires nothing until it is polled.")
            (sy_26_a_panic_returns_permits, permits::sy_26, "SY-26", Must, Exact,
                "A panic that unwinds over a permit returns it.")
            (sy_27_owned_permits, permits::sy_27, "SY-27", Must, Exact,
                "Owned permits keep the semaphore alive and can leave the scope.")
            (sy_30_the_value_without_waiting, lock::sy_30, "SY-30", Must, Exact,
                "`get_mut` and `into_inner` reach a lock's value without waiting.")
            (sy_31_tasks_exclude_one_another, lock::sy_31, "SY-31", Must, Stochastic,
                "Tasks on all workers exclude one another with a lock that is held across suspensions.")
            (sy_40_tasks_wait_for_events, event::sy_40, "SY-40", Must, Stochastic,
                "Tasks on all workers that wait for events miss none, and see what was written before.")
            (sy_41_notifications_are_fifo, notify::sy_41, "SY-41", Must, Exact,
                "Those who wait for a notification get one each in the order of their first poll.")
            (sy_42_notify_waiters_stores_nothing, notify::sy_42, "SY-42", Must, Exact,
                "`notify_waiters` reaches all who wait, and those whose `notified` was called but not polled; nobody who comes later, and none of it is passed on.")
            (sy_43_tasks_lose_no_notification, notify::sy_43, "SY-43", Must, Stochastic,
                "Between tasks on all workers no notification is lost, also where waiters give up.")
            (sy_44_a_condition_is_waited_for_without_a_gap, condvar::sy_44, "SY-44", Must, Exact,
                "A wait for a condition joins the queue before it gives its guard back, which it does at its first poll, and returns with the lock; a notification that finds nobody is not kept.")
            (sy_45_conditions_are_fifo, condvar::sy_45, "SY-45", Must, Exact,
                "Those who wait for a condition are notified in the order of their first poll; `notify_all` reaches all of them and nobody who comes later; `wait_while` returns once its condition no longer holds.")
            (sy_46_tasks_share_a_condition, condvar::sy_46, "SY-46", Must, Stochastic,
                "Tasks on all workers, spawned by code that is generic over the runtime, share conditions without losing a notification.")
            (sy_47_generations_of_a_barrier, barrier::sy_47, "SY-47", Must, Exact,
                "The last to come to a barrier lets its generation go, and alone leads it; who comes after it belongs to the next one. A barrier for 0 is a `ConfigError`.")
            (sy_48_no_task_runs_ahead_of_a_barrier, barrier::sy_48, "SY-48", Must, Stochastic,
                "No task on any worker runs ahead of its generation at a barrier, also where waiters give up.")
            (sy_49_one_initialiser_runs, once_cell::sy_49, "SY-49", Must, Exact,
                "Of overlapping initialisers of a cell one runs, and all who wait get its value at once.")
            (sy_50_a_failed_initialiser_leaves_its_turn, once_cell::sy_50, "SY-50", Must, Exact,
                "An initialiser that is cancelled, panics or fails leaves the cell empty; once it is dropped, the next runs, in the order of first polls.")
            (sy_51_a_cell_is_set_and_waited_for, once_cell::sy_51, "SY-51", Must, Exact,
                "The first value that a cell is given stays, and wakes all who wait for it; a later one comes back, or is dropped where an initialiser made it. A value can be taken out, and the cell be filled again.")
            (sy_52_tasks_fill_a_cell_once, once_cell::sy_52, "SY-52", Must, Stochastic,
                "Tasks on all workers fill a cell once, also where some give up.")
            (sy_53_unpolled_waits_do_nothing, signals::sy_53, "SY-53", Must, Exact,
                "A wait for an event, notification, condition, barrier or cell that was not polled consumes nothing, counts for nothing and runs nothing.")
            (sy_54_waits_leave_nothing_behind, signals::sy_54, "SY-54", Must, Exact,
                "Dropped after any of its polls, a wait for an event, notification, condition, barrier or cell leaves no waker behind; it tolerates spurious polls, and a new waker at every poll.")
            (sy_55_conditions_with_owned_guards, condvar_owned::sy_55, "SY-55", Must, Exact,
                "A wait for a condition with an owned guard can leave the scope, and keeps *SY-13* and *SY-44*; after a wait with either kind of guard the lock's holder is the place of that wait.")
            (sy_60_many_read_or_one_writes, rwlock::sy_60, "SY-60", Must, Exact,
                "A read-write lock has many readers or one writer, also between release and wake.")
            (sy_61_readers_and_writers_are_fifo, rwlock::sy_61, "SY-61", Must, Exact,
                "Those who wait to read or to write get in in the order of their first poll, and readers that stand next to each other together: neither kind starves the other.")
            (sy_62_nobody_overtakes_readers_or_writers, rwlock::sy_62, "SY-62", Must, Exact,
                "Neither `try_read`, `try_write` nor a newcomer overtakes one who waits to read or to write.")
            (sy_63_a_dropped_writer_lets_readers_in, rwlock::sy_63, "SY-63", Must, Exact,
                "One who waits to read or to write and is dropped, before or after the grant, passes on what had reached it; a writer lets the readers behind it in.")
            (sy_64_a_writer_becomes_a_reader, rwlock::sy_64, "SY-64", Must, Exact,
                "A guard that is downgraded lets in the readers that are next, and no writer in between.")
            (sy_65_owned_read_write_guards, rwlock::sy_65, "SY-65", Must, Exact,
                "Owned guards of a read-write lock keep it alive, can leave the scope, and exclude as others do.")
            (sy_66_a_panic_releases_the_read_write_lock, rwlock::sy_66, "SY-66", Must, Exact,
                "A panic under a guard of a read-write lock releases it, and poisons nothing; `holder` is where the last guard was asked for, and none while it is free.")
            (sy_67_an_unpolled_read_or_write_takes_nothing, rwlock::sy_67, "SY-67", Must, Exact,
                "A future of a read-write lock acquires nothing until it is polled; `get_mut` and `into_inner` reach the value without waiting.")
            (sy_68_reads_and_writes_leave_nothing_behind, rwlock::sy_68, "SY-68", Must, Exact,
                "Dropped after any of its polls, a wait to read or to write leaves no waker behind; it tolerates spurious polls, and a new waker at every poll.")
            (sy_69_tasks_share_a_read_write_lock, rwlock::sy_69, "SY-69", Must, Stochastic,
                "Tasks on all workers, spawned by code that is generic over the runtime, see no half of what a writer wrote, and lose no write.")
            (ch_01_fifo_and_exactly_once, channel::ch_1, "CH-1", Must, Stochastic,
                "Items of one sender arrive in order; nothing is lost, nothing is doubled.")
            (ch_02_capacity_0_is_an_error, channel::ch_2, "CH-2", Must, Exact,
                "A capacity of 0 is a `ConfigError` that says so.")
            (ch_03_a_dropped_recv_loses_nothing, channel::ch_3, "CH-3", Must, Exact,
                "A dropped `recv` loses nothing, also after it was woken.")
            (ch_04_a_dropped_send_loses_its_own_item, channel::ch_4, "CH-4", Must, Exact,
                "A dropped `send` loses its own item only; `reserve` gives a permit that cannot, and a permit that is dropped gives its slot back.")
            (ch_05_senders_gone, closing::ch_5, "CH-5", Must, Exact,
                "With the last sender gone the receiver drains, then it is closed; a `recv` that waits is woken.")
            (ch_06_the_last_permit_wakes_a_closed_receiver, closing::ch_6, "CH-6", Must, Exact,
                "Dropping the last permit wakes a closed receiver.")
            (ch_07_try_send_overtakes_nobody, channel::ch_7, "CH-7", Must, Exact,
                "Senders that wait are served in the order of their first poll and are not overtaken by `try_send`.")
            (ch_08_broadcast_lags_and_goes_on, broadcast::ch_8, "CH-8", Must, Exact,
                "A receiver of a broadcast sees every value from its subscription on, in order. One that was too slow gets `Lagged(n)`, with the number of values it missed, and goes on with the oldest that is left.")
            (ch_09_a_dropped_job_is_done, queue::ch_9, "CH-9", Must, Exact,
                "Each item of a queue goes to one worker, as a job whose drop is its end, panics included; `join` waits until all items are done.")
            (ch_20_a_timed_send_hands_back, channel::ch_20, "CH-20", Must, Exact,
                "A timed send hands its item back, whether the limit passed or the channel is closed.")
            (ch_21_owned_send_permits, channel::ch_21, "CH-21", Must, Exact,
                "An owned permit holds a sender of its own and can leave the scope.")
            (ch_22_receiver_gone, closing::ch_22, "CH-22", Must, Exact,
                "With the receiver gone a blocked `send` hands its item back, and the items that were in the channel have been dropped.")
            (ch_23_close_refuses_and_drains, closing::ch_23, "CH-23", Must, Exact,
                "After `close` a blocked `send` hands its item back, and what is in the channel or reserved can still be received.")
            (ch_24_lengths_and_unbounded, channel::ch_24, "CH-24", Must, Exact,
                "`len` and `capacity` say what they say; an unbounded `send` never waits.")
            (ch_40_a_oneshot_delivers, oneshot::ch_40, "CH-40", Must, Exact,
                "The receiver of a oneshot gets the value, or `Closed` once the sender is gone without one; who waits is woken either way.")
            (ch_41_a_oneshot_hands_back, oneshot::ch_41, "CH-41", Must, Exact,
                "With the receiver of a oneshot closed or gone, `send` hands the value back and `closed` is ready; a value that was sent before can be received from a closed one, and is dropped with one that goes.")
            (ch_42_a_oneshot_keeps_no_waker, oneshot::ch_42, "CH-42", Must, Exact,
                "A oneshot wakes only the waker of the last poll, and keeps none of a future that was dropped.")
            (ch_43_broadcast_never_waits, broadcast::ch_43, "CH-43", Must, Exact,
                "`send` of a broadcast never waits, and hands back what nobody can receive; a value is dropped once all have seen it. A capacity of 0 is a `ConfigError`.")
            (ch_44_broadcast_closes, broadcast::ch_44, "CH-44", Must, Exact,
                "With the last sender of a broadcast gone receivers drain, then it is closed; a `recv` that waits is woken.")
            (ch_45_broadcast_recv_is_cancel_safe, broadcast::ch_45, "CH-45", Must, Exact,
                "A dropped `recv` of a broadcast loses neither a value nor the news of a lag, and leaves no waker; only the waker of the last poll is woken.")
            (ch_46_a_busy_receiver_lets_others_run, broadcast::ch_46, "CH-46", Must, Exact,
                "A timeout fires around a loop over a broadcast that always has a value.")
            (ch_47_watch_never_misses_the_last, watch::ch_47, "CH-47", Must, Exact,
                "A receiver of a watch never misses the last value, not even where its sender is gone, nor one that was sent while there was no receiver; none comes twice.")
            (ch_48_watch_is_cancel_safe, watch::ch_48, "CH-48", Must, Exact,
                "A value that `changed` or `wait_for` has not returned is still new when they are dropped; they leave no waker. `wait_for` looks at the latest value first.")
            (ch_49_watch_changes_whole_values, watch::ch_49, "CH-49", Must, Exact,
                "`send_modify` runs its closure under no lock; a panic in it changes nothing, and of overlapping changes none is lost. Whoever holds a value holds up nobody.")
            (ch_50_queue_orders, queue::ch_50, "CH-50", Must, Exact,
                "A queue gives the oldest first, the newest first, or the greatest first and of equals the oldest. A capacity of 0 is a `ConfigError`.")
            (ch_51_queue_waiters_are_fifo, queue::ch_51, "CH-51", Must, Exact,
                "Those who wait for a slot or an item of a queue are served in the order of their first poll, and not overtaken.")
            (ch_52_queue_waits_are_cancel_safe, shutdown::ch_52, "CH-52", Must, Exact,
                "A dropped `get` loses nothing, and a dropped `put` its own item only: what had reached them goes to the next. Neither leaves a waker, nor does `join`.")
            (ch_53_queue_shutdown_unblocks_everyone, shutdown::ch_53, "CH-53", Must, Exact,
                "A shutdown of a queue unblocks everyone: items of blocked puts come back, and gets fail once nothing is left. A graceful one drains, an immediate one drops what is in, which counts as done.")
            (ch_54_watch_senders_learn_the_end, watch::ch_54, "CH-54", Must, Exact,
                "`closed` of a watch is ready once there is no receiver.")
            (ch_55_receivers_are_streams, channel::ch_55, "CH-55", Must, Exact,
                "`poll_recv` gives what `recv` would and is woken as it is; a receiver turned into a stream gives the same items, and ends.")
        ] }
    };
}
