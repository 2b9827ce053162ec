//! The whole of what a library needs from a runtime.

use crate::{
    ConfigError,
    rt::{Channel, Lock, Semaphore, Sleep, Spawn, SpawnBlocking, Timeout},
};
use std::{fmt::Debug, num::NonZeroUsize};

/// A runtime's lock around a `T`.
///
/// There are such names for what is long to write, or in the way of a derive. A task's handle needs
/// none: it is `R::JoinHandle<T>`.
///
/// In a struct that derives `Clone`, write `Arc<LockOf<R, T>>` rather than `Arc<R::Lock<T>>`: the
/// derive would ask for `R::Lock<T>: Clone`, which never holds.
pub type LockOf<R, T> = <R as Runtime>::Lock<T>;
/// A runtime's semaphore; in derives, as [`LockOf`].
pub type SemaphoreOf<R> = <R as Runtime>::Semaphore;
/// The sending half of a runtime's channel of `T`.
pub type SenderOf<R, T> = <<R as Runtime>::Channel<T> as Channel<T>>::Sender;
/// The receiving half of a runtime's channel of `T`.
pub type ReceiverOf<R, T> = <<R as Runtime>::Channel<T> as Channel<T>>::Receiver;

/// A source of randomness.
///
/// # For callers
/// Jitter, shuffles and ids: draw from here and a simulator can replay them. Not for secrets.
///
/// # For backend authors
/// Any fast generator, seeded differently in each process.
pub trait Entropy {
    /// 64 random bits.
    fn random_u64(&self) -> u64;
}

/// An async runtime, as a value: tasks, time, blocking work, randomness, coordination.
///
/// # For callers
/// Take one by value, keep it in the struct, clone it freely. It may be zero-sized.
///
/// What a backend has to answer is a method here; what is built on that, and so the same everywhere, is a
/// function that takes `&rt`: [`time::interval`](crate::time::interval()),
/// [`time::wait_for`](crate::time::wait_for()), [`group::task_group`](crate::group::task_group),
/// [`gather`](crate::gather). What needs no runtime at all takes none: [`channel`](crate::channel),
/// [`sync`](crate::sync), [`join`](mod@crate::join).
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::rt::{Receiver, Runtime, Sender};
/// use anyrt::ConfigError;
///
/// /// Squares numbers in a task of its own.
/// async fn squares<R: Runtime>(rt: R) -> Result<Vec<u64>, ConfigError> {
///     let (tx, mut rx) = rt.channel(8)?;
///     drop(rt.spawn(async move {
///         for n in 1..=3 {
///             tx.send(n * n).await.ok();
///         }
///     }));
///     let mut all = Vec::new();
///     while let Some(square) = rx.recv().await {
///         all.push(square);
///     }
///     Ok(all)
/// }
/// ```
///
/// # For backend authors
/// Implement [`Spawn`], [`SpawnBlocking`], [`Clock`](crate::rt::Clock), [`Sleep`] and
/// [`Entropy`], put [`portable_sync!`](crate::portable_sync) into the `impl` of this trait, and prove it with
/// `anyrt_conformance::suite!`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an anyrt runtime",
    label = "expected a runtime, such as `anyrt::tokio::Tokio` or `anyrt::smol::Smol`",
    note = "turn on a backend of the `anyrt` crate (`tokio`, `smol`, `async-std`) and pass its value, or implement `Runtime`"
)]
pub trait Runtime:
    Spawn + SpawnBlocking + Sleep + Timeout + Entropy + Clone + Debug + Send + Sync + 'static
{
    /// A FIFO lock around a `T`.
    type Lock<T: Send + 'static>: Lock<T>;
    /// A FIFO semaphore.
    type Semaphore: Semaphore;
    /// The pair of halves of a FIFO channel of `T`.
    type Channel<T: Send + 'static>: Channel<T>;

    /// A lock around `value`.
    fn lock<T: Send + 'static>(&self, value: T) -> Self::Lock<T>;

    /// A semaphore with `permits` permits. For a constant, `.expect("4 permits are permitted")` is fine.
    ///
    /// # Errors
    /// A [`ConfigError`] for more permits than [`MAX_PERMITS`](crate::sync::MAX_PERMITS) (*SY-15*).
    fn semaphore(&self, permits: usize) -> Result<Self::Semaphore, ConfigError>;

    /// A channel that holds up to `capacity` items, for many senders and one receiver. For a constant,
    /// `.expect("8 are not 0")` is fine.
    ///
    /// # Errors
    /// A [`ConfigError`] for a capacity of 0 (*CH-2*).
    #[allow(clippy::type_complexity)]
    fn channel<T: Send + 'static>(
        &self,
        capacity: usize,
    ) -> Result<(SenderOf<Self, T>, ReceiverOf<Self, T>), ConfigError>;

    /// A channel that holds as much as memory does: prefer a bounded one, which pushes back.
    fn unbounded_channel<T: Send + 'static>(&self) -> (SenderOf<Self, T>, ReceiverOf<Self, T>);

    /// How many tasks can run at the same instant: the number of worker threads.
    fn parallelism(&self) -> NonZeroUsize;

    /// The runtime's name, for messages: `tokio`, `smol`, …
    fn name(&self) -> &'static str;

    /// Says what the task is called that is being polled, to a runtime that shows its tasks to people:
    /// the simulator does. Groups call it for children with a name. Elsewhere it does nothing.
    fn name_task(&self, name: &str) {
        let _ = name;
    }
}

/// The items of [`Runtime`](crate::rt::Runtime) that a backend can take from the
/// [portable primitives](crate::sync): the lock, the semaphore and the channel.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// # macro_rules! skip { ($($t:tt)*) => {} }
/// # skip! {
/// impl Runtime for MyRuntime {
///     anyrt::portable_sync!(); // Or `anyrt::portable_sync!()`.
///     fn parallelism(&self) -> NonZeroUsize { self.threads }
///     fn name(&self) -> &'static str { "mine" }
/// }
/// # }
/// ```
#[macro_export]
macro_rules! portable_sync {
    () => {
        type Lock<T: ::core::marker::Send + 'static> = $crate::sync::FifoMutex<T>;
        type Semaphore = $crate::sync::FifoSemaphore;
        type Channel<T: ::core::marker::Send + 'static> = $crate::sync::FifoChannel<T>;

        fn lock<T: ::core::marker::Send + 'static>(&self, value: T) -> Self::Lock<T> {
            $crate::sync::FifoMutex::new(value)
        }

        fn semaphore(
            &self,
            permits: usize,
        ) -> ::core::result::Result<Self::Semaphore, $crate::ConfigError> {
            $crate::sync::FifoSemaphore::new(permits)
        }

        fn channel<T: ::core::marker::Send + 'static>(
            &self,
            capacity: usize,
        ) -> ::core::result::Result<
            ($crate::sync::FifoSender<T>, $crate::sync::FifoReceiver<T>),
            $crate::ConfigError,
        > {
            $crate::sync::channel(capacity)
        }

        fn unbounded_channel<T: ::core::marker::Send + 'static>(
            &self,
        ) -> ($crate::sync::FifoSender<T>, $crate::sync::FifoReceiver<T>) {
            $crate::sync::unbounded_channel()
        }
    };
}
