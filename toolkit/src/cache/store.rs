//! Where a shard's entries lie: a table of indices over slots, and two rings that the policy turns.
//!
//! Hashes are kept, so that no code of the key's runs when the table grows or an entry leaves.

use hashbrown::HashTable;

const NIL: u32 = u32::MAX;

/// Which ring an entry is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// New, or not worth more yet: first to go.
    Cold,
    /// Proven to be worth its place.
    Hot,
}

/// An entry.
#[derive(Debug)]
pub(super) struct Entry<K, V> {
    pub(super) key: K,
    pub(super) value: V,
    /// In nanoseconds of the runtime's clock; from then on it is stale.
    pub(super) fresh_until: u64,
    /// When it was last written; or read, where idle time counts.
    pub(super) used: u64,
    pub(super) weight: u32,
    /// Of the last write, to tell one value of a key from the next.
    pub(super) stamp: u32,
    hash: u32,
    prev: u32,
    next: u32,
    /// Reads since the hand last came by, up to a small number.
    pub(super) refs: u8,
    room: Room,
}

impl<K, V> Entry<K, V> {
    /// One that lies nowhere yet.
    pub(super) fn new(key: K, value: V, fresh_until: u64, used: u64, weight: u32) -> Self {
        Self {
            key,
            value,
            fresh_until,
            used,
            weight,
            stamp: 0,
            hash: 0,
            prev: NIL,
            next: NIL,
            refs: 0,
            room: Room::Cold,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Ring {
    head: u32,
    pub(super) weight: u64,
}

/// Entries by key, in two rings.
#[derive(Debug)]
pub(super) struct Store<K, V> {
    table: HashTable<u32>,
    slots: Vec<Option<Entry<K, V>>>,
    free: Vec<u32>,
    rings: [Ring; 2],
    /// How many entries there will be, as far as that is known.
    expected: usize,
}

/// The low bits choose the bucket, the high ones are the tag: both come from what is kept.
fn spread(hash: u32) -> u64 {
    u64::from(hash) | u64::from(hash) << 32
}

impl<K, V> Store<K, V> {
    pub(super) fn new(expected: usize) -> Self {
        let ring = Ring {
            head: NIL,
            weight: 0,
        };
        Self {
            table: HashTable::new(),
            slots: Vec::new(),
            free: Vec::new(),
            rings: [ring; 2],
            expected,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn weight(&self) -> u64 {
        self.rings[0].weight + self.rings[1].weight
    }

    pub(super) fn ring(&self, room: Room) -> Ring {
        self.rings[room as usize]
    }

    /// How many slots there are, free ones included.
    pub(super) fn slots(&self) -> usize {
        self.slots.len()
    }

    #[inline]
    pub(super) fn find(&self, hash: u32, mut is_key: impl FnMut(&K) -> bool) -> Option<u32> {
        let found = self.table.find(spread(hash), |at| {
            let entry = self.slots[*at as usize].as_ref();
            entry.is_some_and(|entry| entry.hash == hash && is_key(&entry.key))
        });
        found.copied()
    }

    #[inline]
    pub(super) fn get(&self, at: u32) -> Option<&Entry<K, V>> {
        self.slots.get(at as usize)?.as_ref()
    }

    #[inline]
    pub(super) fn entry(&mut self, at: u32) -> &mut Entry<K, V> {
        let entry = self.slots[at as usize].as_mut();
        entry.expect("an index of the table or a ring has an entry")
    }

    /// Adds an entry whose key is not there, at the end of a ring.
    pub(super) fn insert(&mut self, hash: u32, room: Room, mut entry: Entry<K, V>) -> u32 {
        entry.hash = hash;
        if self.table.len() == self.table.capacity() {
            self.rebuild();
        }
        let at = match self.free.pop() {
            Some(at) => {
                self.slots[at as usize] = Some(entry);
                at
            }
            None => {
                if self.slots.len() == self.slots.capacity() {
                    self.grow();
                }
                let at = u32::try_from(self.slots.len()).expect("fewer than 2³² entries a shard");
                self.slots.push(Some(entry));
                at
            }
        };
        // There is room for it: nothing is hashed anew.
        self.table.insert_unique(spread(hash), at, |_| 0);
        self.link(at, room);
        at
    }

    /// The table grown, or rid of the marks that removals leave in it: where it is left to itself, they
    /// make it twice as large as its entries need.
    #[cold]
    fn rebuild(&mut self) {
        let most = self.table.len() + self.table.len() / 4 + 4;
        self.table = HashTable::with_capacity(most);
        for (at, slot) in (0..).zip(&self.slots) {
            if let Some(entry) = slot {
                self.table.insert_unique(spread(entry.hash), at, |_| 0);
            }
        }
    }

    /// Up to what is expected, and then by little: doubling would leave a half empty.
    #[cold]
    fn grow(&mut self) {
        let len = self.slots.len();
        let more = match self.expected.checked_sub(len) {
            Some(left) if left > 0 => (len / 4).max(16).min(left),
            _ => (len / 32).max(16),
        };
        self.slots.reserve_exact(more);
    }

    pub(super) fn remove(&mut self, at: u32) -> Entry<K, V> {
        self.unlink(at);
        let entry = self.slots[at as usize].take();
        let entry = entry.expect("an index of the table or a ring has an entry");
        self.free.push(at);
        if let Ok(found) = self
            .table
            .find_entry(spread(entry.hash), |other| *other == at)
        {
            found.remove();
        }
        entry
    }

    /// Takes all entries out.
    pub(super) fn clear(&mut self) -> impl Iterator<Item = Entry<K, V>> + use<K, V> {
        let all = std::mem::replace(self, Self::new(self.expected));
        all.slots.into_iter().flatten()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry<K, V>> {
        self.slots.iter().flatten()
    }

    /// The one under a ring's hand.
    pub(super) fn head(&self, room: Room) -> Option<u32> {
        let head = self.rings[room as usize].head;
        (head != NIL).then_some(head)
    }

    /// Moves the hand of a ring on, past the one under it.
    pub(super) fn advance(&mut self, room: Room) {
        if let Some(head) = self.head(room) {
            self.rings[room as usize].head = self.entry(head).next;
        }
    }

    /// Moves an entry to the end of a ring.
    pub(super) fn relink(&mut self, at: u32, room: Room) {
        self.unlink(at);
        self.link(at, room);
    }

    pub(super) fn hash(&self, at: u32) -> u32 {
        self.get(at).map_or(0, |entry| entry.hash)
    }

    pub(super) fn reweigh(&mut self, at: u32, weight: u32) {
        let entry = self.entry(at);
        let before = std::mem::replace(&mut entry.weight, weight);
        let ring = &mut self.rings[self.slots[at as usize]
            .as_ref()
            .map_or(0, |e| e.room as usize)];
        ring.weight = ring.weight - u64::from(before) + u64::from(weight);
    }

    fn link(&mut self, at: u32, room: Room) {
        let head = self.rings[room as usize].head;
        let (prev, next) = match head {
            NIL => (at, at),
            head => (self.entry(head).prev, head),
        };
        let entry = self.entry(at);
        (entry.prev, entry.next, entry.room) = (prev, next, room);
        let weight = u64::from(entry.weight);
        self.entry(prev).next = at;
        self.entry(next).prev = at;
        let ring = &mut self.rings[room as usize];
        ring.weight += weight;
        if head == NIL {
            ring.head = at;
        }
    }

    fn unlink(&mut self, at: u32) {
        let entry = self.entry(at);
        let (prev, next, room) = (entry.prev, entry.next, entry.room);
        let weight = u64::from(entry.weight);
        self.entry(prev).next = next;
        self.entry(next).prev = prev;
        let ring = &mut self.rings[room as usize];
        ring.weight -= weight;
        if ring.head == at {
            ring.head = if next == at { NIL } else { next };
        }
    }
}
