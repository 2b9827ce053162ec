//! The seeds that each kind of schedule needs, held against `README.md`.

use crate::bug::Bug;
use anyrt_sim::{Schedule, Sim};
use std::{env, fs, panic::resume_unwind, thread};

/// The medians are of so many searches, each among seeds of its own.
const SEARCHES: u64 = 5;
/// A search ends after so many seeds.
const LIMIT: u64 = 200;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gallery/README.md");
const BEGIN: &str = "<!-- table:begin -->\n";
const END: &str = "<!-- table:end -->";
const WRITE: &str = "ANYRT_GALLERY";

pub(crate) fn check(bugs: &[Bug]) {
    let text = fs::read_to_string(PATH).expect("the gallery's README");
    let (before, rest) = text.split_once(BEGIN).expect("the table begins");
    let (shown, after) = rest.split_once(END).expect("the table ends");
    let measured = table(bugs);
    if shown == measured {
        return;
    }
    if env::var_os(WRITE).is_some_and(|value| value == "write") {
        let text = format!("{before}{BEGIN}{measured}{END}{after}");
        return fs::write(PATH, text).expect("the gallery's README");
    }
    panic!(
        "{PATH} has another table than was measured:\n\n{measured}\n\
         to have it written: {WRITE}=write cargo test -p anyrt-sim --test gallery"
    );
}

fn table(bugs: &[Bug]) -> String {
    let mut table = String::from(
        "| bug | of | FIFO | random | PCT 1 | PCT 2 | PCT 3 | portfolio |\n\
         |---|---|--:|--:|--:|--:|--:|--:|\n",
    );
    // A row depends on nothing but its seeds, so they may be measured in parallel.
    let rows = thread::scope(|scope| {
        let rows: Vec<_> = bugs.iter().map(|bug| scope.spawn(|| row(bug))).collect();
        let rows = rows
            .into_iter()
            .map(|row| row.join().unwrap_or_else(|panic| resume_unwind(panic)));
        rows.collect::<Vec<_>>()
    });
    table.extend(rows);
    table
}

fn row(bug: &Bug) -> String {
    let pct = |depth| Sim::new().schedule(Schedule::Pct { depth });
    let columns = [
        Sim::new().schedule(Schedule::Fifo),
        Sim::new().schedule(Schedule::Random),
        pct(1),
        pct(2),
        pct(3),
        Sim::new(),
    ];
    let mut row = format!("| [`{0}`]({0}.rs) | {1}", bug.name, bug.library);
    for sim in columns {
        row += " | ";
        row += &median(bug, &sim).map_or("–".to_owned(), |seeds| seeds.to_string());
    }
    row + " |\n"
}

/// Of the seeds that a search needs; `None` where most find nothing.
fn median(bug: &Bug, sim: &Sim) -> Option<u64> {
    let majority = SEARCHES as usize / 2 + 1;
    let mut needed = Vec::new();
    let mut vain = 0;
    for search in 0..SEARCHES {
        let first = search * LIMIT;
        match (first..first + LIMIT).find(|seed| bug.is_found(sim, *seed)) {
            Some(seed) => needed.push(seed - first + 1),
            None => vain += 1,
        }
        // What is left changes nothing.
        if vain == majority {
            return None;
        }
    }
    needed.sort_unstable();
    Some(needed[majority - 1])
}
