//! The tasks of a batcher: one that forms batches, and one for each.

use super::{
    BatchError,
    shared::{ItemOf, Shared, Step},
};
use crate::unwind::catch;
use anyrt_core::{error::Panic, group::Spawner, rt::Runtime};
use std::{collections::BTreeMap, convert::Infallible, future::Future, sync::Arc};

/// Starts loads as they are due, until the batcher is closed and empty.
pub(super) fn drive<R, K, V, E>(
    shared: Arc<Shared<R, K, V, E>>,
    group: Spawner<R, (), Infallible>,
) -> impl Future<Output = Result<(), Infallible>> + Send
where
    R: Runtime,
    K: Send + 'static,
    V: Send + 'static,
    E: Send + Sync + 'static,
{
    // Whatever ends it, before its first poll, too: nobody waits for a load that nobody starts.
    let end = {
        let shared = shared.clone();
        OnDrop(move || shared.end())
    };
    async move {
        let _end = end;
        loop {
            let changed = shared.work.notified();
            match shared.step() {
                Step::Load(items) => start(&shared, &group, items),
                Step::Wait(until) => {
                    shared.rt.timeout_at(until, changed).await.ok();
                }
                Step::Over => return Ok(()),
            }
        }
    }
}

fn start<R, K, V, E>(
    shared: &Arc<Shared<R, K, V, E>>,
    group: &Spawner<R, (), Infallible>,
    items: Vec<ItemOf<R, K, V, E>>,
) where
    R: Runtime,
    K: Send + 'static,
    V: Send + 'static,
    E: Send + Sync + 'static,
{
    // Now: where the group takes it no more, or drops it unpolled, the batch has landed, too.
    let landed = {
        let shared = shared.clone();
        OnDrop(move || shared.landed())
    };
    let shared = shared.clone();
    let batch = async move {
        let _landed = landed;
        load(&shared, items).await;
        Ok(())
    };
    group.spawn_named("batch", batch).ok();
}

async fn load<R, K, V, E>(shared: &Shared<R, K, V, E>, items: Vec<ItemOf<R, K, V, E>>)
where
    R: Runtime,
    K: Send + 'static,
    V: Send + 'static,
    E: Send + Sync + 'static,
{
    // Their room goes here.
    let (keys, callers): (Vec<_>, Vec<_>) = items
        .into_iter()
        .map(|item| (item.key, item.callers))
        .unzip();
    let outcome = catch(async { (shared.load)(keys).await }).await;
    let error = match settle(outcome, callers.len()) {
        Ok(values) => {
            for (value, callers) in values.into_iter().zip(callers) {
                let mut callers = callers.into_values();
                let last = callers.next_back();
                for caller in callers {
                    // More than one there is only where values can be shared.
                    let Some(share) = shared.share else { break };
                    drop(caller.send(Ok(share(&value))));
                }
                if let Some(caller) = last {
                    drop(caller.send(Ok(value)));
                }
            }
            return;
        }
        Err(error) => error,
    };
    for caller in callers.into_iter().flat_map(BTreeMap::into_values) {
        drop(caller.send(Err(error.clone())));
    }
}

fn settle<V, E>(
    outcome: Result<Result<Vec<V>, E>, Panic>,
    keys: usize,
) -> Result<Vec<V>, BatchError<E>> {
    match outcome {
        Ok(Ok(values)) if values.len() == keys => Ok(values),
        Ok(Ok(values)) => Err(BatchError::WrongLength {
            keys,
            values: values.len(),
        }),
        Ok(Err(error)) => Err(BatchError::Failed(Arc::new(error))),
        Err(panic) => Err(BatchError::Panicked(Arc::new(panic))),
    }
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
