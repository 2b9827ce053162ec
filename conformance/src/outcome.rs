//! What a rule is given, and what it returns.

use crate::signal::{Port, Turn};
use anyrt_core::{
    ConfigError,
    rt::{BlockOn, Runtime},
};
use std::{fmt, future::Future};

/// What the suite tests: a runtime with a way in.
pub trait Backend: Runtime + BlockOn {}

impl<R: Runtime + BlockOn> Backend for R {}

/// What a rule returns.
pub type Outcome = Result<(), Stop>;

/// Why a rule ended before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The backend breaks the rule.
    Failed(String),
    /// The rule does not apply to the backend.
    Skipped(String),
}

impl Stop {
    /// The backend breaks the rule: says how.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    /// The rule does not apply: says why.
    pub fn skipped(reason: impl Into<String>) -> Self {
        Self::Skipped(reason.into())
    }
}

/// A rule's own settings are good ones.
impl From<ConfigError> for Stop {
    fn from(error: ConfigError) -> Self {
        Self::failed(error.to_string())
    }
}

/// What a rule works with: a runtime, and more of the same make.
pub struct Ctx<'a, R> {
    rt: R,
    make: &'a dyn Fn() -> R,
    signals: Option<&'a Port<R>>,
}

impl<'a, R: Backend> Ctx<'a, R> {
    /// A context around what `make` builds.
    pub fn new(make: &'a dyn Fn() -> R) -> Self {
        Self {
            rt: make(),
            make,
            signals: None,
        }
    }

    pub(crate) fn with_signals(mut self, signals: Option<&'a Port<R>>) -> Self {
        self.signals = signals;
        self
    }

    /// The turn of a rule that raises signals.
    pub(crate) fn signals(&self) -> Result<Turn<'_, R>, Stop> {
        match self.signals {
            Some(port) => Ok(Turn::begin(&self.rt, port)),
            None => Err(Stop::skipped("the backend declares no signals")),
        }
    }

    /// The runtime.
    pub fn rt(&self) -> &R {
        &self.rt
    }

    /// Another one, which the rule may drop.
    pub fn fresh(&self) -> R {
        (self.make)()
    }

    /// Runs a rule's async part on the runtime.
    ///
    /// # Errors
    /// With what `rule` returns.
    pub fn run(&self, rule: impl Future<Output = Outcome>) -> Outcome {
        self.rt.block_on(rule)
    }
}

impl<R: fmt::Debug> fmt::Debug for Ctx<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ctx")
            .field("rt", &self.rt)
            .finish_non_exhaustive()
    }
}

/// Ends a rule unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::outcome::Stop::failed(format!($($message)+)));
        }
    };
}

/// Ends a rule unless both are equal, and shows them.
macro_rules! ensure_eq {
    ($left:expr, $right:expr, $($message:tt)+) => {{
        let (left, right) = (&$left, &$right);
        if left != right {
            let what = format!($($message)+);
            return Err($crate::outcome::Stop::failed(format!("{what}: {left:?}, want {right:?}")));
        }
    }};
}

/// Ends a rule that does not apply.
macro_rules! skip {
    ($($reason:tt)+) => { return Err($crate::outcome::Stop::skipped(format!($($reason)+))) };
}

pub(crate) use {ensure, ensure_eq, skip};
