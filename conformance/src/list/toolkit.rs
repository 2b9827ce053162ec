//! What applications build on a runtime: the cache.

#[doc(hidden)]
#[macro_export]
macro_rules! __rules_toolkit {
    ([$($callback:tt)+] [$($given:tt)*] [$($rules:tt)*]) => {
        $crate::__rules_groups! { [$($callback)+] [$($given)*] [
            $($rules)*
            (ca_01_overlapping_callers_share_a_load, cache::ca_1, "CA-1", Must, Exact,
                "Of overlapping callers of a key one loads, and all get its value at once.")
            (ca_02_an_error_goes_to_all_and_is_not_kept, cache::ca_2, "CA-2", Must, Exact,
                "A loader's error goes to all who wait for it, and the next caller loads again.")
            (ca_03_a_panic_fails_its_flight_once, cache::ca_3, "CA-3", Must, Exact,
                "A loader that panics runs once; all who wait get an error that says so, and the next caller loads again.")
            (ca_04_a_load_outlives_who_drives_it, cache::ca_4, "CA-4", Must, Exact,
                "The caller that drives a load may be dropped after any poll, and the one it was handed to before its next: the same future goes on under another.")
            (ca_05_a_load_ends_with_its_last_caller, cache::ca_5, "CA-5", Must, Exact,
                "With the last caller that waits the load is dropped; the next one begins anew.")
            (ca_06_a_late_value_never_enters, cache::ca_6, "CA-6", Must, Exact,
                "Where a key is inserted, removed, cleared or updated during a load, the loaded value goes to who waited, and does not enter.")
            (ca_07_an_old_flight_touches_nothing_newer, cache::ca_7, "CA-7", Must, Exact,
                "A load that is late leaves a newer value and a newer load of its key alone, also where it fails.")
            (ca_08_what_is_past_its_time_is_not_returned, cache_store::ca_8, "CA-8", Must, Exact,
                "A value past its time is never returned: its life counts from the end of its load, idle time from the last read, both on the runtime's clock.")
            (ca_09_stale_values_are_served_during_one_refresh, cache_store::ca_9, "CA-9", Must, Exact,
                "A stale value is served while one load in the background brings a new one; a failure leaves it, until its own limit.")
            (ca_10_loads_take_no_room, cache_store::ca_10, "CA-10", Must, Exact,
                "Loads under way do not count as entries, and make none leave.")
            (ca_11_none_is_a_value, cache_store::ca_11, "CA-11", Must, Exact,
                "`None` is a value like any other, and may be given a life of its own.")
            (ca_12_weights_departures_and_counts, cache_store::ca_12, "CA-12", Must, Exact,
                "Entries never weigh more than the capacity; each that leaves is returned or told of, once and with its cause; hits, misses, loads and evictions are counted.")
            (ca_20_loads_race_safely, cache_edge::ca_20, "CA-20", Must, Stochastic,
                "Tasks on all workers, many of them aborted, load each key once at a time; nobody hangs, and nothing stays under way.")
            (ca_21_a_loader_that_waits_for_itself_is_told, cache_edge::ca_21, "CA-21", Must, Exact,
                "A loader that asks for its own key, directly or through another one's loader, gets an error that names the cache, and does not hang.")
            (ca_22_a_load_has_nobodys_context, cache_edge::ca_22, "CA-22", Must, Exact,
                "A load sees none of its callers' tokens, deadlines and values.")
            (ca_23_loading_is_cancel_safe, cache_edge::ca_23, "CA-23", Must, Exact,
                "A call that loads does nothing until it is polled, tolerates spurious polls and new wakers, wakes only the last one, and leaves none behind.")
            (ca_24_loading_is_spawnable, cache_edge::ca_24, "CA-24", Must, Exact,
                "Calls that load can be spawned from code that is generic over the runtime.")
            (ca_25_the_background_ends_with_the_cache, cache_edge::ca_25, "CA-25", Must, Exact,
                "One refresh of a key runs at a time, and what a cache loads in the background is dropped after its last handle is.")
            (ca_26_settings_that_cannot_be_used_are_errors, cache_store::ca_26, "CA-26", Must, Exact,
                "No capacity, a `ttl` or `idle` of zero, and a jitter outside of 0 to 1 are a `ConfigError`; a capacity of 0 keeps nothing, and shares loads.")
            (ca_27_the_listener_may_do_anything, cache_store::ca_27, "CA-27", Must, Exact,
                "`on_evict` runs under no lock and may use the cache; its panics are counted and go no further.")
            (ca_28_updates_lose_nothing, cache_store::ca_28, "CA-28", Must, Exact,
                "`update` runs its closure under no lock, and runs it again where the key was changed meanwhile, so of overlapping changes none is lost.")
            (ca_29_refreshes_are_bounded, cache_edge::ca_29, "CA-29", Must, Exact,
                "No more loads run in the background than `max_refreshes`, which is not 0: where as many do, a stale value is served, no load begins, and the next one who comes looks again.")
        ] }
    };
}
