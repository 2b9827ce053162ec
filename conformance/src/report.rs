//! What came of a run, as text, JSON and Markdown.

use crate::rule::{AREAS, Level, Rule};
use std::{
    fmt::{self, Write},
    time::Duration,
};

/// What came of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The backend keeps the rule.
    Passed,
    /// It breaks the rule: how.
    Failed(String),
    /// It stood still for so long.
    Hung(Duration),
    /// The rule does not apply: why.
    Skipped(String),
    /// It breaks the rule, as is known: why.
    ExpectedFailure(String),
    /// It keeps the rule, though it was expected not to, for this reason.
    UnexpectedPass(String),
}

impl Verdict {
    /// The verdict in one or two words.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::Hung(_) => "hung",
            Self::Skipped(_) => "skipped",
            Self::ExpectedFailure(_) => "expected failure",
            Self::UnexpectedPass(_) => "unexpected pass",
        }
    }

    /// The message or the reason, where there is one.
    pub fn detail(&self) -> String {
        match self {
            Self::Passed => String::new(),
            Self::Hung(limit) => format!("nothing happened for {limit:?}"),
            Self::UnexpectedPass(reason) => {
                format!("take it off the expectations, which say: {reason}")
            }
            Self::Failed(text) | Self::Skipped(text) | Self::ExpectedFailure(text) => text.clone(),
        }
    }

    /// Whether a test with this verdict fails.
    pub fn is_bad(&self) -> bool {
        matches!(
            self,
            Self::Failed(_) | Self::Hung(_) | Self::UnexpectedPass(_)
        )
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detail = self.detail();
        let colon = if detail.is_empty() { "" } else { ": " };
        write!(f, "{}{colon}{detail}", self.word())
    }
}

/// A rule and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The rule.
    pub rule: &'static Rule,
    /// What came of it.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The backend's name.
    pub backend: String,
    /// Rule by rule.
    pub entries: Vec<Entry>,
}

impl Report {
    /// What came of the rule with that id, if it ran.
    pub fn verdict(&self, id: &str) -> Option<&Verdict> {
        self.entries
            .iter()
            .find(|entry| entry.rule.id == id)
            .map(|entry| &entry.verdict)
    }

    /// Whether something ran, and no MUST failed, hung or passed against expectation.
    pub fn conforms(&self) -> bool {
        let must = |entry: &&Entry| entry.rule.level == Level::Must;
        !self.entries.is_empty()
            && !self
                .entries
                .iter()
                .filter(must)
                .any(|entry| entry.verdict.is_bad())
    }

    /// How many rules of an area passed, and how many of them apply.
    pub fn score(&self, area: &str) -> (usize, usize) {
        let applies = |entry: &&Entry| {
            entry.rule.area() == area && !matches!(entry.verdict, Verdict::Skipped(_))
        };
        let entries = self.entries.iter().filter(applies);
        let passed = entries
            .clone()
            .filter(|entry| entry.verdict == Verdict::Passed);
        (passed.count(), entries.count())
    }

    /// A line per rule, and one at the end.
    pub fn to_text(&self) -> String {
        let mut text = format!("{}\n", self.backend);
        for Entry {
            rule,
            verdict,
            took,
        } in &self.entries
        {
            let millis = took.as_millis();
            let _ = writeln!(
                text,
                "  {:<6} {:<6} {millis:>6} ms  {verdict}",
                rule.id, rule.level
            );
        }
        let count = |word| {
            self.entries
                .iter()
                .filter(|entry| entry.verdict.word() == word)
                .count()
        };
        let words = [
            "passed",
            "failed",
            "hung",
            "skipped",
            "expected failure",
            "unexpected pass",
        ];
        let counts = words.map(|word| (word, count(word)));
        let counts: Vec<_> = counts
            .iter()
            .filter(|(word, count)| *word == "passed" || *count > 0)
            .map(|(word, count)| format!("{count} {word}"))
            .collect();
        let _ = writeln!(
            text,
            "  {} rules: {}",
            self.entries.len(),
            counts.join(", ")
        );
        text
    }

    /// An object with the backend's name and an array of rules.
    pub fn to_json(&self) -> String {
        let rules: Vec<_> = self
            .entries
            .iter()
            .map(
                |Entry {
                     rule,
                     verdict,
                     took,
                 }| {
                    format!(
                        r#"{{"id":{},"level":{},"kind":{},"verdict":{},"detail":{},"millis":{}}}"#,
                        quote(rule.id),
                        quote(&rule.level.to_string()),
                        quote(&rule.kind.to_string()),
                        quote(verdict.word()),
                        quote(&verdict.detail()),
                        took.as_millis(),
                    )
                },
            )
            .collect();
        let (name, conforms) = (quote(&self.backend), self.conforms());
        format!(
            r#"{{"backend":{name},"conforms":{conforms},"rules":[{}]}}"#,
            rules.join(",")
        )
    }

    /// A table with a row a rule.
    pub fn to_markdown(&self) -> String {
        let mut text = format!(
            "| rule | level | {} |\n|---|---|---|\n",
            cell(&self.backend)
        );
        for Entry { rule, verdict, .. } in &self.entries {
            let verdict = cell(&verdict.to_string());
            let _ = writeln!(text, "| {} | {} | {verdict} |", rule.id, rule.level);
        }
        text
    }
}

/// A table of areas by backends, with what passed of what applies, and below it what was skipped
/// or is not kept, with the reasons.
pub fn matrix(reports: &[Report]) -> String {
    let mut text = String::from("| rules |");
    for report in reports {
        let _ = write!(text, " {} |", cell(&report.backend));
    }
    let _ = write!(text, "\n|---|{}\n", "---|".repeat(reports.len()));
    for (area, title) in AREAS {
        let _ = write!(text, "| {title} ({area}) |");
        for report in reports {
            let (passed, applies) = report.score(area);
            let _ = write!(text, " {passed}/{applies} |");
        }
        text.push('\n');
    }
    let mut notes = String::new();
    for report in reports {
        for Entry { rule, verdict, .. } in &report.entries {
            if *verdict != Verdict::Passed {
                let detail = cell(&verdict.to_string());
                let _ = writeln!(notes, "- {}, {}: {detail}", cell(&report.backend), rule.id);
            }
        }
    }
    if !notes.is_empty() {
        let _ = write!(text, "\nNot passed, or not applicable:\n\n{notes}");
    }
    text
}

/// Text within a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A JSON string.
fn quote(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c < ' ' => {
                let _ = write!(quoted, "\\u{:04x}", c as u32);
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::RULES;

    fn report(verdict: Verdict) -> Report {
        let entry = Entry {
            rule: &RULES[0],
            verdict,
            took: Duration::from_millis(7),
        };
        Report {
            backend: "a|b".into(),
            entries: vec![entry],
        }
    }

    #[test]
    fn json_is_escaped() {
        let json = report(Verdict::Failed("a \"b\"\n\\c".into())).to_json();
        let rule = r#"{"id":"SP-1","level":"MUST","kind":"exact","verdict":"failed","detail":"a \"b\"\u000a\\c","millis":7}"#;
        assert_eq!(
            json,
            format!(r#"{{"backend":"a|b","conforms":false,"rules":[{rule}]}}"#)
        );
    }

    #[test]
    fn markdown_keeps_its_cells() {
        let report = report(Verdict::Skipped("one | two\nthree".into()));
        assert!(
            report
                .to_markdown()
                .ends_with("| SP-1 | MUST | skipped: one \\| two three |\n")
        );
        let matrix = matrix(&[report]);
        assert!(matrix.contains("| Tasks (SP) | 0/0 |"), "{matrix}");
        assert!(matrix.contains("- a\\|b, SP-1: skipped: one"), "{matrix}");
    }

    #[test]
    fn an_empty_report_does_not_conform() {
        let mut report = report(Verdict::Passed);
        assert!(report.conforms());
        report.entries.clear();
        assert!(!report.conforms());
    }
}
