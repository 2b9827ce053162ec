//! What a user should know about a path.

use crate::text::shown;
use std::{
    cmp::Ordering,
    fmt, io,
    path::{Path, PathBuf},
};

/// A message about one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The path.
    pub path: PathBuf,
    /// Whether something was left out because of it.
    pub is_warning: bool,
    /// What happened, in words.
    pub text: String,
}

impl Notice {
    /// Something was left out.
    pub fn warning(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            is_warning: true,
            text: text.into(),
        }
    }

    /// Good to know; nothing is missing.
    pub fn note(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            is_warning: false,
            text: text.into(),
        }
    }

    /// A warning that an operation failed.
    pub fn failed(path: &Path, doing: &str, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound {
            return Self::warning(path, "vanished in the meantime: skipped");
        }
        Self::warning(path, format!("cannot {doing}: {error}: skipped"))
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = if self.is_warning { "warning" } else { "note" };
        write!(f, "{level}: {}: {}", shown(&self.path), self.text)
    }
}

impl PartialOrd for Notice {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By path: the order in which they came about depends on the machine.
impl Ord for Notice {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.path, &self.text, self.is_warning).cmp(&(&other.path, &other.text, other.is_warning))
    }
}
