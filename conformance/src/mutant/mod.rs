//! Runtimes with one fault each, for tests that must fail.
//!
//! A rule that was never seen to fail is not known to be tested. A [`Mutant`] wraps any runtime and breaks one
//! promise of it; a rule about that promise must fail on it. The faults of this crate's own rules are
//! listed, with the rules that they break, in `conformance/mutants`.
//!
//! ```
//! use anyrt_conformance::{Backend, Suite, mutant::{Fault, Mutant}};
//!
//! # fn demo<R: Backend>(sound: impl Fn() -> R + Send + Sync + 'static) {
//! let mutant = move || Mutant::new(sound(), Fault::DropAborts);
//! assert!(!Suite::new("mutant", mutant).only(&["SP-2"]).run().conforms());
//! # }
//! ```

mod channel;
mod fault;
mod handle;
mod sync;
mod tamper;
mod task;
mod time;

pub use channel::{MutantChannel, MutantReceiver, MutantSender};
pub use fault::Fault;
pub use handle::MutantHandle;
pub use sync::{MutantLock, MutantSemaphore};
pub use time::MutantTimer;

use crate::{outcome::Backend, probe};
use anyrt_core::{
    ConfigError, delegate,
    rt::{BlockOn, Entropy, ReceiverOf, Runtime, SenderOf, Signals},
};
use std::{
    cell::Cell,
    future::Future,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind},
    sync::{Arc, atomic::AtomicBool},
    thread,
    time::Duration,
};

/// A runtime around another one, with a fault.
#[derive(Debug, Clone)]
pub struct Mutant<R> {
    inner: R,
    fault: Fault,
    /// No task runs any more.
    dead: Arc<AtomicBool>,
    _life: Arc<Life>,
}

impl<R: Backend> Mutant<R> {
    /// `inner`, with that fault.
    pub fn new(inner: R, fault: Fault) -> Self {
        Self {
            inner,
            fault,
            dead: Arc::default(),
            _life: Arc::new(Life(fault)),
        }
    }

    /// What is inside.
    pub fn inner(&self) -> &R {
        &self.inner
    }

    /// What is wrong with it.
    pub fn fault(&self) -> Fault {
        self.fault
    }
}

/// Ends with the last clone.
#[derive(Debug)]
struct Life(Fault);

impl Drop for Life {
    fn drop(&mut self) {
        if self.0 == Fault::DropInsidePanics && Inside::is_here() && !thread::panicking() {
            panic_any(probe::EXPECTED);
        }
    }
}

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// The thread is inside a runtime, until dropped.
struct Inside;

impl Inside {
    fn enter() -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Self
    }

    fn is_here() -> bool {
        DEPTH.get() > 0
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// Signals have no fault.
impl<R: Signals> Signals for Mutant<R> {
    delegate!(Signals => inner: R);
}

impl<R: Backend> Entropy for Mutant<R> {
    delegate!(Entropy => inner: R);
}

impl<R: Backend> Runtime for Mutant<R> {
    delegate!(Runtime => inner: R, except sync, parallelism, name);

    type Lock<T: Send + 'static> = MutantLock<R::Lock<T>>;
    type Semaphore = MutantSemaphore<R::Semaphore>;
    type Channel<T: Send + 'static> = MutantChannel<R::Channel<T>>;

    fn lock<T: Send + 'static>(&self, value: T) -> Self::Lock<T> {
        MutantLock::new(self.inner.lock(value), self.fault)
    }

    fn semaphore(&self, permits: usize) -> Result<Self::Semaphore, ConfigError> {
        let more = usize::from(self.fault == Fault::OverGrant);
        let inner = self.inner.semaphore(permits.saturating_add(more))?;
        Ok(MutantSemaphore::new(inner, self.fault))
    }

    fn channel<T: Send + 'static>(
        &self,
        capacity: usize,
    ) -> Result<(SenderOf<Self, T>, ReceiverOf<Self, T>), ConfigError> {
        let capacity = match self.fault {
            Fault::CapacityZero => capacity.max(1),
            Fault::CapacityLies if capacity > 0 => capacity.saturating_add(1),
            _ => capacity,
        };
        let pair = self.inner.channel(capacity)?;
        Ok(channel::tampered(pair, self.fault))
    }

    fn unbounded_channel<T: Send + 'static>(&self) -> (SenderOf<Self, T>, ReceiverOf<Self, T>) {
        channel::tampered(self.inner.unbounded_channel(), self.fault)
    }

    fn parallelism(&self) -> NonZeroUsize {
        let threads = self.inner.parallelism();
        match self.fault {
            Fault::ParallelismClaimed => threads.saturating_add(1),
            _ => threads,
        }
    }

    fn name(&self) -> &'static str {
        self.fault.name()
    }
}

impl<R: Backend> BlockOn for Mutant<R> {
    #[track_caller]
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _inside = Inside::enter();
        match self.fault {
            Fault::BlockOnHangs => loop {
                thread::sleep(Duration::from_secs(1));
            },
            Fault::BlockOnPanics => panic_any(probe::EXPECTED),
            Fault::BlockOnParks => probe::block(future),
            Fault::BlockOnPayloadLost => {
                catch_unwind(AssertUnwindSafe(|| self.inner.block_on(future)))
                    .unwrap_or_else(|_| resume_unwind(Box::new(probe::EXPECTED)))
            }
            _ => self.inner.block_on(future),
        }
    }
}
