//! What happens to idle objects while nobody asks for one.

use super::{Manager, PoolError, get::make, lease::Lease, shared::Shared};
use crate::{
    retry::Backoff,
    unwind::{catch, quietly},
};
use anyrt_core::{Instant, group::Cause, race, rt::Runtime};
use std::{
    convert::Infallible,
    future::pending,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

/// After a failure; twice as long after each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Is told of what no caller hears of.
pub(super) type Hook<E> = Box<dyn Fn(&Cause<E>) + Send + Sync>;

/// Drops what has become too old, and makes what is missing, until the pool is closed. Whoever makes an object
/// may take his time: neither the ages of others nor a close wait for that.
pub(super) async fn keep<R: Runtime, M: Manager>(
    shared: Arc<Shared<R, M>>,
    hook: Option<Hook<M::Error>>,
) -> Result<(), Infallible> {
    let pauses = Backoff::exponential(FIRST_PAUSE).max_delay(LONGEST_PAUSE);
    let mut pauses = pauses.delays(&shared.rt).expect("it has no factor");
    let mut not_before = Instant::ORIGIN;
    let mut making = pin!(None);
    while !shared.is_closed() {
        let now = shared.rt.now();
        let mut next = Instant::MAX;
        // A panic costs what it comes from, as it does in a task of a user's.
        if quietly(|| next = shared.reap(now)) {
            continue;
        }
        if making.is_none() {
            if now < not_before {
                next = next.min(not_before);
            } else if let Some(lease) = shared.spare() {
                making.set(Some(make_idle(&shared, lease)));
            }
        }
        let changed = shared.rt.timeout_at(next, shared.work.notified());
        let changed = async {
            changed.await.ok();
            None
        };
        let made = race!(ready(making.as_mut()), changed);
        let Some(made) = made else {
            continue;
        };
        making.set(None);
        let Err(failure) = made else {
            pauses.reset();
            continue;
        };
        not_before = shared.rt.now() + pauses.next_delay();
        if let (Some(hook), Some(failure)) = (&hook, failure) {
            // Its destructor is the user's, too.
            quietly(|| {
                hook(&failure);
                drop(failure);
            });
        }
    }
    // Its place goes back with it.
    quietly(|| making.set(None));
    Ok(())
}

/// The output of what is there.
async fn ready<F: Future>(mut future: Pin<&mut Option<F>>) -> Option<F::Output> {
    match future.as_mut().as_pin_mut() {
        Some(future) => Some(future.await),
        None => pending().await,
    }
}

/// Fills a place, and leaves the object there. The error is the failure, where there is one to tell.
async fn make_idle<R: Runtime, M: Manager>(
    shared: &Arc<Shared<R, M>>,
    mut lease: Lease<R, M>,
) -> Result<(), Option<Cause<M::Error>>> {
    let made = catch(make(shared, &mut lease)).await;
    quietly(|| drop(lease));
    match made {
        Ok(Ok(())) => Ok(()),
        Ok(Err(PoolError::Create { error, .. })) => Err(Some(Cause::Failed(error))),
        Ok(Err(PoolError::CreateTimedOut { elapsed, .. })) => Err(Some(Cause::TimedOut(*elapsed))),
        Ok(Err(_)) => Err(None),
        Err(panic) => Err(Some(Cause::Panicked(panic))),
    }
}
