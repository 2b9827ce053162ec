//! The suite tells a backend that keeps the rules from one that does not.

use anyrt_conformance::{
    Expectations, RULES, Report, Suite, Verdict,
    mutant::{Fault, Mutant},
    run_all,
};
use anyrt_tokio::Tokio;
use std::{collections::BTreeSet, time::Duration};

fn mutant(fault: Fault) -> Mutant<Tokio> {
    let sound = match fault {
        // Its threads never come back: they are not those of the other tests.
        Fault::BlockOnParks => Tokio::multi_thread().expect("threads"),
        _ => Tokio::default(),
    };
    Mutant::new(sound, fault)
}

fn run(fault: Fault, ids: &[&str]) -> Report {
    let suite = Suite::new("mutant", move || mutant(fault)).watchdog(Duration::from_secs(5));
    suite.only(ids).run()
}

fn expecting(fault: Fault, expectations: &str) -> Report {
    let expectations = Expectations::parse(expectations).expect("expectations");
    Suite::new("mutant", move || mutant(fault))
        .expectations(expectations)
        .only(&["CH-2"])
        .run()
}

#[track_caller]
fn fails(fault: Fault, id: &str) {
    let report = run(fault, &[id]);
    let verdict = report.verdict(id);
    assert!(
        matches!(verdict, Some(Verdict::Failed(_))),
        "{fault:?} {id}: {verdict:?}"
    );
    assert!(!report.conforms(), "{}", report.to_text());
}

#[test]
fn without_a_fault_every_rule_passes() {
    let report = run_all("sound", || mutant(Fault::None));
    assert!(report.conforms(), "{}", report.to_text());
    assert_eq!(report.entries.len(), RULES.len());
    assert!(report.to_text().contains("SP-2"));
}

#[test]
fn faults_fail_their_rules() {
    fails(Fault::DropAborts, "SP-2");
    fails(Fault::CapacityZero, "CH-2");
}

#[test]
fn faults_have_names_of_their_own() {
    let names: BTreeSet<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
    assert_eq!(names.len(), Fault::ALL.len());
    assert_eq!(Fault::ALL[0], Fault::None);
    assert_eq!(mutant(Fault::SleepEarly).fault(), Fault::SleepEarly);
}

#[test]
fn a_fault_leaves_other_rules_alone() {
    let report = run(Fault::SleepEarly, &["SP-2", "SP-3", "SY-1", "CH-1"]);
    assert!(report.conforms(), "{}", report.to_text());
}

#[test]
fn a_hang_is_no_failure_but_hung() {
    let limit = Duration::from_millis(200);
    let suite = Suite::new("hangs", || mutant(Fault::BlockOnHangs)).watchdog(limit);
    let report = suite.only(&["BO-1", "SY-1"]).run();
    assert_eq!(report.verdict("BO-1"), Some(&Verdict::Hung(limit)));
    assert_eq!(
        report.verdict("SY-1"),
        Some(&Verdict::Passed),
        "the run goes on"
    );
    assert!(!report.conforms());
}

#[test]
fn threads_that_all_block_hang() {
    let limit = Duration::from_secs(2);
    let suite = Suite::new("parks", || mutant(Fault::BlockOnParks)).watchdog(limit);
    let report = suite.only(&["BO-1", "BO-2"]).run();
    assert_eq!(report.verdict("BO-1"), Some(&Verdict::Passed));
    assert_eq!(report.verdict("BO-2"), Some(&Verdict::Hung(limit)));
}

#[test]
fn a_panic_is_a_failure_with_its_message() {
    let report = run(Fault::BlockOnPanics, &["SP-1"]);
    let Some(Verdict::Failed(message)) = report.verdict("SP-1") else {
        panic!("{}", report.to_text());
    };
    assert!(message.starts_with("panicked: [expected"), "{message}");
}

#[test]
fn an_expected_failure_is_none() {
    let report = expecting(Fault::CapacityZero, "CH-2 known");
    assert_eq!(
        report.verdict("CH-2"),
        Some(&Verdict::ExpectedFailure("known".into()))
    );
    assert!(report.conforms());
}

#[test]
fn an_unexpected_pass_fails() {
    let report = expecting(Fault::None, "CH-2 known");
    assert_eq!(
        report.verdict("CH-2"),
        Some(&Verdict::UnexpectedPass("known".into()))
    );
    assert!(!report.conforms());
}

#[test]
fn an_unknown_id_runs_nothing_and_does_not_conform() {
    assert!(!run(Fault::None, &["no-such-rule"]).conforms());
}

#[test]
fn bad_expectations_name_their_line() {
    for (text, line, problem) in [
        ("SP-7", 1, "a reason is missing"),
        ("# comment\n\n  SP-7   \n", 3, "a reason is missing"),
        ("SP-7 one\nsp-7 lower case", 2, "no rule has this id"),
        ("no-such-rule reason", 1, "no rule has this id"),
        ("SP-7 one\nSP-7 two", 2, "the rule is listed twice"),
    ] {
        let error = Expectations::parse(text).expect_err(text);
        assert_eq!((error.line, error.problem), (line, problem), "{text:?}");
    }
    let known = Expectations::parse("#\nSP-7   a  reason \n").expect("expectations");
    assert_eq!(known.reason("SP-7"), Some("a  reason"));
    assert_eq!(known.reason("SP-8"), None);
}
