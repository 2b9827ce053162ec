//! The master list: what the table, the dispatch and the tests of [`suite!`](crate::suite) are made of.

/// Calls the macro in the brackets with all rules, each
/// `(test name, area::function, id, level, kind, text)`, after what else it was given.
#[doc(hidden)]
#[macro_export]
macro_rules! __for_each_rule {
    ([$($callback:tt)+] $($given:tt)*) => {
        $($callback)+! { [$($given)*]
            (sp_01_a_task_runs_unwatched, spawn::sp_1, "SP-1", Must, Exact,
                "A spawned task makes progress without its handle being polled, also when it is spawned from a thread that entered no runtime.")
            (sp_02_dropping_a_handle_detaches, spawn::sp_2, "SP-2", Must, Exact,
                "Dropping a handle detaches the task, which runs to its end.")
            (sp_03_a_handle_gives_output_panic_or_cancelled, handle::sp_3, "SP-3", Must, Exact,
                "Awaiting a handle gives `Ok(output)`, `Cancelled`, or `Panicked` with the panic's own payload. A panic never unwinds the awaiter and never ends the executor.")
            (sp_04_abort_resolves_after_the_drop, handle::sp_4, "SP-4", Must, Exact,
                "`abort` is synchronous, idempotent and harmless after completion. Once an aborted handle resolves, the task's future has been dropped.")
            (sp_05_abort_before_the_first_poll, handle::sp_5, "SP-5", Must, Exact,
                "A task that is aborted before its first poll is dropped without being polled.")
            (sp_06_completion_beats_abort, handle::sp_6, "SP-6", Must, Exact,
                "Completion beats a later abort: the output is still delivered.")
            (sp_07_tasks_run_in_parallel, spawn::sp_7, "SP-7", Must, Exact,
                "Two tasks that never suspend run at the same time, where `parallelism` is more than 1.")
            (sp_08_yield_now_yields_once, spawn::sp_8, "SP-8", Must, Exact,
                "`yield_now` is pending exactly once and wakes itself. On a single thread, every task that was ready runs before it resumes.")
            (sp_09_destructors_may_spawn_and_sleep, spawn::sp_9, "SP-9", Must, Exact,
                "A destructor in a task may spawn and may sleep without a panic, whether the task completes, panics or is aborted.")
            (sp_10_a_handle_without_executor_is_cancelled, handle::sp_10, "SP-10", Must, Exact,
                "Awaiting a handle whose executor is gone gives `Cancelled`; where the executor outlives its last value, the task runs to its end. It never hangs and never panics.")
            (sp_11_spawn_records_the_location, spawn::sp_11, "SP-11", Should, Exact,
                "`spawn` records its caller's location; a handle whose `Debug` shows a location shows that one.")
            (sp_12_spawn_and_sleep_from_a_plain_thread, spawn::sp_12, "SP-12", Must, Exact,
                "A thread that entered no runtime can spawn, spawn blocking work, make a sleep and poll it.")
            (sp_13_a_runtime_may_be_dropped_in_a_task, spawn::sp_13, "SP-13", Must, Exact,
                "A runtime can be dropped in a task and in `block_on` of another one without a panic.")
            (sp_14_is_finished_follows_the_task, handle::sp_14, "SP-14", Must, Exact,
                "`is_finished` is false while the task waits; once it is true, awaiting the handle is ready at once.")
            (sp_15_panicking_destructors_end_nothing, handle::sp_15, "SP-15", Must, Exact,
                "A destructor that panics, of an aborted task's future or of a detached task's output, ends neither the process nor the executor.")
            (bl_01_blocking_work_runs_off_the_async_threads, blocking::bl_1, "BL-1", Must, Exact,
                "Blocking work runs off the async threads: more calls than `parallelism` block at once, and tasks go on.")
            (bl_02_abort_cancels_unstarted_work_only, blocking::bl_2, "BL-2", Must, Stochastic,
                "Aborting blocking work cancels it only while it has not started; once started it runs to its end and delivers its output.")
            (bl_03_dropping_the_handle_lets_work_run, blocking::bl_3, "BL-3", Must, Exact,
                "Dropping the handle of blocking work lets it run.")
            (bl_04_a_panic_of_blocking_work_is_caught, blocking::bl_4, "BL-4", Must, Exact,
                "A panic in blocking work gives `Panicked` with its own payload, and the pool goes on.")
            (lo_01_local_tasks_stay_on_their_thread, local::lo_1, "LO-1", Must, Exact,
                "`!Send` futures can be spawned with `run_local`, and stay on the calling thread.")
            (bo_01_block_on_returns_or_unwinds, block_on::bo_1, "BO-1", Must, Exact,
                "`block_on` returns the future's output and unwinds its panic; the future need be neither `Send` nor `'static`.")
            (bo_02_nested_block_on_never_hangs, block_on::bo_2, "BO-2", Must, Exact,
                "`block_on` inside a task or another `block_on` works, or panics with a message that says so; it never hangs.")
            (tm_01_no_sleep_is_early, time::tm_1, "TM-1", Must, Stochastic,
                "A sleep never completes early on the runtime's own clock.")
            (tm_02_a_past_sleep_yields_once, time::tm_2, "TM-2", Must, Exact,
                "A zero or past sleep yields exactly once, then completes.")
            (tm_03_the_end_of_time_never_comes, time::tm_3, "TM-3", Must, Exact,
                "A deadline that overflows never fires and never panics.")
            (tm_04_a_sleep_is_fused, time::tm_4, "TM-4", Must, Exact,
                "A sleep is fused: polled again after completion, it is ready.")
            (tm_05_a_dropped_sleep_is_deregistered, time::tm_5, "TM-5", Must, Exact,
                "Dropping a sleep deregisters it: however many are dropped, only a bounded number of their wakers is still held.")
            (tm_06_reset_moves_the_deadline, time::tm_6, "TM-6", Must, Exact,
                "`reset` moves the deadline both ways, before the first poll and also after completion.")
            (tm_07_the_clock_is_monotonic_and_shared, time::tm_7, "TM-7", Must, Exact,
                "`now` never goes back, moves on, and is shared by all clones of a runtime.")
            (tm_08_only_the_last_waker_is_woken, time::tm_8, "TM-8", Must, Exact,
                "A timer wakes only the waker of its last poll.")
            (tm_09_bad_seconds_are_an_error, time::tm_9, "TM-9", Must, Exact,
                "A sleep of negative, NaN or infinite seconds is a `ConfigError`; one beyond the end of time never ends.")
            (iv_01_the_first_tick_is_immediate, interval::iv_1, "IV-1", Must, Exact,
                "The first tick of an interval is immediate; a period of zero is a `ConfigError`.")
            (iv_02_missed_ticks, interval::iv_2, "IV-2", Must, Exact,
                "A tick is missed if it was due before it was waited for, or if a whole period has passed. `Burst` catches up, `Delay` (unless set otherwise) starts a new grid, `Skip` stays on multiples of the start. A timer that is late by less is no missed tick, and makes no drift.")
            (iv_03_a_dropped_tick_loses_none, interval::iv_3, "IV-3", Must, Exact,
                "`tick` is cancel-safe: dropped, it loses no tick and leaves no waker; it returns the time that the tick was scheduled for.")
            (iv_04_a_busy_interval_lets_others_run, interval::iv_4, "IV-4", Must, Exact,
                "A timeout fires around a loop of ticks that are always due.")
            (iv_05_reset_starts_anew, interval::iv_5, "IV-5", Must, Exact,
                "After `reset` the next tick comes one period later; one at the end of time never comes.")
            (to_01_the_inner_future_goes_first, timeout::to_1, "TO-1", Must, Exact,
                "The inner future is polled before the timer; ready at the same instant is `Ok`.")
            (to_02_one_more_poll_after_the_timer, timeout::to_2, "TO-2", Must, Exact,
                "When the timer fires, the inner future is polled once more before `Elapsed`, so that a value which arrived between the two polls is not lost.")
            (to_03_zero_yields_once, timeout::to_3, "TO-3", Must, Exact,
                "A zero limit or a past deadline yields exactly once, so that no budget hides what is there; then it is `Elapsed`.")
            (to_04_overflow_never_comes, timeout::to_4, "TO-4", Must, Exact,
                "A limit that overflows never comes and never panics.")
            (to_05_none_is_no_limit, timeout::to_5, "TO-5", Must, Exact,
                "A limit of `None` is no limit.")
            (to_06_bad_seconds_are_an_error, timeout::to_6, "TO-6", Must, Exact,
                "A limit of negative, NaN or infinite seconds is a `ConfigError`, never a panic.")
            (to_07_the_inner_future_is_dropped_first, timeout::to_7, "TO-7", Must, Exact,
                "The inner future has been dropped when `Elapsed` is returned.")
            (to_08_nested_the_tightest_fires, timeout::to_8, "TO-8", Must, Exact,
                "Of nested timeouts the tightest fires; the error says which limit, how long, and the operation's name.")
            (to_09_a_timeout_is_no_cancellation, timeout::to_9, "TO-9", Must, Exact,
                "A timeout is a failure, never a cancellation: neither the task around it nor a task that is waited for is aborted.")
            (to_10_it_fires_around_a_busy_future, timeout::to_10, "TO-10", Must, Exact,
                "A timeout fires even if the inner future is always ready to run, also one that uses up the runtime's budget in each poll, or that receives from a channel that never runs dry.")
            (to_20_wait_for_keeps_what_timeout_does, wait_for::to_20, "TO-20", Must, Exact,
                "`wait_for` and `wait_until` keep TO-1 to TO-5, TO-7 and TO-8, and have room for their future once.")
            (to_21_the_work_sees_its_deadline, wait_for::to_21, "TO-21", Must, Exact,
                "Under `wait_for` the context's deadline is the earliest of those around, up to the nearest shield.")
            (to_22_a_late_task_is_aborted_and_joined, wait_for::to_22, "TO-22", Must, Exact,
                "A task that is late under `wait_for_task` has been aborted and dropped when `Elapsed` is returned; an output that is there is returned.")
            (to_23_a_dropped_wait_aborts_its_task, wait_for::to_23, "TO-23", Must, Exact,
                "Dropping a `wait_for_task`, polled or not, aborts the task.")
            (to_24_the_waits_are_spawnable, wait_for::to_24, "TO-24", Must, Exact,
                "`wait_for`, `wait_until` and `wait_for_task` can be spawned from code that is generic over the runtime.")
            (ga_01_outputs_in_the_order_of_the_input, gather::ga_1, "GA-1", Must, Exact,
                "Results come in the order of the input, whatever the order of completion.")
            (ga_02_nothing_is_an_empty_list_at_once, gather::ga_2, "GA-2", Must, Exact,
                "Nothing to gather is an empty list at once; `non_empty`, `race` and `race_ok` refuse it with a `ConfigError`.")
            (ga_03_the_first_failure_once_the_others_are_gone, gather::ga_3, "GA-3", Must, Exact,
                "`gather` returns the failure that came first, with its place in the input; the other futures have been dropped by then.")
            (ga_04_settled_has_a_result_each, gather::ga_4, "GA-4", Must, Exact,
                "Settled, it never ends early: a `Result` a future, with an error, panic or cancellation in its own place.")
            (ga_05_outputs_are_dropped_once, gather::ga_5, "GA-5", Must, Exact,
                "Outputs are dropped exactly once, whether they are handed out or there is a failure.")
            (ga_06_a_dropped_gather_drops_its_children, children::ga_6, "GA-6", Must, Exact,
                "Dropping `gather`, `settled`, `map_concurrent`, `race`, `race_ok` or `hedge` drops every child.")
            (ga_07_a_busy_child_holds_up_nobody, children::ga_7, "GA-7", Must, Exact,
                "A child that wakes itself for ever holds up neither its siblings nor the caller, who is not woken for it.")
            (ga_08_a_limit_of_0_is_an_error, gather::ga_8, "GA-8", Must, Exact,
                "A limit of 0, and 0 attempts, are a `ConfigError`.")
            (ga_09_never_more_than_the_limit, children::ga_9, "GA-9", Must, Exact,
                "With a limit, never more than so many run at once, and as many as that do; they go on while the caller handles an output.")
            (ga_10_progress_counts_completions, children::ga_10, "GA-10", Must, Exact,
                "Progress is reported once a completion: 1, 2, … up to the total, failures included where they are settled.")
            (ga_11_losers_are_gone, race::ga_11, "GA-11", Must, Exact,
                "`race` gives what ends first, `race_ok` the first `Ok` or every failure, and the losers have been dropped by then.")
            (ga_12_a_child_costs_the_caller_no_wake, children::ga_12, "GA-12", Must, Exact,
                "The caller of `gather` is woken once for all children, not once for each, also where they end one at a time.")
            (ga_40_nothing_is_spawned_unpolled, children::ga_40, "GA-40", Must, Exact,
                "Nothing is spawned before the first poll.")
            (ga_41_an_outer_cancellation_gives_no_part, gathered::ga_41, "GA-41", Must, Exact,
                "A cancellation of the context's token ends each of the family with an error that has its reason, never with a part of the results; where it came before the first poll nothing is started, and where it comes after the last output nothing fails.")
            (ga_42_panics_are_failures, gathered::ga_42, "GA-42", Must, Exact,
                "A panic of a future, of a destructor, of `progress`, of an iterator or of `map_concurrent`'s closure is a failure with its payload, and the other futures have been dropped when it is returned.")
            (ga_43_a_hedge_starts_one_more, race::ga_43, "GA-43", Must, Exact,
                "`hedge` starts one more attempt when its time has passed, or when all so far have failed or could not be made; the first `Ok` ends the others.")
            (ga_44_items_are_taken_as_there_is_room, map_concurrent::ga_44, "GA-44", Must, Exact,
                "`map_concurrent` takes no more items than may run at once, so that they may be endless; outputs come in the order of completion, or of the items if asked for; a failure comes last, and no item is taken after it.")
            (ga_45_the_family_is_spawnable, gathered::ga_45, "GA-45", Must, Exact,
                "All of the family, task groups included, can be spawned from code that is generic over the runtime.")
            (ga_46_cancelled_at_any_time, gathered::ga_46, "GA-46", Must, Stochastic,
                "Cancelled from another task at any time, `gather`, `map_concurrent` and `race_ok` end with all outputs or with the reason, and every future has been dropped.")
            (cx_01_the_first_reason_stays, cancel::cx_1, "CX-1", Must, Exact,
                "`cancel` is idempotent, and the first reason stays.")
            (cx_02_everyone_below_and_nobody_above, cancel::cx_2, "CX-2", Must, Exact,
                "A cancellation reaches everyone below and nobody above; all of them are cancelled on return, and before anybody is woken.")
            (cx_03_a_child_is_born_cancelled, cancel::cx_3, "CX-3", Must, Exact,
                "A child of a cancelled token is born cancelled, with its reason.")
            (cx_04_wakers_run_outside_locks, cancel::cx_4, "CX-4", Must, Exact,
                "Wakers are called and dropped outside of locks: they may use the token.")
            (cx_05_a_dropped_token_passes_things_on, cancel::cx_5, "CX-5", Must, Exact,
                "A token in the middle that nobody holds any more goes on passing cancellations on.")
            (cx_06_dropped_waiters_leave_nothing, cancel::cx_6, "CX-6", Must, Exact,
                "Futures that wait for a token leave no waker behind, and only the waker of the last poll is woken.")
            (cx_07_a_guard_cancels_unless_disarmed, cancel::cx_7, "CX-7", Must, Exact,
                "A drop guard cancels, with the place where it was made, unless it is disarmed.")
            (cx_08_cancelled_before_is_unpolled, cancel::cx_8, "CX-8", Must, Exact,
                "A future that is given up on a token: not polled where that was cancelled before; later, a completion wins a tie; dropped when the error is there.")
            (cx_20_a_reason_has_text_and_place, cancel::cx_20, "CX-20", Must, Exact,
                "A reason carries its text, and the place of the call.")
            (cx_21_clean_up_is_let_finish, cancel::cx_21, "CX-21", Must, Exact,
                "The future of `on_cancel` runs to its end after a cancellation, which it does not see, and not without one.")
            (cx_22_tokens_are_spawnable, cancel::cx_22, "CX-22", Must, Exact,
                "All that waits for a token, or shields, can be spawned from code that is generic over the runtime.")
            (cx_30_a_context_is_there_in_its_polls, context::cx_30, "CX-30", Must, Exact,
                "A context is there in the polls and destructors of its future and nowhere else, also after a panic; a bare task inherits none.")
            (cx_31_values_nest_and_are_inherited, context::cx_31, "CX-31", Must, Exact,
                "Values of tasks nest, keep apart, and are inherited by the children of `gather` and theirs.")
            (cx_32_a_value_joins_what_is_in_force, context::cx_32, "CX-32", Must, Exact,
                "A value is added to the token and the deadline in force where its future is polled, not where it was made.")
            (cx_33_a_shield_hears_nothing_from_outside, context::cx_33, "CX-33", Must, Exact,
                "Inside a shield neither an outer token nor an outer deadline is seen; inner ones act; after it the outer ones are back.")
            (cx_34_an_abort_waits_for_shields, context::cx_34, "CX-34", Must, Exact,
                "The abort of a group's child waits until it is in no shield; one that was dropped, or left by a panic, counts no more.")
            (cx_35_contexts_are_spawnable, context::cx_35, "CX-35", Must, Exact,
                "Contexts and values of tasks can be set in code that is generic over the runtime, and spawned.")
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
            (ga_20_outputs_come_in_input_order, join::ga_20, "GA-20", Must, Exact,
                "`join_all` gives outputs in input order, whatever the order in which they come; an empty one is ready at once.")
            (ga_21_waking_one_at_a_time_is_linear, join::ga_21, "GA-21", Must, Exact,
                "Children of `join_all` are polled when they are woken: n that wake one at a time cost O(n) polls.")
            (ga_22_waking_together_is_linear, join::ga_22, "GA-22", Must, Exact,
                "Children of `join_all` that wake together cost O(n) polls, also where the runtime has a budget for each task.")
            (ga_23_the_first_error_drops_the_siblings, join::ga_23, "GA-23", Must, Exact,
                "`try_join_all` gives the first error, with the siblings dropped before it returns, or all values in input order.")
            (ga_24_a_race_drops_the_losers, join::ga_24, "GA-24", Must, Exact,
                "`race` gives the first output, with the losers dropped before it returns; none to race is a `ConfigError`.")
            (ga_25_race_ok_goes_past_errors, join::ga_25, "GA-25", Must, Exact,
                "`race_ok` gives the first `Ok`, or all errors in input order.")
            (ga_26_a_set_gives_outputs_as_they_come, join::ga_26, "GA-26", Must, Exact,
                "A `FutureSet` gives outputs as they come, and takes futures while it runs.")
            (tg_22_a_scope_runs_borrowed_children, join::tg_22, "TG-22", Must, Exact,
                "A scope runs borrowed, non-`'static`, non-`Send` children in the same task, also children of children, and is sound under `mem::forget`.")
            (tg_30_cancel_and_errors_end_a_scopes_children, join::tg_30, "TG-30", Must, Exact,
                "`cancel` of a scope drops all its children, also the one that calls it in its first poll, and refuses others; the first error of a `try_scope` drops children and body.")
            (tg_01_it_ends_after_its_children, group::tg_1, "TG-1", Must, Exact,
                "A group returns only when every child has finished and its future has been dropped.")
            (tg_02_a_failure_cancels_the_rest, group::tg_2, "TG-2", Must, Exact,
                "The first error or panic cancels the siblings and the body, once.")
            (tg_03_a_bodys_error_is_a_members, group::tg_3, "TG-3", Must, Exact,
                "An error or a panic of the body is a failure like a child's, with no id.")
            (tg_04_every_error_is_kept, group::tg_4, "TG-4", Must, Exact,
                "Every real error is kept, in the order of completion, with the first one marked; errors raised while cleaning up are kept, and what the group itself cancelled is left out.")
            (tg_05_always_a_group_error, group::tg_5, "TG-5", Must, Exact,
                "A failure is always a `GroupError`, also of one; nesting is kept; it can be split, flattened and walked with `source`; each member has its id, its name and the place of its spawn.")
            (tg_06_a_panic_is_a_failure, group::tg_6, "TG-6", Must, Exact,
                "A panic is a failure with its own payload, and after a second one the group still joins.")
            (tg_07_a_cancel_is_no_error, group::tg_7, "TG-7", Must, Exact,
                "`cancel` alone is no error.")
            (tg_08_an_outer_cancellation_survives, group::tg_8, "TG-8", Must, Exact,
                "An outer cancellation that arrives during an inner one survives it.")
            (tg_09_no_cancellation_is_invented, group::tg_9, "TG-9", Must, Exact,
                "Neither a failure nor a cancellation of a group cancels what is around it.")
            (tg_10_a_late_spawn_is_refused, group_stop::tg_10, "TG-10", Must, Exact,
                "A spawn in a group that was closed, cancelled, joined or dropped, or that has failed, is an error that hands the future back unpolled.")
            (tg_11_children_spawn_and_cancel, group_stop::tg_11, "TG-11", Must, Exact,
                "Children may spawn through a clone of the spawner, and the group waits for those, too; a child that cancels the group in its first poll is itself cancelled.")
            (tg_12_dropping_aborts_shutdown_joins, group_stop::tg_12, "TG-12", Must, Exact,
                "Dropping a group, or the future of `join`, aborts every child, queued or running; `shutdown` also joins them.")
            (tg_13_token_then_grace_then_abort, group_stop::tg_13, "TG-13", Must, Exact,
                "A cancelled group cancels its token, aborts when its grace is over and not before, and lets those end who do so in time.")
            (tg_14_a_shield_defers, group_stop::tg_14, "TG-14", Must, Exact,
                "A shield defers a cancellation from outside until it is over; an inner cancellation and an inner deadline still act.")
            (tg_15_the_effective_deadline, group_stop::tg_15, "TG-15", Must, Exact,
                "The effective deadline is the earliest of those around, up to the nearest shield.")
            (tg_16_start_waits_for_readiness, group_spawn::tg_16, "TG-16", Must, Exact,
                "`start` waits for the child's readiness value; what goes wrong before that goes to the starter alone, and dropping the start aborts the child.")
            (tg_17_orders_of_next_and_collect, group_spawn::tg_17, "TG-17", Must, Exact,
                "`next` gives outputs in the order of completion, `collect` in that of spawning.")
            (tg_18_discarding_keeps_no_output, group_spawn::tg_18, "TG-18", Must, Exact,
                "A discarding group drops each output as it comes.")
            (tg_19_never_more_than_max_concurrent, group_spawn::tg_19, "TG-19", Must, Exact,
                "`max_concurrent` is never exceeded, and a child that spawns into its own full group does not deadlock it.")
            (tg_20_a_supervisor_cancels_nobody, group_spawn::tg_20, "TG-20", Must, Exact,
                "With a supervisor no sibling is cancelled, and all failures are reported at the end.")
            (tg_21_a_joiner_decides, group_spawn::tg_21, "TG-21", Must, Exact,
                "A policy decides at each completion: so many outputs are enough, or one's own.")
            (tg_23_children_inherit, group_spawn::tg_23, "TG-23", Must, Exact,
                "Children inherit token, deadline and task-local values; a bare `spawn` inherits none.")
            (tg_40_zero_limits_are_errors, group_edge::tg_40, "TG-40", Must, Exact,
                "A `max_concurrent` of 0, and 0 outputs that are enough, are a `ConfigError`.")
            (tg_41_an_empty_group_is_over, group_edge::tg_41, "TG-41", Must, Exact,
                "An empty group is over at once.")
            (tg_42_destructors_that_panic, group_ugly::tg_42, "TG-42", Must, Exact,
                "A destructor that panics is a failure of its child, also of a cancelled one, and beside the error that came before it.")
            (tg_43_a_thousand_failures, group_ugly::tg_43, "TG-43", Must, Exact,
                "A thousand children that fail at once are all kept, in the order of completion.")
            (tg_44_a_body_that_fails_late, group_ugly::tg_44, "TG-44", Must, Exact,
                "A body that fails while children are being cancelled is kept, after the failure that they are cancelled for.")
            (tg_45_what_an_inner_group_leaves, group_ugly::tg_45, "TG-45", Must, Exact,
                "A group waits for what groups inside it left behind when they were dropped half way, at any depth.")
            (tg_46_a_forgotten_group, group_ugly::tg_46, "TG-46", Must, Exact,
                "The children of a group that is forgotten run to their end, queued ones included.")
            (tg_47_an_executor_that_is_gone, group_ugly::tg_47, "TG-47", Must, Exact,
                "A group whose executor goes away ends, with a cancellation for each child that was lost; it neither hangs nor panics.")
            (tg_48_the_body_after_the_grace, group_stop::tg_48, "TG-48", Must, Exact,
                "After a failure the body is dropped when the grace is over, also where no child is left.")
            (tg_49_a_body_that_fails_after_success, group_ugly::tg_49, "TG-49", Must, Exact,
                "A body that fails after its group has what it needs is a failure; those of the children are tolerated.")
            (tg_50_a_joiner_may_use_its_group, group_edge::tg_50, "TG-50", Must, Exact,
                "A joiner may spawn into its group and cancel it; a panic of the joiner is a failure of the child that it was asked about.")
            (tg_51_a_deadline_fails_the_group, group_stop::tg_51, "TG-51", Must, Exact,
                "A deadline fails the group, its body included, with an error that names the group; a group that is over or cancelled in time is not late.")
            (tg_52_one_child_is_aborted, group_edge::tg_52, "TG-52", Must, Exact,
                "`abort` ends one child, running or queued, which is no error, and says whether it was live.")
            (tg_53_nothing_is_left_behind, group_edge::tg_53, "TG-53", Must, Exact,
                "A group that is over, or given up, holds no waker, no child and, once its last spawner is gone, no joiner.")
            (tg_54_a_discarded_output_that_panics, group_ugly::tg_54, "TG-54", Must, Exact,
                "A discarded output whose destructor panics is a failure of its child.")
            (tg_56_a_token_from_outside, group_stop::tg_56, "TG-56", Must, Exact,
                "A token from outside cancels the group that is waited for, and is no error; the body sees the group's own.")
            (zz_01_dropped_after_any_poll, every::zz_1, "ZZ-1", Must, Exact,
                "Dropped after any of its polls, an operation leaves no permit, item, slot or waker behind, and the next caller succeeds: sleep, timeout, lock, acquire, send, reserve, recv, join handle.")
            (zz_02_spurious_polls_and_new_wakers, every::zz_2, "ZZ-2", Must, Exact,
                "An operation tolerates spurious polls, and a new waker at every poll.")
        }
    };
}
