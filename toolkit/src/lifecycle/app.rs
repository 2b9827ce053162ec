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
    remains::Remains,
    report::{Report, StopReason},
    requests::{self, Signals},
    shared::{Shared, State},
    tree::Subsystem,
    until::{Late, until},
};
use crate::{
    lock::lock,
    resource::{CloseError, ExitStack, OnCloseError},
    unwind::catch,
};
use anyrt_core::{
    cancel::{CancellationToken, shield},
    context::Context,
    error::BoxError,
    group::{Cause, TaskGroup},
    rt::Runtime,
    sync::Notify,
};
use futures_core::Stream;
use std::{
    borrow::Cow,
    convert::Infallible,
    fmt,
    future::Future,
    mem,
    sync::{Arc, Mutex},
    time::Duration,
};

/// An application: start-up, subsystems, an orderly end, and a report of it. The [room's page](super) has an
/// example.
#[must_use = "an application does nothing until it is run"]
pub struct App<R: Runtime> {
    rt: R,
    grace: Duration,
    close_timeout: Option<Duration>,
    on_close_error: Option<Box<OnCloseError>>,
    signals: Option<Signals>,
}

impl<R: Runtime> App<R> {
    /// One with a grace of 30 seconds, and no signals.
    pub fn new(rt: &R) -> Self {
        Self {
            rt: rt.clone(),
            grace: Duration::from_secs(30),
            close_timeout: None,
            on_close_error: None,
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

    /// What to do about a step of the clean-up that fails where there is no [`Report`] to have it: the application was
    /// dropped, or has its report already, and somebody with a [`Subsystem`] kept for longer enters something then. A
    /// panic of it is ignored. Without it, nobody hears of them.
    pub fn on_close_error(mut self, hook: impl Fn(CloseError) + Send + Sync + 'static) -> Self {
        self.on_close_error = Some(Box::new(hook));
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
        self.signals = Some(requests::signals(signals));
        self
    }

    /// Runs it: the start-up, which spawns subsystems, until it is asked to stop, a subsystem fails, or all have
    /// ended; then stops them, children before parents, and cleans up in reverse order.
    ///
    /// The start-up runs in the caller's task, and sees the application's [token](Subsystem::token). Where it
    /// fails or panics, what it has begun is stopped and cleaned up all the same (*LC-4*); an error by which it ends as it
    /// was asked to, as those of [subsystems](Subsystem::spawn), is no failure, and there is no output. What it returns is in the
    /// report: the [handles](super::SubsystemHandle) of subsystems whose outputs are wanted, say. A cancellation of
    /// the context's token, or of the application's, is a request to stop.
    ///
    /// By the time of the report nothing of it runs any more, whoever listened to signals included; but a step of the
    /// clean-up that was late is dropped, and nobody waits for tasks that it aborts then, as those of a
    /// [`Background`](super::Background) are.
    ///
    /// # Cancel safety
    /// Dropped, it aborts the subsystems, and cleans up in the background once they are gone (*LC-23*): nobody
    /// waits for either but a task group around it. There is no report then; closes that fail, those included that had
    /// failed by then, are told to [`on_close_error`](Self::on_close_error).
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
                on_close_error,
                signals,
            } = self;
            let around = Context::current().token().cloned();
            let mut stack = ExitStack::new(&rt);
            if let Some(limit) = close_timeout {
                stack = stack.close_timeout(limit);
            }
            if let Some(hook) = on_close_error {
                stack = stack.on_close_error(hook);
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
                closes: Vec::new(),
            };
            requests::watch(&watchers, &shared, around, signals);
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
                Ok(Ok(Err(error))) => (None, shared.failure(error)),
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
            remains.closes = closes;
            watchers.shutdown().await.ok();
            let mut state = lock(&shared.state);
            Report {
                output,
                stopped_for: state.stopped_for.take().unwrap_or(StopReason::Finished),
                startup,
                failures: mem::take(&mut state.failures),
                late,
                aborted_by,
                closes: mem::take(&mut remains.closes),
                abandoned,
            }
        }
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

impl<R: Runtime> fmt::Debug for App<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("grace", &self.grace)
            .field("signals", &self.signals.is_some())
            .finish_non_exhaustive()
    }
}
