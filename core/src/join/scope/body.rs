//! The future under every kind of scope: a body, and the children that it and they start.

use super::{
    member::{Failure, Verdict},
    shared::{Phase, Shared},
};
use crate::join::FutureSet;
use pin_project_lite::pin_project;
use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

pin_project! {
    #[project = BodyProjection]
    enum Body<Fut> {
        Running { #[pin] future: Fut },
        Finished,
    }
}

pin_project! {
    /// `B` is the box that children come in.
    pub(super) struct Core<B: Future, Fut: Future> {
        #[pin]
        body: Body<Fut>,
        output: Option<Fut::Output>,
        // Children that hold the scope's handle hold `shared`, so `shared` never keeps them after
        // the end: they would keep each other.
        children: FutureSet<B>,
        shared: Arc<Shared<B>>,
        is_failure: fn(&Fut::Output) -> bool,
    }

    impl<B: Future, Fut: Future> PinnedDrop for Core<B, Fut> {
        fn drop(this: Pin<&mut Self>) {
            this.close();
        }
    }
}

impl<B, E, Fut> Core<B, Fut>
where
    B: Future<Output = Verdict<E>>,
    Fut: Future,
{
    /// A scope around `body`, whose output ends it at once where `is_failure` says so.
    pub(super) fn new(
        shared: Arc<Shared<B>>,
        body: Fut,
        is_failure: fn(&Fut::Output) -> bool,
    ) -> Self {
        Self {
            body: Body::Running { future: body },
            output: None,
            children: FutureSet::new(),
            shared,
            is_failure,
        }
    }

    /// The body's output, or the first error of a child.
    pub(super) fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Fut::Output, E>> {
        let polled = catch_unwind(AssertUnwindSafe(|| self.as_mut().advance(cx)));
        let payload = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Ok(output))) => return Poll::Ready(Ok(output)),
            Ok(Poll::Ready(Err(Failure::Error(error)))) => {
                self.close();
                return Poll::Ready(Err(error));
            }
            Ok(Poll::Ready(Err(Failure::Panicked(payload)))) | Err(payload) => payload,
        };
        // The first panic goes on. What destructors raise on the way is not worth the process.
        while let Err(later) = catch_unwind(AssertUnwindSafe(|| self.as_mut().close())) {
            std::mem::forget(later);
        }
        resume_unwind(payload)
    }

    /// The body once, each child that is due once.
    fn advance(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Fut::Output, Failure<E>>> {
        let mut this = self.as_mut().project();
        this.shared.begin_poll();
        if let BodyProjection::Running { future } = this.body.as_mut().project()
            && let Poll::Ready(output) = future.poll(cx)
        {
            this.body.set(Body::Finished);
            if (this.is_failure)(&output) {
                self.close();
                return Poll::Ready(Ok(output));
            }
            *this.output = Some(output);
        }
        this.children.extend(this.shared.collect(None));
        if this.shared.phase() == Phase::Cancelled {
            this.children.clear();
        }
        if let Poll::Ready(Some(failure)) = this.children.poll_round(cx, Result::err) {
            return Poll::Ready(Err(failure));
        }
        // Children of children wait for the next poll: they may start children, without an end.
        let came = this.shared.collect(Some(cx.waker().clone()));
        if !came.is_empty() {
            this.children.extend(came);
            cx.waker().wake_by_ref();
        }
        // After `collect`, so that a cancel from elsewhere is either seen here or wakes.
        if this.shared.phase() == Phase::Cancelled {
            this.children.clear();
        }
        if this.children.is_empty()
            && let Some(output) = this.output.take_if(|_| this.shared.try_end())
        {
            return Poll::Ready(Ok(output));
        }
        Poll::Pending
    }
}

impl<B: Future, Fut: Future> Core<B, Fut> {
    /// Drops the children, then the body; children are refused from now on.
    fn close(self: Pin<&mut Self>) {
        let mut this = self.project();
        let left = this.shared.end();
        this.children.clear();
        drop(left);
        this.body.set(Body::Finished);
        *this.output = None;
    }

    pub(super) fn children(&self) -> usize {
        self.children.len()
    }
}
