//! *LC*: what belongs to whoever has it, and to nobody's task.

use super::time::pass;
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Gate, Wakes},
};
use anyrt_core::{
    cancel::CancellationToken, channel::oneshot, context::Context, group::TaskGroup, rt::Runtime,
    task_local,
};
use anyrt_toolkit::{
    AsyncCache,
    batch::Batcher,
    pool::{Manager, Pool},
    workers::TaskPool,
};
use std::{
    convert::Infallible,
    fmt::Debug,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(20);

task_local! { static REQUEST: u32; }

/// Whether the task has nothing of a request's.
fn alone() -> bool {
    let context = Context::current();
    REQUEST.get().is_none() && context.deadline().is_none() && !context.is_cancelled()
}

fn bad(error: impl Debug) -> Stop {
    Stop::failed(format!("{error:?}"))
}

/// What is made in a request that is over by then: cancelled, and its group joined.
async fn of_a_request<R, T>(
    rt: &R,
    make: impl Future<Output = Result<T, Stop>> + Send + 'static,
) -> Result<T, Stop>
where
    R: Runtime,
    T: Send + 'static,
{
    let token = CancellationToken::new();
    let group = TaskGroup::<R, (), Infallible>::builder(rt)
        .token(&token)
        .timeout(LONG);
    let group = group.build();
    let (sender, made) = oneshot::channel();
    let request = async move {
        sender.send(make.await).ok();
        Ok(())
    };
    group.spawn(REQUEST.scope(7, request)).map_err(bad)?;
    let made = made.await.map_err(bad)?;
    token.cancel();
    group.join().await.ok();
    made
}

/// Makes objects that know whether they were made alone.
#[derive(Debug, Default)]
struct Witness {
    not_alone: AtomicUsize,
    made: Arc<Wakes>,
}

impl Manager for Witness {
    type Object = ();
    type Error = Infallible;

    async fn create(&self) -> Result<(), Infallible> {
        self.not_alone.fetch_add(usize::from(!alone()), SeqCst);
        self.made.bump();
        Ok(())
    }

    async fn recycle(&self, (): &mut ()) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Nobody's context, nobody's cancellation, nobody's group.
pub fn lc_24<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt().clone();
        let batcher = of_a_request(ctx.rt(), async move {
            let load = async |keys: Vec<u32>| Ok::<_, ()>(vec![alone(); keys.len()]);
            let batcher = Batcher::builder(&rt, load).build().map_err(bad)?;
            ensure_eq!(batcher.load(1).await.ok(), Some(true), "a load is alone");
            Ok(batcher)
        });
        let batcher = batcher.await?;
        let later = batcher.load(2).await.ok();
        ensure_eq!(later, Some(true), "a load after the request is alone");

        let rt = ctx.rt().clone();
        let pool = of_a_request(ctx.rt(), async move {
            let pool = TaskPool::builder(&rt).workers(1).build().map_err(bad)?;
            let job = pool.submit(async { alone() }).await.map_err(|_| closed())?;
            ensure_eq!(job.await.ok(), Some(true), "a job is alone");
            Ok(pool)
        });
        let pool = pool.await?;
        let job = pool.submit(async { alone() }).await.map_err(|_| closed())?;
        ensure_eq!(
            job.await.ok(),
            Some(true),
            "a job after the request is alone"
        );

        let rt = ctx.rt().clone();
        let pool = of_a_request(ctx.rt(), async move {
            let pool = Pool::builder(&rt, Witness::default()).min_idle(2);
            pool.build().map_err(bad)
        });
        let pool = pool.await?;
        let held = pool.get().await;
        pool.manager().made.reached(3).await;
        ensure!(held.is_ok(), "a pool ended with the request");
        let not_alone = pool.manager().not_alone.load(SeqCst);
        ensure_eq!(not_alone, 0, "objects that saw the request");

        refreshes_are_alone(ctx.rt()).await
    })
}

/// One that was begun inside a request, and goes on after it, and one that began later.
async fn refreshes_are_alone<R: Runtime>(rt: &R) -> Outcome {
    let (begun, over, refreshed) = (Wakes::new(), Gate::new(), Wakes::new());
    let not_alone = Arc::new(AtomicUsize::new(0));
    let refresh = {
        let (over, refreshed, not_alone) = (over.clone(), refreshed.clone(), not_alone.clone());
        move |_: u32| {
            let (begun, over) = (begun.clone(), over.clone());
            let (refreshed, not_alone) = (refreshed.clone(), not_alone.clone());
            async move {
                not_alone.fetch_add(usize::from(!alone()), SeqCst);
                begun.bump();
                over.wait().await;
                not_alone.fetch_add(usize::from(!alone()), SeqCst);
                refreshed.bump();
            }
        }
    };
    let (inside, inner) = (rt.clone(), refresh.clone());
    let cache = of_a_request(rt, async move {
        let cache = AsyncCache::builder(&inside).capacity(1).ttl(SHORT);
        let cache: AsyncCache<R, u32, ()> = cache.stale_for(LONG).build().map_err(bad)?;
        cache.insert(1, ());
        pass(&inside, SHORT).await;
        let stale = cache.get_or_load(&1, inner).await;
        ensure!(stale.is_ok(), "a stale value is not served");
        Ok(cache)
    });
    let cache = cache.await?;
    over.open();
    refreshed.reached(1).await;
    cache.insert(1, ());
    pass(rt, SHORT).await;
    let stale = cache.get_or_load(&1, refresh).await;
    ensure!(stale.is_ok(), "a stale value is not served");
    refreshed.reached(2).await;
    ensure_eq!(not_alone.load(SeqCst), 0, "looks that saw the request");
    Ok(())
}

fn closed() -> Stop {
    Stop::failed("a task pool that is open refuses a job")
}
