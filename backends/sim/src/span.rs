//! Times as reports tell them: long ones in days and hours, and all of them exact.

use anyrt_core::Instant;
use std::{fmt, time::Duration};

/// A time span, to be read: `1.5s`, `2h 30min`, `366 days`.
pub(crate) struct Span(pub(crate) Duration);

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

impl Span {
    /// From the beginning of the run.
    pub(crate) fn until(at: Instant) -> Self {
        Self(at - Instant::ORIGIN)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        if seconds < HOUR {
            return write!(f, "{:?}", self.0);
        }
        let mut parts = Vec::new();
        match seconds / DAY {
            0 => {}
            1 => parts.push("1 day".to_owned()),
            days => parts.push(format!("{days} days")),
        }
        match seconds % DAY / HOUR {
            0 => {}
            hours => parts.push(format!("{hours}h")),
        }
        match seconds % HOUR / MINUTE {
            0 => {}
            minutes => parts.push(format!("{minutes}min")),
        }
        match self.0 - Duration::from_secs(seconds - seconds % MINUTE) {
            Duration::ZERO => {}
            rest => parts.push(format!("{rest:?}")),
        }
        f.write_str(&parts.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_spans_have_units_and_lose_nothing() {
        let nanos = Duration::from_nanos(1);
        for (span, text) in [
            (Duration::ZERO, "0ns"),
            (Duration::from_millis(1_500), "1.5s"),
            (Duration::from_secs(3_599), "3599s"),
            (Duration::from_secs(HOUR), "1h"),
            (Duration::from_secs(25 * HOUR + 61), "1 day 1h 1min 1s"),
            (Duration::from_secs(366 * DAY), "366 days"),
            (Duration::from_secs(2 * DAY) + nanos, "2 days 1ns"),
        ] {
            assert_eq!(Span(span).to_string(), text);
        }
    }
}
