//! Text that plays a run again: a seed, or a seed with the choices that matter.

use crate::choice::Choice;
use std::{env, ffi::OsStr, fmt, fs, thread};

/// Plays one run again, and shows its timeline.
pub(crate) const VARIABLE: &str = "ANYRT_SIM_REPLAY";
/// Runs another number of seeds than the test says.
const SEEDS: &str = "ANYRT_SIM_SEEDS";
/// Changes when the meaning of a choice does.
const VERSION: u32 = 1;

/// How many seeds to run.
///
/// # Panics
/// Where the environment has something else than a number, and where there are none: what tries nothing must not
/// pass.
#[track_caller]
pub(crate) fn seeds(asked: u64) -> u64 {
    const NONE: &str = "a check of 0 seeds runs nothing, and would always pass";
    let Some(text) = env::var_os(SEEDS) else {
        assert!(asked > 0, "{NONE}");
        return asked;
    };
    match text.to_str().and_then(|text| text.parse().ok()) {
        Some(0) => panic!("{SEEDS} is 0: {NONE}"),
        Some(seeds) => seeds,
        None => panic!("{SEEDS} is not a number: {}", text.display()),
    }
}

/// The run that is to be played instead of all others of this test.
///
/// # Panics
/// As [`read`] does.
pub(crate) fn wanted() -> Option<Replay> {
    let replay = env::var_os(VARIABLE).map(|text| read(&text));
    replay.filter(Replay::is_of_this_test)
}

/// What the environment says.
///
/// # Panics
/// Where that is not a replay of this version, or names a file that cannot be read.
fn read(text: &OsStr) -> Replay {
    let text = text.to_str().unwrap_or_default();
    let text = match text.strip_prefix('@') {
        Some(path) => fs::read_to_string(path)
            .unwrap_or_else(|error| panic!("{VARIABLE} names {path}: {error}")),
        None => text.to_owned(),
    };
    let parsed = Replay::parse(text.trim());
    parsed.unwrap_or_else(|| {
        panic!("{VARIABLE} is a seed, or what a report of this version says: v{VERSION}:…")
    })
}

/// One run, to be played again: `17`, or `v1:17:214:9f3c…:3=1,20=2:the::test`.
///
/// That is the version, the seed, how many choices there are, a hash of how many options each has,
/// those that are not the default, and the test whose run it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replay {
    pub(crate) seed: u64,
    /// `None`: as the seed draws them.
    pub(crate) choices: Option<Vec<u32>>,
    made: (usize, u64),
    test: String,
}

impl Replay {
    pub(crate) fn of(seed: u64, choices: &[Choice]) -> Self {
        Self {
            seed,
            test: test(),
            choices: Some(choices.iter().map(|choice| choice.chosen).collect()),
            made: shape(choices),
        }
    }

    /// All of a seed, as it draws them.
    pub(crate) fn of_seed(seed: u64) -> Self {
        Self {
            seed,
            test: test(),
            choices: None,
            made: (0, 0),
        }
    }

    /// Whether these are the choices that there were when it was made.
    pub(crate) fn fits(&self, choices: &[Choice]) -> bool {
        self.choices.is_none() || self.made == shape(choices)
    }

    /// Whether it is of the test that runs: a seed alone is of any.
    fn is_of_this_test(&self) -> bool {
        self.choices.is_none() || self.test == test()
    }

    pub(crate) fn test(&self) -> &str {
        &self.test
    }

    /// How many choices are not the default.
    pub(crate) fn surprises(&self) -> usize {
        let choices = self.choices.iter().flatten();
        choices.filter(|choice| **choice != 0).count()
    }

    fn parse(text: &str) -> Option<Self> {
        if let Ok(seed) = text.parse() {
            return Some(Self::of_seed(seed));
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [version, seed, count, hash, surprises, test] = parts[..] else {
            return None;
        };
        if version.strip_prefix('v')?.parse() != Ok(VERSION) {
            return None;
        }
        let count: usize = count.parse().ok()?;
        let mut choices = vec![0; count.min(1 << 24)];
        for surprise in surprises.split(',').filter(|text| !text.is_empty()) {
            let (at, chosen) = surprise.split_once('=')?;
            *choices.get_mut(at.parse::<usize>().ok()?)? = chosen.parse().ok()?;
        }
        Some(Self {
            seed: seed.parse().ok()?,
            choices: Some(choices),
            made: (count, u64::from_str_radix(hash, 16).ok()?),
            test: test.to_owned(),
        })
    }
}

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(choices) = &self.choices else {
            return write!(f, "{}", self.seed);
        };
        let (count, hash) = self.made;
        write!(f, "v{VERSION}:{}:{count}:{hash:x}:", self.seed)?;
        let surprises = choices
            .iter()
            .enumerate()
            .filter(|(_, chosen)| **chosen != 0);
        for (nth, (at, chosen)) in surprises.enumerate() {
            let comma = if nth == 0 { "" } else { "," };
            write!(f, "{comma}{at}={chosen}")?;
        }
        write!(f, ":{}", self.test)
    }
}

/// Where no test's thread says its name: in a program, and where libtest runs its tests one after the other.
pub(crate) const MAIN: &str = "main";

/// The test that runs on this thread.
fn test() -> String {
    thread::current().name().unwrap_or(MAIN).to_owned()
}

/// How many choices there are, and a hash of their options.
fn shape(choices: &[Choice]) -> (usize, u64) {
    // FNV-1a, a number at a time.
    let hash = choices
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, choice| {
            (hash ^ u64::from(choice.options)).wrapping_mul(0x0100_0000_01b3)
        });
    (choices.len(), hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let choices = [(0, 2), (3, 5), (0, 2), (1, 2)];
        let choices = choices.map(|(chosen, options)| Choice { chosen, options });
        let replay = Replay::of(7, &choices);
        assert_eq!(Replay::parse(&replay.to_string()), Some(replay.clone()));
        assert!(replay.fits(&choices) && !replay.fits(&choices[1..]));
        assert_eq!(Replay::parse("12").map(|replay| replay.seed), Some(12));
    }

    #[test]
    fn what_is_not_a_replay_is_refused() {
        for text in [
            "",
            "x",
            "v0:1:0:0::x",
            "v1:1:0:0",
            "v1:1:1:zz::x",
            "v1:1:1:0:5=1:x",
            "v1:1:1:0:0:x",
        ] {
            assert_eq!(Replay::parse(text), None, "{text}");
        }
    }
}
