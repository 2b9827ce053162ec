//! Runs rules on mutants, each mutant in a process of its own.

use super::list::{Entry, Place};
use anyrt_conformance::{Kind, Rule};
use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

/// What the simulator cannot judge, or not soon: *TG-47* needs an executor that goes away, and a world that
/// nobody drives stays; *RL-10* needs threads that race; the others spin, and virtual time stands still meanwhile.
const REAL: &[&str] = &["CH-46", "IV-4", "RL-10", "TG-47", "TO-10"];

/// How often a rule that tries its luck may do so.
const CHANCES: usize = 20;

/// Whether chance decides whether a rule sees a fault: its kind says so, or it runs on real threads.
pub(super) fn by_chance(id: &str) -> bool {
    REAL.contains(&id) || Rule::find(id).is_some_and(|rule| rule.kind == Kind::Stochastic)
}

/// Processes for each core. Half of a rule's time is waiting, and a rule that hangs is watched for seconds, most of them
/// idle.
const WORKERS: usize = 2;

/// What came of a rule.
#[derive(Debug, Clone)]
pub(super) struct Verdict {
    pub(super) word: String,
    pub(super) detail: String,
}

impl Verdict {
    pub(super) fn is_kill(&self) -> bool {
        matches!(self.word.as_str(), "failed" | "hung" | "died")
    }
}

pub(super) type Verdicts = BTreeMap<String, Verdict>;

/// A mutant and the rules to run on it; `None` is the control, without a fault.
pub(super) type Trial<'a> = (Option<&'a Entry>, Vec<&'a str>);

/// Runs all trials, and tells of each as it ends.
pub(super) fn run_all(
    program: &Path,
    trials: &[Trial<'_>],
    ended: impl Fn(&Trial<'_>, &Verdicts) + Sync,
) -> Result<Vec<Verdicts>, String> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(vec![None; trials.len()]);
    let work = || {
        loop {
            let at = next.fetch_add(1, Relaxed);
            let Some(trial) = trials.get(at) else { break };
            let outcome = run(program, trial.0, &trial.1);
            if let Ok(verdicts) = &outcome {
                ended(trial, verdicts);
            }
            let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
            results[at] = Some(outcome);
        }
    };
    let workers = WORKERS * thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(work);
        }
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.into_iter().flatten().collect()
}

/// Runs the rules, and those again that a mutant is there for and that chance has let pass.
fn run(program: &Path, entry: Option<&Entry>, rules: &[&str]) -> Result<Verdicts, String> {
    let mut verdicts = run_once(program, entry, rules)?;
    let kills: &[_] = entry.map_or(&[], |entry| &entry.kills);
    for _ in 1..CHANCES {
        let left = kills.iter().copied();
        let left: Vec<&str> = left
            .filter(|id| by_chance(id) && verdicts.get(*id).is_some_and(|one| !one.is_kill()))
            .collect();
        if left.is_empty() {
            break;
        }
        verdicts.extend(run_once(program, entry, &left)?);
    }
    Ok(verdicts)
}

fn run_once(program: &Path, entry: Option<&Entry>, rules: &[&str]) -> Result<Verdicts, String> {
    let (real, simulated): (Vec<&str>, Vec<&str>) =
        rules.iter().partition(|rule| REAL.contains(rule));
    let mut verdicts = Verdicts::new();
    for (runtime, mut rules) in [("sim", simulated), ("tokio", real)] {
        while !rules.is_empty() {
            let stdout = output(program, entry, runtime, &rules)?;
            verdicts.extend(stdout.lines().filter_map(parse));
            let left = rules.iter().copied();
            let left: Vec<&str> = left.filter(|rule| !verdicts.contains_key(*rule)).collect();
            if let Some(first) = left.first() {
                // In the order of the program's own list; which one it was is of no account.
                let died = Verdict {
                    word: "died".into(),
                    detail: "the process ended".into(),
                };
                verdicts.insert((*first).to_owned(), died);
            }
            rules = left.into_iter().skip(1).collect();
        }
    }
    Ok(verdicts)
}

fn output(
    program: &Path,
    entry: Option<&Entry>,
    runtime: &str,
    rules: &[&str],
) -> Result<String, String> {
    let mut command = Command::new(program);
    let fault = match entry.map(|entry| (&entry.place, entry.name.as_str())) {
        Some((Place::Runtime, name)) => name,
        Some((Place::Source(_), name)) => {
            command.env("ANYRT_PLANTED", name);
            "none"
        }
        None => "none",
    };
    command
        .args([runtime, fault])
        .args(rules)
        // Panics, of which a fault may bring many.
        .stderr(Stdio::null());
    let output = command
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    // A process that a signal ended has no code: that is the mutant's doing, and no mistake of ours.
    match output.status.code() {
        Some(0) | None => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Some(_) => Err(format!("{command:?}: {}", output.status)),
    }
}

fn parse(line: &str) -> Option<(String, Verdict)> {
    let mut fields = line.splitn(4, '\t');
    let (id, word) = (fields.next()?, fields.next()?);
    let detail = fields.nth(1).unwrap_or_default();
    let verdict = Verdict {
        word: word.to_owned(),
        detail: detail.to_owned(),
    };
    Some((id.to_owned(), verdict))
}
