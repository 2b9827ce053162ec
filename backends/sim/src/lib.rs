//! The simulator of [anyrt](https://docs.rs/anyrt): the same code in virtual time, under thousands of
//! schedules, each of which can be seen again.
//!
//! | | |
//! |---|---|
//! | [`check`](check()) | runs a body under many schedules; a failure is shrunk, reported, and replayed by one line |
//! | [`check_cancel`](check_cancel()) | drops an operation at each point where that is possible, and looks at what it leaves |
//! | [`check_deterministic`] | finds clocks, threads and hash maps that a body should not depend on |
//! | [`sometimes!`] | fails a check whose runs never came to the case that it was written for |
//! | [`Sim`] | all of these with other schedules, faults and limits |
//! | [`SimRuntime`] | the runtime itself |
//!
//! # Testing your async code with anyrt-sim
//!
//! Say that a program takes leases: whoever holds one may work, and whoever crashes loses it when its
//! time is up. This is the first draft. It is generic over `R: Runtime`, so that it runs on tokio in
//! production, and here in tests:
//!
//! ```
//! use anyrt::{Instant, rt::{Lock, LockOf, Runtime}};
//! use std::{sync::Arc, time::Duration};
//!
//! #[derive(Clone)]
//! struct Leases<R: Runtime> {
//!     rt: R,
//!     /// Until when it is taken.
//!     taken: Arc<LockOf<R, Instant>>,
//! }
//!
//! const TERM: Duration = Duration::from_secs(10);
//!
//! impl<R: Runtime> Leases<R> {
//!     fn new(rt: R) -> Self {
//!         let taken = Arc::new(rt.lock(Instant::ORIGIN));
//!         Self { rt, taken }
//!     }
//!
//!     /// Waits until the lease is free, and takes it. Gives when it ends.
//!     async fn take(&self) -> Instant {
//!         loop {
//!             let until = *self.taken.lock().await;
//!             if self.rt.now() >= until {
//!                 let until = self.rt.now() + TERM;
//!                 *self.taken.lock().await = until;
//!                 return until;
//!             }
//!             self.rt.sleep_until(until).await;
//!         }
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! The property that matters: no two hold it at once. A test says it in the words of the program,
//! spawns what would run at the same time, and leaves the order to the simulator:
//!
//! ```should_panic
//! use anyrt::prelude::*;
//! use std::sync::{Arc, atomic::{AtomicU32, Ordering::SeqCst}};
//! # use anyrt::{Instant, rt::LockOf};
//! # use std::time::Duration;
//! # #[derive(Clone)]
//! # struct Leases<R: Runtime> { rt: R, taken: Arc<LockOf<R, Instant>> }
//! # const TERM: Duration = Duration::from_secs(10);
//! # impl<R: Runtime> Leases<R> {
//! #     fn new(rt: R) -> Self {
//! #         let taken = Arc::new(rt.lock(Instant::ORIGIN));
//! #         Self { rt, taken }
//! #     }
//! #     async fn take(&self) -> Instant {
//! #         loop {
//! #             let until = *self.taken.lock().await;
//! #             if self.rt.now() >= until {
//! #                 let until = self.rt.now() + TERM;
//! #                 *self.taken.lock().await = until;
//! #                 return until;
//! #             }
//! #             self.rt.sleep_until(until).await;
//! #         }
//! #     }
//! # }
//!
//! anyrt::sim::check(1_000, |rt| async move { // In a `#[test]`.
//!     let leases = Leases::new(rt.clone());
//!     let holders = Arc::new(AtomicU32::new(0));
//!     let workers = [(); 3].map(|()| {
//!         let (rt, leases, holders) = (rt.clone(), leases.clone(), holders.clone());
//!         rt.clone().spawn(async move {
//!             leases.take().await;
//!             assert_eq!(holders.fetch_add(1, SeqCst), 0, "two hold the lease");
//!             rt.sleep(TERM / 2).await; // It works.
//!             holders.fetch_sub(1, SeqCst);
//!         })
//!     });
//!     for worker in workers {
//!         worker.await.unwrap();
//!     }
//! });
//! ```
//!
//! It fails at once:
//!
//! ```text
//! seed 14 of 1000: the body panicked: called `Result::unwrap()` on an `Err` value: Panicked(Panic("assertion `left == right` failed: two hold the lease\n  left: 1\n right: 0")) (tests/leases.rs:39:22)
//! the tasks then:
//!   the body: polled 3 times, last at 0ns
//!     task 2 (spawned at tests/leases.rs:31:20): polled once, at 0ns
//!         sleeps until 5s
//!     task 3 (spawned at tests/leases.rs:31:20): polled once, at 0ns
//!         sleeps until 10s
//! panics on the way:
//!   task 1 (spawned at tests/leases.rs:31:20) panicked: assertion `left == right` failed: two hold the lease
//!   left: 1
//!  right: 0 (tests/leases.rs:33:13)
//!
//! 7 steps, with 2 choices that are not the first in line. See it again, with its timeline:
//!   ANYRT_SIM_REPLAY=v1:14:20:27dcb6b8a2e6abf3:2=1,6=1:one_at_a_time cargo test -p leases one_at_a_time -- --exact --nocapture
//! or look at it:
//!   /tmp/anyrt-sim/leases/one-at-a-time-14.html
//! ```
//!
//! The report was shrunk: what is left of the schedule is what it takes. Of all that a schedule decides (which of the
//! tasks that are ready is polled next, whether a [fault](#faults) strikes, where a `race!` begins), a choice that is
//! not the first in line is one that came out otherwise than in the tamest run, which has no faults, and polls first
//! who became ready first. Here there are two, and both are faults. The line shows the same run again, after
//! any change that leaves its decisions as they are (a `println!`, say), and says so where they are not.
//! It prints the timeline:
//!
//! ```text
//!          0ns  task 1 polled
//!          0ns  task 1 takes lock 1, at tests/leases.rs:15:37
//!          0ns  task 1 releases lock 1
//!          0ns  task 1 lets others go first, before lock 1 of `anyrt_core::time::instant::Instant` (made at tests/leases.rs:10:33), at tests/leases.rs:18:29
//!          0ns  task 2 polled
//!          0ns  task 2 takes lock 1, at tests/leases.rs:15:37
//!          0ns  task 2 releases lock 1
//!          0ns  task 2 takes lock 1, at tests/leases.rs:18:29
//!          0ns  task 2 releases lock 1
//!          …
//!          0ns  task 1 takes lock 1, at tests/leases.rs:18:29
//!          0ns  task 1 releases lock 1
//! ```
//!
//! Both looked at the lease before either took it, for the lock was released in between. Looking and taking have to be
//! one:
//!
//! ```
//! # use anyrt::{Instant, rt::{Clock, Lock, LockOf, Runtime, Sleep, Spawn}};
//! # use std::{sync::{Arc, atomic::{AtomicU32, Ordering::SeqCst}}, time::Duration};
//! # #[derive(Clone)]
//! # struct Leases<R: Runtime> { rt: R, taken: Arc<LockOf<R, Instant>> }
//! # const TERM: Duration = Duration::from_secs(10);
//! # impl<R: Runtime> Leases<R> {
//! #     fn new(rt: R) -> Self {
//! #         let taken = Arc::new(rt.lock(Instant::ORIGIN));
//! #         Self { rt, taken }
//! #     }
//! async fn take(&self) -> Instant {
//!     loop {
//!         let mut taken = self.taken.lock().await;
//!         let now = self.rt.now();
//!         if now >= *taken {
//!             *taken = now + TERM;
//!             return *taken;
//!         }
//!         let until = *taken;
//!         drop(taken); // Others may look meanwhile.
//!         self.rt.sleep_until(until).await;
//!     }
//! }
//! # }
//! # anyrt::sim::check(1_000, |rt| async move {
//! #     let leases = Leases::new(rt.clone());
//! #     let holders = Arc::new(AtomicU32::new(0));
//! #     let workers = [(); 3].map(|()| {
//! #         let (rt, leases, holders) = (rt.clone(), leases.clone(), holders.clone());
//! #         rt.clone().spawn(async move {
//! #             leases.take().await;
//! #             assert_eq!(holders.fetch_add(1, SeqCst), 0, "two hold the lease");
//! #             rt.sleep(TERM / 2).await;
//! #             holders.fetch_sub(1, SeqCst);
//! #         })
//! #     });
//! #     for worker in workers {
//! #         worker.await.unwrap();
//! #     }
//! # });
//! ```
//!
//! Now a thousand schedules pass, in which each worker had to wait for up to twenty seconds. Let the workers use
//! their lease to the last moment (`sleep_until` what `take` gave), and it is red again: at the end of a term, the next
//! holder may wake before the last one has stopped. That is a bug of the caller's, and the next test's.
//!
//! Is `take` cancel-safe? [`check_cancel`](check_cancel()) drops it at each of its points and looks whether
//! somebody else can still take the lease: a guard that a dropped future kept would be found here.
//!
//! # What a report can know
//!
//! Of each task: where it was spawned, how often and when it was polled last, when its next timer fires, and what
//! it waited for when it was polled last.
//!
//! | a wait for | is told with |
//! |---|---|
//! | a task's end, the runtime's lock, permits and channels | its place, where the thing was made, and which task took it last, and where |
//! | what is in [`sync`](anyrt_core::sync) and [`channel`](anyrt_core::channel), a token, a shield | its place; of a oneshot, where that was made; of a channel, its type alone |
//! | a group, and what is built on one (`gather`, `race`, …) | its children, with their names and where they were spawned |
//! | a cache's load | its place, the cache's name, and where the load was begun |
//! | a rate limiter, a limiter, a pool, a task pool, a batcher | its kind, its name, and its place |
//! | a primitive of your own | what it says: see [`waits`](anyrt_core::waits) |
//! | anything else | how many clones of the task's waker there are; none, where it is not ready to be polled, means that nothing can ever wake it |
//!
//! Who holds what a wait is for is known of the first row only: of a `FifoMutex` that no runtime made, a report
//! has the place where it was taken when somebody began to wait. A set of more futures than one (a
//! [`FutureSet`](anyrt_core::FutureSet), or one of another crate) polls those that were woken, so only these have
//! told what they wait for.
//!
//! Panics are all told, with their places, whether somebody joined the task, caught them, or not.
//!
//! # What a run may depend on
//!
//! On the runtime value, and on nothing else: its clock, its randomness ([`Entropy`](anyrt_core::rt::Entropy)),
//! its blocking work, which is one step at a point of the schedule's choice, signals, which the test
//! [raises](SimRuntime::raise). Blocking work cannot wait for anything, for nothing runs beside it: `rt.block_on` inside
//! [`spawn_blocking`](anyrt_core::rt::SpawnBlocking::spawn_blocking), which has a thread elsewhere, panics here. Have the
//! work return, await, and spawn what is left of it. A real clock, a thread, a
//! `HashMap` with the standard hasher, an address make runs that cannot be replayed.
//! [`check_deterministic`] finds them where they change what happens. A thread that wakes a task is found where
//! it does so while the run goes on; one that comes later is not waited for, so that the run ends in a deadlock
//! first, whose report has a waker that is held by something that the simulator does not see. A `clippy.toml` keeps most of them out of a crate:
//!
//! ```toml
#![doc = include_str!("../clippy-for-users.toml")]
//! ```
//!
//! [`join!`](anyrt_core::join!), [`race!`](anyrt_core::race!) and their like begin each round of polls one further than
//! the last. Here all rounds but the first begin where the schedule draws, as if the task had been polled more
//! often before: so either of two that are ready wins a race, sooner or later.
//!
//! # Faults
//!
//! What a run may bring that the tamest one does not, and any correct program bears:
//!
//! | fault | in a timeline | of three seeds | |
//! |---|---|---|---|
//! | who could have at once what it asks for (a lock, a permit, an item, a slot, an object of a pool, a value of a cache) lets others go first, as on several threads | `lets others go first` | two | [`Sim::yields`] |
//! | a poll that nobody asked for | `woken by a fault` | one | [`Sim::spurious_polls`] |
//! | a poll with another waker than the one before, which wakes nobody any more | | one | [`Sim::new_wakers`] |
//! | a timer that is late | | none | [`Sim::late_timers`] |
//!
//! The first is not for what promises to be ready at once where it can, as `poll_ready` of anyrt's layers for tower does:
//! their being pending is an answer, by which others are refused.
//!
//! And where a test says so, a thread that stands still while time goes on: [`SimRuntime::stall`].
//!
//! A primitive of your own is let in for the first of these by [`waits::interrupts`](anyrt_core::waits::interrupts).
//!
//! # The environment
//!
//! | variable | |
//! |---|---|
//! | `ANYRT_SIM_REPLAY` | plays one run again: a seed, or what a report says; `@` and a path reads it from there |
//! | `ANYRT_SIM_SEEDS` | runs that many seeds instead of what tests say: for a long night |
//! | `ANYRT_SIM_FOLDER` | where the pages of failures go, and replays that are too long for a line: without it, into `anyrt-sim/` and the package's name below the system's directory for temporary files |

mod cancel;
mod check;
mod choice;
mod difference;
mod failure;
mod handle;
mod notes;
mod quiet;
mod replay;
mod report;
mod runtime;
mod schedule;
mod shrink;
mod signal;
mod sim;
#[doc(hidden)]
pub mod sometimes;
mod span;
mod sync;
mod task_report;
mod timeline;
mod timer;
mod trace;
mod world;

pub use cancel::check_cancel;
pub use check::{check, check_deterministic};
pub use failure::Failure;
pub use handle::SimHandle;
pub use runtime::SimRuntime;
pub use schedule::Schedule;
pub use signal::SimSignals;
pub use sim::{Run, Sim};
pub use sync::{
    SimChannel, SimGuard, SimLock, SimOwnedGuard, SimPermit, SimReceiver, SimSemaphore, SimSender,
};
pub use task_report::{PanicReport, TaskReport, WaitReport};
pub use timer::SimAlarm;
pub use trace::{Event, Record, TaskNo};
