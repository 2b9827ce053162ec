//! What the system tells a process from outside: an interrupt, a request to end.

use futures_core::Stream;
use std::{
    borrow::Cow,
    fmt::{self, Debug},
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
};

/// A signal that a process may be sent, and may ask for.
///
/// Those that mean a fault of the process itself, and those that nobody can catch, are not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// `SIGINT`, and Ctrl-C on Windows: somebody at the terminal wants it to stop.
    Interrupt,
    /// `SIGTERM`: what started the process wants it to stop.
    Terminate,
    /// `SIGHUP`: the terminal is gone; for a daemon, the request to read its settings again.
    Hangup,
    /// `SIGQUIT`: somebody at the terminal wants it to stop, and to leave a core dump.
    Quit,
    /// `SIGUSR1`: whatever the program says.
    User1,
    /// `SIGUSR2`: whatever the program says.
    User2,
}

impl Signal {
    /// Those that ask a program to stop, on this platform: Ctrl-C, and on Unix `SIGTERM`.
    pub const SHUTDOWN: &[Self] = match cfg!(unix) {
        true => &[Self::Interrupt, Self::Terminate],
        false => &[Self::Interrupt],
    };

    /// Its name on Unix, `SIGINT`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::Hangup => "SIGHUP",
            Self::Quit => "SIGQUIT",
            Self::User1 => "SIGUSR1",
            Self::User2 => "SIGUSR2",
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Its [name](Signal::name): a stream of signals is a stream of an application's requests to stop.
impl From<Signal> for Cow<'static, str> {
    fn from(signal: Signal) -> Self {
        Cow::Borrowed(signal.name())
    }
}

/// Listens to signals: a capability, apart from [`Runtime`](crate::rt::Runtime).
///
/// # For callers
/// What they come as is a stream, such as `App::signals` takes; by hand, [`recv`](SignalStream::recv) gives the next.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::rt::{Runtime, Signal, SignalStream, Signals};
///
/// /// Reads its settings again at each `SIGHUP`.
/// async fn reload<R: Runtime + Signals>(rt: &R) -> std::io::Result<()> {
///     let mut hangups = rt.signals(&[Signal::Hangup])?;
///     while let Some(_) = hangups.recv().await {
///         // …
///     }
///     Ok(())
/// }
/// ```
///
/// Signals are the process's: whatever runtime listens, a library should leave that to its application. The
/// first one who asks for a signal takes its usual effect away **for the rest of the process's life**, also
/// once the stream is dropped: who listens to Ctrl-C and then no more has a program that Ctrl-C does
/// not end.
///
/// # For backend authors
/// *SI-1* to *SI-3*.
pub trait Signals {
    /// The signals that were asked for, as they come.
    type Stream: Stream<Item = Signal> + Send + Unpin + Debug + 'static;

    /// Listens to these signals, from now on: one that comes after this call is given, also where the
    /// stream is polled only later (*SI-1*). The calling thread need not have entered any runtime.
    ///
    /// Each stream sees each signal that it asked for, and no other (*SI-2*). Those of one kind that come before
    /// it is polled may be given as one. Of no signals at all, the stream ends at once; it ends early where
    /// the system fails.
    ///
    /// # Errors
    /// [`Unsupported`](io::ErrorKind::Unsupported) where the platform has no such signal; what the system says
    /// where it fails.
    ///
    /// # Cancel safety
    /// A stream that is dropped hears nothing more, and leaves nothing behind (*SI-3*) but what is said above.
    fn signals(&self, of: &[Signal]) -> io::Result<Self::Stream>;
}

/// What each stream of signals has: a way to wait for the next one, without an import for streams in general.
pub trait SignalStream: Stream<Item = Signal> {
    /// Waits for the next signal; `None` once the stream has ended.
    ///
    /// # Cancel safety
    /// Safe: a signal is either returned or still in the stream.
    fn recv(&mut self) -> RecvSignal<'_, Self>
    where
        Self: Unpin,
    {
        RecvSignal(self)
    }
}

impl<S: Stream<Item = Signal> + ?Sized> SignalStream for S {}

/// The future of [`SignalStream::recv`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are polled"]
pub struct RecvSignal<'a, S: ?Sized>(&'a mut S);

impl<S: Stream<Item = Signal> + Unpin + ?Sized> Future for RecvSignal<'_, S> {
    type Output = Option<Signal>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Signal>> {
        Pin::new(&mut *self.0).poll_next(cx)
    }
}
