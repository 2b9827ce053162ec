//! Signals, which a test raises.

use crate::{
    runtime::SimRuntime,
    world::{Thing, WaitKey, Waited, World},
};
use anyrt_core::rt::{Signal, Signals};
use futures_core::Stream;
use std::{
    fmt, io,
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// The signals that were asked for, as a test [raises](SimRuntime::raise) them.
#[must_use = "a stream does nothing unless it is polled"]
pub struct SimSignals {
    world: Arc<World>,
    key: usize,
    thing: Arc<Thing>,
    made_at: &'static Location<'static>,
    wait: Option<WaitKey>,
}

impl SimRuntime {
    /// Sends a signal to this world, and to nothing else. Gives the number of the streams that asked for it: a
    /// process that has none would end, or go on, as the signal has it.
    ///
    /// ```
    /// use anyrt::rt::{Signal, Signals};
    ///
    /// anyrt::sim::check(10, |rt| async move {
    ///     let listening = rt.signals(Signal::SHUTDOWN).unwrap();
    ///     assert_eq!(rt.raise(Signal::Interrupt), 1);
    ///     drop(listening);
    ///     assert_eq!(rt.raise(Signal::Interrupt), 0);
    /// });
    /// ```
    pub fn raise(&self, signal: Signal) -> usize {
        self.world().raise(signal)
    }
}

impl Signals for SimRuntime {
    type Stream = SimSignals;

    #[track_caller]
    fn signals(&self, of: &[Signal]) -> io::Result<SimSignals> {
        let made_at = Location::caller();
        let world = self.world().clone();
        Ok(SimSignals {
            key: world.listen(of),
            thing: world.new_thing("signals", "", made_at),
            world,
            made_at,
            wait: None,
        })
    }
}

impl SimSignals {
    fn end_wait(&mut self) {
        if let Some(wait) = self.wait.take() {
            self.world.end_wait(wait);
        }
    }
}

impl Stream for SimSignals {
    type Item = Signal;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Signal>> {
        let polled = self.world.poll_signal(self.key, cx.waker());
        if polled.is_pending() {
            let what = Waited::Thing("one of ", self.thing.clone());
            self.wait = self.world.begin_wait(self.wait, &what, self.made_at);
        } else {
            self.end_wait();
        }
        polled
    }
}

impl Drop for SimSignals {
    fn drop(&mut self) {
        self.end_wait();
        self.world.listen_no_more(self.key);
    }
}

impl fmt::Debug for SimSignals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimSignals")
            .field("made_at", &self.made_at)
            .finish_non_exhaustive()
    }
}
