//! The settings of a group.

use super::{
    TaskGroup,
    joiner::{Joiner, Policy},
    shared::Shared,
};
use crate::{
    ConfigError, Instant, cancel::CancellationToken, context::Context, error::check, rt::Runtime,
};
use std::{borrow::Cow, fmt, panic::Location, time::Duration};

/// What does not change in a group's life.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) name: Option<Cow<'static, str>>,
    pub(super) made_at: &'static Location<'static>,
    pub(super) max_concurrent: usize,
    pub(super) grace: Duration,
    pub(super) discard: bool,
    /// When, and how long after the group was made that is.
    pub(super) deadline: Option<(Instant, Duration)>,
}

impl Options {
    pub(super) fn title(&self) -> Cow<'static, str> {
        match &self.name {
            Some(name) => format!("group \"{name}\"").into(),
            None => "a task group".into(),
        }
    }
}

/// Settings of a [`TaskGroup`], made by [`TaskGroup::builder`].
#[must_use = "a builder does nothing until `build`"]
pub struct GroupBuilder<R, T, E> {
    rt: R,
    name: Option<Cow<'static, str>>,
    max_concurrent: usize,
    grace: Duration,
    discard: bool,
    limit: Option<Duration>,
    deadline: Option<Instant>,
    token: Option<CancellationToken>,
    policy: Policy,
    joiner: Option<Box<dyn Joiner<T, E>>>,
}

impl<R: Runtime, T: Send + 'static, E: Send + 'static> GroupBuilder<R, T, E> {
    pub(super) fn new(rt: &R) -> Self {
        Self {
            rt: rt.clone(),
            name: None,
            max_concurrent: usize::MAX,
            grace: Duration::ZERO,
            discard: false,
            limit: None,
            deadline: None,
            token: None,
            policy: Policy::FailFast,
            joiner: None,
        }
    }

    /// Names the group, for errors.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Runs at most `children` at once; the others queue up, first come, first served (*TG-19*).
    ///
    /// # Errors
    /// A [`ConfigError`] for 0 (*TG-40*).
    pub fn max_concurrent(mut self, children: usize) -> Result<Self, ConfigError> {
        check::at_least_one("max_concurrent", children)?;
        self.limit_to(children);
        Ok(self)
    }

    /// [`max_concurrent`](Self::max_concurrent), of what is known not to be 0.
    pub(crate) fn limit_to(&mut self, children: usize) {
        self.max_concurrent = children;
    }

    /// The time between the cancellation of the children's token and their abort (*TG-13*). Zero unless set: they are
    /// aborted at once. With [`Duration::MAX`] no cancellation ever aborts them: for children that see the token and end by
    /// themselves. Dropping the group aborts them all the same.
    ///
    /// A child that is asked to stop ends well with `Ok`, and is left out of the group's error. One that
    /// makes an error of its cancellation has failed, and is told of.
    ///
    /// ```
    /// # extern crate anyrt_core as anyrt;
    /// use anyrt::context::Context;
    /// # async fn next_job() -> u32 { 1 }
    /// # async fn work(_: u32) -> Result<(), std::io::Error> { Ok(()) }
    ///
    /// async fn worker() -> Result<(), std::io::Error> {
    ///     let context = Context::current();
    ///     let stop = context.token().expect("a child of a group has one");
    ///     while let Some(job) = stop.run_until_cancelled(next_job()).await {
    ///         work(job).await?; // What is in hand is finished.
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Drops outputs, so that only live children take memory (*TG-18*): for groups that run for
    /// long. [`next`](super::Spawner::next) and [`collect`](TaskGroup::collect) have nothing then.
    /// Failures are kept all the same, to be reported: of a [supervisor's](Self::supervisor) all, each
    /// as large as the error. Who expects many handles them in the child.
    pub fn discard(mut self) -> Self {
        self.discard = true;
        self
    }

    /// Fails the group after `limit`, counted from `build`.
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limit = limit.into();
        self
    }

    /// Fails the group at `deadline`. Of this, a timeout and the [context's](Context::deadline)
    /// deadline, children see the earliest; the last one is for whoever set it to enforce.
    pub fn deadline(mut self, deadline: impl Into<Option<Instant>>) -> Self {
        self.deadline = deadline.into();
        self
    }

    /// Cancels the group when `token` is cancelled. Unless set it is the [context's](Context::token).
    ///
    /// Where that cuts a child short, or a spawn is refused for it, the group's error says so, with the
    /// token's reason (*TG-56*): what came in until then is not taken for all. A cancellation by the
    /// group's own [`cancel`](super::Spawner::cancel) is no error.
    pub fn token(mut self, token: &CancellationToken) -> Self {
        self.token = Some(token.clone());
        self
    }

    /// A failure cancels nobody; all are reported at the end (*TG-20*).
    pub fn supervisor(mut self) -> Self {
        self.policy = Policy::Supervise;
        self
    }

    /// Ends the group once `successes` children have succeeded: the others are cancelled, and earlier failures
    /// are tolerated. If fewer succeed, any failure fails the group.
    ///
    /// # Errors
    /// A [`ConfigError`] for 0.
    pub fn enough(mut self, successes: usize) -> Result<Self, ConfigError> {
        check::at_least_one("enough", successes)?;
        self.policy = Policy::Enough { successes };
        Ok(self)
    }

    /// [`enough`](Self::enough) for one.
    pub(crate) fn first(mut self) -> Self {
        self.policy = Policy::Enough { successes: 1 };
        self
    }

    /// A policy of one's own.
    pub fn joiner(mut self, joiner: impl Joiner<T, E>) -> Self {
        self.joiner = Some(Box::new(joiner));
        self
    }

    /// The group. It cannot fail: where a setting can be wrong, the method that takes it says so.
    #[track_caller]
    pub fn build(self) -> TaskGroup<R, T, E> {
        self.build_at(Location::caller())
    }

    pub(crate) fn build_at(self, made_at: &'static Location<'static>) -> TaskGroup<R, T, E> {
        let context = Context::current();
        let watched = self.token.or_else(|| context.token().cloned());
        let outer = context.group().cloned();
        let deadline = match (self.limit, self.deadline) {
            (None, None) => None,
            (limit, deadline) => {
                let now = self.rt.now();
                let at = deadline
                    .unwrap_or(Instant::MAX)
                    .min(now + limit.unwrap_or(Duration::MAX));
                Some((at, at - now))
            }
        };
        let inherited = context.deadline();
        let effective = match (deadline, inherited) {
            (Some((own, _)), Some(outer)) => Some(own.min(outer)),
            (own, outer) => own.map(|(own, _)| own).or(outer),
        };
        let token = watched
            .as_ref()
            .map_or_else(CancellationToken::new, CancellationToken::child);
        let options = Options {
            name: self.name,
            made_at,
            max_concurrent: self.max_concurrent,
            grace: self.grace,
            discard: self.discard,
            deadline,
        };
        let inside = |group, token| {
            context.with(|scope| {
                scope.token = Some(token);
                scope.deadline = effective;
                scope.group = Some(group);
            })
        };
        let shared = Shared::new(
            self.rt,
            options,
            self.policy,
            self.joiner,
            token,
            inside,
            outer,
        );
        TaskGroup::over(shared)
    }
}

impl<R, T, E> fmt::Debug for GroupBuilder<R, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupBuilder")
            .field("name", &self.name)
            .field("max_concurrent", &self.max_concurrent)
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}
