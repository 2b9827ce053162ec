//! An application, from its start-up to its report.
//!
//! ```text
//!   start-up ──▶ running ──▶ stopping ──▶ clean-up ──▶ report
//!      │  failed,    request, failure,  │  in reverse, shielded
//!      │  panicked,  nothing left       │
//!      └─ request ──────────▶───────────┘  a further signal or abort abandons it
//!                            grace over, second signal: abort
//! ```

use super::{
    node::Node,
    report::{Report, StopReason},
    shared::{Shared, State},
    tree::Subsystem,
};
use crate::{
    resource::ExitStack,
    {
        lock::lock,
        unwind::{catch, quietly},
    },
};
use anyrt_core::{
    Instant,
    cancel::{CancellationToken, shield},
    context::Context,
    error::{BoxError, Panic},
    group::{Cause, TaskGroup},
    rt::Runtime,
    sync::Notify,
};
use futures_core::Stream;
use std::{
    borrow::Cow,
    convert::Infallible,
    fmt,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

type Signals = Pin<Box<dyn Stream<Item = Cow<'static, str>> + Send>>;

/// An application: start-up, subsystems, an orderly end, and a report of it. The [room's page](super) has an
/// example.
#[must_use = "an application does nothing until it is run"]
pub struct App<R: Runtime> {
    rt: R,
    grace: Duration,
    close_timeout: Option<Duration>,
    signals: Option<Signals>,
}

impl<R: Runtime> App<R> {
    /// One with a grace of 30 seconds, and no signals.
    pub fn new(rt: &R) -> Self {
        Self {
            rt: rt.clone(),
            grace: Duration::from_secs(30),
            close_timeout: None,
            signals: None,
        }
    }

    /// How long the start-up and all subsystems together have to stop, before those that have not are aborted
    /// (*LC-1*). It counts once, from whatever stops the application. [`Duration::MAX`] is for ever, or until a
    /// second signal, or an [`abort`](Subsystem::abort). Zero: they are aborted as soon as they are to stop, and one that ends as soon as it is
    /// asked may be late or not, by chance.
    ///
    /// A start-up that still runs then has until the same moment. The subsystems that it has begun are asked to
    /// stop meanwhile. Where it goes on all the same and begins others, those are asked once it has ended
    /// (*LC-4*).
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// How long each step of the clean-up may take: 10 seconds unless set. Zero: a step that has to wait for
    /// anything is dropped, and is late.
    pub fn close_timeout(mut self, limit: Duration) -> Self {
        self.close_timeout = Some(limit);
        self
    }

    /// Each item asks the application to stop: the first one gracefully, as
    /// [`request_shutdown`](Subsystem::request_shutdown) does, whatever made it stop before; each further one at
    /// once, as [`abort`](Subsystem::abort) does (*LC-2*). An item is the reason's text; those of
    /// [`Signals`](anyrt_core::rt::Signals) are such. A panic of the stream stops the application, as a subsystem
    /// `signals` that failed.
    pub fn signals<S>(mut self, signals: S) -> Self
    where
        S: Stream<Item: Into<Cow<'static, str>>> + Send + 'static,
    {
        self.signals = Some(Box::pin(Reasons(Box::pin(signals))));
        self
    }

    /// Runs it: the start-up, which spawns subsystems, until it is asked to stop, a subsystem fails, or all have
    /// ended; then stops them, children before parents, and cleans up in reverse order.
    ///
    /// The start-up runs in the caller's task, and sees the application's [token](Subsystem::token). Where it
    /// fails or panics, what it has begun is stopped and cleaned up all the same (*LC-4*). What it returns is in the
    /// report: the [handles](super::SubsystemHandle) of subsystems whose outputs are wanted, say. A cancellation of
    /// the context's token, or of the application's, is a request to stop.
    ///
    /// By the time of the report nothing of it runs any more, whoever listened to signals included.
    ///
    /// # Cancel safety
    /// Dropped, it aborts the subsystems, and cleans up in the background once they are gone (*LC-23*): nobody
    /// waits for either but a task group around it.
    pub fn run<F, Fut, T, E>(
        self,
        startup: F,
    ) -> impl Future<Output = Report<T>> + use<R, F, Fut, T, E>
    where
        F: FnOnce(Subsystem<R>) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Into<BoxError>,
    {
        async move {
            let Self {
                rt,
                grace,
                close_timeout,
                signals,
            } = self;
            let around = Context::current().token().cloned();
            let mut stack = ExitStack::new(&rt);
            if let Some(limit) = close_timeout {
                stack = stack.close_timeout(limit);
            }
            let (tasks, watchers) = (group(&rt), group(&rt));
            let shared = Arc::new(Shared {
                rt,
                exits: stack.exits(),
                tasks: tasks.spawner(),
                stop: CancellationToken::new(),
                gone: CancellationToken::new(),
                changed: Notify::new(),
                state: Mutex::new(State::default()),
            });
            let mut remains = Remains {
                going: Some(Box::pin(async move { drop(tasks.shutdown().await) })),
                shared: shared.clone(),
                stack,
            };
            watch(&watchers, &shared, around, signals);
            let root = Subsystem {
                shared: shared.clone(),
                node: Node::root(shared.stop.clone()),
            };
            let (mut late, mut aborted_by) = (Vec::new(), None);

            let context = Context::current().with_token(shared.stop.clone());
            let starting =
                catch(context.scope(async { startup(root.clone()).await.map_err(Into::into) }));
            let over = async {
                shared.stopped().await;
                // Those that have begun share the grace with the start-up: they do not wait for it.
                shared.stop_below(&root.node);
                shared.late(grace).await;
            };
            let started = until(starting, over).await;
            let (output, startup) = match started {
                Ok(Ok(Ok(output))) => (Some(output), None),
                Ok(Ok(Err(error))) => (None, Some(Cause::Failed(error))),
                Ok(Err(panic)) => (None, Some(Cause::Panicked(panic))),
                Err(Late(panic)) => {
                    late.push("start-up".into());
                    aborted_by = shared.aborted_by();
                    (None, panic.map(Cause::Panicked))
                }
            };
            lock(&shared.state).started = true;
            match &startup {
                Some(_) => shared.stop_for(StopReason::StartupFailed),
                None => shared.running().await,
            }

            // Neither the tokens around nor an abort from outside cut this short.
            shield(async {
                shared.stop_below(&root.node);
                if until(shared.none_left(), shared.late(grace)).await.is_err() {
                    root.node.unended(&mut late);
                    aborted_by = aborted_by.take().or_else(|| shared.aborted_by());
                }
                // What is left is aborted, and has gone when this returns.
                if let Some(going) = &mut remains.going {
                    going.await;
                }
                remains.going = None;
                shared.gone();
            })
            .await;

            let stack = &remains.stack;
            let aborts = lock(&shared.state).aborts;
            let closed = until(stack.close_all(), shared.aborts_beyond(aborts)).await;
            let (closes, abandoned) = match closed {
                Ok(failed) => (failed, 0),
                Err(_) => stack.abandon(),
            };
            watchers.shutdown().await.ok();
            let mut state = lock(&shared.state);
            Report {
                output,
                stopped_for: state.stopped_for.take().unwrap_or(StopReason::Finished),
                startup,
                failures: std::mem::take(&mut state.failures),
                late,
                aborted_by,
                closes,
                abandoned,
            }
        }
    }
}

/// What an application that is dropped leaves behind: subsystems, and what is cleaned up after them.
struct Remains<R: Runtime> {
    shared: Arc<Shared<R>>,
    stack: ExitStack<R>,
    /// Aborts the subsystems, and waits until they are gone; `None` once they are. Who is dropped while it waits
    /// leaves it here.
    going: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl<R: Runtime> Drop for Remains<R> {
    fn drop(&mut self) {
        if let Some(going) = self.going.take() {
            const DROPPED: &str = "its application was dropped";
            let shared = &self.shared;
            lock(&shared.state).started = true;
            quietly(|| shared.stop.cancel_with(DROPPED));
            quietly(|| shared.tasks.cancel_with(DROPPED));
            let gone = Gone(shared.gone.clone());
            // Dropped at once where there is nothing to close.
            self.stack.close_after(async move {
                going.await;
                drop(gone);
            });
        }
    }
}

/// Dropped, it tells those who still have a subsystem's token that nothing of the application is left. It has no
/// more than that: a task has it that may outlive the executor.
struct Gone(CancellationToken);

impl Drop for Gone {
    fn drop(&mut self) {
        quietly(|| self.0.cancel_with("its application was dropped"));
    }
}

/// One whose end is decided here, and not by what is around.
fn group<R: Runtime>(rt: &R) -> TaskGroup<R, (), Infallible> {
    TaskGroup::builder(rt)
        .name("application")
        .token(&CancellationToken::new())
        .supervisor()
        .discard()
        .build()
}

/// Listens for requests, until its group is dropped.
fn watch<R: Runtime>(
    watchers: &TaskGroup<R, (), Infallible>,
    shared: &Arc<Shared<R>>,
    around: Option<CancellationToken>,
    signals: Option<Signals>,
) {
    for token in around.into_iter().chain([shared.stop.clone()]) {
        let shared = shared.clone();
        let watching = async move {
            let reason = token.cancelled_owned().await;
            shared.stop(StopReason::Requested(reason.text.clone()), &reason);
            Ok(())
        };
        watchers.spawn(watching).ok();
    }
    if let Some(mut signals) = signals {
        let shared = shared.clone();
        let watching = async move {
            let listening = async {
                while let Some(signal) = poll_fn(|cx| signals.as_mut().poll_next(cx)).await {
                    shared.signalled(signal);
                }
            };
            // Deaf, it would have to be killed.
            if let Err(panic) = catch(listening).await {
                shared.failed("signals".into(), Cause::Panicked(panic));
            }
            Ok(())
        };
        watchers.spawn(watching).ok();
    }
}

impl<R: Runtime> Shared<R> {
    /// Ready when the grace is over, which begins with the stop, or once somebody insists.
    async fn late(&self, grace: Duration) {
        let stopped = self.stopped().await;
        let over = self.rt.sleep_until(stopped + grace);
        until(self.aborts_beyond(0), over).await.ok();
    }

    async fn aborts_beyond(&self, aborts: u32) {
        self.when(|state| (state.aborts > aborts).then_some(()))
            .await;
    }

    fn aborted_by(&self) -> Option<Cow<'static, str>> {
        lock(&self.state).aborted_by.clone()
    }

    async fn none_left(&self) {
        self.when(|state| (state.live == 0).then_some(())).await;
    }

    /// Since when it stops.
    async fn stopped(&self) -> Instant {
        self.when(|state| state.stopped_at).await
    }

    /// Until it is time to stop.
    async fn running(&self) {
        self.when(|state| (state.stopped_at.is_some() || state.live == 0).then_some(()))
            .await;
        let finished = lock(&self.state).stopped_at.is_none();
        if finished {
            self.stop_for(StopReason::Finished);
        }
    }

    /// What there is to be found, as soon as there is.
    async fn when<T>(&self, find: impl Fn(&State) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            let found = find(&lock(&self.state));
            if let Some(found) = found {
                return found;
            }
            changed.await;
        }
    }
}

/// The limit was first. The work has been dropped, which may have panicked.
struct Late(Option<Panic>);

/// `work`'s output, unless `limit` is first.
async fn until<F: Future>(work: F, limit: impl Future) -> Result<F::Output, Late> {
    let (mut work, mut limit) = (pin!(Some(work)), pin!(limit));
    let output = poll_fn(|cx| {
        let running = work.as_mut().as_pin_mut();
        match running.expect("it is there until it has ended").poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => limit.as_mut().poll(cx).map(|_| None),
        }
    })
    .await;
    let dropped = catch_unwind(AssertUnwindSafe(|| work.set(None)));
    output.ok_or_else(|| Late(dropped.err().map(Panic::new)))
}

/// A stream's items, as texts.
struct Reasons<S>(Pin<Box<S>>);

impl<S: Stream<Item: Into<Cow<'static, str>>>> Stream for Reasons<S> {
    type Item = Cow<'static, str>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> Poll<Option<Self::Item>> {
        self.0
            .as_mut()
            .poll_next(cx)
            .map(|item| item.map(Into::into))
    }
}

impl<R: Runtime> fmt::Debug for App<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("grace", &self.grace)
            .field("signals", &self.signals.is_some())
            .finish_non_exhaustive()
    }
}
