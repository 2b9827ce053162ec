//! Futures that start others, all in one task: [`scope()`], [`try_scope`], [`scope_local`].

mod body;
mod member;
mod shared;

use self::{
    body::Core,
    member::{Member, Verdict},
    shared::{Phase, Shared},
};
use crate::{JoinError, task::slot::Slot};
use pin_project_lite::pin_project;
use std::{
    convert::Infallible,
    error::Error,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

pub use member::ScopedHandle;

/// Runs `body`, and the children that it starts, in the caller's task (*TG-22*).
///
/// `body` gets a handle, [`Scope`], that starts children and can be cloned into them, so that they
/// start others. All may borrow from outside. The scope is finished when `body` and all children
/// are, and gives `body`'s output.
///
/// The handle is passed by value, so `body` is an ordinary closure, and what children borrow has
/// to live outside of it: borrow it before, as `words` here, where the body is `async move`.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::join::scope;
///
/// async fn longest(words: &[String]) -> usize {
///     scope(|s| async move {
///         let (left, right) = words.split_at(words.len() / 2);
///         let longest = |words: &'_ [String]| words.iter().map(String::len).max().unwrap_or(0);
///         let left = s.spawn(async move { longest(left) });
///         let right = s.spawn(async move { longest(right) });
///         let (left, right) = (left.await, right.await);
///         left.unwrap().max(right.unwrap())
///     })
///     .await
/// }
/// ```
///
/// It is safe code throughout: children run only while the scope is polled, so one that is
/// forgotten, rather than dropped, never runs again.
///
/// # Panics
/// Where `body` or a child panics, with that panic, after all children, and then `body`, have been
/// dropped; panics of their destructors are discarded.
///
/// # Cancel safety
/// Dropping it drops all children, and then `body`; handles give [`JoinError::Cancelled`].
pub fn scope<'env, F, Fut>(body: F) -> ScopeFuture<'env, Fut>
where
    F: FnOnce(Scope<'env>) -> Fut,
    Fut: Future,
{
    let scope = Scope::new();
    let shared = Arc::clone(&scope.shared);
    let core = Core::new(shared, body(scope), |_| false);
    ScopeFuture { core }
}

/// As [`scope()`], for children and a body that need not be `Send`.
///
/// # Panics
/// As [`scope()`].
///
/// # Cancel safety
/// As [`scope()`].
pub fn scope_local<'env, F, Fut>(body: F) -> LocalScopeFuture<'env, Fut>
where
    F: FnOnce(LocalScope<'env>) -> Fut,
    Fut: Future,
{
    let scope = LocalScope::new();
    let shared = Arc::clone(&scope.shared);
    let core = Core::new(shared, body(scope), |_| false);
    LocalScopeFuture { core }
}

/// As [`scope()`], but `body` and children give a `Result`, and the first error ends it.
///
/// With the first error the other children, and then `body`, are dropped before it is returned.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::join::try_scope;
///
/// async fn parse_all(words: &[&str]) -> Result<usize, std::num::ParseIntError> {
///     try_scope(|s| async move {
///         for word in words {
///             drop(s.spawn(async { word.parse::<i32>() }));
///         }
///         Ok(words.len())
///     })
///     .await
/// }
/// ```
///
/// # Errors
/// With the first error of `body` or a child.
///
/// # Panics
/// As [`scope()`].
///
/// # Cancel safety
/// As [`scope()`].
pub fn try_scope<'env, F, Fut, T, E>(body: F) -> TryScopeFuture<'env, Fut, E>
where
    F: FnOnce(TryScope<'env, E>) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let scope = TryScope::new();
    let shared = Arc::clone(&scope.shared);
    let core = Core::new(shared, body(scope), Result::is_err);
    TryScopeFuture { core }
}

type SendBox<'env, E> = Pin<Box<dyn Future<Output = Verdict<E>> + Send + 'env>>;
type LocalBox<'env> = Pin<Box<dyn Future<Output = Verdict<Infallible>> + 'env>>;

/// A handle to a scope, and its future.
macro_rules! kinds {
    ($(
        $(#[$docs:meta])* $scope:ident <'env $(, $error:ident)?>,
        $(#[$future_docs:meta])* $future:ident [$($more:ident)?], $function:literal, $boxed:ty;
    )+) => {$(
        $(#[$docs])*
        pub struct $scope<'env $(, $error)?> {
            shared: Arc<Shared<$boxed>>,
        }

        impl<'env $(, $error)?> $scope<'env $(, $error)?> {
            fn new() -> Self {
                let shared = Arc::new(Shared::new());
                Self { shared }
            }

            /// Drops all children, and refuses others from now on; the body goes on.
            ///
            /// None of them is polled again, and all have been dropped when the scope's present
            /// poll returns, or its next one where it is called from elsewhere. The child that
            /// calls it is dropped, too, unless it finishes in that very poll (*TG-30*). It is
            /// idempotent.
            pub fn cancel(&self) {
                self.shared.cancel();
            }

            /// Whether the scope takes no children any more: it was cancelled, or has ended.
            pub fn is_closed(&self) -> bool {
                self.shared.phase() != Phase::Open
            }
        }

        impl<$($error)?> Clone for $scope<'_ $(, $error)?> {
            fn clone(&self) -> Self {
                let shared = Arc::clone(&self.shared);
                Self { shared }
            }
        }

        impl<$($error)?> fmt::Debug for $scope<'_ $(, $error)?> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($scope))
                    .field("phase", &self.shared.phase())
                    .finish_non_exhaustive()
            }
        }

        pin_project! {
            #[doc = concat!("The future of [`", $function, "`](fn@", $function, ").")]
            #[must_use = "futures do nothing unless they are polled"]
            pub struct $future<'env, Fut: Future $(, $more)?> {
                #[pin]
                core: Core<$boxed, Fut>,
            }
        }

        impl<Fut: Future $(, $more)?> fmt::Debug for $future<'_, Fut $(, $more)?> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($future))
                    .field("children", &self.core.children())
                    .finish_non_exhaustive()
            }
        }
    )+};
}

kinds! {
    /// Starts children of a [`scope()`]. Clones are handles to the same scope.
    Scope<'env>, ScopeFuture [], "scope", SendBox<'env, Infallible>;
    /// Starts children of a [`scope_local`]. Clones are handles to the same scope.
    LocalScope<'env>, LocalScopeFuture [], "scope_local", LocalBox<'env>;
    /// Starts children of a [`try_scope`]. Clones are handles to the same scope.
    TryScope<'env, E>, TryScopeFuture [E], "try_scope", SendBox<'env, E>;
}

impl<'env> Scope<'env> {
    /// Starts a child, which is first polled when the scope is next.
    ///
    /// Where the scope takes no children any more, `future` is dropped, and the handle gives
    /// [`JoinError::Cancelled`].
    pub fn spawn<F>(&self, future: F) -> ScopedHandle<F::Output>
    where
        F: Future<Output: Send + 'env> + Send + 'env,
    {
        self.try_spawn(future).unwrap_or_else(|_| cancelled())
    }

    /// Starts a child, unless the scope takes none any more.
    ///
    /// # Errors
    /// After the scope was cancelled or has ended; the future comes back, unpolled.
    pub fn try_spawn<F>(&self, future: F) -> Result<ScopedHandle<F::Output>, SpawnError<F>>
    where
        F: Future<Output: Send + 'env> + Send + 'env,
    {
        start(&self.shared, future, Ok, |member| Box::pin(member))
    }
}

impl<'env> LocalScope<'env> {
    /// As [`Scope::spawn`].
    pub fn spawn<F>(&self, future: F) -> ScopedHandle<F::Output>
    where
        F: Future<Output: 'env> + 'env,
    {
        self.try_spawn(future).unwrap_or_else(|_| cancelled())
    }

    /// As [`Scope::try_spawn`].
    ///
    /// # Errors
    /// After the scope was cancelled or has ended; the future comes back, unpolled.
    pub fn try_spawn<F>(&self, future: F) -> Result<ScopedHandle<F::Output>, SpawnError<F>>
    where
        F: Future<Output: 'env> + 'env,
    {
        start(&self.shared, future, Ok, |member| Box::pin(member))
    }
}

impl<'env, E: Send + 'env> TryScope<'env, E> {
    /// As [`Scope::spawn`]. The handle gives the child's value; its error goes to the scope.
    pub fn spawn<F, T>(&self, future: F) -> ScopedHandle<T>
    where
        F: Future<Output = Result<T, E>> + Send + 'env,
        T: Send + 'env,
    {
        self.try_spawn(future).unwrap_or_else(|_| cancelled())
    }

    /// As [`Scope::try_spawn`].
    ///
    /// # Errors
    /// After the scope was cancelled or has ended; the future comes back, unpolled.
    pub fn try_spawn<F, T>(&self, future: F) -> Result<ScopedHandle<T>, SpawnError<F>>
    where
        F: Future<Output = Result<T, E>> + Send + 'env,
        T: Send + 'env,
    {
        start(
            &self.shared,
            future,
            |output| output,
            |member| Box::pin(member),
        )
    }
}

fn start<F: Future, T, E, B>(
    shared: &Arc<Shared<B>>,
    future: F,
    sort: fn(F::Output) -> Result<T, E>,
    pack: impl FnOnce(Member<F, T, E, B>) -> B,
) -> Result<ScopedHandle<T>, SpawnError<F>> {
    let slot = Arc::new(Slot::new());
    let handle = ScopedHandle::new(Arc::clone(&slot));
    let scope = Arc::clone(shared);
    let accepted = shared.accept(future, |future| {
        pack(Member::new(future, sort, slot, scope))
    });
    accepted.map(|()| handle).map_err(SpawnError)
}

fn cancelled<T>() -> ScopedHandle<T> {
    let slot = Slot::new();
    slot.finish(Err(JoinError::Cancelled));
    ScopedHandle::new(Arc::new(slot))
}

impl<Fut: Future> Future for ScopeFuture<'_, Fut> {
    type Output = Fut::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Fut::Output> {
        let Ok(output) = ready!(self.project().core.poll(cx));
        Poll::Ready(output)
    }
}

impl<Fut: Future> Future for LocalScopeFuture<'_, Fut> {
    type Output = Fut::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Fut::Output> {
        let Ok(output) = ready!(self.project().core.poll(cx));
        Poll::Ready(output)
    }
}

impl<Fut, T, E> Future for TryScopeFuture<'_, Fut, E>
where
    Fut: Future<Output = Result<T, E>>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        Poll::Ready(ready!(self.project().core.poll(cx)).flatten())
    }
}

/// The scope takes no children any more; the future comes back, unpolled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SpawnError<F>(pub F);

impl<F> SpawnError<F> {
    /// The future that was not started.
    pub fn into_inner(self) -> F {
        self.0
    }
}

impl<F> fmt::Debug for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpawnError(..)")
    }
}

impl<F> fmt::Display for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the scope was cancelled, or has ended")
    }
}

impl<F> Error for SpawnError<F> {}
