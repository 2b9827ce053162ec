//! The checks themselves. Each takes all files and returns a line per problem.

use super::{
    File, cancel,
    code::{Token, find as find_tokens, has_word},
};
use crate::manifest;
use anyrt_conformance::RULES;
use std::collections::{BTreeMap, BTreeSet};

/// A check: all files in, a line per problem out.
type Check = fn(&[File]) -> Vec<String>;

/// Every check.
pub(super) const ALL: &[Check] = &[
    presence,
    headers,
    sizes,
    banned,
    unsafe_code,
    purity,
    rule_ids,
    table_of_rules,
    lints,
    dependencies,
    cancel::check,
];

/// The command of the README that runs every test; `.ci/run` runs the same.
const TEST_COMMAND: &str = "cargo test --workspace --all-features";
/// The lines of code that a file may have.
const MAX_CODE_LINES: usize = 400;
/// The only files of the library with `unsafe` in them, and a test's: wakers whose `clone` misbehaves
/// cannot be made otherwise.
const UNSAFE_ROOMS: &[&str] = &[
    "core/src/join/pinned.rs",
    "core/src/sync/guarded.rs",
    "core/tests/wakers.rs",
];
/// The list of all rules.
const SPEC: &str = "conformance/SPEC.md";

/// The papers that other checks, and readers, rely on are there.
fn presence(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for path in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        SPEC,
    ] {
        if find(files, path).is_none() {
            problems.push(format!("{path}: not there"));
        }
    }
    if find(files, "README.md").is_some_and(|file| !file.text.contains(TEST_COMMAND)) {
        problems.push(format!("README.md: does not name `{TEST_COMMAND}`"));
    }
    if sources(files).next().is_none() {
        problems.push("tidy: no .rs file found".to_owned());
    }
    problems
}

/// The README's table has all rules: that of the first backend, to which all apply.
fn table_of_rules(files: &[File]) -> Vec<String> {
    let Some(readme) = find(files, "README.md") else {
        return Vec::new();
    };
    let mut areas = BTreeMap::<&str, usize>::new();
    for rule in RULES {
        *areas.entry(rule.area()).or_default() += 1;
    }
    let rows = areas
        .iter()
        .map(|(area, n)| format!("({area}) | {n}/{n} |"));
    rows.filter(|row| !readme.text.contains(row))
        .map(|row| format!("README.md: no row with `{row}`: `cargo xtask conformance --write`"))
        .collect()
}

/// Every source file says in its first line what it is for.
fn headers(files: &[File]) -> Vec<String> {
    sources(files)
        // A file that is there to fail to compile is shown whole in its expected output.
        .filter(|file| !file.path.contains("tests/ui/"))
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| format!("{}:1: does not start with a `//!` header", file.path))
        .collect()
}

/// No file is too long to read.
fn sizes(files: &[File]) -> Vec<String> {
    // Tokens take a while to place, and only of long files there may be too many.
    let long = sources(files).filter(|file| file.text.lines().count() > MAX_CODE_LINES);
    let long = long.filter_map(|file| {
        let lines = file
            .tokens()
            .iter()
            .flat_map(|one| one.line()..=one.span.end().line);
        let count = lines.collect::<BTreeSet<_>>().len();
        let path = &file.path;
        (count > MAX_CODE_LINES)
            .then(|| format!("{path}: {count} lines of code (most: {MAX_CODE_LINES})"))
    });
    long.collect()
}

/// Nothing is unfinished, and no test is switched off.
fn banned(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in sources(files) {
        for (call, name) in [
            ("todo !", "todo"),
            ("unimplemented !", "unimplemented"),
            ("dbg !", "dbg"),
        ] {
            let left = file.places(call);
            problems.extend(left.map(|place| format!("{place}: `{name}!` is left in")));
        }
        let ignored =
            find_tokens(file.tokens(), "# [").filter(|&at| ignores(&file.tokens()[at + 2..]));
        problems.extend(ignored.map(|at| {
            let line = file.tokens()[at].line();
            format!("{}:{line}: an ignored test is no test", file.path)
        }));
        let lines = (1..).zip(file.text.lines());
        let ignored = lines.filter(|(_, line)| is_ignored_example(line));
        problems.extend(
            ignored.map(|(line, _)| format!("{}:{line}: an ignored example is no test", file.path)),
        );
    }
    problems
}

/// Whether an attribute, from its name on, switches a test off.
fn ignores(attribute: &[Token]) -> bool {
    let mut names = attribute
        .iter()
        .map(|one| &*one.text)
        .take_while(|name| *name != "]");
    match names.next() {
        Some("ignore") => true,
        Some("cfg_attr") => names.any(|name| name == "ignore"),
        _ => false,
    }
}

fn is_ignored_example(line: &str) -> bool {
    let doc = line.trim_start();
    let text = doc.strip_prefix("///").or(doc.strip_prefix("//!"));
    let fence = text.and_then(|text| text.trim_start().strip_prefix("```"));
    fence.is_some_and(|words| has_word(words, "ignore"))
}

/// `unsafe` stays in its rooms, and each use says why it is sound.
fn unsafe_code(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in sources(files) {
        if !UNSAFE_ROOMS.contains(&&*file.path) {
            let rooms = UNSAFE_ROOMS.join(", ");
            let outside = file.places("unsafe");
            problems.extend(outside.map(|place| format!("{place}: `unsafe` outside {rooms}")));
            continue;
        }
        let text: Vec<&str> = file.text.lines().collect();
        for at in find_tokens(file.tokens(), "unsafe")
            .filter(|&at| !has_safety_note(&text, file.tokens(), at))
        {
            let (path, line) = (&file.path, file.tokens()[at].line());
            problems.push(format!("{path}:{line}: no `// SAFETY:` above `unsafe`"));
        }
    }
    problems
}

/// Whether a safety note is in the statement up to there, or in the comment above it.
fn has_safety_note(text: &[&str], tokens: &[Token], at: usize) -> bool {
    let ends = |one: &Token| matches!(&*one.text, ";" | "{" | "}" | ",");
    let begin = tokens[..at].iter().rposition(ends).map_or(0, |end| end + 1);
    let (first, last) = (tokens[begin].line(), tokens[at].line());
    let comment = text[..first - 1].iter().rev();
    let comment = comment.take_while(|line| line.trim_start().starts_with("//"));
    comment
        .chain(&text[first - 1..last])
        .any(|line| line.contains("// SAFETY:") || line.contains("/// # Safety"))
}

/// The core and the toolkit take time, threads and randomness from the runtime. Clippy's list of disallowed
/// methods says the same; this check also sees code that clippy is told to allow, or that is compiled out.
fn purity(files: &[File]) -> Vec<String> {
    let names = [
        "Instant : : now",
        "SystemTime : : now",
        "std : : thread : : spawn",
        "std : : thread : : sleep",
        "thread : : Builder",
        "RandomState",
    ];
    let is_pure = |path: &str| path.starts_with("core/src/") || path.starts_with("toolkit/src/");
    let mut problems = Vec::new();
    for file in sources(files).filter(|file| is_pure(&file.path)) {
        for name in names {
            let found = file.places(name);
            let name = name.replace(' ', "");
            problems.extend(found.map(|place| format!("{place}: `{name}`: ask the runtime")));
        }
    }
    problems
}

/// Every rule that is named anywhere is in the list of rules.
fn rule_ids(files: &[File]) -> Vec<String> {
    let Some(spec) = find(files, SPEC) else {
        return Vec::new();
    };
    let known: BTreeSet<&str> = rules_in(&spec.text).collect();
    if known.is_empty() {
        return vec![format!("{SPEC}: names no rule")];
    }
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| !file.path.ends_with(".toml")) {
        for (index, line) in file.text.lines().enumerate() {
            for id in rules_in(line).filter(|id| !known.contains(id)) {
                problems.push(format!(
                    "{}:{}: {id} is not in {SPEC}",
                    file.path,
                    index + 1
                ));
            }
        }
    }
    problems
}

/// All that looks like the id of a rule: two capitals, a hyphen, a number below 100. Larger
/// numbers are for examples of ids that do not exist.
fn rules_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_')
        .filter(|word| {
            word.split_once('-').is_some_and(|(family, number)| {
                family.len() == 2
                    && family.bytes().all(|b| b.is_ascii_uppercase())
                    && matches!(number.len(), 1 | 2)
                    && number.bytes().all(|b| b.is_ascii_digit())
            })
        })
}

/// Every package has the workspace's lints; a package without them is linted by nobody.
fn lints(files: &[File]) -> Vec<String> {
    manifests(files)
        .filter(|file| file.text.contains("[package]") && !manifest::inherits_lints(&file.text))
        .map(|file| format!("{}: no `workspace = true` under `[lints]`", file.path))
        .collect()
}

/// Every dependency has its reason in the architecture's table.
fn dependencies(files: &[File]) -> Vec<String> {
    let Some(paper) = find(files, "ARCHITECTURE.md") else {
        return Vec::new();
    };
    let rows: Vec<&str> = paper
        .text
        .lines()
        .filter(|line| line.starts_with('|'))
        .collect();
    let mut problems = Vec::new();
    for file in manifests(files) {
        for name in manifest::dependencies(&file.text).filter(|name| !is_own(name)) {
            let quoted = format!("`{name}`");
            if !rows
                .iter()
                .any(|row| row.split('|').nth(1).is_some_and(|c| c.contains(&quoted)))
            {
                let path = &file.path;
                problems.push(format!("{path}: {quoted} has no row in ARCHITECTURE.md"));
            }
        }
    }
    problems
}

fn is_own(name: &str) -> bool {
    name == "anyrt" || name.starts_with("anyrt-")
}

/// The manifests, without those of the benchmarks, a workspace of their own.
fn manifests(files: &[File]) -> impl Iterator<Item = &File> {
    files
        .iter()
        .filter(|file| file.path == "Cargo.toml" || file.path.ends_with("/Cargo.toml"))
        .filter(|file| !file.path.starts_with("benches/"))
}

fn sources(files: &[File]) -> impl Iterator<Item = &File> {
    files.iter().filter(|file| file.path.ends_with(".rs"))
}

fn find<'a>(files: &'a [File], path: &str) -> Option<&'a File> {
    files.iter().find(|file| file.path == path)
}

#[cfg(test)]
mod tests;
