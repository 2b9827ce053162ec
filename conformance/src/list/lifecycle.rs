//! Pools, resources, workers, lifecycles.

#[doc(hidden)]
#[macro_export]
macro_rules! __rules_lifecycle {
    ([$($callback:tt)+] [$($given:tt)*] [$($rules:tt)*]) => {
        $crate::__rules_operations! { [$($callback)+] [$($given)*] [
            $($rules)*
            (po_01_never_more_than_the_maximum, pool::po_1, "PO-1", Must, Exact,
                "Objects of a pool that live or are being made are never more than its maximum; after a resize to less none is made until they are fewer. Bad settings are a `ConfigError`.")
            (po_02_a_half_checked_object_is_discarded, pool::po_2, "PO-2", Must, Exact,
                "An object whose check was given up, or failed, is discarded; whoever had it checked gets another one.")
            (po_03_a_creation_given_up_frees_its_place, pool::po_3, "PO-3", Must, Exact,
                "A creation that was given up, or failed, leaves its place to the first who waits, who is woken.")
            (po_04_waiters_are_fifo, pool_order::po_4, "PO-4", Must, Exact,
                "Those who wait for an object get it in the order of their first poll, nobody overtakes them, and what had reached one that is dropped goes to the next.")
            (po_05_limits_and_ages, pool_limits::po_5, "PO-5", Must, Exact,
                "Waiting, creating and recycling have limits of their own; an object that was idle for too long, or is too old, is dropped where it lies, also while another one is made, at checkout, or when it comes back; so many are kept idle.")
            (po_06_close_and_detach, pool::po_6, "PO-6", Must, Exact,
                "`close` fails those who wait and come, drops what is idle and what comes back, and gives up what is made in the background; from then on none is made; `closed` waits until all are gone; `detach` frees its place.")
            (po_20_users_race_safely, pool::po_20, "PO-20", Must, Stochastic,
                "Users on all workers, some of them aborted, lose neither a place nor a wake-up.")
            (ba_01_batches_are_loaded_when_due, batch::ba_1, "BA-1", Must, Exact,
                "A batch is loaded once it is full, once its first key has waited for the interval, on `flush` and on `shutdown`; later keys are refused. Bad settings are a `ConfigError` that names the field.")
            (ba_02_each_gets_its_own_result, batch::ba_2, "BA-2", Must, Exact,
                "Each caller gets the result of its own key; a wrong number of results, too many or too few, is an error for all of the batch; where asked for, a key that several want is loaded once.")
            (ba_03_callers_may_go, batch::ba_3, "BA-3", Must, Exact,
                "A caller that goes before its batch is loaded takes its key out; one that goes later disturbs nobody.")
            (ba_04_a_failure_is_one_batchs, batch::ba_4, "BA-4", Must, Exact,
                "A load that panics or fails is the error of all of its batch, and of no other.")
            (ba_05_a_full_buffer_pushes_back, batch::ba_5, "BA-5", Must, Exact,
                "No more batches are in flight than permitted, and no more keys in the buffer than it holds: others wait for room, in order.")
            (tp_01_so_many_workers_and_a_bounded_queue, batch::tp_1, "TP-1", Must, Exact,
                "A task pool runs as many jobs at once as it has workers, and begins them in the order of the queue; where that is full `submit` waits and `try_submit` hands the job back. Bad settings are a `ConfigError` that names the field.")
            (tp_02_jobs_end_apart, batch::tp_2, "TP-2", Must, Exact,
                "A panic or an abort costs one job; a shutdown finishes the others, and whoever comes later gets the job back; no handle hangs on a pool that is gone.")
            (lc_01_stop_grace_abort_report, app::lc_1, "LC-1", Must, Exact,
                "A signal or the failure of a subsystem cancels the tokens; who has not stopped when the grace is over, which is counted once, from the stop, and not before, is aborted; the report says why it stopped, who failed and who was late. Who ends with an error that is a refusal for the stop, or a cancellation, has failed only where that came before the stop. With nothing left to do it ends.")
            (lc_02_who_insists_aborts, app_stop::lc_2, "LC-2", Must, Exact,
                "A second signal, or an abort, aborts at once what has not stopped, the start-up included; one more that comes during the clean-up abandons that, and what had failed by then is told. Requests from code add up to one; the first signal changes nothing after them, nor where it stops by itself.")
            (lc_03_children_then_parents_then_clean_up, app::lc_3, "LC-3", Must, Exact,
                "Subsystems are asked to stop once those below them have; then the clean-up runs, in the reverse of its order, shielded.")
            (lc_04_a_failed_start_up_is_cleaned_up, app_start::lc_4, "LC-4", Must, Exact,
                "Where the start-up fails, panics or is late, what it began is stopped and cleaned up; all errors are told. Where it still runs as the application stops, what it has begun is asked to stop meanwhile, and what it begins after that once it has ended.")
            (lc_05_exits_follow_every_end, resource::lc_5, "LC-5", Must, Exact,
                "What was entered in an exit stack is closed in reverse order after an output, an error and a panic, each close within its limit; whatever becomes of one, the next follows, and all errors are kept.")
            (lc_20_a_dropped_stack_closes_all_the_same, resource::lc_20, "LC-20", Must, Exact,
                "A stack that is dropped half way, in its body or in a close, closes what is left in the background, the close in hand included, in the same order; a group around it waits for that.")
            (lc_21_entered_together_left_in_reverse, resource::lc_21, "LC-21", Must, Exact,
                "Resources are opened at the same time and closed in the reverse of their order; where one cannot be opened, those that were open are closed.")
            (lc_22_periodic_work, periodic::lc_22, "LC-22", Must, Exact,
                "Periodic work runs at its ticks; a failure costs one run, so many in a row may end it; a tick that comes during a run is left out, caught up with or run beside it, as was asked for; a shutdown waits for runs in hand, aborts the late and names them.")
            (lc_23_a_dropped_application_cleans_up_last, app::lc_23, "LC-23", Must, Exact,
                "An application that is dropped cleans up in the background, once its subsystems are gone; a group around it waits for both, and all its tokens are cancelled.")
            (lc_24_what_outlives_a_call_has_nobodys_context, owners::lc_24, "LC-24", Must, Exact,
                "What batchers, task pools, the keepers of pools and the refreshes of caches run has nobody's context: it sees no token, deadline or value of who made or uses them, goes on when that one is cancelled, and no group around waits for it.")
            (lc_25_what_an_application_gives, app::lc_25, "LC-25", Must, Exact,
                "A subsystem's handle gives its output once it has ended, and nothing where it failed, panicked or was aborted; the report has what the start-up returned.")
            (lc_26_periodic_work_has_jitter, periodic::lc_26, "LC-26", Must, Exact,
                "With a jitter each run of periodic work begins later than its tick by less than that, drawn anew for each run, and no tick moves. A jitter of a period or more is a `ConfigError`.")
        ] }
    };
}
