//! Signals: how rules ask for them on any backend, and how they come about.

use anyrt_core::rt::{Signal, Signals};
use futures_core::Stream;
use std::{
    fmt, io,
    pin::Pin,
    process::{self, Command},
    sync::{Mutex, MutexGuard, PoisonError},
};

type Boxed = Pin<Box<dyn Stream<Item = Signal> + Send>>;

type Listen<R> = dyn Fn(&R, &[Signal]) -> io::Result<Boxed> + Send + Sync;
type Raise<R> = dyn Fn(&R, Signal) + Send + Sync;

/// A backend's signals, without their types: not every backend has them.
pub(crate) struct Port<R> {
    listen: Box<Listen<R>>,
    raise: Box<Raise<R>>,
}

impl<R: Signals> Port<R> {
    pub(crate) fn new(raise: impl Fn(&R, Signal) + Send + Sync + 'static) -> Self {
        Self {
            listen: Box::new(|rt, of| Ok(Box::pin(rt.signals(of)?))),
            raise: Box::new(raise),
        }
    }
}

/// A rule's turn: what it raises is its own, though signals are the process's.
pub(crate) struct Turn<'a, R> {
    rt: &'a R,
    port: &'a Port<R>,
    _alone: MutexGuard<'static, ()>,
}

impl<'a, R> Turn<'a, R> {
    pub(crate) fn begin(rt: &'a R, port: &'a Port<R>) -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        Self { rt, port, _alone }
    }

    pub(crate) fn listen(&self, of: &[Signal]) -> io::Result<Boxed> {
        (self.port.listen)(self.rt, of)
    }

    pub(crate) fn raise(&self, signal: Signal) {
        (self.port.raise)(self.rt, signal);
    }
}

impl<R> fmt::Debug for Port<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Port(..)")
    }
}

/// Sends a signal to this process, for real: for [`Suite::signals`](crate::Suite::signals) of backends that listen to
/// the system's.
///
/// It asks the shell to, which is on each Unix: in Rust that takes a crate, or `unsafe`.
///
/// # Panics
/// Where there is no shell, or it fails.
pub fn raise(signal: Signal) {
    let name = signal.name().trim_start_matches("SIG");
    let kill = format!("kill -s {name} {}", process::id());
    let status = Command::new("sh").args(["-c", &kill]).status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "`{kill}` failed"
    );
}
