//! Where a run could go either way: who runs next, which fault strikes.
//!
//! Every decision is an index among options, and is logged; where there is one option nothing is
//! drawn. A log can be played again: what lies beyond its end is the default, index 0.

/// How the next task is chosen among those that are ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Schedule {
    /// In the order in which they became ready.
    Fifo,
    /// Any, with equal chances.
    Random,
    /// By priorities drawn at spawn, which change at `depth - 1` points of the run: finds each bug
    /// that needs `depth` steps in a certain order with a chance that is known (Burckhardt et al.,
    /// *A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs*, ASPLOS 2010).
    Pct {
        /// How many ordering constraints the bug has: 1 to 3 find nearly all.
        depth: u32,
    },
}

impl Schedule {
    /// One of a portfolio, by seed: no strategy is the best for all bugs.
    pub fn of_seed(seed: u64) -> Self {
        match seed % 5 {
            0 => Self::Random,
            1 => Self::Pct { depth: 1 },
            2 => Self::Pct { depth: 2 },
            3 => Self::Pct { depth: 3 },
            _ if seed % 10 == 4 => Self::Fifo,
            _ => Self::Random,
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood, *Fast Splittable Pseudorandom Number Generators*, 2014).
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `bound`, which is not 0. By multiplication (Lemire 2019), without the rejection: the
    /// bias is below 2⁻³² for any number of tasks that fits into memory.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

/// Draws decisions, or plays them again.
#[derive(Debug)]
pub(crate) struct Choices {
    rng: Rng,
    /// Apart, so that a replay, which draws nothing, gives the program the same numbers.
    entropy: Rng,
    log: Vec<u32>,
    replay: Option<Vec<u32>>,
}

impl Choices {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self {
            rng: Rng::new(seed),
            entropy: Rng::new(!seed),
            log: Vec::new(),
            replay: None,
        }
    }

    pub(crate) fn replaying(seed: u64, replay: Vec<u32>) -> Self {
        Self {
            replay: Some(replay),
            ..Self::seeded(seed)
        }
    }

    /// One of `options`; `draw` says which, unless it is played again.
    pub(crate) fn choose(&mut self, options: usize, draw: impl FnOnce(&mut Rng) -> usize) -> usize {
        if options <= 1 {
            return 0;
        }
        let chosen = match &self.replay {
            None => draw(&mut self.rng),
            Some(replay) => {
                let logged = replay.get(self.log.len()).copied().unwrap_or(0);
                // A shrunk log may name an option that is not there now.
                if (logged as usize) < options {
                    logged as usize
                } else {
                    0
                }
            }
        };
        self.log.push(chosen as u32);
        chosen
    }

    /// Whether something that happens once in `one_in` times happens now.
    pub(crate) fn strikes(&mut self, one_in: u32) -> bool {
        one_in > 0 && self.choose(2, |rng| usize::from(rng.below(one_in as usize) == 0)) == 1
    }

    /// For what is no choice of the schedule: the program's own randomness.
    pub(crate) fn random(&mut self) -> u64 {
        self.entropy.next()
    }

    pub(crate) fn log(&self) -> &[u32] {
        &self.log
    }
}
