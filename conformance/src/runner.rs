//! Runs rules, each on a thread and a backend of its own, under a watchdog.

use crate::{
    expectations::Expectations,
    outcome::{Backend, Ctx, Outcome, Stop},
    probe::{hush_expected_panics, message},
    report::{Entry, Report, Verdict},
    rule::{RULES, Rule, dispatch},
    signal::Port,
};
use anyrt_core::rt::{Signal, Signals};
use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

/// How long a rule may take before it counts as hung, unless set otherwise.
pub const WATCHDOG: Duration = Duration::from_secs(30);

/// The suite for one backend.
///
/// ```
/// use anyrt_conformance::{Suite, Verdict};
/// # fn demo<R: anyrt_conformance::Backend>(make: impl Fn() -> R + Send + Sync + 'static) {
/// let report = Suite::new("mine", make).only(&["SP-2", "TM-1"]).run();
/// assert!(report.conforms(), "{}", report.to_text());
/// # }
/// ```
pub struct Suite<R> {
    name: String,
    make: Arc<dyn Fn() -> R + Send + Sync>,
    expectations: Expectations,
    signals: Option<Arc<Port<R>>>,
    watchdog: Duration,
    only: Vec<&'static str>,
}

impl<R: Backend> Suite<R> {
    /// All rules, for the backend that `make` builds.
    pub fn new(name: impl Into<String>, make: impl Fn() -> R + Send + Sync + 'static) -> Self {
        Self {
            name: name.into(),
            make: Arc::new(make),
            expectations: Expectations::default(),
            signals: None,
            watchdog: WATCHDOG,
            only: RULES.iter().map(|rule| rule.id).collect(),
        }
    }

    /// Expects these rules to fail.
    pub fn expectations(mut self, expectations: Expectations) -> Self {
        self.expectations = expectations;
        self
    }

    /// Tries the rules of signals, too: `raise` brings them about, in the process ([`raise`](crate::raise()))
    /// or wherever the backend hears of them. Only `SIGUSR1` and `SIGUSR2` are raised, and only where somebody listens.
    pub fn signals(mut self, raise: impl Fn(&R, Signal) + Send + Sync + 'static) -> Self
    where
        R: Signals,
    {
        self.signals = Some(Arc::new(Port::new(raise)));
        self
    }

    /// Calls a rule hung that takes longer.
    pub fn watchdog(mut self, limit: Duration) -> Self {
        self.watchdog = limit;
        self
    }

    /// Runs these rules only; ids that do not exist are left out.
    pub fn only(mut self, ids: &[&str]) -> Self {
        self.only = ids
            .iter()
            .filter_map(|id| Rule::find(id))
            .map(|rule| rule.id)
            .collect();
        self
    }

    /// Runs the rules, one after the other.
    pub fn run(&self) -> Report {
        let chosen = RULES.iter().filter(|rule| self.only.contains(&rule.id));
        Report {
            backend: self.name.clone(),
            entries: chosen.map(|rule| self.try_rule(rule)).collect(),
        }
    }

    fn try_rule(&self, rule: &'static Rule) -> Entry {
        let (make, signals) = (self.make.clone(), self.signals.clone());
        let started = Instant::now();
        let verdict = watched(self.watchdog, move || {
            let ctx = Ctx::new(&*make).with_signals(signals.as_deref());
            dispatch(rule.id, &ctx).unwrap_or_else(|| Err(Stop::failed("the rule has no test")))
        });
        let verdict = match (verdict, self.expectations.reason(rule.id)) {
            (Verdict::Failed(_) | Verdict::Hung(_), Some(reason)) => {
                Verdict::ExpectedFailure(reason.to_owned())
            }
            (Verdict::Passed, Some(reason)) => Verdict::UnexpectedPass(reason.to_owned()),
            (verdict, _) => verdict,
        };
        Entry {
            rule,
            verdict,
            took: started.elapsed(),
        }
    }
}

impl<R> fmt::Debug for Suite<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite")
            .field("name", &self.name)
            .field("expectations", &self.expectations)
            .field("watchdog", &self.watchdog)
            .field("only", &self.only)
            .finish_non_exhaustive()
    }
}

/// Runs `rule` on a thread of its own and gives up on it after `limit`; a thread that hangs is left
/// behind, for nothing can end it.
pub fn watched(limit: Duration, rule: impl FnOnce() -> Outcome + Send + 'static) -> Verdict {
    hush_expected_panics();
    let (report, reported) = mpsc::channel();
    let spawned = thread::Builder::new()
        .name("conformance rule".into())
        .spawn(move || {
            let caught = catch_unwind(AssertUnwindSafe(rule));
            report.send(caught).ok();
        });
    if let Err(error) = spawned {
        return Verdict::Failed(format!("no thread to run the rule on: {error}"));
    }
    match reported.recv_timeout(limit) {
        Ok(Ok(Ok(()))) => Verdict::Passed,
        Ok(Ok(Err(Stop::Failed(message)))) => Verdict::Failed(message),
        Ok(Ok(Err(Stop::Skipped(reason)))) => Verdict::Skipped(reason),
        Ok(Err(payload)) => Verdict::Failed(format!("panicked: {}", message(payload.as_ref()))),
        Err(_) => Verdict::Hung(limit),
    }
}

/// Runs all rules for the backend that `make` builds.
pub fn run_all<R: Backend>(
    name: impl Into<String>,
    make: impl Fn() -> R + Send + Sync + 'static,
) -> Report {
    Suite::new(name, make).run()
}

/// The body of a test of [`suite!`](crate::suite).
///
/// # Panics
/// Where the backend does not keep the rule, or the expectations cannot be read.
#[doc(hidden)]
pub fn __test<R: Backend>(id: &str, suite: Suite<R>, expectations: &str) {
    let expectations = Expectations::parse(expectations).unwrap_or_else(|error| panic!("{error}"));
    let report = suite.expectations(expectations).only(&[id]).run();
    assert!(!report.entries.is_empty(), "no rule has the id {id}");
    for Entry { rule, verdict, .. } in report.entries {
        assert!(
            !verdict.is_bad(),
            "{} {verdict}\n  {}: {}",
            rule.id,
            rule.level,
            rule.text
        );
        if !verdict.detail().is_empty() {
            println!("{} {}", rule.id, verdict);
        }
    }
}
