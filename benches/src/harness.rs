//! Wall time: paired and interleaved rounds, in an order that rotates.

use std::time::{Duration, Instant};

const ROUNDS: usize = 41;
const WARM_ROUNDS: usize = 401;
const SLICE: Duration = Duration::from_millis(3);

struct Contender {
    name: &'static str,
    note: &'static str,
    run: Box<dyn FnMut(u64) -> Duration>,
}

/// Contenders for one job; the first is what the others are compared with.
pub struct Table {
    pub title: &'static str,
    contenders: Vec<Contender>,
}

impl Table {
    pub fn new(title: &'static str) -> Self {
        let contenders = Vec::new();
        Self { title, contenders }
    }

    /// `run` does the operation so many times, and says how long that took.
    pub fn row(
        mut self,
        name: &'static str,
        note: &'static str,
        run: impl FnMut(u64) -> Duration + 'static,
    ) -> Self {
        let run = Box::new(run);
        self.contenders.push(Contender { name, note, run });
        self
    }

    /// Measures, and prints.
    pub fn measure(mut self) {
        let nanos = self.rounds(ROUNDS, false);
        println!(
            "\n### {}\n\n| | ns | ratio | quartiles | |\n|---|---:|---:|---|---|",
            self.title
        );
        self.print(&nanos, |_| String::new());
    }

    /// Measures many rounds, in each of which a row runs unmeasured before: what it needs is in the processor's
    /// caches, whatever ran before. The ratio of the least times holds on a machine that does other
    /// work, too, where medians do not.
    pub fn measure_warm(mut self) {
        let nanos = self.rounds(WARM_ROUNDS, true);
        println!(
            "\n#### {}\n\n| | ns | ratio | quartiles | of the least | |\n|---|---:|---:|---|---:|---|",
            self.title
        );
        let least = |times: &[f64]| times.iter().copied().fold(f64::INFINITY, f64::min);
        let base = least(&nanos[0]);
        self.print(&nanos, |times| format!(" ×{:.3} |", least(times) / base));
    }

    /// Nanoseconds an operation took, of each row in each round.
    fn rounds(&mut self, rounds: usize, warm: bool) -> Vec<Vec<f64>> {
        let iterations: Vec<u64> = self.contenders.iter_mut().map(calibrate).collect();
        let count = self.contenders.len();
        let mut nanos = vec![Vec::with_capacity(rounds); count];
        for round in 0..rounds {
            for turn in 0..count {
                let index = (round + turn) % count;
                let n = iterations[index];
                let run = &mut self.contenders[index].run;
                if warm {
                    run(n / 4 + 1);
                }
                nanos[index].push(run(n).as_nanos() as f64 / n as f64);
            }
        }
        nanos
    }

    fn print(&self, nanos: &[Vec<f64>], more: impl Fn(&[f64]) -> String) {
        for (contender, times) in self.contenders.iter().zip(nanos) {
            let mut ratios: Vec<f64> = times
                .iter()
                .zip(&nanos[0])
                .map(|(time, base)| time / base)
                .collect();
            println!(
                "| {} | {:.1} | ×{:.3} | {:.3}–{:.3} |{} {} |",
                contender.name,
                quantile(&mut times.clone(), 0.5),
                quantile(&mut ratios, 0.5),
                quantile(&mut ratios, 0.25),
                quantile(&mut ratios, 0.75),
                more(times),
                contender.note,
            );
        }
    }
}

fn calibrate(contender: &mut Contender) -> u64 {
    let mut n = 1;
    loop {
        let took = (contender.run)(n);
        if took >= SLICE / 4 {
            let scale = SLICE.as_secs_f64() / took.as_secs_f64();
            return ((n as f64 * scale) as u64).max(1);
        }
        n *= 2;
    }
}

fn quantile(values: &mut [f64], at: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * at).round() as usize]
}

/// How long `work` takes.
pub async fn timed(work: impl Future) -> Duration {
    let start = Instant::now();
    work.await;
    start.elapsed()
}
