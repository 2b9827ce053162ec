//! Instructions an operation, counted and gated: a binary runs itself under `valgrind --tool=callgrind`, once with few
//! and once with many repetitions; the difference is free of start-up costs.

use std::{
    env,
    process::{Command, ExitCode},
};

/// `(operation, the most that it may cost in terms of the table's first)`: the target, or what is kept where that is missed.
pub type Row = (&'static str, Option<f64>);

/// A title, and operations of which the first is what the others are compared with.
pub type Table = (&'static str, &'static [Row]);

/// How operations are counted.
pub struct Counter {
    pub few: u64,
    pub many: u64,
    /// What one repetition does so often.
    pub times: u64,
    /// The head of the column.
    pub unit: &'static str,
    /// What two runs of the same code may differ by.
    pub noise: f64,
}

impl Counter {
    /// The whole of a binary: with `--run operation n` it does that; otherwise it prints the tables with the argument
    /// in their titles, and fails where a gate is broken.
    pub fn main(&self, tables: &[&[Table]], run: impl FnOnce(&str, u64)) -> ExitCode {
        let arguments: Vec<String> = env::args().skip(1).collect();
        if let [flag, operation, n] = arguments.as_slice() {
            assert_eq!(flag, "--run");
            run(operation, n.parse().expect("a number of repetitions"));
            return ExitCode::SUCCESS;
        }
        let wanted = arguments
            .first()
            .map(|part| part.to_lowercase())
            .unwrap_or_default();
        let broken: usize = tables
            .iter()
            .copied()
            .flatten()
            .filter(|(title, _)| title.to_lowercase().contains(&wanted))
            .map(|table| self.print(table))
            .sum();
        if broken == 0 {
            println!("\nNo gate is broken.");
            ExitCode::SUCCESS
        } else {
            println!("\nGates that are broken: {broken}.");
            ExitCode::FAILURE
        }
    }

    /// How many gates are broken.
    fn print(&self, (title, rows): &Table) -> usize {
        let unit = self.unit;
        println!("\n#### {title}\n\n| | {unit} | ratio | gate |\n|---|---:|---:|---|");
        let mut broken = 0;
        let mut base = None;
        for (operation, gate) in *rows {
            let more = count(operation, self.many) - count(operation, self.few);
            let each = more as f64 / ((self.many - self.few) * self.times) as f64;
            let ratio = each / *base.get_or_insert(each);
            let verdict = match gate {
                None => String::new(),
                Some(most) if ratio <= most + self.noise => format!("≤ ×{most:.2} kept"),
                Some(most) => {
                    broken += 1;
                    format!("≤ ×{most:.2} **broken**")
                }
            };
            println!("| {operation} | {each:.1} | ×{ratio:.3} | {verdict} |");
        }
        broken
    }
}

/// All instructions of a run of `n`.
fn count(operation: &str, n: u64) -> u64 {
    let this = env::current_exe().expect("the operating system knows this binary");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(this)
        .args(["--run", operation, &n.to_string()])
        .output()
        .expect("valgrind is installed");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{operation}: {log}");
    let collected = log.lines().find_map(|line| line.split_once("Collected : "));
    let (_, collected) = collected.expect("callgrind says what it collected");
    collected.trim().parse().expect("it is a number")
}
