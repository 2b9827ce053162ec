//! `cargo xtask mutants`: the suite fails on what is broken, rule by rule.

mod list;
mod matrix;
mod plant;
mod trial;
mod workspace;

use anyrt_conformance::{Level, RULES};
use list::{Entry, List};
use matrix::Beside;
use std::{collections::BTreeSet, path::Path, time::Instant};
use trial::Verdicts;

const USAGE: &str = "\
usage: cargo xtask mutants [--full [--write]] [--mutant NAME]... [--rule ID]...

  --full         runs every rule on every mutant: just those of conformance/MUTANTS.md may fail
  --write        writes that file anew
  --mutant NAME  only this one
  --rule ID      only the mutants of this rule
";

#[derive(Default)]
struct Options {
    full: bool,
    write: bool,
    mutants: Vec<String>,
    rules: Vec<String>,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().cloned().ok_or(format!("{arg} wants a value"));
            match arg.as_str() {
                "--full" => options.full = true,
                "--write" => options.write = true,
                "--mutant" => options.mutants.push(value()?),
                "--rule" => options.rules.push(value()?),
                other => return Err(format!("unknown argument: {other}\n{USAGE}")),
            }
        }
        match options.write && !(options.full && options.all()) {
            true => Err("--write wants --full, and all mutants: it writes the whole table".into()),
            false => Ok(options),
        }
    }

    fn chosen(&self, entry: &Entry) -> bool {
        let by_name = self.mutants.is_empty() || self.mutants.contains(&entry.name);
        let rule = |id: &&str| self.rules.iter().any(|rule| rule == id);
        by_name && (self.rules.is_empty() || entry.kills.iter().any(rule))
    }

    fn all(&self) -> bool {
        self.mutants.is_empty() && self.rules.is_empty()
    }
}

/// Runs the command.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), String> {
    let options = Options::parse(args)?;
    let list = List::load(root)?;
    let started = Instant::now();
    // All are planted, whichever are run: the next build is the same.
    let planted: Vec<&Entry> = list.entries.iter().collect();
    let program = workspace::build(root, &planted)?;
    println!("built in {:.0} s", started.elapsed().as_secs_f64());

    let entries: Vec<&Entry> = planted
        .into_iter()
        .filter(|one| options.chosen(one))
        .collect();
    if entries.is_empty() {
        return Err("no mutant is chosen".into());
    }
    let every: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    let mut trials = vec![(None, every.clone())];
    for entry in &entries {
        let rules = match options.full && !entry.alone {
            true => every.clone(),
            false => entry.kills.clone(),
        };
        trials.push((Some(*entry), rules));
    }
    let results = trial::run_all(&program, &trials, |(entry, _), verdicts| {
        if let Some(entry) = entry {
            println!("  {:<28} {}", entry.name, killed_by(verdicts));
        }
    })?;
    let control_verdicts = &results[0];
    let results: Vec<(&Entry, &Verdicts)> = entries.iter().copied().zip(&results[1..]).collect();
    let mut problems = control(control_verdicts);
    let mut killed = BTreeSet::new();
    for (entry, verdicts) in &results {
        problems.extend(survived(entry, verdicts));
        let kills = verdicts.iter().filter(|(_, verdict)| verdict.is_kill());
        killed.extend(kills.map(|(id, _)| id.as_str()));
    }
    if options.all() {
        problems.extend(uncovered(&list, &killed));
    }
    if options.write && problems.is_empty() {
        matrix::write(root, &results)?;
    } else if options.full {
        let table = matrix::load(root)?;
        let differ = results
            .iter()
            .map(|(entry, verdicts)| differences(entry, verdicts, &table));
        problems.extend(differ.flatten());
    }
    let took = started.elapsed().as_secs_f64();
    println!("{} mutants, {took:.0} s", entries.len());
    match problems.as_slice() {
        [] => Ok(()),
        problems => Err(problems.join("\n")),
    }
}

/// Without a fault every rule passes.
fn control(verdicts: &Verdicts) -> Vec<String> {
    let bad = verdicts.iter().filter(|(_, verdict)| verdict.is_kill());
    bad.map(|(id, verdict)| format!("without a fault, {id} {}: {}", verdict.word, verdict.detail))
        .collect()
}

/// The rules that failed, with a word for how, where they did not just fail.
fn killed_by(verdicts: &Verdicts) -> String {
    let kills = verdicts.iter().filter(|(_, verdict)| verdict.is_kill());
    let kills = kills.map(|(id, verdict)| match verdict.word.as_str() {
        "failed" => id.clone(),
        word => format!("{id} ({word})"),
    });
    kills.collect::<Vec<_>>().join(" ")
}

/// The rules that a mutant is there for, and that pass on it.
fn survived(entry: &Entry, verdicts: &Verdicts) -> Vec<String> {
    let Entry {
        name, about, kills, ..
    } = entry;
    let passed = verdicts
        .iter()
        .filter(|(id, verdict)| kills.contains(&id.as_str()) && !verdict.is_kill());
    passed
        .map(|(id, verdict)| format!("{name} ({about}): {id} is to fail, but {}", verdict.word))
        .collect()
}

/// Where other rules fail on a mutant than the table says.
fn differences(entry: &Entry, verdicts: &Verdicts, table: &Beside) -> Vec<String> {
    let name = &entry.name;
    if entry.alone {
        return Vec::new();
    }
    let Some(row) = table.get(name) else {
        return vec![format!(
            "{name} has no row in the table; --full --write writes it"
        )];
    };
    let found = matrix::beside(entry, verdicts);
    let more = found.iter().filter(|id| !row.iter().any(|one| one == *id));
    let more = more.map(|id| format!("{name}: {id} fails beside: {}", verdicts[*id].detail));
    let less = row.iter().filter(|id| !found.contains(&id.as_str()));
    let less = less.map(|id| format!("{name}: {id} fails no more"));
    more.chain(less).collect()
}

/// Every MUST that no mutant kills, and that is not the compiler's.
fn uncovered(list: &List, killed: &BTreeSet<&str>) -> Vec<String> {
    let compiled = |id: &str| list.compiled.iter().find(|(rule, _)| *rule == id);
    let musts = RULES.iter().filter(|rule| rule.level == Level::Must);
    let musts: Vec<&str> = musts.map(|rule| rule.id).collect();
    let (seen, left): (Vec<&str>, Vec<&str>) = musts.iter().partition(|id| killed.contains(**id));
    let (by_compiler, left): (Vec<&str>, Vec<&str>) =
        left.into_iter().partition(|id| compiled(id).is_some());
    println!(
        "{} of {} MUSTs were seen to fail; the compiler checks {}: {}",
        seen.len(),
        musts.len(),
        by_compiler.len(),
        by_compiler.join(" ")
    );
    match left.is_empty() {
        true => Vec::new(),
        false => vec![format!("no mutant kills {}", left.join(" "))],
    }
}
