//! hyper's timer and streams, in virtual time: what is exact there.

use anyrt::prelude::*;
use anyrt_examples::serve::adapt::{HyperTimer, Stream};
use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBuf, Timer, Write};
use std::{
    future::poll_fn,
    io::{self, ErrorKind},
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_timer_is_the_runtimes() {
    anyrt::sim::check(20, |rt| async move {
        rt.sleep(5 * SECOND).await;
        let (timer, began) = (HyperTimer::new(&rt), rt.now());
        let start = timer.now();
        timer.sleep(SECOND).await;
        assert_eq!((rt.now() - began, timer.now() - start), (SECOND, SECOND));
        timer.sleep_until(start + 3 * SECOND).await;
        assert_eq!(rt.now() - began, 3 * SECOND);
        let mut sleep = timer.sleep(100 * SECOND);
        timer.reset(&mut sleep, start + 4 * SECOND);
        sleep.await;
        assert_eq!(rt.now() - began, 4 * SECOND);
        // Past, as deadlines can be.
        timer.sleep_until(start).await;
        assert_eq!(rt.now() - began, 4 * SECOND);
    });
}

/// Takes in a byte, and then nothing for so long, again and again.
struct Slow<R: Runtime> {
    rt: R,
    every: Duration,
    waits: Option<Pin<Box<R::Timer>>>,
}

impl<R: Runtime> AsyncWrite for Slow<R> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        _: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(waits) = &mut self.waits
            && waits.as_mut().poll(cx).is_pending()
        {
            return Poll::Pending;
        }
        self.waits = Some(Box::pin(self.rt.sleep(self.every)));
        Poll::Ready(Ok(1))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl<R: Runtime> Unpin for Slow<R> {}

#[test]
fn a_write_has_its_limit_and_each_its_own() {
    anyrt::sim::check(20, |rt| async move {
        let stream = |every| {
            let slow = Slow {
                rt: rt.clone(),
                every,
                waits: None,
            };
            Stream::new(&rt, slow, 10 * SECOND)
        };
        // Whoever takes in a little each time is not cut off.
        let (start, mut steady) = (rt.now(), pin!(stream(9 * SECOND)));
        for _ in 0..5 {
            let written = poll_fn(|cx| steady.as_mut().poll_write(cx, b"text")).await;
            assert_eq!(written.expect("in time"), 1);
        }
        assert_eq!(rt.now() - start, 4 * 9 * SECOND);
        let closed = poll_fn(|cx| steady.as_mut().poll_shutdown(cx)).await;
        closed.expect("at once");
        let start = rt.now();
        let flushed = poll_fn(|cx| steady.as_mut().poll_flush(cx)).await;
        assert_eq!(flushed.expect_err("never").kind(), ErrorKind::TimedOut);
        assert_eq!(rt.now() - start, 10 * SECOND);

        let (start, mut stuck) = (rt.now(), pin!(stream(11 * SECOND)));
        poll_fn(|cx| stuck.as_mut().poll_write(cx, b"text"))
            .await
            .expect("the first byte");
        let parts = [io::IoSlice::new(b"text")];
        let written = poll_fn(|cx| stuck.as_mut().poll_write_vectored(cx, &parts)).await;
        assert_eq!(written.expect_err("too late").kind(), ErrorKind::TimedOut);
        assert_eq!(rt.now() - start, 10 * SECOND);
    });
}

/// Gives so many bytes at a time, and then an error.
struct Bytes(Vec<usize>);

impl AsyncRead for Bytes {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let Some(bytes) = self.0.pop() else {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        };
        let read = bytes.min(into.len());
        into[..read].fill(b'x');
        Poll::Ready(Ok(read))
    }
}

#[test]
fn what_is_read_is_no_more_than_there_is_room_for() {
    anyrt::sim::check(1, |rt| async move {
        let mut stream = pin!(Stream::new(&rt, Bytes(vec![3, 100_000, 2]), SECOND));
        for (room, wanted) in [(10, 2), (7, 7), (100_000, 3)] {
            let mut bytes = vec![0; room];
            let mut buffer = ReadBuf::new(&mut bytes);
            poll_fn(|cx| stream.as_mut().poll_read(cx, buffer.unfilled()))
                .await
                .expect("read");
            assert_eq!(buffer.filled(), vec![b'x'; wanted]);
        }
        let mut buffer = ReadBuf::new(&mut []);
        let read = poll_fn(|cx| stream.as_mut().poll_read(cx, buffer.unfilled())).await;
        assert_eq!(
            read.expect_err("no more").kind(),
            ErrorKind::ConnectionReset
        );
    });
}
