//! A subsystem that was started, and what it gives.

use super::tree::Subsystem;
use anyrt_core::{channel::oneshot::Receiver, rt::Runtime};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// A [subsystem](Subsystem) that was [started](Subsystem::spawn): a future of its output.
///
/// It gives `None` where the subsystem failed, panicked or was aborted (*LC-25*): the [`Report`](super::Report) says which.
/// It does so, too, where the subsystem [gave up](Subsystem::spawn) for the stop.
/// Once there is a report, it is ready. Dropped, it changes nothing, for the subsystem is the application's.
///
/// ```
/// use anyrt::{App, rt::Runtime};
/// use std::{io, path::PathBuf};
/// # async fn count(_: PathBuf) -> io::Result<u64> { Ok(0) }
///
/// async fn lines<R: Runtime>(rt: &R, file: PathBuf) -> Result<u64, Box<dyn std::error::Error>> {
///     let app = App::new(rt).run(|app| async move { app.spawn("count", |_| count(file)) });
///     let counted = app.await.into_result()?;
///     Ok(counted.await.unwrap_or_default())
/// }
/// ```
///
/// # Cancel safety
/// Polled by reference, safe: the output is either returned or still there.
pub struct SubsystemHandle<R: Runtime, T> {
    subsystem: Subsystem<R>,
    output: Receiver<T>,
}

impl<R: Runtime, T> SubsystemHandle<R, T> {
    pub(super) fn new(subsystem: Subsystem<R>, output: Receiver<T>) -> Self {
        Self { subsystem, output }
    }

    /// The subsystem itself, to start others below it.
    pub fn subsystem(&self) -> &Subsystem<R> {
        &self.subsystem
    }
}

impl<R: Runtime, T> Future for SubsystemHandle<R, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        Pin::new(&mut self.output).poll(cx).map(Result::ok)
    }
}

impl<R: Runtime, T> fmt::Debug for SubsystemHandle<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubsystemHandle")
            .field("subsystem", &self.subsystem)
            .finish_non_exhaustive()
    }
}
