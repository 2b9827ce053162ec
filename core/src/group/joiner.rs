//! When a group is done: the policies.

use super::TaskError;

/// What a group does after a child's completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Goes on.
    Continue,
    /// Has what it was there for: the other children are cancelled, and failures so far are
    /// tolerated.
    Succeed,
    /// Has failed: the other children and the body are cancelled, and all failures are reported.
    Fail,
}

/// Decides, at each completion, whether a group goes on (*TG-21*).
///
/// It is called for one completion at a time, in their order, outside of the group's lock, so it may
/// spawn and cancel. It runs in the task of a child that has ended, which judges those that end
/// meanwhile, too: it should be quick. Where it says [`Continue`](Step::Continue) to the end, the group
/// has failed if any child has.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::group::{Joiner, Step, TaskError};
///
/// /// Gives up at the third failure.
/// struct ThreeStrikes(u32);
///
/// impl<T, E> Joiner<T, E> for ThreeStrikes {
///     fn completed(&mut self, outcome: Result<&T, &TaskError<E>>) -> Step {
///         self.0 += u32::from(outcome.is_err());
///         if self.0 == 3 { Step::Fail } else { Step::Continue }
///     }
/// }
/// ```
///
/// A closure will do, with the type of its argument written out:
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{group::{Step, TaskError, TaskGroup}, rt::Runtime};
///
/// # fn demo<R: Runtime>(rt: &R) {
/// let mut seen = 0;
/// let group = TaskGroup::<_, u32, std::io::Error>::builder(rt)
///     .joiner(move |_: Result<&u32, &TaskError<std::io::Error>>| {
///         seen += 1;
///         if seen == 10 { Step::Succeed } else { Step::Continue }
///     })
///     .build();
/// # drop(group); }
/// ```
pub trait Joiner<T, E>: Send + 'static {
    /// A child completed. A panic in here is that child's.
    fn completed(&mut self, outcome: Result<&T, &TaskError<E>>) -> Step;
}

impl<T, E, F> Joiner<T, E> for F
where
    F: FnMut(Result<&T, &TaskError<E>>) -> Step + Send + 'static,
{
    fn completed(&mut self, outcome: Result<&T, &TaskError<E>>) -> Step {
        self(outcome)
    }
}

/// The built-in policies, which cost no call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Policy {
    /// The first failure cancels the rest.
    FailFast,
    /// Failures are reported at the end.
    Supervise,
    /// So many successes are enough.
    Enough { successes: usize },
}

impl Policy {
    /// Whether an output may be what ends the group.
    #[inline]
    pub(super) fn counts_successes(&self) -> bool {
        matches!(self, Self::Enough { .. })
    }

    pub(super) fn completed(&mut self, success: bool) -> Step {
        match self {
            Self::FailFast if !success => Step::Fail,
            Self::Enough { successes } if success => {
                *successes = successes.saturating_sub(1);
                if *successes == 0 {
                    Step::Succeed
                } else {
                    Step::Continue
                }
            }
            _ => Step::Continue,
        }
    }
}
