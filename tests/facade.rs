//! The facade with any set of features: named backends always, free functions with exactly one.

/// What a library does: no backend named.
#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
mod generic {
    use anyrt::prelude::*;
    use std::time::Duration;

    /// The prelude has the names of bounds that no `Runtime` implies.
    #[expect(dead_code, reason = "it has to compile")]
    fn with_bounds_of_the_prelude<R: Runtime + BlockOn + Signals>() {}

    pub(crate) fn use_all_of<R: anyrt::Runtime + anyrt::BlockOn>(rt: &R) {
        let inner = rt.clone();
        let total = rt.block_on(async move {
            let (tx, mut rx) = inner.channel(2).unwrap();
            let lock = std::sync::Arc::new(inner.lock(0));
            let guarded = lock.clone();
            let producer = inner.spawn(async move {
                for n in 1..=3_u64 {
                    *guarded.lock().await += n;
                    tx.send(n).await.unwrap();
                }
            });
            let mut sum = 0;
            while let Some(n) = rx.recv().await {
                sum += n;
            }
            producer.await.unwrap();
            inner.sleep(Duration::from_nanos(1)).await;
            let blocking = inner.spawn_blocking(move || sum * 2).await.unwrap();
            let waited = inner.timeout(None, lock.lock()).await;
            blocking + *waited.unwrap()
        });
        assert_eq!(total, 18);
    }
}

#[cfg(feature = "tokio")]
#[test]
fn tokio_by_name() {
    generic::use_all_of(&anyrt::tokio::Tokio::default());
    generic::use_all_of(&anyrt::erased::DynRuntime::new(
        anyrt::tokio::Tokio::default(),
    ));
}

#[cfg(feature = "smol")]
#[test]
fn smol_by_name() {
    generic::use_all_of(&anyrt::smol::Smol::default());
    generic::use_all_of(&anyrt::smol::Smol::global());
}

#[cfg(feature = "async-std")]
#[test]
fn async_std_by_name() {
    generic::use_all_of(&anyrt::async_std::AsyncStd);
}

#[cfg(any(
    all(feature = "tokio", not(feature = "smol"), not(feature = "async-std")),
    all(feature = "smol", not(feature = "tokio"), not(feature = "async-std")),
    all(feature = "async-std", not(feature = "tokio"), not(feature = "smol")),
))]
#[test]
fn the_free_functions_use_the_one_backend() {
    use std::time::Duration;

    generic::use_all_of(&anyrt::runtime());
    let answer = anyrt::run(async {
        anyrt::sleep(Duration::ZERO).await;
        let half = anyrt::spawn(async { 20 });
        let rest = anyrt::spawn_blocking(|| 22);
        let half = anyrt::timeout(Duration::from_secs(60), half)
            .await
            .unwrap()
            .unwrap();
        half + rest.await.unwrap()
    });
    assert_eq!(answer, 42);
}

/// With no backend the facade still has its primitives.
#[test]
fn the_primitives_need_no_backend() {
    use anyrt::Lock;
    let lock = anyrt::sync::FifoMutex::new(1);
    assert!(lock.try_lock().is_some());
}

/// The macros and functions for many futures in one task, by the facade's name.
#[test]
fn joins_and_races_need_no_backend() {
    use std::{
        future::{Future, ready},
        pin::pin,
        task::{Context, Poll, Waker},
    };
    let work = async {
        let (a, b) = anyrt::join!(ready(1), ready("b"));
        let c = anyrt::try_join!(ready(Ok::<_, ()>(2)), ready(Ok(3)));
        let d = anyrt::race!(ready(4), ready(5));
        let e = anyrt::join_all([ready(6), ready(7)]).await;
        let f = anyrt::scope(|s| async move { s.spawn(ready(8)).await.ok() });
        (a, b, c, d, e, anyrt::join::race([f]).unwrap().await)
    };
    let mut work = pin!(work);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(work.as_mut().poll(&mut cx).is_pending());
    let want = (1, "b", Ok((2, 3)), 4, vec![6, 7], Some(8));
    assert_eq!(work.as_mut().poll(&mut cx), Poll::Ready(want));
}

#[cfg(all(feature = "tower", feature = "smol"))]
#[test]
fn layers_by_name() {
    let rt = anyrt::smol::Smol::default();
    let layer = anyrt::tower::TimeoutLayer::new(&rt, std::time::Duration::from_secs(1));
    assert!(format!("{layer:?}").contains("1s"));
}

#[cfg(all(feature = "toolkit", feature = "smol"))]
#[test]
fn operations_by_name() {
    use anyrt::BlockOn;
    let rt = anyrt::smol::Smol::default();
    let tracker = anyrt::operation::Tracker::new(1);
    let operation = anyrt::Operation::new("op").tracker(&tracker);
    rt.block_on(operation.run(&rt, async {}));
    assert_eq!(tracker.counts("op").success, 1);
}
