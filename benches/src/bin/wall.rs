//! Wall time, reported and not gated: `cargo run --release --bin wall [part of a table's name]`.
//!
//! In each round every contender runs for a few milliseconds, in an order that rotates; what is printed is the median
//! of the rounds' ratios to the table's first row. That row stands in each table twice, and what the two differ by is
//! what the run cannot resolve.

use anyrt::{smol::Smol, tokio::Tokio};
use anyrt_benches::{
    cases,
    harness::{Table, timed},
    here, join_tables, layers, limits, messages,
    ops::*,
    owners, rig,
};
use anyrt_core::erased::DynRuntime;
use std::{
    env,
    num::NonZeroUsize,
    sync::{Arc, mpsc},
};

/// In a task of a tokio runtime.
macro_rules! task {
    ($runtime:expr, $op:expr) => {{
        let runtime = $runtime.clone();
        move |n| rig::in_task(&runtime, timed($op(n)))
    }};
}

/// In a task of smol's, on its thread.
macro_rules! smol_task {
    ($spawn:expr, $op:expr) => {{
        let spawn = $spawn.clone();
        move |n| {
            let (done, took) = mpsc::channel();
            spawn
                .spawn(async move { done.send(timed($op(n)).await).expect("it is waited for") })
                .detach();
            took.recv().expect("no operation panics")
        }
    }};
}

fn spawns(title: &'static str, runtime: Arc<tokio::runtime::Runtime>) -> Table {
    let handle = runtime.handle().clone();
    let bound = handle.clone();
    Table::new(title)
        .row("tokio::spawn", "", task!(runtime, spawn::tokio))
        .row("tokio::spawn, again", "A/A", task!(runtime, spawn::tokio))
        .row(
            "anyrt, `Tokio::default()`",
            "",
            task!(runtime, |n| spawn::anyrt(Tokio::default(), n)),
        )
        .row(
            "anyrt, `Tokio::from_handle`",
            "",
            task!(runtime, {
                let bound = bound.clone();
                move |n| spawn::anyrt(Tokio::from_handle(bound.clone()), n)
            }),
        )
        .row(
            "Handle::spawn",
            "",
            task!(runtime, {
                let handle = handle.clone();
                move |n| spawn::tokio_handle(handle.clone(), n)
            }),
        )
        .row(
            "by hand, `Arc<dyn>` + boxes",
            "no abort",
            task!(runtime, |n| erased::with_output(
                Arc::new(erased::OnTokio),
                n
            )),
        )
        .row(
            "by hand, without an output",
            "no abort, no output",
            task!(runtime, |n| erased::without_output(
                Arc::new(erased::OnTokio),
                n
            )),
        )
        .row(
            "anyrt, `DynRuntime`",
            "",
            task!(runtime, |n| spawn::anyrt(
                DynRuntime::new(Tokio::default()),
                n
            )),
        )
}

/// A thing that spawns driver tasks.
#[derive(Clone)]
struct Global;

impl Global {
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> smol::Task<()> {
        smol::spawn(work)
    }
}

fn tables() -> Vec<Table> {
    let one = Arc::new(rig::tokio());
    let many = Arc::new(rig::tokio_threads());
    let executor = rig::smol();
    let owned = Smol::with_threads(NonZeroUsize::MIN);
    let owned_driver = {
        let owned = owned.clone();
        move |n| {
            use anyrt_core::rt::Spawn;
            let (done, took) = mpsc::channel();
            let rt = owned.clone();
            let work = async move {
                done.send(timed(spawn::anyrt_on_smol(rt, n)).await)
                    .expect("it is waited for")
            };
            drop(owned.spawn(work));
            took.recv().expect("no operation panics")
        }
    };
    vec![
        Table::new("Floors")
            .row("fetch_add", "", here!(floor::fetch_add))
            .row("fetch_add, again", "A/A", here!(floor::fetch_add))
            .row("compare and swap", "", here!(floor::compare_and_swap))
            .row("Arc clone and drop", "", here!(floor::arc_clone))
            .row("box of 64 bytes", "", here!(floor::box_64))
            .row("Instant::now", "", here!(floor::instant_now)),
        spawns(
            "Spawn and join, tokio current-thread, in a task",
            one.clone(),
        ),
        spawns("Spawn and join, tokio multi-thread, in a task", many),
        Table::new("Spawn and join, tokio current-thread, in `block_on`")
            .row("tokio::spawn", "", here!(spawn::tokio))
            .row("tokio::spawn, again", "A/A", here!(spawn::tokio))
            .row(
                "anyrt, `Tokio::default()`",
                "",
                here!(|n| spawn::anyrt(Tokio::default(), n)),
            ),
        Table::new("Spawn and join, smol, one thread")
            .row(
                "Executor::spawn",
                "",
                smol_task!(executor, |n| spawn::smol(executor, n)),
            )
            .row(
                "Executor::spawn, again",
                "A/A",
                smol_task!(executor, |n| spawn::smol(executor, n)),
            )
            .row("anyrt, `Smol::with_threads(1)`", "", owned_driver),
        Table::new("Spawn and join, smol's global executor")
            .row("smol::spawn", "", smol_task!(Global, spawn::smol_global))
            .row(
                "smol::spawn, again",
                "A/A",
                smol_task!(Global, spawn::smol_global),
            )
            .row(
                "anyrt, `Smol::global()`",
                "",
                smol_task!(Global, |n| spawn::anyrt_on_smol(Smol::global(), n)),
            ),
        Table::new("A sleep of an hour, made and dropped, tokio")
            .row("tokio", "", task!(one, time::made_tokio))
            .row("tokio, again", "A/A", task!(one, time::made_tokio))
            .row(
                "anyrt",
                "",
                task!(one, move |n| time::made_anyrt(Tokio::default(), n)),
            ),
        Table::new("A sleep of an hour, made, polled and dropped, tokio")
            .row("tokio", "", task!(one, time::polled_tokio))
            .row("tokio, again", "A/A", task!(one, time::polled_tokio))
            .row(
                "anyrt",
                "",
                task!(one, move |n| time::polled_anyrt(Tokio::default(), n)),
            ),
        Table::new("A sleep of an hour, made and dropped, smol")
            .row("smol", "", smol_task!(executor, time::made_smol))
            .row("smol, again", "A/A", smol_task!(executor, time::made_smol))
            .row(
                "anyrt",
                "",
                smol_task!(executor, |n| time::made_anyrt(Smol::global(), n)),
            ),
        Table::new("A sleep of an hour, made, polled and dropped, smol")
            .row("smol", "", smol_task!(executor, time::polled_smol))
            .row(
                "smol, again",
                "A/A",
                smol_task!(executor, time::polled_smol),
            )
            .row(
                "anyrt",
                "",
                smol_task!(executor, |n| time::polled_anyrt(Smol::global(), n)),
            ),
        Table::new("A sleep of 0, tokio")
            .row("tokio and a yield", "", task!(one, time::zero_tokio_yield))
            .row(
                "tokio and a yield, again",
                "A/A",
                task!(one, time::zero_tokio_yield),
            )
            .row(
                "tokio",
                "does not let others run",
                task!(one, time::zero_tokio),
            )
            .row(
                "anyrt",
                "",
                task!(one, move |n| time::zero_anyrt(Tokio::default(), n)),
            ),
        Table::new("A sleep of 0, smol")
            .row(
                "smol and a yield",
                "",
                smol_task!(executor, time::zero_smol_yield),
            )
            .row(
                "smol and a yield, again",
                "A/A",
                smol_task!(executor, time::zero_smol_yield),
            )
            .row(
                "smol",
                "does not let others run",
                smol_task!(executor, time::zero_smol),
            )
            .row(
                "anyrt",
                "",
                smol_task!(executor, |n| time::zero_anyrt(Smol::global(), n)),
            ),
        Table::new("A sleep of 100 µs")
            .row("tokio", "", task!(one, time::short_tokio))
            .row("tokio, again", "A/A", task!(one, time::short_tokio))
            .row(
                "anyrt on tokio",
                "",
                task!(one, move |n| time::short_anyrt(Tokio::default(), n)),
            )
            .row(
                "smol",
                "counts microseconds, tokio milliseconds",
                smol_task!(executor, time::short_smol),
            )
            .row(
                "anyrt on smol",
                "",
                smol_task!(executor, |n| time::short_anyrt(Smol::global(), n)),
            ),
        Table::new("A timeout around a future that is ready")
            .row("no timeout", "floor", task!(one, time::ready_bare))
            .row("no timeout, again", "A/A", task!(one, time::ready_bare))
            .row(
                "anyrt, `Tokio`",
                "",
                task!(one, move |n| time::ready_anyrt(Tokio::default(), n)),
            )
            .row(
                "anyrt, `Smol`",
                "",
                task!(one, |n| time::ready_anyrt(Smol::global(), n)),
            )
            .row(
                "tokio::time::timeout",
                "the limit counts from the call",
                task!(one, time::ready_tokio),
            )
            .row(
                "smol `or` timer",
                "no error that says what was late",
                task!(one, time::ready_or),
            ),
        Table::new("A lock that nobody else wants")
            .row("anyrt, `FifoMutex`", "FIFO, cancel-safe", here!(lock::fifo))
            .row("anyrt, again", "A/A", here!(lock::fifo))
            .row(
                "anyrt, `R::Lock`",
                "",
                here!(|n| lock::through_the_trait(Tokio::default(), n)),
            )
            .row("futures", "not fair", here!(lock::futures))
            .row(
                "async-lock",
                "fair only after a while",
                here!(lock::async_lock),
            )
            .row(
                "tokio",
                "FIFO, counts the task's budget",
                here!(lock::tokio),
            )
            .row(
                "std::sync::Mutex",
                "floor: blocks the thread",
                here!(floor::std_mutex),
            )
            .row(
                "two compare and swaps",
                "floor",
                here!(floor::two_compare_and_swaps),
            ),
        Table::new("A permit that is free")
            .row(
                "anyrt, `FifoSemaphore`",
                "FIFO, n permits at once",
                here!(semaphore::fifo),
            )
            .row("anyrt, again", "A/A", here!(semaphore::fifo))
            .row(
                "anyrt, `R::Semaphore`",
                "",
                here!(|n| semaphore::through_the_trait(Tokio::default(), n)),
            )
            .row(
                "async-lock",
                "not fair, 1 permit at a time, never closed",
                here!(semaphore::async_lock),
            )
            .row(
                "tokio",
                "FIFO, counts the task's budget",
                here!(semaphore::tokio),
            )
            .row(
                "two compare and swaps",
                "floor",
                here!(floor::two_compare_and_swaps),
            ),
        channels(
            "Channel, bounded 100, send and receive in turns",
            100,
            false,
        ),
        channels("Channel, bounded 100, a producer and a consumer", 100, true),
        channels("Channel, bounded 1, send and receive in turns", 1, false),
        channels("Channel, bounded 1, a producer and a consumer", 1, true),
        Table::new("Channel, unbounded, 100 sent and 100 received")
            .row("anyrt", "", here!(channel::anyrt_bursts))
            .row("anyrt, again", "A/A", here!(channel::anyrt_bursts))
            .row("kanal", "no reserve", here!(channel::kanal_bursts))
            .row("crossfire", "no reserve", here!(channel::crossfire_bursts))
            .row("flume", "no reserve", here!(channel::flume_bursts))
            .row(
                "async-channel",
                "no reserve",
                here!(channel::async_channel_bursts),
            )
            .row(
                "tokio mpsc",
                "counts the task's budget",
                here!(channel::tokio_bursts),
            )
            .row("VecDeque", "floor", here!(channel::deque)),
    ]
}

fn channels(title: &'static str, capacity: usize, pair: bool) -> Table {
    macro_rules! op {
        ($channel:ident) => {{
            let runtime = rig::shared();
            move |n| match pair {
                // tokio's `block_on` would turn its timers at every wait.
                true => futures_lite::future::block_on(timed(channel::$channel::pair(capacity, n))),
                false => runtime.block_on(timed(channel::$channel::turns(capacity, n))),
            }
        }};
    }
    Table::new(title)
        .row("anyrt", "FIFO senders, cancel-safe, reserve", op!(anyrt))
        .row("anyrt, again", "A/A", op!(anyrt))
        .row(
            "kanal",
            "a dropped receive can lose an item, no reserve",
            op!(kanal),
        )
        .row(
            "crossfire",
            "senders can be overtaken, no reserve; spins first",
            op!(crossfire),
        )
        .row("flume", "no reserve", op!(flume))
        .row(
            "async-channel",
            "senders can be overtaken, no reserve",
            op!(async_channel),
        )
        .row(
            "tokio mpsc",
            "reserve, counts the task's budget",
            op!(tokio),
        )
        .row("VecDeque", "floor", here!(channel::deque))
}

fn main() {
    let wanted = env::args().nth(1).unwrap_or_default().to_lowercase();
    // A subscriber stays once it is there: that table is the last.
    let cases = [layers::CASES, limits::CASES, owners::CASES].concat();
    tables()
        .into_iter()
        .chain(messages::tables())
        .chain(join_tables::tables())
        .chain(cases.iter().map(cases::timed_table))
        .filter(|table| table.title.to_lowercase().contains(&wanted))
        .for_each(Table::measure);
}
