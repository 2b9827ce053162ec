//! A set of futures that grows while it runs: [`FutureSet`].

use super::{engine::Engine, slots::Growing};
use std::{
    fmt,
    future::Future,
    ops::ControlFlow,
    pin::Pin,
    task::{Context, Poll},
};

/// Futures that run concurrently in the caller's task, and come out in the order in which they
/// finish (*GA-26*).
///
/// They make progress only while [`next`](Self::next) is awaited. Those that were woken are
/// polled in that order, so none starves. Places of finished futures are used again.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{join::FutureSet, rt::Runtime};
/// use std::time::Duration;
///
/// /// Never more than 8 at once.
/// async fn crawl<R: Runtime>(rt: &R, pages: impl IntoIterator<Item = u64>) -> u64 {
///     let fetch = |page| async move {
///         rt.sleep(Duration::from_millis(page)).await;
///         page
///     };
///     let mut pages = pages.into_iter();
///     let mut set: FutureSet<_> = pages.by_ref().take(8).map(fetch).collect();
///     let mut sum = 0;
///     while let Some(page) = set.next().await {
///         sum += page;
///         set.extend(pages.next().map(fetch));
///     }
///     sum
/// }
/// ```
#[doc(alias = "FuturesUnordered")]
#[doc(alias = "FutureGroup")]
#[must_use = "the futures run only while `next` is awaited"]
pub struct FutureSet<F: Future> {
    engine: Engine<Growing<F>>,
}

impl<F: Future> FutureSet<F> {
    /// An empty set.
    pub fn new() -> Self {
        let engine = Engine::growing(Growing::new());
        Self { engine }
    }

    /// Adds a future, which is first polled by the next [`next`](Self::next).
    pub fn push(&mut self, future: F) {
        let index = self.engine.slots.insert(future);
        self.engine.enter(index);
    }

    /// Runs the futures until one finishes, and gives its output; `None` where the set is empty.
    ///
    /// # Panics
    /// Where a future panics, which leaves the set; the others stay.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing: the futures stay in the set.
    #[allow(clippy::should_implement_trait)] // What it gives is a future.
    pub fn next(&mut self) -> Next<'_, F> {
        Next { set: self }
    }

    /// Polls each future that is due once, up to one whose output `ends` it.
    pub(super) fn poll_round<B>(
        &mut self,
        cx: &mut Context<'_>,
        mut ends: impl FnMut(F::Output) -> Option<B>,
    ) -> Poll<Option<B>> {
        self.engine.round(cx, |_, output| match ends(output) {
            Some(end) => ControlFlow::Break(end),
            None => ControlFlow::Continue(None),
        })
    }

    /// Drops all futures. Where the destructor of one panics, the others are still dropped.
    pub fn clear(&mut self) {
        self.engine.clear(Growing::new());
    }

    /// How many futures are in the set.
    pub fn len(&self) -> usize {
        self.engine.running
    }

    /// Whether no future is in the set.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<F: Future> Default for FutureSet<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Future> Extend<F> for FutureSet<F> {
    fn extend<I: IntoIterator<Item = F>>(&mut self, futures: I) {
        futures.into_iter().for_each(|future| self.push(future));
    }
}

impl<F: Future> FromIterator<F> for FutureSet<F> {
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let mut set = Self::new();
        set.extend(futures);
        set
    }
}

impl<F: Future> fmt::Debug for FutureSet<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FutureSet")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// The futures are in pinned allocations of their own, and stay there when the set is moved.
impl<F: Future> Unpin for FutureSet<F> {}

/// The future of [`FutureSet::next`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are polled"]
pub struct Next<'a, F: Future> {
    set: &'a mut FutureSet<F>,
}

impl<F: Future> Future for Next<'_, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.set.poll_round(cx, Some)
    }
}
