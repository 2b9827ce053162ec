//! Picks a runtime by name.
//!
//! A program is generic over its runtime, so each runtime gets machine code of its own, and
//! none is called through a trait object. What is to run is therefore a [`Visitor`]: a
//! closure cannot be generic.

use crate::own_runtime::OwnRuntime;
use anyrt::{BlockOn, Runtime, Signals};
use std::{error::Error, fmt};

/// The runtimes that were compiled in, the preferred one first.
pub const NAMES: &[&str] = &[
    #[cfg(feature = "tokio")]
    "tokio",
    #[cfg(feature = "smol")]
    "smol",
    #[cfg(feature = "async-std")]
    "async-std",
];

/// What runs on the runtime that was picked.
pub trait Visitor {
    /// What it gives back.
    type Output;

    /// Runs on `rt`.
    fn visit<R: Runtime + BlockOn>(self, rt: R) -> Self::Output;

    /// Runs on `rt`, which has signals, too. Most have no use for them.
    fn visit_with_signals<R: Runtime + BlockOn + Signals>(self, rt: R) -> Self::Output
    where
        Self: Sized,
    {
        self.visit(rt)
    }
}

/// Runs `visitor` on the runtime called `name`, or on the first of [`NAMES`]. Besides those
/// there is `own`, the one of [`own_runtime`](crate::own_runtime).
///
/// # Errors
/// [`NoRuntime`] if no such runtime was compiled in.
pub fn with_runtime<V: Visitor>(name: Option<&str>, visitor: V) -> Result<V::Output, NoRuntime> {
    match name.or(NAMES.first().copied()) {
        #[cfg(feature = "tokio")]
        Some("tokio") => Ok(visitor.visit_with_signals(anyrt::tokio::Tokio::default())),
        #[cfg(feature = "smol")]
        Some("smol") => Ok(visitor.visit_with_signals(anyrt::smol::Smol::default())),
        #[cfg(feature = "async-std")]
        Some("async-std") => Ok(visitor.visit_with_signals(anyrt::async_std::AsyncStd)),
        Some("own") => Ok(visitor.visit(OwnRuntime::default())),
        name => Err(NoRuntime {
            name: name.map(str::to_owned),
        }),
    }
}

/// No such runtime was compiled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoRuntime {
    /// The one that was asked for, if one was.
    pub name: Option<String>,
}

impl fmt::Display for NoRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let features = "(features: tokio, smol, async-std)";
        match &self.name {
            None => write!(f, "no runtime was compiled in: build with one {features}"),
            Some(name) => {
                let names = [NAMES, &["own"]].concat().join(", ");
                write!(
                    f,
                    "there is no runtime {name:?} in this build, which has {names} {features}"
                )
            }
        }
    }
}

impl Error for NoRuntime {}
