//! Spawning a task that is ready at once, and joining it.

use anyrt_core::rt::Runtime;
use std::hint::black_box;

pub async fn tokio(n: u64) {
    for i in 0..n {
        black_box(tokio::spawn(async move { i }).await.expect("it ends"));
    }
}

pub async fn tokio_handle(handle: tokio::runtime::Handle, n: u64) {
    for i in 0..n {
        black_box(handle.spawn(async move { i }).await.expect("it ends"));
    }
}

pub async fn smol(executor: &'static smol::Executor<'static>, n: u64) {
    for i in 0..n {
        black_box(executor.spawn(async move { i }).await);
    }
}

pub async fn smol_global(n: u64) {
    for i in 0..n {
        black_box(smol::spawn(async move { i }).await);
    }
}

/// Through the traits.
pub async fn anyrt<R: Runtime>(rt: R, n: u64) {
    for i in 0..n {
        black_box(rt.spawn(async move { i }).await.expect("it ends"));
    }
}
