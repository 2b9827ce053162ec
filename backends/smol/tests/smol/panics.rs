//! Panics that async-task would end the process for: none of them reaches it.

use anyrt_core::{
    JoinError,
    rt::{BlockOn, JoinHandle, Spawn},
};
use anyrt_smol::Smol;
use std::{
    future::{pending, poll_fn},
    num::NonZeroUsize,
    panic::panic_any,
    sync::mpsc,
    task::Poll,
};

/// Panics when it is dropped, also as a panic's payload, which is another one.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic_any(Bomb);
    }
}

fn each_kind(test: impl Fn(Smol)) {
    test(Smol::with_threads(NonZeroUsize::MIN));
    test(Smol::default());
    test(Smol::global());
}

/// The executor goes on.
fn goes_on(rt: &Smol) {
    assert_eq!(rt.block_on(rt.spawn(async { 1 })).unwrap(), 1);
}

#[test]
fn of_the_destructor_of_an_aborted_task() {
    each_kind(|rt| {
        let (begin, begun) = mpsc::channel();
        let task = rt.spawn(async move {
            let _bomb = Bomb;
            begin.send(()).unwrap();
            pending::<()>().await;
        });
        begun.recv().unwrap();
        task.abort();
        assert!(matches!(rt.block_on(task), Err(JoinError::Cancelled)));
        goes_on(&rt);
    });
}

#[test]
fn of_an_output_that_comes_after_the_abort() {
    each_kind(|rt| {
        let (begin, begun) = mpsc::channel();
        let (end, may_end) = mpsc::channel::<()>();
        let task = rt.spawn(async move {
            begin.send(()).unwrap();
            may_end.recv().unwrap();
            Bomb
        });
        begun.recv().unwrap();
        task.abort();
        end.send(()).unwrap();
        assert!(matches!(rt.block_on(task), Err(JoinError::Cancelled)));
        goes_on(&rt);
    });
}

#[test]
fn of_an_output_that_nobody_takes() {
    each_kind(|rt| {
        let (ended, has_ended) = mpsc::channel();
        let before = rt.spawn(async { Bomb });
        while !before.is_finished() {
            std::thread::yield_now();
        }
        drop(before);
        let (go, may_go) = mpsc::channel::<()>();
        drop(rt.spawn(async move {
            may_go.recv().ok();
            ended.send(()).unwrap();
            Bomb
        }));
        drop(go);
        has_ended.recv().unwrap();
        goes_on(&rt);
    });
}

#[test]
fn of_a_payload_and_what_comes_after_it() {
    each_kind(|rt| {
        // Detached, with a future that panics again as it is dropped.
        let bomb = Bomb;
        rt.spawn_detached(poll_fn(move |_| {
            let _kept = &bomb;
            panic_any(Bomb)
        }));
        drop(rt.spawn(async { panic_any(Bomb) }));
        // Joined: the first panic is the one that is told.
        let bomb = Bomb;
        let task = rt.spawn(poll_fn(move |_| -> Poll<()> {
            let _kept = &bomb;
            panic_any("expected: the first")
        }));
        let error = rt.block_on(task).unwrap_err();
        assert!(error.to_string().contains("expected: the first"), "{error}");
        goes_on(&rt);
    });
}
