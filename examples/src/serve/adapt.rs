//! What hyper asks of a runtime: a timer, and streams in its own terms. With HTTP/1 there is nothing to spawn.

use anyrt::{Instant, Runtime, Timer as _};
use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBufCursor, Sleep, Timer, Write};
use std::{
    fmt,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::{self, Duration},
};

/// A runtime's timers for hyper, which measures time in the standard library's [`Instant`](time::Instant): that of
/// the runtime is as far from where both began.
#[derive(Debug, Clone)]
pub struct HyperTimer<R> {
    rt: R,
    began: Instant,
    origin: time::Instant,
}

impl<R: Runtime> HyperTimer<R> {
    /// The timers of this runtime.
    pub fn new(rt: &R) -> Self {
        Self {
            rt: rt.clone(),
            began: rt.now(),
            origin: time::Instant::now(),
        }
    }

    fn instant(&self, at: time::Instant) -> Instant {
        self.began + at.saturating_duration_since(self.origin)
    }
}

impl<R: Runtime> Timer for HyperTimer<R> {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(HyperSleep::<R>(Box::pin(self.rt.sleep(duration))))
    }

    fn sleep_until(&self, deadline: time::Instant) -> Pin<Box<dyn Sleep>> {
        let timer = self.rt.sleep_until(self.instant(deadline));
        Box::pin(HyperSleep::<R>(Box::pin(timer)))
    }

    fn now(&self) -> time::Instant {
        self.origin + (self.rt.now() - self.began)
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, deadline: time::Instant) {
        match sleep.as_mut().downcast_mut_pin::<HyperSleep<R>>() {
            Some(timer) => timer.get_mut().0.as_mut().reset(self.instant(deadline)),
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

/// A sleep, which can be moved.
struct HyperSleep<R: Runtime>(Pin<Box<R::Timer>>);

impl<R: Runtime> Future for HyperSleep<R> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl<R: Runtime> Sleep for HyperSleep<R> {}

/// A stream for hyper, whose other end has to take in something of what is written within a limit. hyper has a limit
/// for who sends a request, and none for who never reads the response.
pub struct Stream<R: Runtime, S> {
    rt: R,
    inner: S,
    limit: Duration,
    /// Of the write that is waited for.
    waiting: Option<Pin<Box<R::Timer>>>,
}

// Its timer lies in a box, and its stream is `Unpin` where it is used.
impl<R: Runtime, S> Unpin for Stream<R, S> {}

impl<R: Runtime, S> Stream<R, S> {
    /// A stream with that limit.
    pub fn new(rt: &R, inner: S, limit: Duration) -> Self {
        Self {
            rt: rt.clone(),
            inner,
            limit,
            waiting: None,
        }
    }

    fn within_limit<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let (rt, limit) = (&self.rt, self.limit);
        let timer = self
            .waiting
            .get_or_insert_with(|| Box::pin(rt.sleep(limit)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<R: Runtime, S: AsyncRead + Unpin> Read for Stream<R, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // What is not initialised cannot be read into without `unsafe`; heads are short.
        let mut bytes = [0; 8 << 10];
        let room = into.remaining().min(bytes.len());
        let inner = Pin::new(&mut self.inner);
        let read = ready!(inner.poll_read(cx, &mut bytes[..room]))?;
        into.put_slice(&bytes[..read]);
        Poll::Ready(Ok(()))
    }
}

impl<R: Runtime, S: AsyncWrite + Unpin> Write for Stream<R, S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.within_limit(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        self.within_limit(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.inner).poll_close(cx);
        self.within_limit(cx, closed)
    }

    /// Without this a head and its body are two packets, and the second one waits for the first one's receipt.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, bytes);
        self.within_limit(cx, written)
    }
}

impl<R: Runtime, S> fmt::Debug for Stream<R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("limit", &self.limit)
            .field("waits", &self.waiting.is_some())
            .finish_non_exhaustive()
    }
}
