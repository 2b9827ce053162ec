//! What becomes of the tasks of an executor that goes.

use anyrt_core::rt::{BlockOn, Spawn};
use anyrt_smol::{Smol, SmolHandle};
use std::{
    future::poll_fn,
    num::NonZeroUsize,
    sync::{Arc, Barrier, mpsc},
    task::{Poll, Waker},
    thread,
    time::{Duration, Instant},
};

/// How long a handle may stay pending before it is one that hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// Spawns tasks that only ever wait, and whose wakers come back once each has been polled.
fn idle_tasks(
    n: usize,
    spawn: impl Fn(mpsc::Sender<Waker>) -> SmolHandle<()>,
) -> (Vec<SmolHandle<()>>, Vec<Waker>) {
    let (sender, wakers) = mpsc::channel();
    let handles = (0..n).map(|_| spawn(sender.clone())).collect();
    (handles, wakers.iter().take(n).collect())
}

fn resolves(handles: Vec<SmolHandle<()>>) {
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || {
        for handle in handles {
            let joined = Smol::global().block_on(handle);
            done.send(joined.is_err_and(|error| !error.is_panic())).ok();
        }
    });
    loop {
        match is_done.recv_timeout(PATIENCE) {
            Ok(cancelled) => assert!(cancelled),
            Err(mpsc::RecvTimeoutError::Disconnected) => return,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("a handle hangs"),
        }
    }
}

#[test]
fn tasks_that_are_woken_while_their_executor_goes_are_cancelled() {
    const WAKERS: usize = 8;
    let end = Instant::now() + Duration::from_secs(2);
    while Instant::now() < end {
        let rt = Smol::with_threads(NonZeroUsize::new(2).unwrap());
        let (handles, wakers) = idle_tasks(8 * WAKERS, |polled| {
            let mut polled = Some(polled);
            rt.spawn(poll_fn(move |cx| {
                if let Some(polled) = polled.take() {
                    polled.send(cx.waker().clone()).unwrap();
                }
                Poll::<()>::Pending
            }))
        });
        let start = Arc::new(Barrier::new(WAKERS + 1));
        let threads: Vec<_> = (wakers.chunks(8).map(Vec::from))
            .map(|wakers| {
                let start = start.clone();
                thread::spawn(move || {
                    start.wait();
                    for _ in 0..200 {
                        wakers.iter().for_each(Waker::wake_by_ref);
                    }
                })
            })
            .collect();
        drop(wakers);
        start.wait();
        drop(rt);
        for thread in threads {
            thread.join().unwrap();
        }
        resolves(handles);
    }
}

#[test]
fn tasks_that_nobody_wakes_are_cancelled_too() {
    for _ in 0..50 {
        let rt = Smol::with_threads(NonZeroUsize::new(2).unwrap());
        let mut handles = Vec::from_iter((0..50).map(|_| rt.spawn(std::future::pending())));
        let (idle, _wakers) = idle_tasks(50, |polled| {
            rt.spawn(poll_fn(move |cx| {
                polled.send(cx.waker().clone()).ok();
                Poll::<()>::Pending
            }))
        });
        handles.extend(idle);
        drop(rt);
        resolves(handles);
    }
}

#[test]
fn a_destructor_that_panics_as_the_executor_goes_is_a_panic_of_its_task() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("expected: a destructor that panics");
        }
    }
    let rt = Smol::with_threads(NonZeroUsize::MIN);
    let (begin, begun) = mpsc::channel();
    let task = rt.spawn(async move {
        let _panics = Panics;
        begin.send(()).unwrap();
        std::future::pending::<()>().await;
    });
    let other = rt.spawn(std::future::pending::<()>());
    begun.recv().unwrap();
    drop(rt);
    let error = Smol::global().block_on(task).unwrap_err();
    assert!(error.is_panic());
    resolves(vec![other]);
}
