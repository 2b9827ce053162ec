//! Durations in words: `"250ms"`, `"1m 30s"`.

use std::time::Duration;
use syn::{LitInt, LitStr};

/// The units, and their nanoseconds.
const UNITS: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", SECOND),
    ("m", 60 * SECOND),
    ("min", 60 * SECOND),
    ("h", 60 * 60 * SECOND),
    ("d", 24 * 60 * 60 * SECOND),
];
const SECOND: u64 = 1_000_000_000;

/// What a literal says.
pub(crate) fn parse(literal: &LitStr) -> syn::Result<Duration> {
    let text = literal.value();
    words(&text).ok_or_else(|| {
        let problem = format!(
            "`{text}` is not a duration (want: whole numbers with units, such as `250ms`, `5s` or `1m 30s`)"
        );
        syn::Error::new(literal.span(), problem)
    })
}

/// The error for a number where a duration belongs: `5`, and `5s`, which is one to rustc.
pub(crate) fn wants_quotes(number: &LitInt) -> syn::Error {
    let unit = UNITS.iter().find(|(name, _)| *name == number.suffix());
    let unit = unit.map_or("s", |(name, _)| name);
    let problem = format!(
        "a duration has a unit, and quotes: write `\"{number}{unit}\"`",
        number = number.base10_digits()
    );
    syn::Error::new(number.span(), problem)
}

fn words(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut sum = (!rest.is_empty()).then_some(Duration::ZERO)?;
    while !rest.is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit());
        let (unit, after) = split(after.trim_start(), char::is_alphabetic);
        let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let nanos = number.parse::<u64>().ok()?.checked_mul(*nanos)?;
        sum = sum.checked_add(Duration::from_nanos(nanos))?;
        rest = after.trim_start();
    }
    Some(sum)
}

/// The longest beginning of which `is_in` holds, and the rest.
fn split(text: &str, is_in: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !is_in(c)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up() {
        for (text, want) in [
            ("0s", Duration::ZERO),
            ("7ns", Duration::from_nanos(7)),
            ("7us", Duration::from_micros(7)),
            ("7µs", Duration::from_micros(7)),
            ("250ms", Duration::from_millis(250)),
            ("5 s", Duration::from_secs(5)),
            (" 1m 30s ", Duration::from_secs(90)),
            ("1h30min", Duration::from_secs(90 * 60)),
            ("2d", Duration::from_secs(2 * 24 * 60 * 60)),
        ] {
            assert_eq!(words(text), Some(want), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            " ",
            "5",
            "s",
            "5 sec",
            "5.5s",
            "-5s",
            "5s,",
            "5s 3",
            "5S",
            "soon",
            "18446744073709551616ns",
            "18446744073709551615s",
        ] {
            assert_eq!(words(text), None, "{text:?}");
        }
    }
}
