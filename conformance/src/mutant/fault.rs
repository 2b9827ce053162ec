//! What can be wrong with a runtime.

/// The enum, its list, and the names that a command line and the list of mutants know.
macro_rules! faults {
    ($($(#[$doc:meta])+ $fault:ident = $name:literal,)+) => {
        /// One thing that a [`Mutant`](super::Mutant) does wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Fault {
            $($(#[$doc])+ $fault,)+
        }

        impl Fault {
            /// All of them; the first is [`Fault::None`].
            pub const ALL: &[Self] = &[$(Self::$fault,)+];

            /// Its name, such as `drop-aborts`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$fault => $name,)+
                }
            }
        }
    };
}

faults! {
    /// Nothing is wrong: the control.
    None = "none",

    /// A task runs only once its handle is polled.
    SpawnLazy = "spawn-lazy",
    /// A task is polled where it is spawned.
    SpawnInline = "spawn-inline",
    /// Only a thread that is inside the runtime can spawn.
    SpawnWantsContext = "spawn-wants-context",
    /// Nothing can be spawned by a destructor in a task.
    SpawnInDropPanics = "spawn-in-drop-panics",
    /// A handle that is dropped aborts its task.
    DropAborts = "drop-aborts",
    /// `abort` does nothing.
    AbortIgnored = "abort-ignored",
    /// `abort` does nothing before the first poll.
    AbortUnpolledIgnored = "abort-unpolled-ignored",
    /// An aborted handle resolves before the future is dropped.
    AbortResolvesEarly = "abort-resolves-early",
    /// An abort takes an output away that is there.
    AbortTakesOutput = "abort-takes-output",
    /// A panic is told as a cancellation.
    PanicSwallowed = "panic-swallowed",
    /// A panic comes without its own payload.
    PayloadLost = "payload-lost",
    /// A panic unwinds whoever joins.
    PanicUnwindsJoiner = "panic-unwinds-joiner",
    /// After a panic in a poll no task runs any more.
    PanicEndsExecutor = "panic-ends-executor",
    /// After a panic in a destructor no task runs any more.
    DropPanicEndsExecutor = "drop-panic-ends-executor",
    /// The future of a detached task is never dropped.
    DetachedLeaks = "detached-leaks",
    /// Who waits for a task that was cancelled waits for ever.
    CancelledHangs = "cancelled-hangs",
    /// `is_finished` is true from the start.
    FinishedEarly = "finished-early",
    /// A runtime that is dropped inside another one panics.
    DropInsidePanics = "drop-inside-panics",
    /// More parallelism is claimed than there is.
    ParallelismClaimed = "parallelism-claimed",

    /// Blocking work runs on the threads of the tasks.
    BlockingInline = "blocking-inline",
    /// `abort` does nothing to blocking work.
    BlockingAbortIgnored = "blocking-abort-ignored",
    /// Blocking work that runs can be aborted.
    BlockingAbortTakesOutput = "blocking-abort-takes-output",
    /// Blocking work is thrown away with its handle.
    BlockingDropCancels = "blocking-drop-cancels",
    /// A panic of blocking work is told as a cancellation.
    BlockingPanicSwallowed = "blocking-panic-swallowed",

    /// `block_on` never returns.
    BlockOnHangs = "block-on-hangs",
    /// `block_on` panics.
    BlockOnPanics = "block-on-panics",
    /// `block_on` unwinds with a payload of its own.
    BlockOnPayloadLost = "block-on-payload-lost",
    /// `block_on` holds on to its thread, also inside a task.
    BlockOnParks = "block-on-parks",

    /// The clock stands still.
    ClockStands = "clock-stands",
    /// Sleeps end two milliseconds early.
    SleepEarly = "sleep-early",
    /// A sleep that is over already is ready at its first poll.
    SleepPastReady = "sleep-past-ready",
    /// The end of time is now.
    SleepOverflowFires = "sleep-overflow-fires",
    /// A sleep that was ready is pending when it is polled again.
    SleepNotFused = "sleep-not-fused",
    /// A sleep that is dropped stays registered.
    SleepLeaks = "sleep-leaks",
    /// A timer cannot be moved.
    ResetIgnored = "reset-ignored",
    /// A timer wakes the waker of its first poll.
    SleepStaleWaker = "sleep-stale-waker",

    /// A future of a lock, semaphore or channel is polled when it is made.
    EagerAcquire = "eager-acquire",
    /// A waiter that is dropped stays in its queue.
    WaiterLeaks = "waiter-leaks",
    /// A waiter wakes the waker of its first poll.
    WaiterStaleWaker = "waiter-stale-waker",
    /// A waiter wakes nobody.
    WaiterNeverWakes = "waiter-never-wakes",
    /// Who waits for a lock or for permits tries again and again, in no queue.
    WaitersBarge = "waiters-barge",
    /// `holder` and `last_holder` do not know.
    HolderUnknown = "holder-unknown",
    /// A semaphore has a permit too many.
    OverGrant = "over-grant",
    /// `close` of a semaphore or a receiver does nothing.
    CloseIgnored = "close-ignored",
    /// A channel of capacity 0 is made, of 1.
    CapacityZero = "capacity-zero",
    /// A channel has one slot more than it says.
    CapacityLies = "capacity-lies",
}
