//! Where a run could go either way: who runs next, which fault strikes.
//!
//! Every decision is an index among options, and is logged; where there is one option nothing is
//! drawn. Index 0 is the default: the first in line, and no fault. So a log of zeros is the tamest
//! run, and shrinking a log means setting choices to 0 and cutting it off.

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

/// One decision: which option, of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) chosen: u32,
    pub(crate) options: u32,
}

/// What decides, where there is something to decide.
#[derive(Debug, Clone)]
pub(crate) enum Script {
    /// These first, then what the seed draws.
    Begin(Vec<u32>),
    /// These, then the default. What is out of range is the default, too.
    Play(Vec<u32>),
}

/// Draws decisions, or plays them again.
#[derive(Debug)]
pub(crate) struct Choices {
    rng: Rng,
    /// Apart, so that a replay, which draws nothing, gives the program the same numbers.
    entropy: Rng,
    log: Vec<Choice>,
    script: Script,
}

impl Choices {
    pub(crate) fn new(seed: u64, script: Script) -> Self {
        Self {
            rng: Rng::new(seed),
            entropy: Rng::new(!seed),
            log: Vec::with_capacity(32),
            script,
        }
    }

    /// One of `options`; `draw` says which, unless it is scripted.
    #[inline]
    pub(crate) fn choose(&mut self, options: usize, draw: impl FnOnce(&mut Rng) -> usize) -> usize {
        if options <= 1 {
            return 0;
        }
        let options = u32::try_from(options).unwrap_or(u32::MAX);
        let at = self.log.len();
        let chosen = match &self.script {
            Script::Begin(script) if at >= script.len() => draw(&mut self.rng) as u32,
            Script::Begin(script) | Script::Play(script) => {
                let scripted = script.get(at).copied();
                scripted.filter(|chosen| *chosen < options).unwrap_or(0)
            }
        };
        self.log.push(Choice { chosen, options });
        chosen as usize
    }

    /// Whether something that happens once in `one_in` times happens now; 0: never.
    #[inline]
    pub(crate) fn strikes(&mut self, one_in: u32) -> bool {
        one_in > 0 && self.choose(2, |rng| usize::from(rng.below(one_in as usize) == 0)) == 1
    }

    /// For what is no choice of the schedule: the program's own randomness.
    pub(crate) fn random(&mut self) -> u64 {
        self.entropy.next()
    }

    pub(crate) fn take_log(&mut self) -> Vec<Choice> {
        std::mem::take(&mut self.log)
    }
}
