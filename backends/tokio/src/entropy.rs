//! Random bits: the standard library's seed, and SplitMix64. Not for secrets.

use std::{
    cell::Cell,
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
};

thread_local! {
    // `RandomState` is seeded by the operating system, in each thread anew.
    static STATE: Cell<u64> = Cell::new(RandomState::new().build_hasher().finish());
}

/// The next of the thread's random numbers.
pub(crate) fn random_u64() -> u64 {
    let state = STATE.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
    STATE.set(state);
    mix(state)
}

/// The finalizer of Steele, Lea and Flood's SplitMix64.
fn mix(state: u64) -> u64 {
    let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::{STATE, mix, random_u64};
    use std::thread;

    #[test]
    fn it_is_splitmix64() {
        STATE.set(1_234_567);
        let drawn = [(); 3].map(|()| random_u64());
        let published = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!(drawn, published);
        assert_eq!(mix(0), 0);
    }

    #[test]
    fn threads_draw_apart() {
        let draw = || [(); 4].map(|()| random_u64());
        let [one, other] = [(); 2].map(|()| thread::spawn(draw).join().unwrap());
        assert!(one.iter().all(|drawn| !other.contains(drawn)));
    }
}
