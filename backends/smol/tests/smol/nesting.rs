//! `block_on` where it could never return: it panics and says so, on every kind of executor.

use anyrt_core::rt::{BlockOn, JoinHandle, Spawn};
use anyrt_smol::Smol;
use std::{
    future::pending,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
    time::Duration,
};

/// The error of two tasks that block on one another. A hang is a failure, too, after a while.
fn blocked(rt: Smol) -> String {
    let (outcome, outcomes) = mpsc::channel();
    thread::spawn(move || {
        let inner = rt.clone();
        let first = rt.spawn(async move { inner.block_on(inner.spawn(async { 1 })).unwrap() });
        let inner = rt.clone();
        let second = rt.spawn(async move { inner.block_on(first).map_or(0, |one| one + 1) });
        outcome.send(rt.block_on(second)).unwrap();
    });
    let outcome = outcomes.recv_timeout(Duration::from_secs(10));
    outcome
        .expect("tasks that block on one another hang")
        .expect_err("blocking inside a task went through")
        .to_string()
}

#[test]
fn tasks_that_block_on_one_another_do_not_hang() {
    for rt in [
        Smol::with_threads(NonZeroUsize::MIN),
        Smol::default(),
        Smol::global(),
    ] {
        let message = blocked(rt);
        assert!(message.contains("`block_on` inside a task"), "{message}");
    }
}

#[test]
fn a_destructor_in_a_task_that_blocks_is_a_panic_of_the_task() {
    struct Blocks(Smol);
    impl Drop for Blocks {
        fn drop(&mut self) {
            self.0.block_on(async {});
        }
    }
    let rt = Smol::with_threads(NonZeroUsize::MIN);
    let guard = Blocks(rt.clone());
    // What the future keeps is dropped after its last poll.
    let task = rt.spawn(std::future::poll_fn(move |_| {
        let _kept = &guard;
        std::task::Poll::Ready(())
    }));
    let error = rt.block_on(task).expect_err("it blocked");
    assert!(error.to_string().contains("`block_on` inside a task"));
}

#[test]
fn a_destructor_of_an_aborted_task_that_blocks_is_refused() {
    struct Blocks(Smol, mpsc::Sender<bool>);
    impl Drop for Blocks {
        fn drop(&mut self) {
            let blocked = catch_unwind(AssertUnwindSafe(|| self.0.block_on(async {})));
            self.1.send(blocked.is_err()).unwrap();
        }
    }
    for rt in [
        Smol::with_threads(NonZeroUsize::MIN),
        Smol::default(),
        Smol::global(),
    ] {
        let (refused, is_refused) = mpsc::channel();
        let guard = Blocks(rt.clone(), refused);
        let task = rt.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        task.abort();
        assert!(rt.block_on(task).is_err());
        assert_eq!(is_refused.recv(), Ok(true));
    }
}
