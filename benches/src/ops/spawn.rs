//! Spawning a task that is ready at once, and joining it.

use anyrt::smol::Smol;
use anyrt_core::rt::{Runtime, Spawn};
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

/// What is spawned on smol: a task of 136 bytes there, with anyrt of up to 152.
///
/// mimalloc makes a detour of 115 Ir for a size that is one of its own and no power of two, such as the 80 of smol's
/// smallest task: whether a row pays that is not what is compared.
pub fn child(i: u64) -> impl Future<Output = u64> + Send + 'static {
    let room = [i; 8];
    async move { room[7] }
}

pub async fn smol(executor: &'static smol::Executor<'static>, n: u64) {
    for i in 0..n {
        black_box(executor.spawn(child(i)).await);
    }
}

pub async fn smol_global(n: u64) {
    for i in 0..n {
        black_box(smol::spawn(child(i)).await);
    }
}

/// Through the traits.
pub async fn anyrt<R: Runtime>(rt: R, n: u64) {
    for i in 0..n {
        black_box(rt.spawn(async move { i }).await.expect("it ends"));
    }
}

/// The same, of a [`child`].
pub async fn anyrt_on_smol(rt: Smol, n: u64) {
    for i in 0..n {
        black_box(rt.spawn(child(i)).await.expect("it ends"));
    }
}
