//! What a simulated run costs, beside peers: `cargo run --release -p anyrt-benches-sim` counts instructions
//! under callgrind; with `wall` it measures time. With `RUSTFLAGS="--cfg madsim"` madsim is among the peers.

#[path = "../../src/counted.rs"]
mod counted;
#[path = "../../src/harness.rs"]
#[allow(dead_code)]
mod harness;

use anyrt_core::{
    rt::{Sleep, Spawn},
    task::yield_now,
};
use anyrt_sim::{Schedule, Sim, SimRuntime};
use counted::Counter;
use harness::Table;
use std::{
    env,
    num::NonZeroUsize,
    process::ExitCode,
    time::{Duration, Instant},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SECOND: Duration = Duration::from_secs(1);
const SLEEPERS: u64 = 1_000;
const SPINNERS: u64 = 10;

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn sim() -> Sim {
    Sim::new().max_steps(u64::MAX).without_faults()
}

/// One task is spawned and joined.
async fn tiny(rt: SimRuntime) {
    rt.spawn(async {}).await.unwrap();
}

fn tiny_shuttle() {
    shuttle::future::block_on(async {
        shuttle::future::spawn(async {}).await.unwrap();
    });
}

fn tiny_tokio() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime
        .unwrap()
        .block_on(async { tokio::spawn(async {}).await.unwrap() });
}

#[cfg(madsim)]
fn madsim(body: impl Future<Output = ()>) {
    madsim::runtime::Runtime::with_seed_and_config(0, madsim::Config::default()).block_on(body);
}

#[cfg(madsim)]
fn tiny_madsim() {
    madsim(async { madsim::task::spawn(async {}).await.unwrap() });
}

/// Tasks that sleep `n` times each.
fn sleeps(tasks: u64, n: u64) {
    let run = sim()
        .schedule(Schedule::Fifo)
        .same_thread()
        .run(0, |rt| async move {
            let tasks = (0..tasks).map(|_| {
                let rt = rt.clone();
                rt.clone().spawn(async move {
                    for _ in 0..n {
                        rt.sleep(SECOND).await;
                    }
                })
            });
            for task in tasks.collect::<Vec<_>>() {
                task.await.unwrap();
            }
        });
    assert!(run.failure.is_none());
}

fn sleeps_tokio(tasks: u64, n: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(async {
        let tasks = (0..tasks).map(|_| {
            tokio::spawn(async move {
                for _ in 0..n {
                    tokio::time::sleep(SECOND).await;
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
    });
}

#[cfg(madsim)]
fn sleeps_madsim(tasks: u64, n: u64) {
    madsim(async {
        let tasks = (0..tasks).map(|_| {
            madsim::task::spawn(async move {
                for _ in 0..n {
                    madsim::time::sleep(SECOND).await;
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
    });
}

/// Ten tasks yield `n` times, all together.
fn steps(schedule: Schedule, n: u64) {
    let sim = sim()
        .max_steps_at_once(u64::MAX / 16)
        .schedule(schedule)
        .same_thread();
    let run = sim.run(0, |rt| async move {
        let tasks = (0..SPINNERS).map(|_| {
            rt.spawn(async move {
                for _ in 0..n / SPINNERS {
                    yield_now().await;
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
    });
    assert!(run.failure.is_none());
}

fn steps_shuttle(n: u64) {
    let mut config = shuttle::Config::new();
    config.max_steps = shuttle::MaxSteps::None;
    let scheduler = shuttle::scheduler::RandomScheduler::new_from_seed(0, 1);
    shuttle::Runner::new(scheduler, config).run(move || {
        shuttle::future::block_on(async move {
            let tasks = (0..SPINNERS).map(|_| {
                shuttle::future::spawn(async move {
                    for _ in 0..n / SPINNERS {
                        shuttle::future::yield_now().await;
                    }
                })
            });
            for task in tasks.collect::<Vec<_>>() {
                task.await.unwrap();
            }
        });
    });
}

#[cfg(madsim)]
fn steps_madsim(n: u64) {
    madsim(async move {
        let tasks = (0..SPINNERS).map(|_| {
            madsim::task::spawn(async move {
                for _ in 0..n / SPINNERS {
                    yield_now().await;
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
    });
}

const COUNTER: Counter = Counter {
    few: 1_000,
    many: 6_000,
    times: 1,
    unit: "Ir",
    noise: 0.01,
};

const TABLES: &[counted::Table] = &[
    (
        "A tiny run: a task is spawned and joined",
        &[
            ("tiny: anyrt, one thread", None),
            ("tiny: shuttle", None),
            ("tiny: tokio, paused", None),
            #[cfg(madsim)]
            ("tiny: madsim", None),
        ],
    ),
    (
        "A step: one of ten tasks yields",
        &[
            ("step: anyrt, random", None),
            ("step: anyrt, FIFO", None),
            ("step: anyrt, PCT of depth 3", None),
            ("step: shuttle, random", None),
            #[cfg(madsim)]
            ("step: madsim", None),
        ],
    ),
    (
        "A sleep, of a hundred tasks",
        &[
            ("sleep: anyrt", None),
            ("sleep: tokio, paused", None),
            #[cfg(madsim)]
            ("sleep: madsim", None),
        ],
    ),
];

fn run(operation: &str, n: u64) {
    match operation {
        "tiny: anyrt, one thread" => Sim::new().same_thread().check(n, tiny),
        "tiny: shuttle" => shuttle::check_random(tiny_shuttle, n as usize),
        "tiny: tokio, paused" => (0..n).for_each(|_| tiny_tokio()),
        #[cfg(madsim)]
        "tiny: madsim" => (0..n).for_each(|_| tiny_madsim()),
        "step: anyrt, random" => steps(Schedule::Random, n),
        "step: anyrt, FIFO" => steps(Schedule::Fifo, n),
        "step: anyrt, PCT of depth 3" => steps(Schedule::Pct { depth: 3 }, n),
        "step: shuttle, random" => steps_shuttle(n),
        #[cfg(madsim)]
        "step: madsim" => steps_madsim(n),
        "sleep: anyrt" => sleeps(100, n / 100),
        "sleep: tokio, paused" => sleeps_tokio(100, n / 100),
        #[cfg(madsim)]
        "sleep: madsim" => sleeps_madsim(100, n / 100),
        other => panic!("there is no operation {other:?}"),
    }
}

fn main() -> ExitCode {
    match env::args().nth(1).as_deref() {
        Some("wall") => {
            wall();
            ExitCode::SUCCESS
        }
        _ => COUNTER.main(&[TABLES], run),
    }
}

fn wall() {
    let table = Table::new("A tiny run: a task is spawned and joined")
        .row("anyrt, a thread a seed", "on all cores", |n| {
            timed(|| Sim::new().check(n, tiny))
        })
        .row("again", "A/A", |n| timed(|| Sim::new().check(n, tiny)))
        .row("anyrt, a thread a seed, one at a time", "", |n| {
            timed(|| Sim::new().jobs(NonZeroUsize::MIN).check(n, tiny))
        })
        .row("anyrt, one thread", "", |n| {
            timed(|| Sim::new().same_thread().check(n, tiny))
        })
        .row("shuttle", "no time, no faults; one thread", |n| {
            timed(|| shuttle::check_random(tiny_shuttle, n as usize))
        })
        .row("tokio, paused", "one schedule, one thread", |n| {
            timed(|| (0..n).for_each(|_| tiny_tokio()))
        })
        .row("a thread, spawned and joined", "a floor", |n| {
            timed(|| (0..n).for_each(|_| std::thread::spawn(|| ()).join().unwrap()))
        });
    #[cfg(madsim)]
    let table = table.row("madsim", "one thread", |n| {
        timed(|| (0..n).for_each(|_| tiny_madsim()))
    });
    table.measure();
    // Many each, or the spawning of the tasks would be most of it.
    let table = Table::new("A hundred sleeps of each of a thousand tasks")
        .row("anyrt", "", |n| timed(|| sleeps(SLEEPERS, 100 * n)))
        .row("again", "A/A", |n| timed(|| sleeps(SLEEPERS, 100 * n)))
        .row("tokio, paused", "", |n| {
            timed(|| sleeps_tokio(SLEEPERS, 100 * n))
        });
    #[cfg(madsim)]
    let table = table.row("madsim", "", |n| timed(|| sleeps_madsim(SLEEPERS, 100 * n)));
    table.measure();
    let table = Table::new("A step: one of ten tasks yields")
        .row("anyrt, random", "", |n| {
            timed(|| steps(Schedule::Random, n + 10))
        })
        .row("again", "A/A", |n| {
            timed(|| steps(Schedule::Random, n + 10))
        })
        .row("anyrt, FIFO", "", |n| {
            timed(|| steps(Schedule::Fifo, n + 10))
        })
        .row("anyrt, PCT of depth 3", "", |n| {
            timed(|| steps(Schedule::Pct { depth: 3 }, n + 10))
        })
        .row("shuttle, random", "", |n| timed(|| steps_shuttle(n + 10)));
    #[cfg(madsim)]
    let table = table.row("madsim", "", |n| timed(|| steps_madsim(n + 10)));
    table.measure();
}
