//! *TG*: how a group ends, and what it says of it.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, Expected, Gate, OnDrop, Wakes},
};
use anyrt_core::{
    context::Context,
    group::{Cause, GroupError, Spawner, TaskError, TaskGroup, task_group},
    rt::Runtime,
    task::yield_now,
};
use std::{
    error::Error,
    fmt,
    future::{pending, poll_fn},
    panic::panic_any,
    sync::Arc,
    thread,
    time::Duration,
};

/// A child's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bad(pub u32);

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bad {}", self.0)
    }
}

impl Error for Bad {}

pub(super) type Group<R> = TaskGroup<R, u32, Bad>;

/// The errors that the tasks returned, in order; panics and the like are 0.
pub(super) fn codes(error: &GroupError<Bad>) -> Vec<u32> {
    let code = |failure: &TaskError<Bad>| failure.error().map_or(0, |bad| bad.0);
    error.iter().map(code).collect()
}

/// Spawns, in a group that is open.
pub(super) fn spawn<R, F>(group: &Spawner<R, u32, Bad>, child: F) -> Result<(), Stop>
where
    R: Runtime,
    F: Future<Output = Result<u32, Bad>> + Send + 'static,
{
    match group.spawn(child) {
        Ok(_) => Ok(()),
        Err(error) => Err(Stop::failed(format!("spawn in an open group: {error}"))),
    }
}

/// Waits until no more than so many children are live, those before it recorded.
pub(super) async fn until_live<R: Runtime>(group: &Spawner<R, u32, Bad>, live: usize) {
    while group.len() > live {
        yield_now().await;
    }
}

/// Lets those begin, and wait, who were spawned: tasks that came later have ended by then. An executor may
/// still do otherwise, so that a rule which needs this finds its bug sooner or later.
pub(super) async fn settle<R: Runtime>(rt: &R) {
    for _ in 0..20 {
        rt.spawn(yield_now()).await.ok();
    }
}

/// A child that waits for good, and counts its drop.
pub(super) async fn waits(drops: Counted) -> Result<u32, Bad> {
    let _drops = drops;
    pending().await
}

/// It returns only once every child has been dropped.
pub fn tg_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        for fails in [false, true] {
            let (drops, go) = (Wakes::new(), Gate::new());
            let group = Group::new(ctx.rt());
            for _ in 0..3 {
                let (drops, go) = (Arc::clone(&drops), go.clone());
                let slow = OnDrop::new(move || {
                    // A slow destructor: a group that is over before it shows.
                    thread::sleep(Duration::from_millis(10));
                    drops.bump();
                });
                let mut waits = Box::pin(async move {
                    if fails {
                        pending::<()>().await;
                    }
                    go.wait().await;
                    Ok(1)
                });
                // A future that has it until it is dropped: a block lets go before it is ready.
                let child = poll_fn(move |cx| {
                    let _slow = &slow;
                    waits.as_mut().poll(cx)
                });
                spawn(&group, child)?;
            }
            go.open();
            if fails {
                spawn(&group, async { Err(Bad(1)) })?;
            }
            let joined = group.join().await;
            ensure_eq!(drops.count(), 3, "the children dropped before it returned");
            ensure_eq!(joined.is_err(), fails, "whether it failed");
        }
        Ok(())
    })
}

/// The first failure cancels the siblings and the body, once.
pub fn tg_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        for panics in [false, true] {
            let (drops, body) = (Wakes::new(), Wakes::new());
            let here = Counted::new(&body);
            let outcome = task_group(ctx.rt(), |group| {
                let drops = Arc::clone(&drops);
                async move {
                    let _here = here;
                    for _ in 0..3 {
                        group.spawn(waits(Counted::new(&drops))).ok();
                    }
                    let fails = async move {
                        if panics {
                            panic_any(Expected(2));
                        }
                        Err(Bad(1))
                    };
                    group.spawn(fails).ok();
                    pending::<Result<(), Bad>>().await
                }
            })
            .await;
            let Err(error) = outcome else {
                return Err(Stop::failed("a group with a failure gave `Ok`"));
            };
            ensure_eq!(drops.count(), 3, "the siblings dropped");
            ensure_eq!(body.count(), 1, "the times that the body was dropped");
            ensure_eq!(error.len(), 1, "the failures");
            ensure_eq!(error.first().is_panic(), panics, "whether it is the panic");
        }
        Ok(())
    })
}

/// An error, or a panic, of the body is a member's.
pub fn tg_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        for panics in [false, true] {
            let drops = Wakes::new();
            let outcome = task_group(ctx.rt(), |group| {
                let child = waits(Counted::new(&drops));
                async move {
                    group.spawn(child).ok();
                    if panics {
                        panic_any(Expected(3));
                    }
                    Err::<(), _>(Bad(3))
                }
            })
            .await;
            let Err(error) = outcome else {
                return Err(Stop::failed("a body that failed gave `Ok`"));
            };
            ensure_eq!(drops.count(), 1, "the children dropped");
            ensure!(error.first().id.is_none(), "the body has a child's id");
            match error.into_first().cause {
                Cause::Failed(bad) if !panics => ensure_eq!(bad, Bad(3), "the body's error"),
                Cause::Panicked(panic) if panics => {
                    ensure!(
                        panic.into_payload().is::<Expected>(),
                        "another panic than the body's"
                    );
                }
                cause => return Err(Stop::failed(format!("the body's failure is {cause:?}"))),
            }
        }
        Ok(())
    })
}

/// Every real error is kept, in the order of completion; what the group cancelled is left out.
pub fn tg_4<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        // That those whom the group drops are left out is seen by *TG-2*.
        let group = Group::builder(ctx.rt())
            .grace(Duration::from_secs(3600))
            .build();
        for (code, live) in [(3, 1), (2, 2)] {
            let spawner = group.spawner();
            spawn(&group, async move {
                spawner.token().cancelled().await;
                until_live(&spawner, live).await;
                Err(Bad(code))
            })?;
        }
        spawn(&group, async { Err(Bad(1)) })?;
        let Err(error) = group.join().await else {
            return Err(Stop::failed("a group with three failures gave `Ok`"));
        };
        ensure_eq!(codes(&error), [1, 2, 3], "the failures");
        ensure_eq!(error.first().error(), Some(&Bad(1)), "the first");
        Ok(())
    })
}

/// A group error always; nested, split, flattened, walked, and with names and places.
pub fn tg_5<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt().clone();
        let outer = TaskGroup::builder(ctx.rt()).name("outer").supervisor();
        let outer = outer.build();
        let line = line!() + 1;
        let inner = outer.spawn_named("inner", async move {
            task_group(&rt, |group: Spawner<R, (), Bad>| async move {
                group.spawn(async { Err(Bad(1)) }).ok();
                group.next().await;
                Ok(1)
            })
            .await
        });
        let id = inner.map_err(|error| Stop::failed(error.to_string()))?;
        let Err(error) = outer.join().await else {
            return Err(Stop::failed("a group with a failure gave `Ok`"));
        };
        ensure_eq!(error.len(), 1, "the failures of the outer group");
        ensure_eq!(error.name(), Some("outer"), "the group's name");
        let first = error.first();
        ensure_eq!(first.id, Some(id), "the child's id");
        ensure_eq!(first.name.as_deref(), Some("inner"), "the child's name");
        ensure_eq!(first.spawned_at.line(), line, "the line of the spawn");
        ensure_eq!(first.spawned_at.file(), file!(), "the file of the spawn");
        let Some(nested) = first.error() else {
            return Err(Stop::failed("the nested group's error is gone"));
        };
        ensure_eq!(codes(nested), [1], "the nested group's failures");
        let mut depth = 0;
        let mut source = Error::source(&error);
        while let Some(error) = source {
            (depth, source) = (depth + 1, error.source());
        }
        ensure!(depth >= 2, "`source` ends {depth} steps below the group");
        let flat = error.flatten();
        ensure_eq!(codes(&flat), [1], "the flattened failures");
        ensure_eq!(flat.first().name.as_deref(), Some("inner"), "the path");
        let (left, right) = flat.split(|failure| failure.error() == Some(&Bad(2)));
        ensure!(left.is_none(), "a part without failures is an error");
        ensure_eq!(right.map(|error| codes(&error)), Some(vec![1]), "the rest");
        in_two(ctx.rt()).await
    })
}

/// A split with something on either side.
async fn in_two<R: Runtime>(rt: &R) -> Outcome {
    let group = Group::builder(rt).name("both").supervisor().build();
    for code in 1..=4 {
        spawn(&group, async move { Err(Bad(code)) })?;
    }
    let Err(error) = group.join().await else {
        return Err(Stop::failed("a group with failures gave `Ok`"));
    };
    let all = codes(&error);
    let (even, odd) = error.split(|one| one.error().is_some_and(|bad| bad.0 % 2 == 0));
    for (part, wanted) in [(even, 0), (odd, 1)] {
        let Some(part) = part else {
            return Err(Stop::failed("a part with failures is gone"));
        };
        let of_all = all.iter().copied().filter(|code| code % 2 == wanted);
        ensure_eq!(codes(&part), Vec::from_iter(of_all), "a part, in its order");
        ensure_eq!(part.name(), Some("both"), "the name of a part");
    }
    Ok(())
}

/// A panic is one with its own payload, and a second one still joins.
pub fn tg_6<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let group = Group::builder(ctx.rt()).supervisor().build();
        let drops = Wakes::new();
        for n in [1, 2] {
            let (drops, spawner) = (Counted::new(&drops), group.spawner());
            spawn(&group, async move {
                let _drops = drops;
                until_live(&spawner, 3 - n as usize).await;
                panic_any(Expected(n))
            })?;
        }
        let Err(error) = group.join().await else {
            return Err(Stop::failed("a group with two panics gave `Ok`"));
        };
        ensure_eq!(drops.count(), 2, "the children dropped");
        let mut payloads = Vec::new();
        for failure in error {
            if let Cause::Panicked(panic) = failure.cause {
                payloads.extend(panic.into_payload().downcast::<Expected>().ok());
            }
        }
        let payloads: Vec<_> = payloads.iter().map(|expected| expected.0).collect();
        ensure_eq!(payloads, [1, 2], "the payloads");
        Ok(())
    })
}

/// To cancel is no error.
pub fn tg_7<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let drops = Wakes::new();
        let group = Group::new(ctx.rt());
        for _ in 0..3 {
            spawn(&group, waits(Counted::new(&drops)))?;
        }
        group.cancel();
        group.cancel();
        ensure!(group.token().is_cancelled(), "the token is not cancelled");
        let joined = group.join().await;
        ensure!(joined.is_ok(), "a group that was cancelled gave {joined:?}");
        ensure_eq!(drops.count(), 3, "the children dropped");
        let body = task_group(ctx.rt(), |group: Spawner<R, u32, Bad>| async move {
            group.cancel();
            Ok(7)
        });
        let output = body.await;
        ensure!(
            matches!(output, Ok(7)),
            "a body that cancelled gave {output:?}"
        );
        Ok(())
    })
}

/// An outer cancellation that comes while an inner one is under way survives it.
pub fn tg_8<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let grace = Duration::from_secs(3600);
        let (cleaning, go, seen) = (Gate::new(), Gate::new(), Gate::new());
        let outer = Group::builder(ctx.rt()).grace(grace).build();
        let (rt, clean, cleaned, after) =
            (ctx.rt().clone(), cleaning.clone(), go.clone(), seen.clone());
        spawn(&outer, async move {
            let inner = Group::builder(&rt).grace(grace).build();
            let child = async move {
                Context::current().token().ok_or(Bad(2))?.cancelled().await;
                clean.open();
                cleaned.wait().await;
                Ok(1)
            };
            inner.spawn(child).map_err(|_| Bad(3))?;
            inner.shutdown().await.map_err(|_| Bad(4))?;
            if Context::current().is_cancelled() {
                after.open();
            }
            Ok(1)
        })?;
        cleaning.wait().await;
        outer.cancel();
        go.open();
        let joined = outer.join().await;
        ensure!(joined.is_ok(), "the groups gave {joined:?}");
        ensure!(
            seen.is_open(),
            "after the inner cancellation, the outer one is not seen"
        );
        Ok(())
    })
}

/// A group never invents a cancellation: what is around it goes on.
pub fn tg_9<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let outer = Group::new(ctx.rt());
        let rt = ctx.rt().clone();
        spawn(&outer, async move {
            let inner = Group::new(&rt);
            inner.spawn(async { Err(Bad(1)) }).map_err(|_| Bad(2))?;
            let failed = inner.join().await.is_err();
            let cancelled = Group::new(&rt);
            cancelled.cancel();
            let shut = cancelled.join().await.is_ok();
            yield_now().await;
            let quiet = !Context::current().is_cancelled();
            Ok(u32::from(failed) + u32::from(shut) + u32::from(quiet))
        })?;
        let output = outer.next().await;
        ensure!(
            !outer.is_cancelled(),
            "an inner failure cancelled the outer"
        );
        ensure_eq!(output, Some(3), "the child around two groups that ended");
        let joined = outer.join().await;
        ensure!(joined.is_ok(), "the outer group gave {joined:?}");
        ensure!(
            !Context::current().is_cancelled(),
            "the caller is cancelled"
        );
        Ok(())
    })
}
