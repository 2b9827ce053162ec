//! Futures that are watched.

use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, ready},
};

/// Counts how often futures were entered, how often they came to their end, and how often they were cleaned
/// up: of those that were entered, each has to be, whether it came to its end or not.
///
/// Clones count together.
///
/// ```
/// use anyrt::{rt::{JoinHandle, Runtime}, task::yield_now};
/// use anyrt::testing::Watch;
///
/// async fn an_abort_cleans_up<R: Runtime>(rt: R) {
///     let watch = Watch::new();
///     let task = rt.spawn(watch.on(std::future::pending::<()>()));
///     yield_now().await;
///     task.abort();
///     task.await.ok();
///     assert_eq!(watch.exited(), 0);
///     assert_eq!(watch.inside(), 0);
/// }
/// # anyrt::sim::check(3, |rt| an_abort_cleans_up(rt));
/// ```
#[derive(Clone, Default)]
pub struct Watch {
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    entered: AtomicUsize,
    exited: AtomicUsize,
    cleaned_up: AtomicUsize,
}

impl Watch {
    /// Nothing was entered yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Watches `future`: its first poll enters, its output exits, and its drop, which includes all that it
    /// holds, cleans up, also where a destructor in it panics.
    ///
    /// # Cancel safety
    /// As safe as `future`.
    pub fn on<F: Future>(&self, future: F) -> Watched<F> {
        Watched {
            watch: self.clone(),
            stage: Stage::Outside,
            future: Some(future),
        }
    }

    /// How many were polled.
    pub fn entered(&self) -> usize {
        self.counts.entered.load(SeqCst)
    }

    /// How many have come to their end.
    pub fn exited(&self) -> usize {
        self.counts.exited.load(SeqCst)
    }

    /// How many have been dropped after they were polled.
    pub fn cleaned_up(&self) -> usize {
        self.counts.cleaned_up.load(SeqCst)
    }

    /// How many were entered, and are not cleaned up.
    pub fn inside(&self) -> usize {
        // In this order a future in between is not counted twice.
        let cleaned_up = self.cleaned_up();
        self.entered() - cleaned_up
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("entered", &self.entered())
            .field("exited", &self.exited())
            .field("cleaned_up", &self.cleaned_up())
            .finish()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Outside,
    Inside,
    CleanedUp,
}

pin_project! {
    /// The future of [`Watch::on`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct Watched<F> {
        watch: Watch,
        stage: Stage,
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Watched<F> {
        fn drop(this: Pin<&mut Self>) {
            this.clean_up();
        }
    }
}

impl<F> Watched<F> {
    fn clean_up(self: Pin<&mut Self>) {
        let mut this = self.project();
        // Counted once all is gone, also where a destructor panics.
        let _counted = (*this.stage == Stage::Inside).then(|| {
            *this.stage = Stage::CleanedUp;
            CleanedUp(&this.watch.counts)
        });
        this.future.set(None);
    }
}

struct CleanedUp<'a>(&'a Counts);

impl Drop for CleanedUp<'_> {
    fn drop(&mut self) {
        self.0.cleaned_up.fetch_add(1, SeqCst);
    }
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    /// # Panics
    /// Where it is polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.as_mut().project();
        if *this.stage == Stage::Outside {
            *this.stage = Stage::Inside;
            this.watch.counts.entered.fetch_add(1, SeqCst);
        }
        let future = this.future.as_pin_mut();
        let future = future.expect("a watched future was polled again after it was ready");
        let output = ready!(future.poll(cx));
        this.watch.counts.exited.fetch_add(1, SeqCst);
        self.clean_up();
        Poll::Ready(output)
    }
}

impl<F> fmt::Debug for Watched<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched")
            .field("watch", &self.watch)
            .finish_non_exhaustive()
    }
}
