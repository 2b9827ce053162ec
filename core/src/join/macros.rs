//! A fixed number of futures, each of its own type: [`join!`](crate::join!),
//! [`try_join!`](crate::try_join!), [`race!`](crate::race!).
//!
//! Each expands to futures that are pinned in the caller's, which see each other as an array of
//! `dyn Future`. So there is no code for a number of them, and nothing is allocated.

use super::turn;
use pin_project_lite::pin_project;
use std::{
    convert::Infallible,
    future::{Future, IntoFuture},
    ops::ControlFlow,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Runs futures of different types concurrently in the caller's task, and gives a tuple of their outputs.
///
/// Each round polls all that are not finished and starts one further than the last, so that a
/// future which uses up the runtime's budget does not starve those behind it. The first
/// round goes in order. It borrows what the futures borrow, and allocates nothing.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{join, rt::{Channel, Receiver, Runtime, Sender}};
///
/// async fn talk<R: Runtime>(rt: &R) -> Option<u32> {
///     let (sender, mut receiver) = rt.channel(1).unwrap();
///     let (sent, received) = join!(sender.send(42), receiver.recv());
///     sent.ok()?;
///     received
/// }
/// ```
///
/// # Panics
/// Where a future panics. The others are dropped as the panic unwinds.
///
/// # Cancel safety
/// Dropping the future around it drops all that are inside.
#[macro_export]
macro_rules! join {
    ($($future:expr),* $(,)?) => {
        $crate::__join! { [join] [] $($future,)* }
    };
}

/// Runs futures of different types concurrently in the caller's task until all are `Ok`, or one is `Err`.
///
/// Gives `Ok` of a tuple, or the first error. The others are dropped before it is returned.
/// It is fair, borrows and allocates nothing, as [`join!`](crate::join!) is.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::try_join;
/// use std::num::ParseIntError;
///
/// async fn sum(a: &str, b: &str) -> Result<i64, ParseIntError> {
///     let (a, b) = try_join!(async { a.parse::<i64>() }, async { b.parse::<i32>() })?;
///     Ok(a + i64::from(b))
/// }
/// ```
///
/// # Panics
/// Where a future panics. The others are dropped as the panic unwinds.
///
/// # Cancel safety
/// Dropping the future around it drops all that are inside.
#[macro_export]
macro_rules! try_join {
    ($($future:expr),+ $(,)?) => {
        $crate::__join! { [try_join] [] $($future,)+ }
    };
}

/// Runs futures of different types but one output concurrently in the caller's task, and gives the first output.
///
/// The others are dropped before it is returned. At least one future has to be given. It is fair,
/// borrows and allocates nothing, as [`join!`](crate::join!) is. Of a collection:
/// [`join::race`](crate::join::race()); in tasks, which run in parallel: [`gather::race`](crate::gather::race()).
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{race, rt::Runtime};
/// use std::time::Duration;
///
/// async fn or_default<R: Runtime>(rt: &R, work: impl Future<Output = u32>) -> u32 {
///     race!(work, async {
///         rt.sleep(Duration::from_secs(1)).await;
///         0
///     })
/// }
/// ```
///
/// What `select!` is for elsewhere: outputs of different types become variants of one enum, and a `match`
/// does the rest.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{cancel::CancellationToken, race, rt::Receiver};
///
/// enum Event {
///     Item(Option<u32>),
///     Stop,
/// }
///
/// async fn sum(mut items: impl Receiver<u32>, token: CancellationToken) -> u32 {
///     let mut sum = 0;
///     loop {
///         let event = race!(
///             async { Event::Item(items.recv().await) },
///             async { token.cancelled().await; Event::Stop },
///         );
///         match event {
///             Event::Item(Some(item)) => sum += item,
///             Event::Item(None) | Event::Stop => return sum,
///         }
///     }
/// }
/// ```
///
/// The loser is dropped with whatever it had done: in a loop, race what is cancel-safe, as `recv` is.
///
/// # Panics
/// Where a future panics. The others are dropped as the panic unwinds.
///
/// # Cancel safety
/// Dropping the future around it drops all that are inside.
#[macro_export]
macro_rules! race {
    ($($future:expr),+ $(,)?) => {
        $crate::__join! { [race] [] $($future,)+ }
    };
}

/// Pins one future a step, each under a name that only that step can see.
#[doc(hidden)]
#[macro_export]
macro_rules! __join {
    ([$kind:ident] [$($branch:ident)*] $future:expr, $($rest:tt)*) => {{
        let mut branch = ::std::pin::pin!($crate::join::__macros::$kind($future));
        $crate::__join! { [$kind] [$($branch)* branch] $($rest)* }
    }};
    ([$kind:ident] [$($branch:ident)*]) => {{
        let mut turn = 0;
        let end = ::std::future::poll_fn(|cx| {
            $crate::join::__macros::round(cx, &mut turn, &mut [$($branch.as_mut()),*])
        })
        .await;
        $crate::__join! { @ $kind end $($branch)* }
    }};
    (@ join $end:ident $($branch:ident)*) => {{
        $crate::join::__macros::never($end);
        ($($branch.as_mut().take(),)*)
    }};
    (@ try_join $end:ident $($branch:ident)*) => {
        match $end {
            ::std::option::Option::None => ::std::result::Result::Ok(($($branch.as_mut().take(),)*)),
            ::std::option::Option::Some(error) => ::std::result::Result::Err(error),
        }
    };
    (@ race $end:ident $($branch:ident)*) => {
        $end.expect("every output ends a race")
    };
}

pin_project! {
    /// A future of one of the macros, then what it gives to the tuple.
    #[project = BranchProjection]
    #[project_replace = BranchOwned]
    #[allow(missing_docs)]
    #[derive(Debug)]
    #[expect(clippy::exhaustive_enums, reason = "of the macros, for nobody else")]
    pub enum Branch<F, T, S> {
        Running { #[pin] future: F, sort: S },
        Done { value: T },
        Gone,
    }
}

impl<F, T, S> Branch<F, T, S> {
    /// What it gives to the tuple.
    ///
    /// # Panics
    /// Before it is done.
    pub fn take(self: Pin<&mut Self>) -> T {
        match self.project_replace(Self::Gone) {
            BranchOwned::Done { value } => value,
            _ => panic!("every branch is done"),
        }
    }
}

/// The output is `Break` where it ends the whole.
impl<F, T, B, S> Future for Branch<F, T, S>
where
    F: Future,
    S: FnMut(F::Output) -> ControlFlow<B, T>,
{
    type Output = ControlFlow<B>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<ControlFlow<B>> {
        let BranchProjection::Running { future, sort } = self.as_mut().project() else {
            return Poll::Ready(ControlFlow::Continue(()));
        };
        Poll::Ready(match sort(ready!(future.poll(cx))) {
            ControlFlow::Continue(value) => {
                self.set(Self::Done { value });
                ControlFlow::Continue(())
            }
            ControlFlow::Break(broke) => {
                self.set(Self::Gone);
                ControlFlow::Break(broke)
            }
        })
    }
}

/// A branch, whatever it is made of.
type DynBranch<'a, B> = Pin<&'a mut dyn Future<Output = ControlFlow<B>>>;

/// Polls all branches, beginning one further than the last time: `None` once all are done.
pub fn round<B>(
    cx: &mut Context<'_>,
    turn: &mut usize,
    branches: &mut [DynBranch<'_, B>],
) -> Poll<Option<B>> {
    let first = turn::begin(turn, branches.len());
    let (late, early) = branches.split_at_mut(first);
    let mut end = Poll::Ready(None);
    for branch in early.iter_mut().chain(late) {
        match branch.as_mut().poll(cx) {
            Poll::Ready(ControlFlow::Continue(())) => {}
            Poll::Ready(ControlFlow::Break(broke)) => return Poll::Ready(Some(broke)),
            Poll::Pending => end = Poll::Pending,
        }
    }
    end
}

/// Every output goes to the tuple.
#[allow(clippy::type_complexity)]
pub fn join<F: IntoFuture>(
    future: F,
) -> Branch<F::IntoFuture, F::Output, impl FnMut(F::Output) -> ControlFlow<Infallible, F::Output>> {
    let future = future.into_future();
    let sort = ControlFlow::Continue;
    Branch::Running { future, sort }
}

/// A value goes to the tuple, an error is the end.
#[allow(clippy::type_complexity)]
pub fn try_join<F, T, E>(
    future: F,
) -> Branch<F::IntoFuture, T, impl FnMut(Result<T, E>) -> ControlFlow<E, T>>
where
    F: IntoFuture<Output = Result<T, E>>,
{
    let future = future.into_future();
    let sort = |output| match output {
        Ok(value) => ControlFlow::Continue(value),
        Err(error) => ControlFlow::Break(error),
    };
    Branch::Running { future, sort }
}

/// Every output is the end.
#[allow(clippy::type_complexity)]
pub fn race<F: IntoFuture>(
    future: F,
) -> Branch<F::IntoFuture, Infallible, impl FnMut(F::Output) -> ControlFlow<F::Output, Infallible>>
{
    let future = future.into_future();
    let sort = ControlFlow::Break;
    Branch::Running { future, sort }
}

/// Says that nothing ends a [`join!`](crate::join!) early, also where it has no branches.
pub fn never(_: Option<Infallible>) {}
