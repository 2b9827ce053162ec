//! Groups, gather and tokens at a thousand children, a child: `cargo run --release --bin groups` counts
//! instructions under callgrind and exits with 1 where a gate is broken; with `wall` it measures time.

use anyrt::{smol::Smol, tokio::Tokio};
use anyrt_benches::{
    counted::{self, Counter},
    harness::{Table, timed},
    ops::group::{self, CHILDREN},
    rig,
};
use anyrt_core::rt::Spawn;
use std::{env, num::NonZeroUsize, pin::Pin, process::ExitCode, sync::mpsc, time::Duration};

/// The target for groups is 1.05; the gates are what is kept: two locks a child, the swap of its context and
/// its entry in the group are what a plain handle does without.
const COUNTER: Counter = Counter {
    few: 3,
    many: 23,
    times: CHILDREN,
    unit: "Ir a child",
    noise: 0.005,
};

const TABLES: &[counted::Table] = &[
    (
        "Children that are ready at once, tokio current-thread",
        &[
            ("ready: Vec, anyrt", None),
            ("ready: Vec, tokio", None),
            ("ready: JoinSet", None),
            ("ready: group, collect", Some(1.22)),
            ("ready: group, next", None),
            ("ready: gather", None),
        ],
    ),
    (
        "Children that yield once, tokio current-thread",
        &[
            ("yield: Vec, anyrt", None),
            ("yield: Vec, tokio", None),
            ("yield: JoinSet", None),
            ("yield: group, collect", Some(1.28)),
            ("yield: group, next", None),
            ("yield: gather", None),
        ],
    ),
    (
        "Children that are ready at once, smol, one thread",
        &[
            ("ready: Vec, anyrt, smol", None),
            ("ready: Vec, smol", None),
            ("ready: group, collect, smol", Some(1.46)),
            ("ready: gather, smol", None),
        ],
    ),
    (
        "Children that yield once, smol, one thread",
        &[
            ("yield: Vec, anyrt, smol", None),
            ("yield: Vec, smol", None),
            ("yield: group, collect, smol", Some(1.36)),
            ("yield: gather, smol", None),
        ],
    ),
    (
        "Tokens: a thousand children made, looked at, cancelled by the parent, looked at, dropped",
        &[("token, tokio-util", None), ("token, anyrt", Some(1.0))],
    ),
    (
        "Tokens: a look",
        &[("check, tokio-util", None), ("check, anyrt", Some(1.0))],
    ),
];

type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How long `n` rounds take.
fn run(operation: &str, n: u64) -> Duration {
    let yields = operation.starts_with("yield");
    let (_, name) = operation.split_once(": ").unwrap_or(("", operation));
    let rt = Tokio::default();
    let tokio = |work: Boxed| rig::in_task(&rig::tokio(), async { timed(work).await });
    match name {
        "Vec, anyrt" => tokio(Box::pin(group::anyrt_vec(rt, yields, n))),
        "Vec, tokio" => tokio(Box::pin(group::tokio_vec(yields, n))),
        "JoinSet" => tokio(Box::pin(group::tokio_join_set(yields, n))),
        "group, collect" => tokio(Box::pin(group::anyrt_collect(rt, yields, n))),
        "group, next" => tokio(Box::pin(group::anyrt_next(rt, yields, n))),
        "gather" => tokio(Box::pin(group::anyrt_gather(rt, yields, n))),
        "Vec, smol" => {
            let executor = rig::smol();
            let work = group::smol_vec(executor, yields, n);
            on(|task| executor.spawn(task).detach(), work)
        }
        "Vec, anyrt, smol" => on_smol(|rt| Box::pin(group::anyrt_vec(rt, yields, n))),
        "group, collect, smol" => on_smol(|rt| Box::pin(group::anyrt_collect(rt, yields, n))),
        "gather, smol" => on_smol(|rt| Box::pin(group::anyrt_gather(rt, yields, n))),
        "token, anyrt" => sync(|| group::token_anyrt(n)),
        "token, tokio-util" => sync(|| group::token_tokio(n)),
        "check, anyrt" => sync(|| group::check_anyrt(n)),
        "check, tokio-util" => sync(|| group::check_tokio(n)),
        _ => panic!("there is no operation {operation:?}"),
    }
}

fn sync(work: impl FnOnce()) -> Duration {
    futures_lite::future::block_on(timed(async { work() }))
}

fn on_smol(work: impl FnOnce(Smol) -> Boxed) -> Duration {
    let rt = Smol::with_threads(NonZeroUsize::MIN);
    on(|task| drop(rt.spawn(task)), work(rt.clone()))
}

/// Runs `work` in a task of an executor with one thread, and waits for it on this one.
fn on(spawn: impl FnOnce(Boxed), work: impl Future<Output = ()> + Send + 'static) -> Duration {
    let (done, is_done) = mpsc::channel();
    spawn(Box::pin(async move {
        done.send(timed(work).await).expect("it is waited for");
    }));
    is_done.recv().expect("no operation panics")
}

fn wall() {
    for (title, rows) in TABLES {
        let table = rows.iter().fold(Table::new(title), |table, (name, _)| {
            table.row(name, "", |n| run(name, n))
        });
        table.measure();
    }
}

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() == Some("wall") {
        wall();
        return ExitCode::SUCCESS;
    }
    COUNTER.main(&[TABLES], |operation, n| {
        run(operation, n);
    })
}
