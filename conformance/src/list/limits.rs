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
            (re_05_cancellations_and_panics_are_not_retried, retry::re_5, "RE-5", Must, Exact,
                "Once the context's token is cancelled no further attempt begins, and a wait ends at once; a panic unwinds, and no further attempt begins.")
            (re_06_the_error_tells_the_story, retry::re_6, "RE-6", Must, Exact,
                "The final error has the attempts, the time, the last error and why there was no further attempt; hooks hear of each retry and of the end.")
            (re_07_a_budget_is_shared, retry::re_7, "RE-7", Must, Exact,
                "A retry budget is shared by all calls of all policies that have it; first attempts are free, and what is spent comes back in parts with each success.")
            (re_08_dropped_after_any_poll, retry::re_8, "RE-8", Must, Exact,
                "A retry that is dropped, in an attempt or in a wait, leaves no attempt and no waker behind; it can be spawned from code that is generic over the runtime.")
        }
    };
}
