//! Paths and amounts for people.

use std::{
    fmt::{self, Display, Write},
    path::Path,
};

/// A path for people: what is not UTF-8 becomes `U+FFFD`, control characters are escaped, so
/// that a name can neither break a line nor talk to the terminal.
pub fn shown(path: &Path) -> impl Display {
    struct Shown(String);
    impl Display for Shown {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.chars().try_for_each(|symbol| {
                if symbol.is_control() {
                    write!(f, "{}", symbol.escape_default())
                } else {
                    f.write_char(symbol)
                }
            })
        }
    }
    Shown(path.to_string_lossy().into_owned())
}

/// So many of a thing.
pub fn amount(number: u64, thing: &str) -> impl Display {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}
