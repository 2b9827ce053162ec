//! What callers, the driver and the loads share.

use super::{
    BatchError,
    buffer::{Answer, Buffer, Index, Item, Place},
    builder::Settings,
};
use crate::{
    lock::lock,
    name::{Name, titled},
    room::{Room, Taken},
    unwind::{All, quietly},
};
use anyrt_core::{
    Instant,
    channel::oneshot,
    rt::Runtime,
    sync::{Event, Notify},
    waits::{self, Wait},
};
use std::{
    future::{Future, poll_fn},
    panic::Location,
    pin::Pin,
    sync::Mutex,
};

pub(super) type Loading<V, E> = Pin<Box<dyn Future<Output = Result<Vec<V>, E>> + Send>>;
pub(super) type Load<K, V, E> = Box<dyn Fn(Vec<K>) -> Loading<V, E> + Send + Sync>;

pub(super) struct Shared<R: Runtime, K, V, E> {
    pub(super) rt: R,
    pub(super) load: Load<K, V, E>,
    pub(super) name: Name,
    settings: Settings,
    pub(super) share: Option<fn(&V) -> V>,
    room: Room,
    /// There may be something to do for the driver.
    pub(super) work: Notify,
    /// The driver is gone: nothing is in flight.
    pub(super) over: Event,
    state: Mutex<State<K, V, E>>,
}

struct State<K, V, E> {
    buffer: Buffer<K, V, E>,
    in_flight: usize,
    closed: bool,
}

/// What the driver does next.
pub(super) enum Step<K, V, E> {
    Load(Vec<Item<K, V, E>>),
    Wait(Instant),
    Over,
}

impl<R, K, V, E> Shared<R, K, V, E>
where
    R: Runtime,
    K: Send + 'static,
    V: Send + 'static,
    E: Send + Sync + 'static,
{
    pub(super) fn new(
        rt: R,
        load: Load<K, V, E>,
        name: Name,
        settings: Settings,
        index: Option<Box<dyn Index<K>>>,
        share: Option<fn(&V) -> V>,
        room: Room,
    ) -> Self {
        Self {
            rt,
            load,
            name,
            settings,
            share,
            room,
            work: Notify::new(),
            over: Event::new(),
            state: Mutex::new(State {
                buffer: Buffer::new(index),
                in_flight: 0,
                closed: false,
            }),
        }
    }

    pub(super) async fn get(
        &self,
        key: K,
        at: &'static Location<'static>,
    ) -> Result<V, BatchError<E>> {
        let (answer, result) = oneshot::channel();
        // Who wants what others wait for already needs no room.
        let joined = {
            let mut state = lock(&self.state);
            if state.closed {
                drop(state);
                return Err(self.refusal());
            }
            state.buffer.join(&key, answer)
        };
        let place = match joined {
            Ok(place) => place,
            Err(answer) => {
                let wait = || {
                    let name = self.name.as_deref();
                    Wait::new(titled("room in batcher", name, "room in a batcher")).at(at)
                };
                let room = self.room.take(wait).await;
                let room = room.map_err(|_| self.refusal())?;
                self.add(key, room, answer)?
            }
        };
        let mut caller = Caller {
            shared: self,
            place,
            result,
        };
        let Caller { place, result, .. } = &mut caller;
        let wait = || {
            let what = titled(
                "a value of batcher",
                self.name.as_deref(),
                "a value of a batcher",
            );
            Wait::new(what).of::<V>().at(at)
        };
        match poll_fn(|cx| waits::instead(place, wait, || Pin::new(&mut *result).poll(cx))).await {
            Ok(result) => result,
            Err(_) => Err(BatchError::Aborted {
                batcher: self.name.clone(),
            }),
        }
    }

    /// What those hear who come to a batcher that is closed.
    fn refusal(&self) -> BatchError<E> {
        let batcher = self.name.clone();
        BatchError::Closed { batcher }
    }

    fn add(&self, key: K, room: Taken, answer: Answer<V, E>) -> Result<Place, BatchError<E>> {
        let now = self.rt.now();
        let mut state = lock(&self.state);
        if state.closed {
            drop(state);
            return Err(self.refusal());
        }
        // While this one waited for room, the same may have come.
        let (place, unused) = match state.buffer.join(&key, answer) {
            Ok(place) => (place, Some(room)),
            Err(answer) => {
                // By itself: should the key panic, its room comes back outside the lock.
                let ticket = state.buffer.number(&key);
                (state.buffer.add(ticket, key, now, room, answer), None)
            }
        };
        let len = state.buffer.len();
        drop(state);
        drop(unused);
        if len == 1 || len >= self.settings.max_size {
            self.work.notify_one();
        }
        Ok(place)
    }

    pub(super) fn step(&self) -> Step<K, V, E> {
        let now = self.rt.now();
        let Settings {
            max_size,
            interval,
            max_concurrent,
            ..
        } = self.settings;
        let mut state = lock(&self.state);
        let len = state.buffer.len();
        if state.closed && len == 0 && state.in_flight == 0 {
            return Step::Over;
        }
        if state.in_flight >= max_concurrent || len == 0 {
            return Step::Wait(Instant::MAX);
        }
        let due = state.buffer.due(interval);
        if len < max_size && !state.closed && due > now {
            return Step::Wait(due);
        }
        state.in_flight += 1;
        let (items, gone) = state.buffer.take(max_size);
        drop(state);
        quietly(|| drop(gone));
        Step::Load(items)
    }

    /// A batch has come to its end, whichever.
    pub(super) fn landed(&self) {
        lock(&self.state).in_flight -= 1;
        self.work.notify_one();
    }

    pub(super) fn flush(&self) {
        lock(&self.state).buffer.ask();
        self.work.notify_one();
    }

    /// Refuses more; what is in is loaded at once.
    pub(super) fn close(&self) {
        lock(&self.state).closed = true;
        let mut all = All::default();
        all.call(|| self.room.close());
        all.call(|| self.work.notify_one());
        all.end();
    }

    /// Nobody is there to load what is in.
    pub(super) fn end(&self) {
        // The wakers of those who wait are not the driver's.
        quietly(|| self.close());
        let (lost, gone) = lock(&self.state).buffer.take(usize::MAX);
        quietly(|| drop(gone));
        for item in lost {
            quietly(|| drop(item));
        }
        quietly(|| self.over.set());
    }

    /// How many keys wait, and how many batches are being loaded.
    pub(super) fn counts(&self) -> (usize, usize) {
        let state = lock(&self.state);
        (state.buffer.len(), state.in_flight)
    }
}

/// Somebody who waits for a result. Dropped before the flush, it takes its key out of the buffer.
struct Caller<'a, R: Runtime, K, V, E> {
    shared: &'a Shared<R, K, V, E>,
    place: Place,
    result: oneshot::Receiver<Result<V, BatchError<E>>>,
}

impl<R: Runtime, K, V, E> Drop for Caller<'_, R, K, V, E> {
    fn drop(&mut self) {
        waits::gave_up(&self.place);
        let left = lock(&self.shared.state).buffer.leave(self.place);
        drop(left);
    }
}
