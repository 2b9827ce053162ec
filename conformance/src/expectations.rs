//! Failures that are known: a rule's id and a reason, a line each.

use crate::rule::Rule;
use std::{collections::BTreeMap, error::Error, fmt};

/// The rules that a backend is known to break, each with the reason.
///
/// ```
/// use anyrt_conformance::Expectations;
///
/// let known = Expectations::parse("# no threads here\nSP-7 the executor is single-threaded\n")?;
/// assert_eq!(known.reason("SP-7"), Some("the executor is single-threaded"));
/// assert!(Expectations::parse("SP-7").is_err(), "no reason");
/// assert!(Expectations::parse("SP-700 gone").is_err(), "no such rule");
/// # Ok::<(), anyrt_conformance::ExpectationsError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expectations(BTreeMap<&'static str, String>);

impl Expectations {
    /// Reads lines such as `SP-7 reason`; empty ones and those that begin with `#` are left out.
    ///
    /// # Errors
    /// With the number of the first line that has no reason, an unknown id, or an id again.
    pub fn parse(text: &str) -> Result<Self, ExpectationsError> {
        let mut known = BTreeMap::new();
        for (line, content) in (1..).zip(text.lines().map(str::trim)) {
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            let error = |problem| ExpectationsError {
                line,
                content: content.to_owned(),
                problem,
            };
            let (id, reason) = content
                .split_once(char::is_whitespace)
                .unwrap_or((content, ""));
            let rule = Rule::find(id).ok_or_else(|| error("no rule has this id"))?;
            if reason.trim().is_empty() {
                return Err(error("a reason is missing"));
            }
            if known.insert(rule.id, reason.trim().to_owned()).is_some() {
                return Err(error("the rule is listed twice"));
            }
        }
        Ok(Self(known))
    }

    /// Why that rule is expected to fail, if it is.
    pub fn reason(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }
}

/// A line of an expectations file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExpectationsError {
    /// Its number, from 1.
    pub line: usize,
    /// What it says.
    pub content: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl fmt::Display for ExpectationsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            content,
            problem,
        } = self;
        write!(f, "expectations, line {line}: {problem}: {content:?}")
    }
}

impl Error for ExpectationsError {}
