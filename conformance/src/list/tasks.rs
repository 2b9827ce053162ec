//! Tasks, blocking work, time.

#[doc(hidden)]
#[macro_export]
macro_rules! __rules_tasks {
    ([$($callback:tt)+] [$($given:tt)*] [$($rules:tt)*]) => {
        $crate::__rules_lifecycle! { [$($callback)+] [$($given)*] [
            $($rules)*
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
            (sp_16_a_detached_task_runs_to_its_end, detached::sp_16, "SP-16", Must, Exact,
                "What `spawn_detached` is given runs to its end, also from a thread that entered no runtime. A panic of it, or of its destructor, ends neither the process nor the executor.")
            (sp_17_a_detached_task_ends_with_its_executor, detached::sp_17, "SP-17", Must, Exact,
                "A detached task whose executor is gone has been dropped, or runs to its end where the executor outlives its last value.")
            (bl_01_blocking_work_runs_off_the_async_threads, blocking::bl_1, "BL-1", Must, Exact,
                "Blocking work runs off the async threads: more calls than `parallelism` block at once, and tasks go on.")
            (bl_02_abort_cancels_unstarted_work_only, blocking::bl_2, "BL-2", Must, Exact,
                "Aborting blocking work that has not started cancels it: it never runs, and its handle gives `Cancelled`. Once started it runs to its end and delivers its output.")
            (bl_03_dropping_the_handle_lets_work_run, blocking::bl_3, "BL-3", Must, Exact,
                "Dropping the handle of blocking work lets it run.")
            (bl_04_a_panic_of_blocking_work_is_caught, blocking::bl_4, "BL-4", Must, Exact,
                "A panic in blocking work gives `Panicked` with its own payload, and the pool goes on.")
            (lo_01_local_tasks_stay_on_their_thread, local::lo_1, "LO-1", Must, Exact,
                "`!Send` futures can be spawned with `run_local`, and stay on the calling thread.")
            (bo_01_block_on_returns_or_unwinds, block_on::bo_1, "BO-1", Must, Exact,
                "`block_on` returns the future's output and unwinds its panic; the future need be neither `Send` nor `'static`.")
            (bo_02_nested_block_on_never_hangs, block_on::bo_2, "BO-2", Must, Exact,
                "`block_on` inside a task or another `block_on` works, or panics with a message that says so; it never hangs, however many tasks do it at once.")
            (si_01_none_is_lost, os_signal::si_1, "SI-1", Must, Exact,
                "A signal that comes after `signals` has returned is given, also where the stream is polled only later; who waits for it is woken. `signals` can be called from a thread that entered no runtime; a stream of no signals ends at once.")
            (si_02_each_sees_what_it_asked_for, os_signal::si_2, "SI-2", Must, Exact,
                "Each stream sees each signal that it asked for, and no other, however many there are.")
            (si_03_a_dropped_stream_leaves_nothing, os_signal::si_3, "SI-3", Must, Exact,
                "A stream that is dropped leaves no waker behind and takes no signal away; a wait that is given up loses none.")
            (tm_01_no_sleep_is_early, time::tm_1, "TM-1", Must, Stochastic,
                "A sleep never completes early on the runtime's own clock.")
            (tm_02_a_past_sleep_yields_once, time::tm_2, "TM-2", Must, Exact,
                "A zero or past sleep yields exactly once, then completes.")
            (tm_03_the_end_of_time_never_comes, time::tm_3, "TM-3", Must, Exact,
                "A deadline that overflows never fires and never panics.")
            (tm_04_a_sleep_is_fused, time::tm_4, "TM-4", Must, Exact,
                "A sleep is fused: polled again after completion, it is ready.")
            (tm_05_a_dropped_sleep_is_deregistered, time::tm_5, "TM-5", Must, Exact,
                "Dropping a sleep deregisters it: however many are dropped, no more than two thousand of their wakers are held at any time.")
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
        ] }
    };
}
