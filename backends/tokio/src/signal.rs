//! Signals, through tokio's own driver: one of its streams a signal.

use crate::Tokio;
use anyrt_core::rt::{Signal, Signals};
use futures_core::Stream;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

#[cfg(unix)]
use tokio::signal::unix::Signal as Kind;
#[cfg(windows)]
use tokio::signal::windows::CtrlC as Kind;

/// The signals that were asked for, as they come; made by [`Tokio`]'s [`signals`](Signals::signals).
#[derive(Debug)]
#[must_use = "a stream does nothing unless it is polled"]
pub struct TokioSignals(Vec<(Signal, Kind)>);

impl Signals for Tokio {
    type Stream = TokioSignals;

    /// The runtime that this value stands for hears them, for as long as it runs.
    ///
    /// # Panics
    /// Where that runtime was built without its I/O driver (`enable_io`).
    fn signals(&self, of: &[Signal]) -> io::Result<TokioSignals> {
        let handle = self.handle();
        let _entered = handle.enter();
        let mut kinds: Vec<(Signal, Kind)> = Vec::with_capacity(of.len());
        for &signal in of {
            if kinds.iter().all(|(listed, _)| *listed != signal) {
                kinds.push((signal, listen(signal)?));
            }
        }
        Ok(TokioSignals(kinds))
    }
}

#[cfg(unix)]
fn listen(signal: Signal) -> io::Result<Kind> {
    use tokio::signal::unix::{SignalKind, signal as listen};
    listen(match signal {
        Signal::Interrupt => SignalKind::interrupt(),
        Signal::Terminate => SignalKind::terminate(),
        Signal::Hangup => SignalKind::hangup(),
        Signal::Quit => SignalKind::quit(),
        Signal::User1 => SignalKind::user_defined1(),
        Signal::User2 => SignalKind::user_defined2(),
        other => return Err(unsupported(other)),
    })
}

#[cfg(windows)]
fn listen(signal: Signal) -> io::Result<Kind> {
    match signal {
        Signal::Interrupt => tokio::signal::windows::ctrl_c(),
        other => Err(unsupported(other)),
    }
}

fn unsupported(signal: Signal) -> io::Error {
    let text = format!("{signal} is not to be had on this platform");
    io::Error::new(io::ErrorKind::Unsupported, text)
}

impl Stream for TokioSignals {
    type Item = Signal;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Signal>> {
        let kinds = &mut self.0;
        if kinds.is_empty() {
            return Poll::Ready(None);
        }
        let ready = |(_, kind): &mut (Signal, Kind)| kind.poll_recv(cx).is_ready();
        let Some(came) = kinds.iter_mut().position(ready) else {
            return Poll::Pending;
        };
        // The others first, next time: one that never ceases must not hide them.
        kinds[came..].rotate_left(1);
        let last = kinds.last().map(|(signal, _)| *signal);
        Poll::Ready(last)
    }
}
