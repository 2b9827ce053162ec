//! An owner of periodic work.

use super::periodic::PeriodicBuilder;
use crate::{lock::lock, resource::AsyncClose, unwind::quietly};
use anyrt_core::{
    cancel::CancellationToken, context::Context, error::BoxError, group::TaskGroup, rt::Runtime,
};
use std::{
    borrow::Cow,
    convert::Infallible,
    fmt,
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

/// Owns periodic work, each a task in a task group of its own: dropped, it aborts them.
///
/// It is a [resource](AsyncClose): an application enters it, and has it closed in its clean-up.
///
/// As any group does, it belongs to the group around it: that one waits for it until it is shut down or
/// dropped. Where the token around it is cancelled, no further run begins, and those in hand go on, to be
/// waited for.
#[must_use = "dropped at once, it aborts its work at once"]
pub struct Background<R: Runtime> {
    pub(super) rt: R,
    pub(super) tasks: TaskGroup<R, (), Infallible>,
    /// Asks the work to stop.
    pub(super) stop: Stop,
    /// The runs that were aborted.
    pub(super) late: Late,
}

pub(super) type Late = Arc<Mutex<Vec<Cow<'static, str>>>>;

/// Dropped, it says that no further run begins: those who still have the work ask for that.
pub(super) struct Stop(pub(super) CancellationToken);

impl Drop for Stop {
    fn drop(&mut self) {
        quietly(|| self.0.cancel_with("its background was dropped"));
    }
}

/// How a [`Background`] came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackgroundReport {
    /// The work whose run was not over in time, and was aborted: in the order in which the runs went, which is none.
    pub late: Vec<Cow<'static, str>>,
}

impl<R: Runtime> Background<R> {
    /// One without work.
    pub fn new(rt: &R) -> Self {
        let around = Context::current().token().map(CancellationToken::child);
        // A token of its own: else that one's cancellation would abort what is in hand.
        let tasks = TaskGroup::builder(rt)
            .name("background")
            .token(&CancellationToken::new())
            .supervisor()
            .discard();
        Self {
            rt: rt.clone(),
            tasks: tasks.build(),
            stop: Stop(around.unwrap_or_default()),
            late: Late::default(),
        }
    }

    /// Settings for work that is done every `period`, the first time at once, or
    /// [later](PeriodicBuilder::first_after).
    ///
    /// `work` makes the future of each run. An error or a panic of it is counted, and told to
    /// [`on_failure`](PeriodicBuilder::on_failure). What a run needs is cloned for each:
    ///
    /// ```
    /// use anyrt::{ConfigError, lifecycle::Background, rt::Runtime};
    /// use std::{io, sync::Arc, time::Duration};
    /// # struct Db;
    /// # impl Db { async fn tidy(&self) -> io::Result<()> { Ok(()) } }
    ///
    /// fn upkeep<R: Runtime>(background: &Background<R>, db: &Arc<Db>) -> Result<(), ConfigError> {
    ///     let db = db.clone();
    ///     let tidy = move || {
    ///         let db = db.clone();
    ///         async move { db.tidy().await }
    ///     };
    ///     background.every("tidy", Duration::from_secs(60), tidy).start()?;
    ///     Ok(())
    /// }
    /// # let _ = upkeep::<anyrt::erased::DynRuntime>;
    /// ```
    pub fn every<F, Fut, E>(
        &self,
        name: impl Into<Cow<'static, str>>,
        period: Duration,
        work: F,
    ) -> PeriodicBuilder<'_, R, F>
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        PeriodicBuilder::new(self, name.into(), period, work)
    }

    /// Begins no further run, waits up to `grace` for those in hand, aborts those that are late, and
    /// names them. Zero aborts them at once; [`Duration::MAX`] is for as long as they take.
    ///
    /// # Cancel safety
    /// Dropped, it aborts what is left.
    pub fn shutdown(
        self,
        grace: Duration,
    ) -> impl Future<Output = BackgroundReport> + Send + use<R> {
        let Self {
            rt,
            tasks,
            stop,
            late,
        } = self;
        async move {
            stop.0.cancel_with("its background shuts down");
            rt.timeout(grace, async { while tasks.next().await.is_some() {} })
                .await
                .ok();
            tasks.shutdown().await.ok();
            let late = std::mem::take(&mut *lock(&late));
            BackgroundReport { late }
        }
    }
}

/// Begins no further run, and waits for those in hand: as long as a close may take, then they are aborted.
///
/// Nobody waits for the aborted ones: one that computes meanwhile, or whose destructors take their time, may still be
/// there while what was entered before it is closed, and by the report. Nor does the report say whose run was late, but
/// only that the close was. For both [`defer`](super::Subsystem::defer) a [`shutdown`](Self::shutdown) whose grace is
/// below the application's [`close_timeout`](super::App::close_timeout): it waits until they are gone, and names them.
impl<R: Runtime> AsyncClose for Background<R> {
    type Error = Infallible;

    async fn close(self) -> Result<(), Infallible> {
        self.shutdown(Duration::MAX).await;
        Ok(())
    }
}

impl<R: Runtime> fmt::Debug for Background<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Background")
            .field("tasks", &self.tasks.len())
            .finish_non_exhaustive()
    }
}
