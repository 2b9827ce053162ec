//! For runtimes around a runtime: what they leave as it is.

/// Takes all items of a trait of [`rt`](crate::rt) from a field that has them, provided ones included: for
/// runtimes that wrap another one, to count, to name, to inject faults.
///
/// It stands in the `impl` of the trait, and has the trait's name, the field and its type. A trait of which something
/// is changed is written by hand; only of [`Runtime`](crate::rt::Runtime) there are parts that can be excepted:
///
/// | part | what it is |
/// |---|---|
/// | `sync` | the lock, the semaphore, the channel: [`portable_sync!`](crate::portable_sync) has others |
/// | `parallelism`, `name`, `name_task` | the method |
///
/// A wrapper with a [`Clock`](crate::rt::Clock) of its own has a [`Sleep`](crate::rt::Sleep) of its own, too: the one inside
/// counts by the clock inside.
///
/// What a trait gets later is taken over, too. Written by hand, a wrapper compiles without the provided methods that its
/// author did not think of, and answers for itself where the runtime inside knows better.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{delegate, rt::{Clock, Entropy, Runtime, Sleep, Spawn, SpawnBlocking}};
/// use std::sync::{Arc, atomic::{AtomicU64, Ordering::Relaxed}};
///
/// /// Counts the tasks that are spawned.
/// #[derive(Debug, Clone)]
/// struct Counted<R> {
///     inner: R,
///     tasks: Arc<AtomicU64>,
/// }
///
/// impl<R: Runtime> Spawn for Counted<R> {
///     type JoinHandle<T: Send + 'static> = R::JoinHandle<T>;
///
///     #[track_caller]
///     fn spawn<F>(&self, future: F) -> R::JoinHandle<F::Output>
///     where
///         F: Future + Send + 'static,
///         F::Output: Send + 'static,
///     {
///         self.tasks.fetch_add(1, Relaxed);
///         self.inner.spawn(future)
///     }
///
///     #[track_caller]
///     fn spawn_detached<F: Future<Output = ()> + Send + 'static>(&self, future: F) {
///         self.tasks.fetch_add(1, Relaxed);
///         self.inner.spawn_detached(future)
///     }
/// }
///
/// impl<R: Runtime> SpawnBlocking for Counted<R> {
///     delegate!(SpawnBlocking => inner: R);
/// }
///
/// impl<R: Runtime> Clock for Counted<R> {
///     delegate!(Clock => inner: R);
/// }
///
/// impl<R: Runtime> Sleep for Counted<R> {
///     delegate!(Sleep => inner: R);
/// }
///
/// impl<R: Runtime> Entropy for Counted<R> {
///     delegate!(Entropy => inner: R);
/// }
///
/// impl<R: Runtime> Runtime for Counted<R> {
///     delegate!(Runtime => inner: R, except name);
///
///     fn name(&self) -> &'static str {
///         "counted"
///     }
/// }
/// ```
#[macro_export]
macro_rules! delegate {
    (Spawn => $inner:tt: $r:ty) => {
        type JoinHandle<T: ::core::marker::Send + 'static> =
            <$r as $crate::rt::Spawn>::JoinHandle<T>;

        #[inline]
        #[track_caller]
        fn spawn<F>(&self, future: F) -> Self::JoinHandle<F::Output>
        where
            F: ::core::future::Future + ::core::marker::Send + 'static,
            F::Output: ::core::marker::Send + 'static,
        {
            $crate::rt::Spawn::spawn(&self.$inner, future)
        }

        #[inline]
        #[track_caller]
        fn spawn_detached<F>(&self, future: F)
        where
            F: ::core::future::Future<Output = ()> + ::core::marker::Send + 'static,
        {
            $crate::rt::Spawn::spawn_detached(&self.$inner, future);
        }
    };
    (SpawnBlocking => $inner:tt: $r:ty) => {
        type BlockingHandle<T: ::core::marker::Send + 'static> =
            <$r as $crate::rt::SpawnBlocking>::BlockingHandle<T>;

        #[inline]
        #[track_caller]
        fn spawn_blocking<F, T>(&self, work: F) -> Self::BlockingHandle<T>
        where
            F: ::core::ops::FnOnce() -> T + ::core::marker::Send + 'static,
            T: ::core::marker::Send + 'static,
        {
            $crate::rt::SpawnBlocking::spawn_blocking(&self.$inner, work)
        }
    };
    (Clock => $inner:tt: $r:ty) => {
        #[inline]
        fn now(&self) -> $crate::Instant {
            $crate::rt::Clock::now(&self.$inner)
        }

        #[inline]
        fn wall_time(&self) -> ::std::time::SystemTime {
            $crate::rt::Clock::wall_time(&self.$inner)
        }
    };
    (Sleep => $inner:tt: $r:ty) => {
        type Timer = <$r as $crate::rt::Sleep>::Timer;

        #[inline]
        #[track_caller]
        fn sleep_until(&self, deadline: $crate::Instant) -> Self::Timer {
            $crate::rt::Sleep::sleep_until(&self.$inner, deadline)
        }

        #[inline]
        #[track_caller]
        fn sleep(&self, duration: ::core::time::Duration) -> Self::Timer {
            $crate::rt::Sleep::sleep(&self.$inner, duration)
        }

        #[inline]
        #[track_caller]
        fn sleep_secs(
            &self,
            secs: f64,
        ) -> ::core::result::Result<Self::Timer, $crate::ConfigError> {
            $crate::rt::Sleep::sleep_secs(&self.$inner, secs)
        }
    };
    (Entropy => $inner:tt: $r:ty) => {
        #[inline]
        fn random_u64(&self) -> u64 {
            $crate::rt::Entropy::random_u64(&self.$inner)
        }
    };
    (BlockOn => $inner:tt: $r:ty) => {
        #[track_caller]
        fn block_on<F: ::core::future::Future>(&self, future: F) -> F::Output {
            $crate::rt::BlockOn::block_on(&self.$inner, future)
        }
    };
    (Signals => $inner:tt: $r:ty) => {
        type Stream = <$r as $crate::rt::Signals>::Stream;

        fn signals(&self, of: &[$crate::rt::Signal]) -> ::std::io::Result<Self::Stream> {
            $crate::rt::Signals::signals(&self.$inner, of)
        }
    };
    (Runtime => $inner:tt: $r:ty $(, except $($own:ident),+)?) => {
        $crate::delegate!(@sync [$($($own)+)?] $inner $r);
        $crate::delegate!(@parallelism [$($($own)+)?] $inner);
        $crate::delegate!(@name [$($($own)+)?] $inner);
        $crate::delegate!(@name_task [$($($own)+)?] $inner);
    };

    // A part, unless it is among those that are excepted.
    (@sync [sync $($rest:ident)*] $inner:tt $r:ty) => {};
    (@parallelism [parallelism $($rest:ident)*] $inner:tt) => {};
    (@name [name $($rest:ident)*] $inner:tt) => {};
    (@name_task [name_task $($rest:ident)*] $inner:tt) => {};
    (@$part:ident [$other:ident $($rest:ident)*] $($to:tt)+) => {
        $crate::delegate!(@$part [$($rest)*] $($to)+);
    };
    (@sync [] $inner:tt $r:ty) => {
        type Lock<T: ::core::marker::Send + 'static> = <$r as $crate::rt::Runtime>::Lock<T>;
        type Semaphore = <$r as $crate::rt::Runtime>::Semaphore;
        type Channel<T: ::core::marker::Send + 'static> = <$r as $crate::rt::Runtime>::Channel<T>;

        #[track_caller]
        fn lock<T: ::core::marker::Send + 'static>(&self, value: T) -> Self::Lock<T> {
            $crate::rt::Runtime::lock(&self.$inner, value)
        }

        #[track_caller]
        fn semaphore(
            &self,
            permits: usize,
        ) -> ::core::result::Result<Self::Semaphore, $crate::ConfigError> {
            $crate::rt::Runtime::semaphore(&self.$inner, permits)
        }

        #[track_caller]
        fn channel<T: ::core::marker::Send + 'static>(
            &self,
            capacity: usize,
        ) -> ::core::result::Result<
            ($crate::rt::SenderOf<$r, T>, $crate::rt::ReceiverOf<$r, T>),
            $crate::ConfigError,
        > {
            $crate::rt::Runtime::channel(&self.$inner, capacity)
        }

        #[track_caller]
        fn unbounded_channel<T: ::core::marker::Send + 'static>(
            &self,
        ) -> ($crate::rt::SenderOf<$r, T>, $crate::rt::ReceiverOf<$r, T>) {
            $crate::rt::Runtime::unbounded_channel(&self.$inner)
        }
    };
    (@parallelism [] $inner:tt) => {
        fn parallelism(&self) -> ::core::num::NonZeroUsize {
            $crate::rt::Runtime::parallelism(&self.$inner)
        }
    };
    (@name [] $inner:tt) => {
        fn name(&self) -> &'static str {
            $crate::rt::Runtime::name(&self.$inner)
        }
    };
    (@name_task [] $inner:tt) => {
        fn name_task(&self, name: &str) {
            $crate::rt::Runtime::name_task(&self.$inner, name);
        }
    };
}
