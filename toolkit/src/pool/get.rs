//! From a request to an object.

use super::{
    Manager, PoolError,
    lease::Lease,
    shared::{Found, Next, Shared, Waiting},
};
use crate::unwind::catch;
use anyrt_core::{Elapsed, rt::Runtime};
use std::{future::Future, panic::resume_unwind, sync::Arc, time::Duration};

/// A lease with an object that is fit for use.
///
/// What is not needed where an idle object passes its check lies in a box: with it the future would be
/// several times as large, and moving it would cost more than all else.
pub(super) async fn get<R: Runtime, M: Manager>(
    shared: &Arc<Shared<R, M>>,
) -> Result<Lease<R, M>, PoolError<M::Error>> {
    let (mut found, ticket) = shared.find().map_err(|_| PoolError::Closed)?;
    if let Found::Lease(lease) = &mut found
        && shared.limits.is_quick()
        && let Some(object) = lease.checked()
    {
        if shared.manager.recycle(object).await.is_ok() {
            lease.passed();
            let Found::Lease(lease) = found else {
                unreachable!("it was one above")
            };
            return Ok(lease);
        }
        shared.counts.unfit.add();
        lease.empty();
    }
    Box::pin(get_slowly(shared, found, ticket)).await
}

async fn get_slowly<'a, R: Runtime, M: Manager>(
    shared: &'a Arc<Shared<R, M>>,
    mut found: Found<'a, R, M>,
    ticket: u64,
) -> Result<Lease<R, M>, PoolError<M::Error>> {
    loop {
        let mut lease = match found {
            Found::Lease(lease) => lease,
            Found::Nothing(waiting) => wait(shared, waiting).await?,
        };
        if is_fit(shared, &mut lease).await {
            return Ok(lease);
        }
        lease.empty();
        match shared.reconsider(lease, ticket) {
            Next::Try(next) => found = next,
            Next::Make(mut lease) => {
                make(shared, &mut lease).await?;
                return match shared.is_closed() {
                    true => Err(PoolError::Closed),
                    false => Ok(lease),
                };
            }
        }
    }
}

async fn wait<R: Runtime, M: Manager>(
    shared: &Arc<Shared<R, M>>,
    waiting: Waiting<'_, R, M>,
) -> Result<Lease<R, M>, PoolError<M::Error>> {
    let limit = shared.limits.wait;
    match within(&shared.rt, limit, "pool wait", waiting.granted()).await {
        Ok(granted) => granted.map_err(|_| PoolError::Closed),
        Err(elapsed) => {
            shared.counts.wait_timeouts.add();
            Err(PoolError::WaitTimedOut(elapsed))
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
    let error = match created {
        Ok(Ok(object)) => {
            lease.fill_new(object);
            shared.counts.created.add();
            return Ok(());
        }
        Ok(Err(error)) => PoolError::Create(error),
        Err(elapsed) => PoolError::CreateTimedOut(elapsed),
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
