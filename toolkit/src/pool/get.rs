//! From a request to an object.

use super::{
    Manager, PoolError, Pooled,
    lease::Lease,
    shared::{Next, Shared},
    waiting::{self, Waiting},
};
use crate::unwind::catch;
use anyrt_core::{Elapsed, error::Closed, rt::Runtime, waits};
use std::{
    future::Future,
    panic::{Location, resume_unwind},
    sync::Arc,
    time::Duration,
};

/// An object that is fit for use.
///
/// What is not needed where an object passes its check, be it idle or waited for, lies in a box: with it the
/// future would be several times as large, and moving it would cost more than all else.
pub(super) async fn get<R: Runtime, M: Manager>(
    shared: &Arc<Shared<R, M>>,
    at: &'static Location<'static>,
) -> Result<Pooled<R, M>, PoolError<M::Error>> {
    if waits::is_observed() {
        waits::others_first(|| waiting::wait(shared, at)).await;
    }
    let quickly = if !shared.is_quick {
        None
    } else if let Some((entry, ticket)) = shared.pop() {
        Some((Lease::of(shared, Some(entry)), ticket))
    } else if shared.limits.wait.is_none() {
        Some(
            Waiting::new(shared, at)
                .await
                .map_err(|Closed| shared.refusal())?,
        )
    } else {
        None
    };
    let Some((mut lease, ticket)) = quickly else {
        let mut waiting = Waiting::new(shared, at);
        let lease = waiting.ask(&mut None).map_err(|Closed| shared.refusal())?;
        return Box::pin(get_slowly(shared, waiting, lease)).await;
    };
    if let Some(object) = lease.checked() {
        if shared.manager.recycle(object).await.is_ok() {
            lease.passed();
            return Ok(Pooled::new(lease));
        }
        shared.counts.unfit.add();
    }
    lease.empty();
    let mut waiting = Waiting::new(shared, at);
    waiting.ticket = ticket;
    Box::pin(get_slowly(shared, waiting, Some(lease))).await
}

/// With a lease, or a place in the queue.
async fn get_slowly<R: Runtime, M: Manager>(
    shared: &Arc<Shared<R, M>>,
    mut waiting: Waiting<'_, R, M>,
    mut found: Option<Lease<R, M>>,
) -> Result<Pooled<R, M>, PoolError<M::Error>> {
    loop {
        let mut lease = match found {
            Some(lease) => lease,
            None => wait(shared, &mut waiting).await?,
        };
        if is_fit(shared, &mut lease).await {
            return Ok(Pooled::new(lease));
        }
        lease.empty();
        found = match shared
            .reconsider(lease, &mut waiting)
            .map_err(|Closed| shared.refusal())?
        {
            Next::Check(lease) => Some(lease),
            Next::Wait => None,
            Next::Make(mut lease) => {
                make(shared, &mut lease).await?;
                return match shared.is_closed() {
                    true => Err(shared.refusal()),
                    false => Ok(Pooled::new(lease)),
                };
            }
        };
    }
}

async fn wait<R: Runtime, M: Manager>(
    shared: &Arc<Shared<R, M>>,
    waiting: &mut Waiting<'_, R, M>,
) -> Result<Lease<R, M>, PoolError<M::Error>> {
    match within(&shared.rt, shared.limits.wait, "pool wait", &mut *waiting).await {
        Ok(Ok((lease, _))) => Ok(lease),
        Ok(Err(Closed)) => Err(shared.refusal()),
        Err(elapsed) => {
            shared.counts.wait_timeouts.add();
            let (pool, elapsed) = (shared.name.clone(), Box::new(elapsed));
            Err(PoolError::WaitTimedOut { pool, elapsed })
        }
    }
}

/// Whether it has an object that passes all checks.
async fn is_fit<R: Runtime, M: Manager>(shared: &Shared<R, M>, lease: &mut Lease<R, M>) -> bool {
    if lease.is_expired() {
        shared.counts.expired.add();
        return false;
    }
    let Some(object) = lease.checked() else {
        return false;
    };
    let recycling = shared.manager.recycle(object);
    let fit = match shared.limits.recycle {
        None => recycling.await.is_ok(),
        limit => {
            let checked = within(&shared.rt, limit, "pool recycle", recycling).await;
            checked.is_ok_and(|outcome| outcome.is_ok())
        }
    };
    match fit {
        true => lease.passed(),
        false => shared.counts.unfit.add(),
    }
    fit
}

/// Makes an object for a lease that has none.
pub(super) async fn make<R: Runtime, M: Manager>(
    shared: &Arc<Shared<R, M>>,
    lease: &mut Lease<R, M>,
) -> Result<(), PoolError<M::Error>> {
    let limit = shared.limits.create;
    let creating = async { shared.manager.create().await };
    let created = catch(within(&shared.rt, limit, "pool create", creating)).await;
    let created = created.unwrap_or_else(|panic| {
        shared.counts.create_failures.add();
        resume_unwind(panic.into_payload())
    });
    let pool = || shared.name.clone();
    let error = match created {
        Ok(Ok(object)) => {
            lease.fill_new(object);
            shared.counts.created.add();
            return Ok(());
        }
        Ok(Err(error)) => PoolError::CreateFailed {
            pool: pool(),
            error,
        },
        Err(elapsed) => PoolError::CreateTimedOut {
            pool: pool(),
            elapsed: Box::new(elapsed),
        },
    };
    shared.counts.create_failures.add();
    Err(error)
}

async fn within<R: Runtime, F: Future>(
    rt: &R,
    limit: Option<Duration>,
    name: &'static str,
    future: F,
) -> Result<F::Output, Elapsed> {
    match limit {
        None => Ok(future.await),
        limit => rt.timeout(limit, future).named(name).await,
    }
}
