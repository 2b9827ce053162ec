//! What waits for its batch.
//!
//! ```text
//!   load ──▶ waits for room ──▶ buffered ──flush──▶ in flight ──▶ its result, or its batch's error
//!                 │                │                   │
//!                 └── dropped ─────┴─ dropped: removed └─ dropped: nobody else notices
//! ```

use super::BatchError;
use crate::room::Taken;
use anyrt_core::{Instant, channel::oneshot};
use std::collections::BTreeMap;

pub(super) type Answer<V, E> = oneshot::Sender<Result<V, BatchError<E>>>;

/// A key, and who wants its value: one caller, or several that were found to want the same.
pub(super) struct Item<K, V, E> {
    pub(super) key: K,
    pub(super) callers: Callers<V, E>,
    since: Instant,
    /// Its room in the buffer.
    pub(super) _room: Taken,
}

/// By their numbers. Mostly there is one, who needs no place beside the item.
pub(super) struct Callers<V, E> {
    first: Option<(u64, Answer<V, E>)>,
    later: BTreeMap<u64, Answer<V, E>>,
}

impl<V, E> Callers<V, E> {
    fn of(caller: u64, answer: Answer<V, E>) -> Self {
        Self {
            first: Some((caller, answer)),
            later: BTreeMap::new(),
        }
    }

    fn remove(&mut self, caller: u64) -> Option<Answer<V, E>> {
        let first = self.first.take_if(|(first, _)| *first == caller);
        first.map_or_else(|| self.later.remove(&caller), |(_, answer)| Some(answer))
    }

    fn is_empty(&self) -> bool {
        self.first.is_none() && self.later.is_empty()
    }

    /// In their order.
    pub(super) fn into_answers(self) -> impl DoubleEndedIterator<Item = Answer<V, E>> {
        let first = self.first.into_iter().map(|(_, answer)| answer);
        first.chain(self.later.into_values())
    }
}

/// Which keys are there, and where. A key's code runs only where somebody comes with it, and before anything is
/// changed: what leaves, for a batch or in a destructor, compares none.
pub(super) trait Index<K>: Send {
    fn find(&self, key: &K) -> Option<u64>;
    fn add(&mut self, key: &K, ticket: u64);
    fn len(&self) -> usize;
    /// Forgets the keys of items that are not there any more. They are to be dropped outside the lock.
    fn sweep(&mut self, is_there: &dyn Fn(u64) -> bool) -> Vec<K>;
}

impl<K: Ord + Clone + Send> Index<K> for BTreeMap<K, u64> {
    fn find(&self, key: &K) -> Option<u64> {
        self.get(key).copied()
    }

    fn add(&mut self, key: &K, ticket: u64) {
        // `insert` alone would drop its key where one is there, under the lock.
        match self.get_mut(key) {
            Some(before) => *before = ticket,
            None => _ = self.insert(key.clone(), ticket),
        }
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn sweep(&mut self, is_there: &dyn Fn(u64) -> bool) -> Vec<K> {
        let gone = self.extract_if(.., |_, ticket| !is_there(*ticket));
        gone.map(|(key, _)| key).collect()
    }
}

pub(super) struct Buffer<K, V, E> {
    items: BTreeMap<u64, Item<K, V, E>>,
    index: Option<Box<dyn Index<K>>>,
    /// The number of the next item, and of the next caller.
    tickets: u64,
    /// Items below do not wait for others.
    asked: u64,
}

/// A caller's place: its item, and its number.
#[derive(Clone, Copy)]
pub(super) struct Place {
    ticket: u64,
    caller: u64,
}

impl<K, V, E> Buffer<K, V, E> {
    pub(super) fn new(index: Option<Box<dyn Index<K>>>) -> Self {
        Self {
            items: BTreeMap::new(),
            index,
            tickets: 0,
            asked: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Joins those who want the same, if there are any.
    pub(super) fn join(&mut self, key: &K, answer: Answer<V, E>) -> Result<Place, Answer<V, E>> {
        let found = self.index.as_ref().and_then(|index| index.find(key));
        let Some((ticket, item)) =
            found.and_then(|ticket| Some((ticket, self.items.get_mut(&ticket)?)))
        else {
            return Err(answer);
        };
        let caller = self.tickets;
        self.tickets += 1;
        item.callers.later.insert(caller, answer);
        Ok(Place { ticket, caller })
    }

    /// A number for an item, by which others find it once it is [there](Self::add).
    pub(super) fn number(&mut self, key: &K) -> u64 {
        let ticket = self.tickets;
        self.tickets += 1;
        if let Some(index) = &mut self.index {
            index.add(key, ticket);
        }
        ticket
    }

    pub(super) fn add(
        &mut self,
        ticket: u64,
        key: K,
        now: Instant,
        room: Taken,
        answer: Answer<V, E>,
    ) -> Place {
        self.items.insert(
            ticket,
            Item {
                key,
                callers: Callers::of(ticket, answer),
                since: now,
                _room: room,
            },
        );
        Place {
            ticket,
            caller: ticket,
        }
    }

    /// A caller goes away. What it leaves is to be dropped outside the lock.
    #[must_use]
    pub(super) fn leave(&mut self, place: Place) -> Option<Left<K, V, E>> {
        let item = self.items.get_mut(&place.ticket)?;
        let answer = item.callers.remove(place.caller);
        if !item.callers.is_empty() {
            return Some((None, answer, Vec::new()));
        }
        let item = self.items.remove(&place.ticket)?;
        Some((Some(item), answer, self.sweep()))
    }

    /// The keys of those that have left, once they are more than those that are there.
    fn sweep(&mut self) -> Vec<K> {
        let items = &self.items;
        match &mut self.index {
            Some(index) if index.len() > items.len() * 2 => {
                index.sweep(&|ticket| items.contains_key(&ticket))
            }
            _ => Vec::new(),
        }
    }

    /// Those that are in now do not wait for others.
    pub(super) fn ask(&mut self) {
        self.asked = self.tickets;
    }

    /// When the first is due that has been waited for long enough.
    pub(super) fn due(&self, interval: std::time::Duration) -> Instant {
        match self.items.first_key_value() {
            None => Instant::MAX,
            Some((ticket, _)) if *ticket < self.asked => Instant::ORIGIN,
            Some((_, item)) => item.since + interval,
        }
    }

    /// The oldest, up to so many; and keys to be dropped outside the lock.
    pub(super) fn take(&mut self, most: usize) -> Due<K, V, E> {
        let mut taken = Vec::with_capacity(most.min(self.items.len()));
        while taken.len() < most
            && let Some((_, item)) = self.items.pop_first()
        {
            taken.push(item);
        }
        (taken, self.sweep())
    }
}

type Due<K, V, E> = (Vec<Item<K, V, E>>, Vec<K>);

type Left<K, V, E> = (Option<Item<K, V, E>>, Option<Answer<V, E>>, Vec<K>);

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    static DROPS: AtomicUsize = AtomicUsize::new(0);

    #[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
    struct Key(u32);

    impl Drop for Key {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn the_index_drops_no_key_as_one_comes_again() {
        let (key, mut index) = (Key(1), BTreeMap::new());
        for ticket in 1..=3 {
            Index::add(&mut index, &key, ticket);
            assert_eq!(index.find(&key), Some(ticket));
        }
        assert_eq!((index.len(), DROPS.load(Relaxed)), (1, 0));
    }
}
