//! Signals, on async-io's reactor.

use anyrt_core::rt::Signal;
use async_signal::{Signal as Raw, Signals};
use futures_core::Stream;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// The signals that were asked for, as they come.
#[derive(Debug)]
#[must_use = "a stream does nothing unless it is polled"]
pub struct AsyncIoSignals {
    /// `None` where nothing was asked for, and once the system has failed.
    raw: Option<Signals>,
    of: Vec<Signal>,
}

/// Listens to signals, from now on.
///
/// # Errors
/// `Unsupported` where the platform has no such signal; what the system says where it fails.
pub fn signals(of: &[Signal]) -> io::Result<AsyncIoSignals> {
    let raw = of.iter().map(|signal| raw(*signal));
    let raw = raw.collect::<io::Result<Vec<_>>>()?;
    Ok(AsyncIoSignals {
        raw: (!raw.is_empty()).then(|| Signals::new(raw)).transpose()?,
        of: of.to_vec(),
    })
}

fn raw(signal: Signal) -> io::Result<Raw> {
    match signal {
        Signal::Interrupt => Ok(Raw::Int),
        Signal::Terminate if cfg!(unix) => Ok(Raw::Term),
        Signal::Hangup if cfg!(unix) => Ok(Raw::Hup),
        Signal::Quit if cfg!(unix) => Ok(Raw::Quit),
        Signal::User1 if cfg!(unix) => Ok(Raw::Usr1),
        Signal::User2 if cfg!(unix) => Ok(Raw::Usr2),
        other => {
            let text = format!("{other} is not to be had on this platform");
            Err(io::Error::new(io::ErrorKind::Unsupported, text))
        }
    }
}

impl Stream for AsyncIoSignals {
    type Item = Signal;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Signal>> {
        let Some(signals) = &mut self.raw else {
            return Poll::Ready(None);
        };
        let came = ready!(Pin::new(signals).poll_next(cx)).and_then(Result::ok);
        let came = came.and_then(|came| {
            let mut of = self.of.iter().copied();
            of.find(|signal| raw(*signal).is_ok_and(|raw| raw == came))
        });
        if came.is_none() {
            self.raw = None;
        }
        Poll::Ready(came)
    }
}
