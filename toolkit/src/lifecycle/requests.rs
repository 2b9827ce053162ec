//! Who is heard that asks an application to stop: signals, its own token, and the one around.

use super::{report::StopReason, shared::Shared};
use crate::unwind::catch;
use anyrt_core::{
    cancel::CancellationToken,
    group::{Cause, TaskGroup},
    rt::Runtime,
};
use futures_core::Stream;
use std::{
    borrow::Cow,
    convert::Infallible,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

pub(super) type Signals = Pin<Box<dyn Stream<Item = Cow<'static, str>> + Send>>;

/// Any stream of what can be a reason.
pub(super) fn signals<S>(signals: S) -> Signals
where
    S: Stream<Item: Into<Cow<'static, str>>> + Send + 'static,
{
    Box::pin(Reasons(Box::pin(signals)))
}

/// Listens for requests, until its group is dropped.
pub(super) fn watch<R: Runtime>(
    watchers: &TaskGroup<R, (), Infallible>,
    shared: &Arc<Shared<R>>,
    around: Option<CancellationToken>,
    signals: Option<Signals>,
) {
    for token in around.into_iter().chain([shared.stop.clone()]) {
        let shared = shared.clone();
        let watching = async move {
            let reason = token.cancelled_owned().await;
            shared.stop(StopReason::Requested(reason.text.clone()), &reason);
            Ok(())
        };
        watchers.spawn(watching).ok();
    }
    if let Some(mut signals) = signals {
        let shared = shared.clone();
        let watching = async move {
            let listening = async {
                while let Some(signal) = poll_fn(|cx| signals.as_mut().poll_next(cx)).await {
                    shared.signalled(signal);
                }
            };
            // Deaf, it would have to be killed.
            if let Err(panic) = catch(listening).await {
                shared.failed("signals".into(), Cause::Panicked(panic));
            }
            Ok(())
        };
        watchers.spawn(watching).ok();
    }
}

/// A stream's items, as texts.
struct Reasons<S>(Pin<Box<S>>);

impl<S: Stream<Item: Into<Cow<'static, str>>>> Stream for Reasons<S> {
    type Item = Cow<'static, str>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0
            .as_mut()
            .poll_next(cx)
            .map(|item| item.map(Into::into))
    }
}
