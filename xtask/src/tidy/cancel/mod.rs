//! Every public async operation is dropped by a test at each of its points, and says what that does: one table of
//! them, made from the sources and from the rows of the tests.

mod operations;
mod rows;
mod table;

use super::{File, items::items_of};
use crate::tools::with_block;
use operations::{Operations, Place, SECTION};
use rows::{Row, Tests};
use std::collections::{BTreeMap, BTreeSet};

/// Where the table stands, and the markers around it.
pub(super) const PAPER: &str = "conformance/CANCEL_SAFETY.md";
pub(super) const BLOCK: &str = "operations";

/// The packages that are published, and the rows of their tests.
const PACKAGES: &[(&str, &str, &[&str])] = &[
    ("anyrt", "src/", &[]),
    (
        "anyrt-core",
        "core/src/",
        &["backends/sim/tests/cancel/main.rs"],
    ),
    (
        "anyrt-toolkit",
        "toolkit/src/",
        &[
            "toolkit/tests/cancel/main.rs",
            "toolkit/tests/tower/main.rs",
        ],
    ),
    ("anyrt-sim", "backends/sim/src/", &[]),
    ("anyrt-tokio", "backends/tokio/src/", &[]),
    ("anyrt-smol", "backends/smol/src/", &[]),
    ("anyrt-async-std", "backends/async-std/src/", &[]),
    ("anyrt-async-io", "backends/async-io/src/", &[]),
    ("anyrt-conformance", "conformance/src/", &[]),
];

/// What the tests are given, and drop operations with.
const KIT: &str = "backends/sim/tests/cancel/kit.rs";

/// Public operations that have no row, with the reason.
const EXEMPT: &[(&str, &str, &str)] = &[
    (NESTING, "Unnested", INSIDE),
    (NESTING, "unnested", INSIDE),
    (PROBE, "Gate::wait", OF_TESTS),
    (PROBE, "Probe::finish", OF_TESTS),
    (PROBE, "Probe::woken_past", OF_TESTS),
    (PROBE, "Wakes::reached", OF_TESTS),
    (MACROS, "Branch", EXPANDED),
    (MACROS, "join", EXPANDED),
    (MACROS, "race", EXPANDED),
    (MACROS, "try_join", EXPANDED),
    (DETACHED, "PortableDetached", POLLED),
    (DETACHED, "portable_detached", POLLED),
    (FACADE, "sleep", DEFAULT),
    (FACADE, "timeout", DEFAULT),
];

const NESTING: &str = "backends/async-io/src/nesting.rs";
const PROBE: &str = "conformance/src/probe.rs";
const MACROS: &str = "core/src/join/macros.rs";
const DETACHED: &str = "core/src/task/detached.rs";
const FACADE: &str = "src/default.rs";

const DEFAULT: &str = "the default runtime's own";
const INSIDE: &str = "a backend's `block_on` polls it, to its end";
const OF_TESTS: &str = "watches tests, and has nothing to lose";
const EXPANDED: &str = "what the macros are made of, and hidden";
const POLLED: &str = "an executor's to poll: dropped, it drops its task";

/// The table is up to date, and holds every operation.
pub(super) fn check(files: &[File]) -> Vec<String> {
    let (table, mut problems) = match made_of(files) {
        Ok(made) => made,
        Err(problem) => return vec![problem],
    };
    let Some(paper) = files.iter().find(|file| file.path == PAPER) else {
        problems.push(format!("{PAPER}: not there"));
        return problems;
    };
    match with_block(&paper.text, BLOCK, &table) {
        Ok(text) if text == paper.text => {}
        Ok(_) => problems.push(format!(
            "{PAPER}: stale; `cargo xtask tidy --write` updates it"
        )),
        Err(problem) => problems.push(format!("{PAPER}: {problem}")),
    }
    problems
}

/// The table, and what is wrong with it.
pub(super) fn made_of(files: &[File]) -> Result<(String, Vec<String>), String> {
    let sources = files.iter().filter(|file| file.path.ends_with(".rs"));
    let sources = sources.filter(|file| {
        PACKAGES
            .iter()
            .any(|(_, folder, _)| file.path.starts_with(folder))
    });
    let sources = sources.map(|file| {
        let items = items_of(&file.code).map_err(|problem| format!("{}:{problem}", file.path))?;
        Ok((file.path.clone(), items))
    });
    let sources = sources.collect::<Result<Vec<_>, String>>()?;
    let operations = Operations::of(&sources);
    let rows: Vec<Row> = PACKAGES
        .iter()
        .flat_map(|(_, folder, mains)| mains.iter().map(move |main| (main, folder)))
        .filter_map(|(main, folder)| Some((files.iter().find(|f| f.path == *main)?, folder)))
        .flat_map(|(main, folder)| rows::rows_of(main, folder))
        .collect();
    let problems = problems(&operations, &rows, &Tests::of(files));
    Ok((table::of(PACKAGES, &operations, &rows, EXEMPT), problems))
}

fn problems(operations: &Operations, rows: &[Row], tests: &Tests<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut listed = BTreeMap::new();
    for row in rows {
        let (file, path) = &row.place;
        if listed.insert(&row.place, row).is_some() {
            problems.push(format!("{file}: `{path}` has two rows"));
        }
        match operations.told.get(&row.place) {
            None => problems.push(format!("{file}: `{path}` has a row, but no `{SECTION}`")),
            Some(told) => {
                let own = path
                    .rsplit("::")
                    .next()
                    .unwrap_or_default()
                    .trim_end_matches('!');
                // A type or a trait is used by its methods.
                let mut names: BTreeSet<&str> = told.methods.iter().map(String::as_str).collect();
                if own.starts_with(char::is_lowercase) {
                    names.insert(own);
                }
                problems.extend(tests.check(row, KIT, &names));
            }
        }
    }
    let exempt: BTreeSet<Place> = EXEMPT
        .iter()
        .map(|(file, path, _)| ((*file).to_owned(), (*path).to_owned()))
        .collect();
    let untested = operations.told.keys();
    let untested = untested
        .filter(|place| !listed.contains_key(place))
        .cloned();
    let untested: BTreeSet<Place> = untested.collect();
    for (file, path) in untested.difference(&exempt) {
        problems.push(format!(
            "{file}: no test drops `{path}` at each of its points"
        ));
    }
    for (file, path) in operations.silent.difference(&exempt) {
        problems.push(format!(
            "{file}: `{path}` is waited for, and has no `{SECTION}`"
        ));
    }
    let open: BTreeSet<_> = untested.union(&operations.silent).cloned().collect();
    for (file, path) in exempt.difference(&open) {
        problems.push(format!("{file}: `{path}` needs no exemption any more"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::load;

    /// What is found where `path` has another text in place of its own, or is there beside all others.
    fn planted(path: &str, change: impl FnOnce(String) -> String) -> Vec<String> {
        let mut files = load(&crate::root()).expect("the sources");
        let at = files.iter().position(|file| file.path == path);
        let text = at.map_or(String::new(), |at| files.remove(at).text);
        files.push(File::new(path, &change(text)).expect("it lexes"));
        check(&files)
    }

    #[test]
    fn no_operation_is_forgotten() {
        assert_eq!(planted(PAPER, |text| text), [""; 0]);
        let files = load(&crate::root()).expect("the sources");
        let (table, _) = made_of(&files).expect("they parse");
        assert!(table.matches("](../").count() > 200, "{table}");
    }

    #[test]
    fn what_is_forgotten_is_found() {
        const NEW: &str = "toolkit/src/planted.rs";
        let op = "pub async fn planted() {}\n";
        let found = planted(NEW, |_| op.to_owned());
        assert!(
            matches!(&*found, [one] if one.contains("has no `# Cancel safety`")),
            "{found:?}"
        );
        let found = planted(NEW, |_| format!("/// # Cancel safety\n/// Safe.\n{op}"));
        assert!(
            matches!(&*found, [one] if one.contains("no test drops `planted`")),
            "{found:?}"
        );
    }

    #[test]
    fn a_stale_table_is_found() {
        let is_stale = |found: Vec<String>| found.iter().any(|one| one.contains("stale"));
        assert!(is_stale(
            planted(PAPER, |text| text.replace("`yield_now`", "`yield`"))
        ));
        let sources = "core/src/task/yield_now.rs";
        let change = |text: String| text.replace("Safe: drop it to cancel it.", "Who knows.");
        assert!(is_stale(planted(sources, change)));
        assert!(!planted(PAPER, |_| String::new()).is_empty());
    }

    #[test]
    fn a_row_of_what_is_no_more_is_found() {
        const TABLE: &str = PACKAGES[1].2[0];
        let found = planted(TABLE, |text| {
            text.replace("\"Barrier::wait\"", "\"Barrier::gone\"")
        });
        assert!(
            found
                .iter()
                .any(|one| one.contains("`Barrier::gone` has a row")),
            "{found:?}"
        );
        let twice = |text: String| {
            text.replace(
                "\"Event::wait\" =>",
                "\"Event::wait\" => sync::a, \"Event::wait\" =>",
            )
        };
        assert!(
            planted(TABLE, twice)
                .iter()
                .any(|one| one.contains("two rows"))
        );
    }
}
