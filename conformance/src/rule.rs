//! The table of rules, and the way from an id to its function.

use crate::{
    outcome::{Backend, Ctx, Outcome},
    rules,
};
use std::fmt;

/// How much a rule binds, in the words of RFC 2119.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A backend that breaks it does not conform.
    Must,
    /// A backend may break it for a good reason, which its docs give.
    Should,
    /// A backend is free to keep it.
    May,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
        })
    }
}

/// How a rule's test decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A backend that breaks the rule fails, each time.
    Exact,
    /// A backend that breaks the rule fails sooner or later: the test tries its luck at a race. One
    /// that keeps it never fails.
    Stochastic,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Exact => "exact",
            Self::Stochastic => "stochastic",
        })
    }
}

/// A rule of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its permanent id, `SP-2`.
    pub id: &'static str,
    /// The name of its test, `sp_02_dropping_a_handle_detaches`.
    pub name: &'static str,
    /// How much it binds.
    pub level: Level,
    /// How its test decides.
    pub kind: Kind,
    /// What it says.
    pub text: &'static str,
}

impl Rule {
    /// The rule with that id.
    pub fn find(id: &str) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.id == id)
    }

    /// The letters of its id: `SP`.
    pub fn area(&self) -> &'static str {
        self.id.split('-').next().unwrap_or(self.id)
    }
}

/// An area of rules: the letters of their ids, and what they are about.
pub const AREAS: &[(&str, &str)] = &[
    ("SP", "Tasks"),
    ("BL", "Blocking work"),
    ("LO", "Local tasks"),
    ("BO", "The way in"),
    ("SI", "Signals"),
    ("TM", "Time"),
    ("IV", "Intervals"),
    ("TO", "Timeouts"),
    ("SY", "Coordination"),
    ("CH", "Channels"),
    ("TG", "Groups and scopes"),
    ("GA", "Many as one"),
    ("CX", "Cancellation and context"),
    ("RE", "Retries"),
    ("RL", "Rate limits"),
    ("LI", "Concurrency limits"),
    ("DE", "Degradation"),
    ("CA", "The cache"),
    ("PO", "Pools"),
    ("BA", "Batches"),
    ("TP", "Task pools"),
    ("LC", "Resources and lifecycle"),
    ("OP", "Operations"),
    ("TW", "Layers for tower"),
    ("ZZ", "Every async operation"),
];

macro_rules! table {
    ([] $(($name:ident, $area:ident::$function:ident, $id:literal, $level:ident, $kind:ident, $text:literal))+) => {
        /// All rules, by area.
        pub static RULES: &[Rule] = &[$(Rule {
            id: $id,
            name: stringify!($name),
            level: Level::$level,
            kind: Kind::$kind,
            text: $text,
        }),+];

        /// Tries the rule with that id; `None` where there is none.
        pub(crate) fn dispatch<R: Backend>(id: &str, ctx: &Ctx<'_, R>) -> Option<Outcome> {
            match id {
                $($id => Some(rules::$area::$function(ctx)),)+
                _ => None,
            }
        }
    };
}

crate::__for_each_rule! { [table] }

/// The lists of rules that `SPEC.md` has between its markers.
pub fn spec() -> String {
    let mut text = String::new();
    for (area, title) in AREAS {
        text +=
            &format!("\n## {area} – {title}\n\n| id | level | kind | rule |\n|---|---|---|---|\n");
        for rule in RULES.iter().filter(|rule| rule.area() == *area) {
            let Rule {
                id,
                level,
                kind,
                text: says,
                ..
            } = rule;
            text += &format!("| {id} | {level} | {kind} | {says} |\n");
        }
    }
    text
}
