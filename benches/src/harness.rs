//! Wall time: paired and interleaved rounds, in an order that rotates.

use std::time::{Duration, Instant};

const ROUNDS: usize = 41;
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
        let iterations: Vec<u64> = self.contenders.iter_mut().map(calibrate).collect();
        let count = self.contenders.len();
        let mut nanos = vec![Vec::with_capacity(ROUNDS); count];
        for round in 0..ROUNDS {
            for turn in 0..count {
                let index = (round + turn) % count;
                let n = iterations[index];
                let took = (self.contenders[index].run)(n);
                nanos[index].push(took.as_nanos() as f64 / n as f64);
            }
        }
        println!(
            "\n### {}\n\n| | ns | ratio | quartiles | |\n|---|---:|---:|---|---|",
            self.title
        );
        for (contender, times) in self.contenders.iter().zip(&nanos) {
            let mut ratios: Vec<f64> = times
                .iter()
                .zip(&nanos[0])
                .map(|(time, base)| time / base)
                .collect();
            let mut times = times.clone();
            println!(
                "| {} | {:.1} | ×{:.3} | {:.3}–{:.3} | {} |",
                contender.name,
                quantile(&mut times, 0.5),
                quantile(&mut ratios, 0.5),
                quantile(&mut ratios, 0.25),
                quantile(&mut ratios, 0.75),
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
