//! What happens to idle objects while nobody asks for one.

use super::{Manager, PoolError, get::make, shared::Shared};
use crate::unwind::{catch, quietly};
use anyrt_core::{Instant, group::Cause, rt::Runtime};
use std::{convert::Infallible, sync::Arc, time::Duration};

/// After a failure; twice as long after each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Is told of what no caller hears of.
pub(super) type Hook<E> = Box<dyn Fn(&Cause<E>) + Send + Sync>;

/// Drops what has become too old, and makes what is missing, until the pool is closed.
pub(super) async fn keep<R: Runtime, M: Manager>(
    shared: Arc<Shared<R, M>>,
    hook: Option<Hook<M::Error>>,
) -> Result<(), Infallible> {
    let mut pause = FIRST_PAUSE;
    let mut not_before = Instant::ORIGIN;
    while !shared.is_closed() {
        let now = shared.rt.now();
        let mut next = Instant::MAX;
        // A panic costs what it comes from, as it does in a task of a user's.
        if quietly(|| next = shared.reap(now)) {
            continue;
        }
        if now < not_before {
            next = next.min(not_before);
        } else if let Some(mut lease) = shared.spare() {
            let made = catch(make(&shared, &mut lease)).await;
            quietly(|| drop(lease));
            let failure = match made {
                Ok(Ok(())) => {
                    pause = FIRST_PAUSE;
                    continue;
                }
                Ok(Err(PoolError::Create { error, .. })) => Some(Cause::Failed(error)),
                Ok(Err(PoolError::CreateTimedOut { elapsed, .. })) => {
                    Some(Cause::TimedOut(*elapsed))
                }
                Ok(Err(_)) => None,
                Err(panic) => Some(Cause::Panicked(panic)),
            };
            not_before = shared.rt.now() + pause;
            pause = (pause * 2).min(LONGEST_PAUSE);
            if let (Some(hook), Some(failure)) = (&hook, failure) {
                // Its destructor is the user's, too.
                quietly(|| {
                    hook(&failure);
                    drop(failure);
                });
            }
            continue;
        }
        let changed = shared.work.notified();
        shared.rt.timeout_at(next, changed).await.ok();
    }
    Ok(())
}
