//! The default runtime, where exactly one backend is on, and the functions over it.

use anyrt_core::{
    rt::{BlockOn, Runtime, Sleep, Spawn, SpawnBlocking, Timeout},
    time::TimeoutFuture,
};
use std::{future::Future, time::Duration};

/// Says which runtime is the default, for the one backend that is on.
macro_rules! default_runtime {
    ($only:meta, $runtime:ty) => {
        #[cfg($only)]
        /// The runtime of the one backend that is on.
        ///
        /// Where none is on, or several are (as on docs.rs, which builds with all), it is
        /// [`NoDefaultRuntime`], which is no [`Runtime`].
        pub type DefaultRuntime = $runtime;

        #[cfg($only)]
        impl<Use> sealed::Of<Use> for Anyrt {}

        #[cfg($only)]
        impl<Use> HasDefault<Use> for Anyrt {
            type Runtime = $runtime;
        }
    };
}

default_runtime!(
    all(
        feature = "tokio",
        not(feature = "smol"),
        not(feature = "async-std")
    ),
    anyrt_tokio::Tokio
);
default_runtime!(
    all(
        feature = "smol",
        not(feature = "tokio"),
        not(feature = "async-std")
    ),
    anyrt_smol::Smol
);
default_runtime!(
    all(
        feature = "async-std",
        not(feature = "tokio"),
        not(feature = "smol")
    ),
    anyrt_async_std::AsyncStd
);

/// The runtime of the one backend that is on.
///
/// Where none is on, or several are (as on docs.rs, which builds with all), it is
/// [`NoDefaultRuntime`], which is no [`Runtime`].
#[cfg(not(any(
    all(feature = "tokio", not(feature = "smol"), not(feature = "async-std")),
    all(feature = "smol", not(feature = "tokio"), not(feature = "async-std")),
    all(feature = "async-std", not(feature = "tokio"), not(feature = "smol")),
)))]
pub type DefaultRuntime = NoDefaultRuntime;

/// What [`DefaultRuntime`] is where no backend is on, or several are. It is no [`Runtime`].
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct NoDefaultRuntime;

/// The facade, as something that has a default runtime or has none.
#[doc(hidden)]
#[derive(Debug)]
#[non_exhaustive]
pub struct Anyrt;

/// Who may say that there is a default: this crate alone.
mod sealed {
    pub trait Of<Use> {}
}

/// Holds for [`Anyrt`] where exactly one backend is on.
///
/// `Use` is a parameter so that the bound is checked where a function is used, not where it is
/// defined: the crate itself compiles with any set of features.
#[doc(hidden)]
#[cfg_attr(
    not(any(feature = "tokio", feature = "smol", feature = "async-std")),
    diagnostic::on_unimplemented(
        message = "anyrt has no default runtime: none of its backends is on",
        label = "this needs exactly one of anyrt's features `tokio`, `smol`, `async-std`",
        note = "turn on one of them: `anyrt = {{ version = \"0.1\", features = [\"tokio\"] }}`"
    )
)]
#[cfg_attr(
    any(feature = "tokio", feature = "smol", feature = "async-std"),
    diagnostic::on_unimplemented(
        message = "anyrt has no default runtime: several of its backends are on",
        label = "which runtime is meant?",
        note = "name it: `let rt = anyrt::tokio::Tokio::default();`, then `rt.spawn(..)`",
        note = "for an attribute: take an argument `rt`, or write `rt = self.rt`",
        note = "a dependency may have turned on the other one: `cargo tree -e features -i anyrt`"
    )
)]
pub trait HasDefault<Use>: sealed::Of<Use> {
    /// The default runtime.
    type Runtime: Runtime + BlockOn + Default;
}

type Rt<Use> = <Anyrt as HasDefault<Use>>::Runtime;

/// The default runtime's value: for what is generic over a runtime, and for what no function here
/// does.
pub fn runtime<'a>() -> Rt<&'a ()>
where
    Anyrt: HasDefault<&'a ()>,
{
    Default::default()
}

#[doc(alias = "block_on")]
/// Runs `main` on the default runtime until it is done, and returns its output.
///
/// # Panics
/// With `main`'s panic; and, with a message that says so, when called inside a task.
///
/// ```
/// # #[cfg(all(feature = "tokio", not(feature = "smol"), not(feature = "async-std")))]
/// # {
/// let answer = anyrt::run(async { anyrt::spawn(async { 42 }).await });
/// assert_eq!(answer.unwrap(), 42);
/// # }
/// ```
#[track_caller]
pub fn run<F: Future>(main: F) -> F::Output
where
    Anyrt: HasDefault<F>,
{
    Rt::<F>::default().block_on(main)
}

/// [Spawns](Spawn::spawn) a task on the default runtime.
#[track_caller]
pub fn spawn<F>(future: F) -> <Rt<F> as Spawn>::JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
    Anyrt: HasDefault<F>,
{
    Rt::<F>::default().spawn(future)
}

/// Runs blocking [work](SpawnBlocking::spawn_blocking) on the default runtime.
#[track_caller]
pub fn spawn_blocking<F, T>(work: F) -> <Rt<F> as SpawnBlocking>::BlockingHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    Anyrt: HasDefault<F>,
{
    Rt::<F>::default().spawn_blocking(work)
}

/// [Sleeps](Sleep::sleep) on the default runtime.
///
/// # Cancel safety
/// Safe: drop it to cancel it.
#[track_caller]
pub fn sleep<'a>(duration: Duration) -> <Rt<&'a ()> as Sleep>::Timer
where
    Anyrt: HasDefault<&'a ()>,
{
    Rt::<&'a ()>::default().sleep(duration)
}

/// Gives a future a [limit](Timeout::timeout) on the default runtime. Where the work inside should know
/// it: [`wait_for`](crate::wait_for()).
///
/// # Cancel safety
/// As safe as the inner future.
#[track_caller]
pub fn timeout<F: Future>(limit: impl Into<Option<Duration>>, future: F) -> TimeoutFuture<Rt<F>, F>
where
    Anyrt: HasDefault<F>,
{
    Rt::<F>::default().timeout(limit, future)
}
