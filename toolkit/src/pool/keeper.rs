//! What happens to idle objects while nobody asks for one.

use super::{Manager, get::make, shared::Shared};
use crate::unwind::{catch, quietly};
use anyrt_core::{Instant, rt::Runtime};
use std::{convert::Infallible, sync::Arc, time::Duration};

/// After a failure; twice as long after each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Drops what has become too old, and makes what is missing, until the pool is closed.
pub(super) async fn keep<R: Runtime, M: Manager>(
    shared: Arc<Shared<R, M>>,
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
            if let Ok(Ok(())) = made {
                pause = FIRST_PAUSE;
            } else {
                not_before = shared.rt.now() + pause;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            continue;
        }
        let changed = shared.work.notified();
        shared.rt.timeout_at(next, changed).await.ok();
    }
    Ok(())
}
