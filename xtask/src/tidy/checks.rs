//! The checks themselves. Each takes all files and returns a line per problem.

use super::{
    File, cancel,
    code::{code_of, has_word},
};
use crate::manifest;
use std::collections::BTreeSet;

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
    sources(files)
        .map(|file| {
            (
                file,
                code_of(&file.text)
                    .lines()
                    .filter(|l| !l.trim().is_empty())
                    .count(),
            )
        })
        .filter(|(_, lines)| *lines > MAX_CODE_LINES)
        .map(|(file, n)| format!("{}: {n} lines of code (most: {MAX_CODE_LINES})", file.path))
        .collect()
}

/// Nothing is unfinished, and no test is switched off.
fn banned(files: &[File]) -> Vec<String> {
    let mut problems = in_code(
        files,
        |_| true,
        |line| {
            let squeezed: String = line.chars().filter(|c| !c.is_whitespace()).collect();
            let attribute = squeezed.contains("#[") && has_word(line, "ignore");
            if attribute && (squeezed.contains("#[ignore") || squeezed.contains("cfg_attr(")) {
                return Some("an ignored test is no test".to_owned());
            }
            ["todo", "unimplemented", "dbg"]
                .into_iter()
                .find_map(|name| {
                    let call = format!("{name}!");
                    has_word(line, &call).then(|| format!("`{call}` is left in"))
                })
        },
    );
    for file in sources(files) {
        for (index, line) in file.text.lines().enumerate() {
            let doc = line.trim_start();
            let fence = doc
                .strip_prefix("///")
                .or(doc.strip_prefix("//!"))
                .map(str::trim_start);
            if fence
                .and_then(|f| f.strip_prefix("```"))
                .is_some_and(|f| has_word(f, "ignore"))
            {
                let path = &file.path;
                problems.push(format!(
                    "{path}:{}: an ignored example is no test",
                    index + 1
                ));
            }
        }
    }
    problems
}

/// `unsafe` stays in its rooms, and each use says why it is sound.
fn unsafe_code(files: &[File]) -> Vec<String> {
    let mut problems = in_code(
        files,
        |path| !UNSAFE_ROOMS.contains(&path),
        |line| {
            let rooms = UNSAFE_ROOMS.join(", ");
            has_word(line, "unsafe").then(|| format!("`unsafe` outside {rooms}"))
        },
    );
    for file in UNSAFE_ROOMS.iter().filter_map(|room| find(files, room)) {
        let code = code_of(&file.text);
        let code: Vec<&str> = code.lines().collect();
        let text: Vec<&str> = file.text.lines().collect();
        for (at, line) in code.iter().enumerate() {
            if has_word(line, "unsafe") && !has_safety_note(&text, &code, at) {
                problems.push(format!(
                    "{}:{}: no `// SAFETY:` above `unsafe`",
                    file.path,
                    at + 1
                ));
            }
        }
    }
    problems
}

/// Whether a safety note is on the line, or in the comment above the statement it is in.
fn has_safety_note(text: &[&str], code: &[&str], at: usize) -> bool {
    let is_note = |line: &str| line.contains("// SAFETY:") || line.contains("/// # Safety");
    if is_note(text[at]) {
        return true;
    }
    let above = (0..at).rev().take_while(|&i| {
        let code = code[i].trim_end();
        let comment = code.is_empty() && !text[i].trim().is_empty();
        let attribute = code.trim_start().starts_with("#[");
        comment || attribute || (!code.is_empty() && !code.ends_with([';', '{', '}', ',']))
    });
    above
        .into_iter()
        .any(|i| code[i].trim().is_empty() && is_note(text[i]))
}

/// The core and the toolkit take time, threads and randomness from the runtime. Clippy's list of disallowed
/// methods says the same; this check also sees code that clippy is told to allow, or that is compiled out.
fn purity(files: &[File]) -> Vec<String> {
    let names = [
        "Instant::now",
        "SystemTime::now",
        "std::thread::spawn",
        "std::thread::sleep",
        "thread::Builder",
        "RandomState",
    ];
    in_code(
        files,
        |path| path.starts_with("core/src/") || path.starts_with("toolkit/src/"),
        |line| {
            let name = names.into_iter().find(|name| has_word(line, name))?;
            Some(format!("`{name}`: ask the runtime"))
        },
    )
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

/// Asks `finding` about each line of code of the sources that `applies` picks.
fn in_code(
    files: &[File],
    applies: impl Fn(&str) -> bool,
    finding: impl Fn(&str) -> Option<String>,
) -> Vec<String> {
    let mut problems = Vec::new();
    for file in sources(files).filter(|file| applies(&file.path)) {
        for (index, line) in code_of(&file.text).lines().enumerate() {
            if let Some(found) = finding(line) {
                problems.push(format!("{}:{}: {found}", file.path, index + 1));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests;
