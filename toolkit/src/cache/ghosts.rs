//! Who left lately: fingerprints of keys, so that one that comes back is known to be worth its place.
//!
//! Sets of four, each with the number of the departure that it is from. What is older than the reach
//! counts as forgotten, so nothing has to be removed.

const WAYS: usize = 4;
/// One departure is remembered for so many residents.
const REACH: usize = 2;

#[derive(Debug, Default)]
pub(super) struct Ghosts {
    /// A fingerprint, and the number of its departure; 0 is nobody's.
    slots: Vec<(u32, u32)>,
    departures: u32,
    /// How many departures are remembered.
    reach: u32,
}

impl Ghosts {
    fn set(&self, hash: u32) -> std::ops::Range<usize> {
        // The high bits: the low ones choose the bucket in the table, and the top of the hash the shard.
        let sets = self.slots.len() / WAYS;
        let start = (hash.rotate_left(13) as usize & (sets - 1)) * WAYS;
        start..start + WAYS
    }

    /// Remembers one that left a cache of so many.
    pub(super) fn add(&mut self, hash: u32, residents: usize) {
        let remembered = residents / REACH;
        self.reach = u32::try_from(remembered).unwrap_or(u32::MAX);
        if self.slots.is_empty() || self.slots.len() < remembered {
            self.resize(remembered.next_power_of_two().max(WAYS * 4));
        }
        self.departures = self.departures.wrapping_add(1).max(1);
        self.put(hash, self.departures);
    }

    fn put(&mut self, hash: u32, departure: u32) {
        let (set, now) = (self.set(hash), self.departures);
        let oldest = self.slots[set]
            .iter_mut()
            .max_by_key(|(_, number)| match *number {
                0 => u32::MAX,
                number => now.wrapping_sub(number),
            });
        if let Some(slot) = oldest {
            *slot = (hash, departure);
        }
    }

    #[cold]
    fn resize(&mut self, slots: usize) {
        let before = std::mem::replace(&mut self.slots, vec![(0, 0); slots]);
        for (hash, number) in before {
            if number != 0 {
                self.put(hash, number);
            }
        }
    }

    /// Whether it left lately; it is forgotten then.
    pub(super) fn take(&mut self, hash: u32) -> bool {
        if self.slots.is_empty() {
            return false;
        }
        let (set, reach, now) = (self.set(hash), self.reach, self.departures);
        let known = self.slots[set].iter_mut().find(|(known, number)| {
            *known == hash && *number != 0 && now.wrapping_sub(*number) < reach
        });
        known.is_some_and(|slot| {
            *slot = (0, 0);
            true
        })
    }

    pub(super) fn clear(&mut self) {
        self.slots = Vec::new();
    }
}
