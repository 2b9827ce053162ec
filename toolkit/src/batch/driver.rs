//! The tasks of a batcher: one that forms batches, and one for each.

use super::{
    BatchError,
    buffer::{Answer, Callers, Item},
    shared::{Shared, Step},
};
use crate::{
    name::{Name, task},
    unwind::{catch, quietly},
};
use anyrt_core::{error::Panic, group::Spawner, rt::Runtime};
use std::{
    convert::Infallible,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

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
    items: Vec<Item<K, V, E>>,
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
    let name = shared.name.as_deref();
    let shared = shared.clone();
    let batch = async move {
        let _landed = landed;
        load(&shared, items).await;
        Ok(())
    };
    group.spawn_named(task(name, "batch"), batch).ok();
}

async fn load<R, K, V, E>(shared: &Shared<R, K, V, E>, items: Vec<Item<K, V, E>>)
where
    R: Runtime,
    K: Send + 'static,
    V: Send + 'static,
    E: Send + Sync + 'static,
{
    let (keys, callers): (Vec<_>, Vec<_>) = items
        .into_iter()
        .map(|item| {
            // It wakes who waits for it: no part of this batch, and nor is that waker's panic.
            quietly(|| drop(item._room));
            (item.key, item.callers)
        })
        .unzip();
    let outcome = catch(async { (shared.load)(keys).await }).await;
    let name = &shared.name;
    let error = match settle(name, outcome, callers.len()) {
        Ok(values) => {
            for (value, callers) in values.into_iter().zip(callers) {
                let mut callers = callers.into_answers();
                let last = callers.next_back();
                for caller in callers {
                    // More than one there is only where values can be shared.
                    let Some(share) = shared.share else { break };
                    let shared = catch_unwind(AssertUnwindSafe(|| share(&value)));
                    let shared = shared.map_err(|payload| panicked(name, Panic::new(payload)));
                    answer(caller, shared);
                }
                match last {
                    Some(caller) => answer(caller, Ok(value)),
                    None => _ = quietly(|| drop(value)),
                }
            }
            return;
        }
        Err(error) => error,
    };
    for caller in callers.into_iter().flat_map(Callers::into_answers) {
        answer(caller, Err(error.clone()));
    }
}

/// A caller's waker, or what a value does that nobody takes any more, is not to keep the others' from them.
fn answer<V, E>(caller: Answer<V, E>, result: Result<V, BatchError<E>>) {
    quietly(|| drop(caller.send(result)));
}

fn panicked<E>(batcher: &Name, panic: Panic) -> BatchError<E> {
    BatchError::Panicked {
        batcher: batcher.clone(),
        panic: Arc::new(panic),
    }
}

fn settle<V, E>(
    batcher: &Name,
    outcome: Result<Result<Vec<V>, E>, Panic>,
    keys: usize,
) -> Result<Vec<V>, BatchError<E>> {
    match outcome {
        Ok(Ok(values)) if values.len() == keys => Ok(values),
        Ok(Ok(surplus)) => {
            let values = surplus.len();
            quietly(|| drop(surplus));
            Err(BatchError::WrongLength {
                batcher: batcher.clone(),
                keys,
                values,
            })
        }
        Ok(Err(error)) => Err(BatchError::Failed {
            batcher: batcher.clone(),
            error: Arc::new(error),
        }),
        Err(panic) => Err(panicked(batcher, panic)),
    }
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
