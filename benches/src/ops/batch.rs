//! Keys that are loaded in batches.

use anyrt_core::rt::Runtime;
use anyrt_toolkit::batch::Batcher;
use std::{
    convert::Infallible,
    future::{Ready, ready},
    hint::black_box,
    sync::Arc,
    time::Duration,
};
use tower::{Service, ServiceExt, buffer::Buffer, service_fn};

/// A channel to a task that answers by oneshots, `size` at a time: what a batcher cannot do without.
pub async fn by_hand(size: usize, n: u64) {
    let (tx, mut rx) = tokio::sync::mpsc::channel::<(u64, tokio::sync::oneshot::Sender<u64>)>(size);
    let task = tokio::spawn(async move {
        let mut batch = Vec::with_capacity(size);
        while rx.recv_many(&mut batch, size).await > 0 {
            for (key, answer) in batch.drain(..) {
                answer.send(key).ok();
            }
        }
    });
    for _ in 0..n / size as u64 {
        let loads = (0..size as u64).map(|key| {
            let tx = tx.clone();
            async move {
                let (answer, value) = tokio::sync::oneshot::channel();
                tx.send((key, answer)).await.expect("it is open");
                value.await.expect("it is answered")
            }
        });
        black_box(futures_util::future::join_all(loads).await);
    }
    drop(tx);
    task.await.expect("no panic");
}

/// Full batches, one after the other.
pub async fn anyrt<R: Runtime>(rt: R, size: usize, n: u64) {
    let load = |keys: Vec<u64>| async move { Ok::<_, Infallible>(keys) };
    let batcher = Batcher::builder(&rt, load).max_size(size);
    let batcher = batcher.interval(Duration::from_secs(1)).build();
    let batcher = Arc::new(batcher.expect("permitted"));
    for _ in 0..n / size as u64 {
        black_box(batcher.load_many(0..size as u64).await);
    }
}

/// A channel to a task that calls a service once for each: as many at a time, and no batches.
pub async fn buffer(size: usize, n: u64) {
    let one = |key: u64| -> Ready<Result<u64, Infallible>> { ready(Ok(key)) };
    let (buffer, worker) = Buffer::pair(service_fn(one), size);
    let task = tokio::spawn(worker);
    for _ in 0..n / size as u64 {
        let loads = (0..size as u64).map(|key| {
            let mut buffer = buffer.clone();
            async move {
                let answer = buffer.ready().await.expect("it is open").call(key);
                answer.await.expect("it is answered")
            }
        });
        black_box(futures_util::future::join_all(loads).await);
    }
    drop(buffer);
    task.await.expect("no panic");
}
