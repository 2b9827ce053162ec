//! Operations.

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
        ] }
    };
}
