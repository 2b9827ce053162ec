//! Those who wait for a group: its owner, its consumers, its reaper, the group around it.

use super::{Shared, stop::After};
use crate::{
    context::Occupied,
    group::{TaskError, error::Cause},
    prim::wake,
    rt::Runtime,
    sync::wait_list::Spare,
    task::drop_quietly,
    waits::{self, Wait},
};
use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
};

impl<R: Runtime, T: Send + 'static, E: Send + 'static> Shared<R, T, E> {
    /// For the reaper: waits until `until` says so of (*cancelled*, *over*). That nobody is live is
    /// not the end: the body may be.
    pub(in crate::group) fn poll_reaper(
        &self,
        cx: &mut Context<'_>,
        until: impl FnOnce(bool, bool) -> bool,
    ) -> Poll<()> {
        let waker = cx.waker().clone();
        let mut state = self.lock();
        if until(self.is_cancelled(), state.over) {
            return Poll::Ready(());
        }
        let replaced = state.reaper_waker.replace(waker);
        drop(state);
        drop(replaced);
        waits::pending(self, || Wait::new("the end of its group"));
        Poll::Pending
    }

    /// Ready once nobody is left; the group is closed then.
    pub(in crate::group) fn poll_end(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<R::JoinHandle<()>>> {
        let waker = cx.waker().clone();
        let mut state = self.lock();
        if !state.is_vacant() {
            let replaced = state.owner.replace(waker);
            drop(state);
            drop(replaced);
            waits::pending(self, || self.wait());
            return Poll::Pending;
        }
        (state.closed, state.over) = (true, true);
        let reaper = state.reaper.take();
        let waker = state.reaper_waker.take();
        let left_behind = state.owner.take();
        drop(state);
        drop(left_behind);
        wake(waker);
        Poll::Ready(reaper)
    }

    /// Lets the owner be woken when the group fails or ends.
    pub(in crate::group) fn watch(&self, waker: &Waker) {
        let waker = waker.clone();
        let replaced = self.lock().owner.replace(waker);
        drop(replaced);
    }

    /// No spawn from now on.
    pub(in crate::group) fn close(&self) {
        self.lock().closed = true;
    }

    pub(in crate::group) fn poll_next(
        &self,
        cx: &mut Context<'_>,
        key: &mut Option<u64>,
    ) -> Poll<Option<(u64, T)>> {
        if key.is_none() {
            // Most have not to wait: they need no waker.
            let mut state = self.lock();
            if !state.outputs.is_empty() || state.live.is_empty() {
                return Poll::Ready(state.outputs.pop_front());
            }
        }
        let mut waker = Spare::of(cx.waker());
        let mut state = self.lock();
        let replaced = state.forget_consumer(key.take());
        let polled = if !state.outputs.is_empty() || state.live.is_empty() {
            Poll::Ready(state.outputs.pop_front())
        } else {
            let place = state.next_consumer;
            state.next_consumer += 1;
            state.consumers.push((place, waker.take()));
            *key = Some(place);
            Poll::Pending
        };
        drop(state);
        // Or a panic of it would take an output along.
        drop_quietly(replaced);
        if polled.is_pending() {
            waits::pending(self, || self.wait());
        }
        polled
    }

    /// Its children, the first few by name and place.
    #[cold]
    fn wait(&self) -> Wait {
        const NAMED: usize = 4;
        let state = self.lock();
        let count = state.live.len();
        let mut what = match (count, state.inner) {
            (0, _) => "the groups within".to_owned(),
            (1, _) => "a child".to_owned(),
            _ => format!("{count} children"),
        };
        what += &match &self.options.name {
            Some(name) => format!(" of `{name}`"),
            None => " of a group".to_owned(),
        };
        what += &format!(" (made at {})", self.options.made_at);
        for (nth, (_, entry)) in state.live.iter().take(NAMED).enumerate() {
            what += if nth == 0 { ": " } else { ", " };
            match state.names.get(&entry.index()) {
                Some(name) => what += &format!("`{name}`"),
                None => what += &format!("number {}", entry.index()),
            }
            what += &format!(" (spawned at {})", entry.spawned_at);
        }
        if count > NAMED {
            what += &format!(" and {} more", count - NAMED);
        }
        Wait::new(what)
    }

    pub(in crate::group) fn forget_consumer(&self, key: Option<u64>) {
        waits::gave_up(self);
        let _dropped_outside_the_lock = self.lock().forget_consumer(key);
    }

    /// The outputs in the order of spawning, and the failures unless they are tolerated.
    pub(in crate::group) fn take(&self) -> (Vec<(u64, T)>, Vec<TaskError<E>>) {
        let mut state = self.lock();
        let outputs = std::mem::take(&mut state.outputs);
        let failures = std::mem::take(&mut state.failures);
        let succeeded = state.succeeded;
        let outside = state.outside.take().filter(|_| state.cut && !succeeded);
        drop(state);
        let mut outputs: Vec<_> = outputs.into();
        outputs.sort_by_key(|(index, _)| *index);
        // The body's are not the children's, which are what is tolerated.
        let reported = failures
            .into_iter()
            .filter(|failure| !succeeded || failure.id.is_none());
        let cancelled = outside.map(|reason| self.own(Cause::Cancelled(Some(reason))));
        (outputs, reported.chain(cancelled).collect())
    }
}

impl<R: Runtime, T: Send + 'static, E: Send + 'static> Occupied for Shared<R, T, E> {
    fn enter(&self) {
        let mut state = self.lock();
        self.occupy(&mut state);
        state.inner += 1;
    }

    fn leave(self: Arc<Self>) {
        self.change(|state| {
            let mut after = After::default();
            state.inner -= 1;
            state.ended(&mut after);
            after
        });
    }
}
