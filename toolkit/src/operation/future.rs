//! An operation on its way.
//!
//! ```text
//!           first poll: somebody listens
//!  idle ──┬──────────────────────────────▶ watched ── ready, panic, drop ──▶ unwatched
//!         └──────────────────────────────▶ unwatched
//!           nobody does
//! ```

use super::{Operation, fields::Fields, outcome::Outcome, watch::Watch};
use crate::unwind::quietly;
use anyrt_core::{error::Panic, rt::Clock};
use pin_project_lite::pin_project;
use std::{
    any::Any,
    fmt,
    future::Future,
    mem,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// The future of [`Operation::run`] and its like.
    #[must_use = "futures do nothing unless they are polled"]
    pub struct OperationFuture<R: Clock, F, L, J> {
        #[pin]
        future: Option<F>,
        stage: Stage<R, L>,
        // Until it is asked.
        judge: Option<J>,
    }

    impl<R: Clock, F, L, J> PinnedDrop for OperationFuture<R, F, L, J> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Stage::Watched(watch) = mem::replace(this.stage, Stage::Unwatched) {
                give_up(this.future, *watch);
            }
        }
    }
}

enum Stage<R, L> {
    Idle { rt: R, operation: Operation<L> },
    Unwatched,
    // In a box, for it is large, and mostly not there.
    Watched(Box<Watch<R>>),
}

impl<R: Clock, F, L, J> OperationFuture<R, F, L, J> {
    pub(super) fn new(rt: R, operation: Operation<L>, future: F, judge: J) -> Self {
        Self {
            future: Some(future),
            stage: Stage::Idle { rt, operation },
            judge: Some(judge),
        }
    }
}

const AGAIN: &str = "an operation was polled again after it was ready";

impl<R, F, L, J> Future for OperationFuture<R, F, L, J>
where
    R: Clock,
    F: Future,
    L: Fields,
    J: FnOnce(&F::Output) -> Outcome,
{
    type Output = F::Output;

    /// # Panics
    /// As the future does, and as the `Display` of fields and errors; and like any future, when polled again
    /// after it was ready.
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        if matches!(this.stage, Stage::Idle { .. })
            && let Stage::Idle { rt, operation } = mem::replace(this.stage, Stage::Unwatched)
            && let Some(watch) = Watch::begin(rt, operation)
        {
            *this.stage = Stage::Watched(Box::new(watch));
        }
        if let Stage::Watched(watch) = this.stage {
            let polled = poll_watched(this.future, cx, watch, this.judge);
            let ended = polled.map(|(output, outcome)| {
                end(this.stage, outcome);
                output
            });
            return ended.map(|output| output.unwrap_or_else(|payload| resume_unwind(payload)));
        }
        let future = this.future.as_mut().as_pin_mut().expect(AGAIN);
        let output = ready!(future.poll(cx));
        this.future.set(None);
        Poll::Ready(output)
    }
}

type Payload = Box<dyn Any + Send>;

/// The output, or a panic's payload, once the future is gone.
fn poll_watched<R: Clock, F: Future, J: FnOnce(&F::Output) -> Outcome>(
    mut future: Pin<&mut Option<F>>,
    cx: &mut Context<'_>,
    watch: &Watch<R>,
    judge: &mut Option<J>,
) -> Poll<(Result<F::Output, Payload>, Outcome)> {
    let polled = caught(|| {
        watch.within(|| {
            let running = future.as_mut().as_pin_mut().expect(AGAIN);
            let output = ready!(running.poll(cx));
            future.set(None);
            let judge = judge.take().expect(AGAIN);
            let outcome = judge(&output);
            Poll::Ready((output, outcome))
        })
    });
    match polled {
        Ok(polled) => polled.map(|(output, outcome)| (Ok(output), outcome)),
        Err((payload, outcome)) => {
            // The first panic is the one to go on with.
            quietly(|| watch.within(|| future.set(None)));
            Poll::Ready((Err(payload), outcome))
        }
    }
}

fn end<R: Clock, L>(stage: &mut Stage<R, L>, outcome: Outcome) {
    if let Stage::Watched(watch) = mem::replace(stage, Stage::Unwatched) {
        watch.end(outcome);
    }
}

/// It is dropped before its end.
fn give_up<R: Clock, F>(mut future: Pin<&mut Option<F>>, watch: Watch<R>) {
    match caught(|| watch.within(|| future.set(None))) {
        Ok(()) => watch.end(Outcome::Cancelled),
        Err((payload, outcome)) => {
            watch.end(outcome);
            resume_unwind(payload);
        }
    }
}

/// Not by a guard that asks whether the thread panics: it may be dropped by somebody else's panic.
fn caught<O>(act: impl FnOnce() -> O) -> Result<O, (Payload, Outcome)> {
    catch_unwind(AssertUnwindSafe(act)).map_err(|payload| {
        let panic = Panic::new(payload);
        let outcome = Outcome::Panicked(panic.message().to_owned());
        (panic.into_payload(), outcome)
    })
}

impl<R: Clock, F, L, J> fmt::Debug for OperationFuture<R, F, L, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let watched = matches!(self.stage, Stage::Watched(_));
        f.debug_struct("OperationFuture")
            .field("watched", &watched)
            .finish_non_exhaustive()
    }
}
