//! Ambient, bound and gone: which runtime a value stands for.

use anyrt_core::{
    JoinError,
    rt::{BlockOn, Clock, Runtime, Sleep, Spawn, SpawnBlocking, Timer},
};
use anyrt_tokio::Tokio;
use std::{thread, time::Duration};
use tokio::runtime::{Builder, Handle};

fn runtime_id() -> tokio::runtime::Id {
    Handle::current().id()
}

#[test]
fn ambient_is_the_callers_runtime() {
    let outer = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    outer.block_on(async {
        let here = runtime_id();
        let task = Tokio::default().spawn(async { runtime_id() });
        assert_eq!(task.await.unwrap(), here);
        let nested = Tokio::default().spawn(async {
            Tokio::default()
                .spawn(async { runtime_id() })
                .await
                .unwrap()
        });
        assert_eq!(nested.await.unwrap(), here);
        assert_eq!(Tokio::default().parallelism().get(), 1);
    });
}

#[test]
fn ambient_outside_of_any_runtime_falls_back() {
    let rt = Tokio::default();
    let (sender, receiver) = std::sync::mpsc::channel();
    drop(rt.spawn(async move {
        Tokio::default().sleep(Duration::from_millis(1)).await;
        sender.send(runtime_id()).unwrap();
    }));
    let first = receiver.recv().unwrap();
    assert_eq!(
        rt.block_on(async { runtime_id() }),
        first,
        "there is one fallback"
    );
}

#[test]
fn a_handle_works_from_a_plain_thread() {
    let bound = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let rt = Tokio::from_handle(bound.handle().clone());
    let id = bound.handle().id();
    let thread = thread::spawn(move || {
        let started = rt.now();
        let sleep = rt.sleep(Duration::from_millis(2));
        let task = rt.spawn(async { runtime_id() });
        let blocking = rt.spawn_blocking(|| 42);
        rt.block_on(async {
            sleep.await;
            assert_eq!(blocking.await.unwrap(), 42);
            task.await.unwrap()
        });
        assert!(rt.now() - started >= Duration::from_millis(2));
        rt.block_on(async { runtime_id() })
    });
    assert_eq!(thread.join().unwrap(), id);
}

#[test]
fn spawning_onto_a_runtime_that_is_gone_is_cancelled() {
    let gone = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let rt = Tokio::from_handle(gone.handle().clone());
    let waiting = rt.spawn(std::future::pending::<()>());
    gone.shutdown_background();
    let late = rt.spawn(async { 1 });
    let outcome = Tokio::default().block_on(async move { (waiting.await, late.await) });
    assert!(matches!(
        outcome,
        (Err(JoinError::Cancelled), Err(JoinError::Cancelled))
    ));
}

#[test]
fn a_sleep_on_a_runtime_that_is_gone_still_completes() {
    let gone = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let rt = Tokio::from_handle(gone.handle().clone());
    let before = rt.sleep(Duration::from_millis(1));
    drop(gone);
    let after = rt.sleep(Duration::from_millis(1));
    Tokio::default().block_on(async move {
        let (mut before, mut after) = (Box::pin(before), Box::pin(after));
        before.as_mut().await;
        after.as_mut().await;
        assert!(before.is_elapsed() && after.is_elapsed());
    });
}
