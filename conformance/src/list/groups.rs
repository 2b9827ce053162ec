//! Groups, gather, cancellation; and what holds for every operation.

#[doc(hidden)]
#[macro_export]
macro_rules! __rules_groups {
    ([$($callback:tt)+] [$($given:tt)*] [$($rules:tt)*]) => {
        $crate::__rules_limits! { [$($callback)+] [$($given)*] [
            $($rules)*
            (tg_01_it_ends_after_its_children, group::tg_1, "TG-1", Must, Exact,
                "A group returns only when every child has finished and its future has been dropped.")
            (tg_02_a_failure_cancels_the_rest, group::tg_2, "TG-2", Must, Exact,
                "The first error or panic cancels the siblings and the body, once.")
            (tg_03_a_bodys_error_is_a_members, group::tg_3, "TG-3", Must, Exact,
                "An error or a panic of the body is a failure like a child's, with no id.")
            (tg_04_every_error_is_kept, group::tg_4, "TG-4", Must, Exact,
                "Every real error is kept, in the order of completion, with the first one marked; errors raised while cleaning up are kept, and what the group itself cancelled is left out.")
            (tg_05_always_a_group_error, group::tg_5, "TG-5", Must, Exact,
                "A failure is always a `GroupError`, also of one; nesting is kept; it can be split in two, flattened and walked with `source`; each member has its id, its name and the place of its spawn.")
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
                "A cancelled group cancels its token, aborts when its grace is over and not before, and lets those end who do so in time. A grace that is not set is none.")
            (tg_14_a_shield_defers, group_stop::tg_14, "TG-14", Must, Exact,
                "A shield defers a cancellation from outside until it is over; an inner cancellation and an inner deadline still act.")
            (tg_15_the_effective_deadline, group_stop::tg_15, "TG-15", Must, Exact,
                "The effective deadline is the earliest of those around, up to the nearest shield.")
            (tg_16_start_waits_for_readiness, group_spawn::tg_16, "TG-16", Must, Exact,
                "`start` waits for the child's readiness value; what goes wrong before that goes to the starter alone, and dropping the start aborts the child.")
            (tg_17_orders_of_next_and_collect, group_spawn::tg_17, "TG-17", Must, Exact,
                "`next` gives outputs in the order of completion, `collect` in that of spawning.")
            (tg_18_discarding_keeps_no_output, group_spawn::tg_18, "TG-18", Must, Exact,
                "A discarding group drops each output as it comes, and keeps nothing of a child that has ended.")
            (tg_19_never_more_than_max_concurrent, group_spawn::tg_19, "TG-19", Must, Exact,
                "`max_concurrent` is never exceeded, and a child that spawns into its own full group does not deadlock it.")
            (tg_20_a_supervisor_cancels_nobody, group_spawn::tg_20, "TG-20", Must, Exact,
                "With a supervisor no sibling is cancelled, and all failures are reported at the end.")
            (tg_21_a_joiner_decides, group_spawn::tg_21, "TG-21", Must, Exact,
                "A policy decides at each completion: so many outputs are enough, or one's own.")
            (tg_22_a_scope_runs_borrowed_children, scope::tg_22, "TG-22", Must, Exact,
                "A scope runs borrowed, non-`'static`, non-`Send` children in the same task, also children of children, and is sound under `mem::forget`.")
            (tg_23_children_inherit, group_spawn::tg_23, "TG-23", Must, Exact,
                "Children inherit token, deadline and task-local values; a bare `spawn` inherits none.")
            (tg_30_cancel_and_errors_end_a_scopes_children, scope::tg_30, "TG-30", Must, Exact,
                "`cancel` of a scope drops all its children, also the one that calls it in its first poll, and refuses others; the first error of a `try_scope` drops children and body.")
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
                "A token from outside cancels the group at once, also while nobody polls it. Where that cut a child short or refused one, the group's error says so, with the reason; otherwise there is none. The body sees the group's own token.")
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
                "Futures that wait for a token leave no waker behind, and children that are dropped no link; only the waker of the last poll is woken.")
            (cx_07_a_guard_cancels_unless_disarmed, cancel::cx_7, "CX-7", Must, Exact,
                "A drop guard cancels, with the place where it was made, unless it is disarmed.")
            (cx_08_cancelled_before_is_unpolled, cancel::cx_8, "CX-8", Must, Exact,
                "A future that is given up on a token: not polled where that was cancelled before; later, a completion wins a tie; dropped when the error is there.")
            (cx_20_a_reason_has_text_and_place, cancel::cx_20, "CX-20", Must, Exact,
                "A reason carries its text, and the place of the call.")
            (cx_21_clean_up_is_let_finish, cleanup::cx_21, "CX-21", Must, Exact,
                "The future of `on_cancel` runs to its end after a cancellation, which it does not see, and not without one.")
            (cx_22_tokens_are_spawnable, cleanup::cx_22, "CX-22", Must, Exact,
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
                "The abort of a group's child waits until it is in no shield; one that was dropped, or left by a panic, counts no more, and one that was handed to another task counts there.")
            (cx_35_contexts_are_spawnable, context::cx_35, "CX-35", Must, Exact,
                "Contexts and values of tasks can be set in code that is generic over the runtime, and spawned.")
            (zz_01_dropped_after_any_poll, every::zz_1, "ZZ-1", Must, Exact,
                "Dropped after any of its polls, an operation leaves no permit, item, slot or waker behind, and the next caller succeeds: sleep, timeout, lock, acquire, send, reserve, recv, join handle. What is made of these says so in rules of its own.")
            (zz_02_spurious_polls_and_new_wakers, every::zz_2, "ZZ-2", Must, Exact,
                "An operation tolerates spurious polls, and a new waker at every poll.")
        ] }
    };
}
