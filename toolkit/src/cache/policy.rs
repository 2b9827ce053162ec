//! Who has to go: two clocks, after CLOCK-Pro (Jiang, Chen, Zhang, 2005) and S3-FIFO (Yang and others, 2023).
//!
//! ```text
//!             unknown                      read before the hand comes by
//!  newcomer ───────────▶ cold, a queue ──────────────────────────────────▶ hot, a clock ⟲ read: stays
//!     │                      │ not read                                        │ not read
//!     │ left lately          ▼                                                 ▼
//!     └──────────▶ hot     gone, its fingerprint kept                         gone
//! ```
//!
//! Nearly all of the room is the clock's: the queue only has to be long enough to see a second read. So
//! what is read once, such as a scan, goes through it and leaves the clock alone. A read costs no more
//! than a count.

use super::{
    ghosts::Ghosts,
    store::{Entry, Room, Store},
};

/// Reads that count between two visits of the hand.
const MAX_REFS: u8 = 3;
/// What the clock may hold, of the weight: so many hundredths.
const HOT_PERCENT: u64 = 98;

/// A [`Store`] that knows who goes first.
#[derive(Debug)]
pub(super) struct Policy<K, V> {
    pub(super) store: Store<K, V>,
    ghosts: Ghosts,
    /// What the shard holds when all are equally full.
    share: u64,
}

impl<K, V> Policy<K, V> {
    pub(super) fn new(share: u64) -> Self {
        Self {
            // Of a weight of 1 each, as they are unless somebody weighs them.
            store: Store::new(usize::try_from(share).unwrap_or(usize::MAX)),
            ghosts: Ghosts::default(),
            share,
        }
    }

    /// An entry was read.
    #[inline]
    pub(super) fn touch(entry: &mut Entry<K, V>) {
        if entry.refs < MAX_REFS {
            entry.refs += 1;
        }
    }

    /// Adds an entry whose key is not there, after making room for `need`. Says how much that made.
    pub(super) fn admit(
        &mut self,
        hash: u32,
        fresh: Entry<K, V>,
        need: u64,
        gone: impl FnMut(Entry<K, V>),
    ) -> u64 {
        let weight = u64::from(fresh.weight);
        // As long as there is room, all are worth it.
        let fills = self.store.ring(Room::Hot).weight + weight <= hot(self.share);
        let known = self.ghosts.take(hash);
        let freed = self.evict(need, gone);
        let room = match known || (need == 0 && fills) {
            true => Room::Hot,
            false => Room::Cold,
        };
        self.store.insert(hash, room, fresh);
        freed
    }

    /// Lets entries go, until they weighed as much as is needed, or none is left.
    pub(super) fn evict(&mut self, need: u64, mut gone: impl FnMut(Entry<K, V>)) -> u64 {
        let mut freed = 0;
        while freed < need {
            let hot_weight = self.store.ring(Room::Hot).weight;
            let target = hot(self.store.weight());
            let entry = match self.store.head(Room::Cold) {
                Some(at) if self.store.entry(at).refs > 0 => {
                    self.store.entry(at).refs -= 1;
                    self.store.relink(at, Room::Hot);
                    continue;
                }
                Some(at) if hot_weight <= target => {
                    let hash = self.store.hash(at);
                    let residents = self.store.len();
                    self.ghosts.add(hash, residents);
                    self.store.remove(at)
                }
                _ => match self.unread() {
                    Some(at) => self.store.remove(at),
                    None => break,
                },
            };
            freed += u64::from(entry.weight);
            gone(entry);
        }
        freed
    }

    /// Turns the clock until its hand is at one that was not read since it last came by.
    fn unread(&mut self) -> Option<u32> {
        loop {
            let at = self.store.head(Room::Hot)?;
            let entry = self.store.entry(at);
            if entry.refs == 0 {
                return Some(at);
            }
            entry.refs -= 1;
            self.store.advance(Room::Hot);
        }
    }

    /// Takes all entries out, and forgets who left.
    pub(super) fn clear(&mut self) -> impl Iterator<Item = Entry<K, V>> + use<K, V> {
        self.ghosts.clear();
        self.store.clear()
    }
}

fn hot(weight: u64) -> u64 {
    // Without overflow, for weights of any size.
    weight / 100 * HOT_PERCENT + weight % 100 * HOT_PERCENT / 100
}
