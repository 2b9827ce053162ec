//! Retries, limits, degradation.

#[doc(hidden)]
#[macro_export]
macro_rules! __rules_limits {
    ([$($callback:tt)+] [$($given:tt)*] [$($rules:tt)*]) => {
        $($callback)+! { [$($given)*]
            $($rules)*
            (re_01_attempts_include_the_first, retry::re_1, "RE-1", Must, Exact,
                "The number of attempts includes the first, the first `Ok` ends it, and a number of 0 is a `ConfigError`, as other bad settings are.")
            (re_02_max_elapsed_covers_all, retry::re_2, "RE-2", Must, Exact,
                "`max_elapsed` covers attempts and waits: the attempt in hand is dropped when it passes, and no wait is begun that would reach it, nor one that would reach the context's deadline.")
            (re_03_jitter_stays_in_its_bounds, retry::re_3, "RE-3", Must, Exact,
                "Jitter is drawn from the runtime, to the nanosecond, and stays in its bounds; a wait is never shorter than drawn.")
            (re_04_retry_after_overrides, retry::re_4, "RE-4", Must, Exact,
                "A delay that the error asks for overrides the backoff and its maximum.")
            (re_05_cancellations_and_panics_are_not_retried, retry_stop::re_5, "RE-5", Must, Exact,
                "Once the context's token is cancelled no further attempt begins, and a wait ends at once; a panic unwinds, and no further attempt begins. An error that tells of another's cancellation is one like any other, unless `when` says so.")
            (re_06_the_error_tells_the_story, retry::re_6, "RE-6", Must, Exact,
                "The final error has the attempts, the time, the last error and why there was no further attempt; of an attempt that took too long it has the limit, as it was set. Hooks hear of each retry and of the end.")
            (re_07_a_budget_is_shared, retry::re_7, "RE-7", Must, Exact,
                "A retry budget is shared by all calls of all policies that have it; first attempts are free, and what is spent comes back in parts with each success, up to its capacity.")
            (re_08_dropped_after_any_poll, retry::re_8, "RE-8", Must, Exact,
                "A retry that is dropped, in an attempt or in a wait, leaves no attempt and no waker behind; it can be spawned from code that is generic over the runtime.")
            (re_09_waits_grow_as_they_are_called, retry::re_9, "RE-9", Must, Exact,
                "Waits grow as the backoff is called, to the nanosecond: constant, linear, exponential, Fibonacci; decorrelated ones are drawn between the least and three times the one before. None is longer than its maximum.")
            (rl_01_no_window_has_more, rate::rl_1, "RL-1", Must, Exact,
                "In any window w a rate limiter lets through at most burst + rate·w, counted as callers go on, however late they are for their turns, and a burst at once; a rate, period or burst of 0 is a `ConfigError`.")
            (rl_02_turns_are_fifo_whatever_the_weight, rate::rl_2, "RL-2", Must, Exact,
                "Turns come in the order of the first polls, whatever the weights; `try_acquire` overtakes nobody, and says when a turn would come.")
            (rl_03_a_dropped_waiter_takes_nothing, rate::rl_3, "RL-3", Must, Exact,
                "A waiter that is dropped, at any of its polls, takes no token and leaves no waker; the next is woken, and moves up. What is given back does the same.")
            (rl_04_too_heavy_is_told_at_once, rate::rl_4, "RL-4", Must, Exact,
                "More than the burst is an error at once, also for those who wait when the burst shrinks.")
            (rl_05_a_leaked_waiter_stops_nobody, rate::rl_5, "RL-5", Must, Exact,
                "A waiter that is leaked, or never polled again, stops nobody, and keeps nobody from moving up when others leave or tokens come back.")
            (rl_06_turns_that_come_too_late_are_not_waited_for, rate::rl_6, "RL-6", Must, Exact,
                "A turn that would come at the context's deadline or later is an error at once, also where another quota moves it there; a token of the context that is cancelled ends the wait.")
            (rl_07_each_key_has_a_limit, rate::rl_7, "RL-7", Must, Exact,
                "Each key has a limit of its own; a quota can be changed while callers wait, who keep their order.")
            (rl_08_a_late_turn_counts_when_it_is_taken, rate_late::rl_8, "RL-8", Must, Exact,
                "A turn counts when it is taken, however late; one that nobody takes costs its tokens and no more, and who comes for it after others passed by waits for tokens anew.")
            (rl_09_more_than_a_burst_in_chunks, rate_chunked::rl_9, "RL-9", Must, Exact,
                "More than the burst can be acquired in chunks of at most the burst, whatever becomes of that meanwhile; others have their turns between them, other tasks run though no chunk has to wait, and who is dropped, cancelled or would be late gives back what he has taken.")
            (rl_10_what_races_is_counted, rate_race::rl_10, "RL-10", Must, Stochastic,
                "Tasks on all workers that take tokens, give them back, come with new keys and change quotas at once lose no token and make none; a key has one limit, by the last quota, and nobody waits who is too heavy.")
            (li_01_a_limit_changes_while_callers_run, limiter::li_1, "LI-1", Must, Exact,
                "A concurrency limit can be changed while callers run and wait: a larger one serves those who wait, a smaller one takes effect as slots come back; 0 is a `ConfigError`.")
            (li_02_a_free_slot_goes_to_the_smallest_key, limiter::li_2, "LI-2", Must, Exact,
                "A free slot goes to the key with the fewest, among equals to who has waited longest; within a key the order is that of the first polls, and nobody overtakes those who wait.")
            (li_03_a_dropped_waiter_passes_its_slot_on, limiter::li_3, "LI-3", Must, Exact,
                "Who waits for a slot and is dropped, at any of its polls, leaves no slot and no waker behind, and passes on a slot that had reached it; a cancelled token of the context ends the wait.")
            (li_04_never_more_than_the_limit, limiter::li_4, "LI-4", Must, Stochastic,
                "Never more than the limit run at once, whatever the threads, and a slot comes back also from a panic.")
            (li_05_an_adaptive_limit_follows_its_calls, limiter::li_5, "LI-5", Must, Exact,
                "An adaptive limit rises by less than one a fast call while half of it is in use; a slow or overloaded one lowers it by its part, once for all calls that had begun by then; it stays within its bounds.")
            (de_01_a_breaker_opens_and_closes, breaker::de_1, "DE-1", Must, Exact,
                "A circuit breaker opens after so many failures in a row, or such a part of the calls of a while, and of no older ones; open, it makes no call; after its time it lets as many trials through as it should and no more, and closes when they succeed or opens when one fails. Bad settings are a `ConfigError`.")
            (de_02_what_is_late_or_leaked_stops_no_breaker, breaker::de_2, "DE-2", Must, Exact,
                "What a call does counts only if the breaker has not changed since it began; a trial that is dropped leaves its place, and one that is leaked holds it for a time only.")
            (de_03_a_panic_is_a_failure, breaker::de_3, "DE-3", Must, Exact,
                "A panic in a call through a breaker is a failure, and unwinds; a call that is dropped, at any of its polls, is neither, and leaves nothing behind.")
            (de_04_a_boundary_keeps_what_it_may, breaker::de_4, "DE-4", Must, Exact,
                "A boundary tries again, tells its hook, and puts its fallback in the place of the errors that it catches; cancellations and panics go through.")
            (de_05_a_best_effort_takes_what_comes_in_time, best_effort::de_5, "DE-5", Must, Exact,
                "`best_effort` gives a result for each future, in the order of the input, once all have ended or its limit, which counts from the first poll, has passed: those that are late have been dropped by then, and say that they were; an error or a panic costs one slot. Inside, the limit is a deadline; dropped, it drops them all.")
        }
    };
}
