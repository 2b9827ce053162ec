//! Faults on purpose: which, depends on the seed and on the path, and neither on time nor on the runtime.

use std::{io, path::Path};

/// What fails, and how often.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Faults {
    rate: f64,
    seed: u64,
}

impl Faults {
    /// Nothing fails on purpose.
    pub const fn none() -> Self {
        Self { rate: 0.0, seed: 0 }
    }

    /// Of all attempts, this part fails.
    pub const fn new(rate: f64, seed: u64) -> Self {
        Self { rate, seed }
    }

    /// Before which of its steps an attempt fails, if it does.
    pub fn draw(self, path: &Path, attempt: u32, steps: u64) -> Option<u64> {
        if self.rate <= 0.0 {
            return None;
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.seed.to_le_bytes());
        hasher.update(&attempt.to_le_bytes());
        hasher.update(path.as_os_str().as_encoded_bytes());
        let mut drawn = [0; 8];
        hasher.finalize_xof().fill(&mut drawn);
        let drawn = u64::from_le_bytes(drawn);
        // The upper half decides whether, the lower one where.
        let (whether, place) = (drawn >> 32, drawn & u64::from(u32::MAX));
        let strikes = (whether as f64) < self.rate * 2f64.powi(32);
        strikes.then(|| place % steps.max(1))
    }
}

/// What is told of a fault.
pub fn error() -> io::Error {
    io::Error::other("failed on purpose")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_strike_as_often_as_said_and_everywhere() {
        let faults = Faults::new(0.2, 7);
        let drawn = |attempt| faults.draw(Path::new("a/b"), attempt, 3);
        let struck: Vec<u64> = (0..10_000).filter_map(drawn).collect();
        assert!((1_800..2_200).contains(&struck.len()), "{}", struck.len());
        for place in 0..3 {
            let there = struck.iter().filter(|at| **at == place).count();
            assert!(there > 500, "{there} at {place}");
        }
        assert_eq!(drawn(1), faults.draw(Path::new("a/b"), 1, 3));
        assert!((0..100).any(|n| drawn(n) != Faults::new(0.2, 8).draw(Path::new("a/b"), n, 3)));
        assert_eq!(Faults::none().draw(Path::new("a"), 1, 1), None);
    }
}
