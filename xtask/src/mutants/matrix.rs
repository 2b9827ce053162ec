//! Which rules each mutant fails beside those that it is there for: `conformance/MUTANTS.md`, written by
//! `cargo xtask mutants --full --write`, and held against what fails by `--full`.

use super::{
    list::Entry,
    trial::{Verdict, Verdicts, by_chance},
};
use anyrt_conformance::RULES;
use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

const PATH: &str = "conformance/MUTANTS.md";

const HEAD: &str = "\
# What the suite was seen to fail on

A mutant is anyrt with one fault, planted in its sources or in a runtime around another one. It has to fail
the rules that it is there for; those that fail beside are what hangs on them. Every other rule passes on
it, but for the stochastic ones and those on real threads, which chance decides. Without a fault all
rules pass.

`cargo xtask mutants --full` holds this table against what fails, `--full --write` writes it; the faults
themselves are in [`mutants/`](mutants/).

| mutant | what is wrong | it is there for | fails beside |
|---|---|---|---|
";
const NOT_TRIED: &str = "too many to try";

/// The rules that fail beside, by the mutant's name.
pub(super) type Beside = BTreeMap<String, Vec<String>>;

/// Reads the table.
pub(super) fn load(root: &Path) -> Result<Beside, String> {
    let text = fs::read_to_string(root.join(PATH)).map_err(|error| format!("{PATH}: {error}"))?;
    Ok(parse(&text))
}

fn parse(text: &str) -> Beside {
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split(" | ").collect();
        let name = cells.first()?.strip_prefix("| `")?.strip_suffix('`')?;
        let rules = cells.last()?.trim_end_matches('|').split_whitespace();
        Some((name.to_owned(), rules.map(str::to_owned).collect()))
    });
    rows.collect()
}

/// The rules that fail on a mutant, those apart that it is there for, and those that chance decides.
pub(super) fn beside(entry: &Entry, verdicts: &Verdicts) -> Vec<&'static str> {
    let failed = |id: &str| verdicts.get(id).is_some_and(Verdict::is_kill);
    let ids = RULES.iter().map(|rule| rule.id);
    ids.filter(|id| failed(id) && !entry.kills.contains(id) && !by_chance(id))
        .collect()
}

/// Writes the table.
pub(super) fn write(root: &Path, results: &[(&Entry, &Verdicts)]) -> Result<(), String> {
    fs::write(root.join(PATH), render(results)).map_err(|error| format!("{PATH}: {error}"))
}

fn render(results: &[(&Entry, &Verdicts)]) -> String {
    let mut text = HEAD.to_owned();
    for (entry, verdicts) in results {
        let beside = match entry.alone {
            true => NOT_TRIED.to_owned(),
            false => beside(entry, verdicts).join(" "),
        };
        let Entry { name, about, .. } = entry;
        let about = about.replace('|', "\\|");
        let _ = writeln!(
            text,
            "| `{name}` | {about} | {} | {beside} |",
            entry.kills.join(" ")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{super::list::Place, *};

    #[test]
    fn what_is_written_is_read() {
        let entry = Entry {
            name: "a-b".into(),
            about: "It is a | b.".into(),
            kills: vec!["SP-1"],
            alone: false,
            place: Place::Runtime,
        };
        let clean = Entry {
            name: "c".into(),
            ..entry.clone()
        };
        let verdicts = |failed: &[&str]| -> Verdicts {
            let word = |id: &&str| {
                if failed.contains(id) {
                    "failed"
                } else {
                    "passed"
                }
            };
            let verdict = |id| Verdict {
                word: word(&id).into(),
                detail: String::new(),
            };
            ["SP-1", "SP-2", "SP-3", "TM-2"]
                .into_iter()
                .map(|id| (id.to_owned(), verdict(id)))
                .collect()
        };
        let (more, less) = (verdicts(&["SP-1", "SP-2", "TM-2"]), verdicts(&["SP-1"]));
        let table = parse(&render(&[(&entry, &more), (&clean, &less)]));
        assert_eq!(table["a-b"], ["SP-2", "TM-2"]);
        assert!(table["c"].is_empty());
        assert_eq!(table.len(), 2);
    }
}
