//! The list of mutants: `conformance/mutants/*.txt`.
//!
//! ```text
//! # A comment.
//! grant-lost: What a waiter was granted is lost when it is dropped.
//!   kills SY-2 SY-23 ZZ-1
//!   in core/src/sync/raw.rs @ fn leave
//! - slow.free(state, need);
//! ```
//!
//! - The name, and what is wrong.
//! - `kills`: the rules that it is there for. `alone`: so many others fail that they are not tried.
//! - `in the runtime`: the fault of that name of `anyrt_conformance::mutant`. Or a file, and the places within
//!   which the text is found exactly once, from the outside inwards: each holds up to the end of its block.
//! - `-`: what is there, whatever the white space. `+`: what is there instead; left out, nothing is. Where
//!   `+` says `PLANTED`, that is the question whether the fault is on, and the text simply takes the
//!   place of the other; otherwise it is the branch of an `if`, and what was there is the `else`.
//! - A fault that needs several places has several of `in`, each with its own `-` and `+`.
//!
//! And for what no test at run time can kill:
//!
//! ```text
//! compiled CX-22: why
//! ```

use anyrt_conformance::{Rule, mutant::Fault};
use std::{collections::BTreeSet, fs, path::Path};

/// A mutant, and what it has to fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) kills: Vec<&'static str>,
    /// Whether nothing else is tried.
    pub(super) alone: bool,
    pub(super) place: Place,
}

/// Where the fault is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Runtime,
    /// One patch at least; they are on together.
    Source(Vec<Patch>),
}

impl Place {
    pub(super) fn patches(&self) -> &[Patch] {
        match self {
            Self::Runtime => &[],
            Self::Source(patches) => patches,
        }
    }
}

/// A fault in a source file, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Patch {
    pub(super) file: String,
    /// What the text is within, from the outside inwards.
    pub(super) within: Vec<String>,
    pub(super) find: String,
    pub(super) replace: String,
}

/// All mutants.
#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) entries: Vec<Entry>,
    /// Rules that the compiler checks, each with the reason.
    pub(super) compiled: Vec<(&'static str, String)>,
}

impl List {
    /// Reads all files of the list.
    pub(super) fn load(root: &Path) -> Result<Self, String> {
        let folder = root.join("conformance/mutants");
        let found = fs::read_dir(&folder).map_err(|error| format!("{folder:?}: {error}"))?;
        let mut paths: Vec<_> = found.filter_map(|file| Some(file.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
        paths.sort();
        let mut list = Self::default();
        for path in paths {
            let text = fs::read_to_string(&path).map_err(|error| format!("{path:?}: {error}"))?;
            list.read(&text)
                .map_err(|error| format!("{}: {error}", path.display()))?;
        }
        list.check()?;
        Ok(list)
    }

    /// Adds what `text` lists.
    fn read(&mut self, text: &str) -> Result<(), String> {
        let lines: Vec<&str> = text.lines().collect();
        let mut from = 0;
        for (at, line) in lines.iter().chain([&""]).enumerate() {
            if line.trim().is_empty() {
                let block: Vec<&str> = lines[from.min(at)..at]
                    .iter()
                    .copied()
                    .filter(|line| !line.starts_with('#'))
                    .collect();
                if !block.is_empty() {
                    self.block(&block)
                        .map_err(|error| format!("line {}: {error}", from + 1))?;
                }
                from = at + 1;
            }
        }
        Ok(())
    }

    fn block(&mut self, lines: &[&str]) -> Result<(), String> {
        let (head, about) = lines[0]
            .split_once(": ")
            .ok_or("wants `name: what is wrong`")?;
        let about = about.trim().to_owned();
        if let Some(ids) = head.strip_prefix("compiled ") {
            if lines.len() > 1 {
                return Err("`compiled` is one line".into());
            }
            for id in rules(ids)? {
                self.compiled.push((id, about.clone()));
            }
            return Ok(());
        }
        let (mut kills, mut patches) = (Vec::new(), Vec::new());
        let mut alone = false;
        for line in &lines[1..] {
            let line = line.trim_start();
            if let Some(text) = line.strip_prefix('-') {
                last(&mut patches)?.find.push(text);
            } else if let Some(text) = line.strip_prefix('+') {
                last(&mut patches)?.replace.push(text);
            } else if let Some(ids) = line.strip_prefix("kills ") {
                kills = rules(ids)?;
            } else if line == "alone" {
                alone = true;
            } else if let Some(text) = line.strip_prefix("in ") {
                patches.push(Lines::within(text));
            } else {
                return Err(format!("not understood: {line}"));
            }
        }
        let place = match patches.as_slice() {
            [] => return Err(NO_PLACE.into()),
            [one] if one.is_runtime() && one.find.is_empty() && one.replace.is_empty() => {
                Place::Runtime
            }
            all if all
                .iter()
                .all(|one| !one.is_runtime() && !one.find.is_empty()) =>
            {
                Place::Source(all.iter().map(Lines::patch).collect())
            }
            _ => return Err("a file wants `-` lines, the runtime none".into()),
        };
        if kills.is_empty() {
            return Err("wants `kills`, and rules".into());
        }
        self.entries.push(Entry {
            name: head.trim().to_owned(),
            about,
            kills,
            alone,
            place,
        });
        Ok(())
    }

    /// Names are unique, and those of runtimes are those that there are.
    fn check(&self) -> Result<(), String> {
        let mut names = BTreeSet::new();
        for entry in &self.entries {
            if !names.insert(entry.name.as_str()) {
                return Err(format!("two mutants are called `{}`", entry.name));
            }
        }
        let faults: BTreeSet<&str> = Fault::ALL[1..].iter().map(|fault| fault.name()).collect();
        let listed = self
            .entries
            .iter()
            .filter(|one| one.place == Place::Runtime);
        let listed: BTreeSet<&str> = listed.map(|entry| entry.name.as_str()).collect();
        match faults.symmetric_difference(&listed).next() {
            None => Ok(()),
            Some(name) if listed.contains(name) => {
                Err(format!("no runtime has the fault `{name}`"))
            }
            Some(name) => Err(format!("the runtimes' fault `{name}` is not listed")),
        }
    }
}

const NO_PLACE: &str = "wants `in the runtime`, or in a file";

/// What is read of a patch.
struct Lines<'a> {
    place: &'a str,
    find: Vec<&'a str>,
    replace: Vec<&'a str>,
}

impl<'a> Lines<'a> {
    fn within(place: &'a str) -> Self {
        Self {
            place: place.trim(),
            find: Vec::new(),
            replace: Vec::new(),
        }
    }

    fn is_runtime(&self) -> bool {
        self.place == "the runtime"
    }

    fn patch(&self) -> Patch {
        let mut parts = self.place.split(" @ ").map(|part| part.trim().to_owned());
        Patch {
            file: parts.next().unwrap_or_default(),
            within: parts.collect(),
            find: self.find.join("\n"),
            replace: self.replace.join("\n"),
        }
    }
}

fn last<'l, 'a>(patches: &'l mut [Lines<'a>]) -> Result<&'l mut Lines<'a>, String> {
    patches.last_mut().ok_or_else(|| NO_PLACE.into())
}

fn rules(ids: &str) -> Result<Vec<&'static str>, String> {
    ids.split_whitespace()
        .map(|id| {
            let rule = Rule::find(id).ok_or_else(|| format!("no rule has the id {id}"))?;
            Ok(rule.id)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<List, String> {
        let mut list = List::default();
        list.read(text).map(|()| list)
    }

    #[test]
    fn a_patch_is_read() {
        let text = "# one\n\na-b: what: it is\n  kills SP-1 SP-2\n  alone\n  in a.rs @ fn x @ y\n- one(\n-   1)\n+ two\n";
        let list = read(text).unwrap();
        let [entry] = list.entries.as_slice() else {
            panic!("{list:?}");
        };
        assert_eq!(
            (entry.name.as_str(), entry.about.as_str()),
            ("a-b", "what: it is")
        );
        assert_eq!(entry.kills, ["SP-1", "SP-2"]);
        assert!(entry.alone);
        let [patch] = entry.place.patches() else {
            panic!("{entry:?}");
        };
        assert_eq!(patch.within, ["fn x", "y"]);
        assert_eq!(
            (patch.find.as_str(), patch.replace.as_str()),
            (" one(\n   1)", " two")
        );
    }

    #[test]
    fn a_fault_of_several_places_is_read() {
        let text = "a-b: c\n  kills SP-1\n  in a.rs @ fn x\n- one\n  in b.rs\n- two\n+ three\n";
        let list = read(text).unwrap();
        let [first, second] = list.entries[0].place.patches() else {
            panic!("{list:?}");
        };
        assert_eq!((first.file.as_str(), first.find.as_str()), ("a.rs", " one"));
        assert!(first.replace.is_empty() && second.within.is_empty());
        assert_eq!(
            (second.file.as_str(), second.replace.as_str()),
            ("b.rs", " three")
        );
    }

    #[test]
    fn what_is_missing_or_unknown_is_an_error() {
        for (text, error) in [
            ("a: b\n  in the runtime\n", "wants `kills`"),
            ("a: b\n  kills SP-1\n", "wants `in"),
            (
                "a: b\n  kills SP-1\n  in the runtime\n- x\n",
                "the runtime none",
            ),
            ("a: b\n  kills SP-1\n  in a.rs\n", "wants `-` lines"),
            ("a: b\n  kills SP-1\n- x\n  in a.rs\n", "wants `in"),
            (
                "a: b\n  kills SP-1\n  in a.rs\n- x\n  in the runtime\n",
                "the runtime none",
            ),
            (
                "\n\na: b\n  kills no-such-rule\n",
                "line 3: no rule has the id",
            ),
            ("a: b\n  kill SP-1\n", "not understood: kill"),
            ("a\n", "wants `name: what"),
        ] {
            let found = read(text).unwrap_err();
            assert!(found.contains(error), "{text:?}: {found}");
        }
    }

    #[test]
    fn names_are_unique_and_all_faults_of_runtimes_listed() {
        let twice =
            read("a: b\n  kills SP-1\n  in x.rs\n- x\n\na: b\n  kills SP-1\n  in x.rs\n- x\n");
        assert!(twice.unwrap().check().unwrap_err().contains("two mutants"));
        assert!(
            List::default()
                .check()
                .unwrap_err()
                .contains("is not listed")
        );
        let unknown = read("no-such-fault: b\n  kills SP-1\n  in the runtime\n").unwrap();
        assert!(unknown.check().is_err());
    }

    #[test]
    fn every_patch_is_found_and_every_must_is_listed() {
        let root = crate::root();
        let list = List::load(&root).unwrap();
        for entry in &list.entries {
            for patch in entry.place.patches() {
                let text = fs::read_to_string(root.join(&patch.file)).unwrap();
                let planted = crate::mutants::plant::plant(&text, &[(&entry.name, patch)]);
                assert!(planted.is_ok(), "{}: {planted:?}", patch.file);
            }
        }
        for rule in anyrt_conformance::RULES {
            let killed = list
                .entries
                .iter()
                .any(|entry| entry.kills.contains(&rule.id));
            let compiled = list.compiled.iter().any(|(id, _)| *id == rule.id);
            let must = rule.level == anyrt_conformance::Level::Must;
            assert!(
                !must || killed != compiled,
                "{}: {killed} {compiled}",
                rule.id
            );
        }
    }
}
