//! Tables that both binaries have: what `wall` times is what `ir` counts.

use crate::{
    counted,
    harness::{self, timed},
    rig,
};
use std::pin::Pin;

/// An operation, done so many times.
pub type Run = fn(u64) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// A row.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// No other row of any table has it.
    pub name: &'static str,
    /// What a peer does less of; floors.
    pub note: &'static str,
    /// The most instructions, in terms of the first row's.
    pub gate: Option<f64>,
    /// `ir` leaves it out: a clock that calibrates itself takes now more instructions for that, now fewer.
    pub only_timed: bool,
    pub run: Run,
}

/// A title, and cases of which the first is what the others are compared with. All run in a task of a current-thread
/// tokio; the first stands in twice.
pub type Cases = (&'static str, &'static [Case]);

/// A [`Case`]: `case!(name, note, |n| future)`, with `gate` in the middle where there is one, and `timed` before all of
/// it where only `wall` has it.
#[macro_export]
macro_rules! case {
    (timed $name:expr, $note:expr, $run:expr) => {
        $crate::case!(@ $name, $note, None, true, $run)
    };
    ($name:expr, $note:expr, $run:expr) => {
        $crate::case!(@ $name, $note, None, false, $run)
    };
    ($name:expr, $note:expr, $gate:expr, $run:expr) => {
        $crate::case!(@ $name, $note, Some($gate), false, $run)
    };
    (@ $name:expr, $note:expr, $gate:expr, $only_timed:expr, $run:expr) => {
        $crate::cases::Case {
            name: $name,
            note: $note,
            gate: $gate,
            only_timed: $only_timed,
            run: |n| Box::pin($run(n)),
        }
    };
}

/// Where it stands in for the second time.
const AGAIN: &str = ", again";

/// For `wall`.
pub fn timed_table((title, cases): &Cases) -> harness::Table {
    let mut table = harness::Table::new(title);
    let mut add = |name, note, run: Run| {
        let runtime = rig::shared();
        let time = move |n| rig::in_task(&runtime, timed(run(n)));
        let rows = std::mem::replace(&mut table, harness::Table::new(title));
        table = rows.row(name, note, time);
    };
    for (index, case) in cases.iter().enumerate() {
        add(case.name, case.note, case.run);
        if index == 0 {
            add(again(case.name), "A/A", case.run);
        }
    }
    table
}

/// For `ir`.
pub fn counted_table((title, cases): &Cases) -> counted::Table {
    let cases = cases.iter().filter(|case| !case.only_timed);
    let mut rows: Vec<counted::Row> = cases.map(|case| (case.name, case.gate)).collect();
    rows.insert(1, (again(rows[0].0), None));
    (title, rows.leak())
}

fn again(name: &str) -> &'static str {
    format!("{name}{AGAIN}").leak()
}

/// Runs the case of that name, if there is one.
pub fn run(all: &[Cases], operation: &str, n: u64) -> bool {
    let name = operation.strip_suffix(AGAIN).unwrap_or(operation);
    let mut cases = all.iter().flat_map(|(_, cases)| cases.iter());
    let Some(case) = cases.find(|case| case.name == name) else {
        return false;
    };
    rig::in_task(&rig::tokio(), (case.run)(n));
    true
}
