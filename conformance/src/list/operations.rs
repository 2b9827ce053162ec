//! Operations, and layers for tower.

#[doc(hidden)]
#[macro_export]
macro_rules! __rules_operations {
    ([$($callback:tt)+] [$($given:tt)*] [$($rules:tt)*]) => {
        $crate::__rules_coordination! { [$($callback)+] [$($given)*] [
            $($rules)*
            (op_01_each_end_has_its_outcome, operation::op_1, "OP-1", Must, Exact,
                "An operation's outcome is a success, an error with its text, a panic with its message, or a cancellation: its future was dropped before its end, also by another's panic, or its error is a cancellation.")
            (op_02_a_panic_goes_on, operation::op_2, "OP-2", Must, Exact,
                "A panic in an operation, in its future, its destructor or its judge, goes on unwinding with its own payload.")
            (op_03_from_the_first_poll_to_the_last_destructor, operation::op_3, "OP-3", Must, Exact,
                "An operation begins with its first poll and ends once its future is gone, on the runtime's clock; what is never polled is none.")
            (op_04_children_inherit_it, tracker::op_4, "OP-4", Must, Exact,
                "What begins inside an operation is its child, in the same task and in the children of its groups; a bare task inherits neither operation nor tracker.")
            (op_05_the_nearest_tracker_watches, tracker::op_5, "OP-5", Must, Exact,
                "A tracker watches what begins in its scope; one that an operation is given comes first, and is in force inside of it. A parent is of the same tracker.")
            (op_06_each_tracker_counts_for_itself, tracker::op_6, "OP-6", Must, Exact,
                "The operations of a tracker are numbered from 1, in the order of their beginning.")
            (op_07_a_tracker_is_bounded, tracker::op_7, "OP-7", Must, Exact,
                "A tracker remembers the last operations that ended, as many as it was told to, and counts all; percentiles are nearest ranks of those that it remembers.")
            (op_08_unwatched_it_is_its_future, operation::op_8, "OP-8", Must, Exact,
                "An operation that nobody watches reads no clock, shows no field and judges no output.")
            (op_09_dropped_after_any_poll, operation::op_9, "OP-9", Must, Exact,
                "An operation that is dropped after any of its polls leaves no waker behind, and is under way no more; it can be spawned from code that is generic over the runtime.")
            (op_10_workers_share_a_tracker, operation::op_10, "OP-10", Must, Stochastic,
                "Tasks on all workers, some of them aborted, share a tracker: each operation ends once, none stays under way, and no two have one number.")
            (tw_01_a_late_response_is_elapsed, tower::tw_1, "TW-1", Must, Exact,
                "A timeout layer gives each response so long from the first poll of its future on, tells the service inside, and drops what is late before its error, which has the limit and the name; the inner results go through.")
            (tw_02_attempts_go_to_services_that_are_ready, tower::tw_2, "TW-2", Must, Exact,
                "The first attempt of a retry layer goes to the service that was found ready, each further one to a clone that is waited for; the policy says when it ends.")
            (tw_03_turns_are_waited_for_before_the_call, tower::tw_3, "TW-3", Must, Exact,
                "A rate limit layer waits in `poll_ready`, before it asks the service inside, where each service has a place of its own however often it is asked, and a turn that it keeps for one call; dropped before that, it gives it back. What the context refuses is that request's error, and the service stays usable.")
            (tw_04_slots_are_held_until_the_response, tower::tw_4, "TW-4", Must, Exact,
                "A concurrency limit layer waits in `poll_ready`, as a rate limit layer does, and holds a slot from then until the response is there, or the service or the response is dropped.")
            (tw_05_an_open_breaker_refuses_the_call, tower::tw_5, "TW-5", Must, Exact,
                "An open circuit breaker layer is ready, refuses the call, and does not make it; it counts what it is told to, a panic as well, and neither a service that is not ready nor a response that is dropped.")
            (tw_06_each_request_is_an_operation, tower::tw_6, "TW-6", Must, Exact,
                "An operation layer makes each request the operation that it is given for it, whose outcome is that of the response or what its closure says; responses and errors go through as they are.")
            (tw_07_dropped_at_any_point, tower::tw_7, "TW-7", Must, Exact,
                "A service of a layer that is dropped while it waits or is ready, and a response that is dropped after any of its polls, leave no turn, slot, trial, request or waker behind; they can be spawned from code that is generic over the runtime.")
        ] }
    };
}
