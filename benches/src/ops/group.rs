//! A thousand children, each ready at once or after one yield, and tokens.

use anyrt_core::{
    cancel::CancellationToken, gather::gather, group::TaskGroup, rt::Runtime, task::yield_now,
};
use std::{convert::Infallible, hint::black_box};
use tokio::task::JoinSet;

pub const CHILDREN: u64 = 1000;

/// What each child does, in a group and out of it.
async fn child(i: u64, yields: bool) -> Result<u64, Infallible> {
    if yields {
        yield_now().await;
    }
    Ok(i)
}

pub async fn tokio_vec(yields: bool, n: u64) {
    for _ in 0..n {
        let children = (0..CHILDREN).map(|i| tokio::spawn(child(i, yields)));
        let handles: Vec<_> = children.collect();
        for handle in handles {
            black_box(handle.await.expect("it ends")).expect("it does not fail");
        }
    }
}

pub async fn tokio_join_set(yields: bool, n: u64) {
    for _ in 0..n {
        let mut set = JoinSet::new();
        for i in 0..CHILDREN {
            set.spawn(child(i, yields));
        }
        while let Some(output) = set.join_next().await {
            black_box(output.expect("it ends")).expect("it does not fail");
        }
    }
}

pub async fn smol_vec(executor: &'static smol::Executor<'static>, yields: bool, n: u64) {
    for _ in 0..n {
        let children = (0..CHILDREN).map(|i| executor.spawn(child(i, yields)));
        let handles: Vec<_> = children.collect();
        for handle in handles {
            black_box(handle.await).expect("it does not fail");
        }
    }
}

/// Through the traits: what the gate compares with.
pub async fn anyrt_vec<R: Runtime>(rt: R, yields: bool, n: u64) {
    for _ in 0..n {
        let children = (0..CHILDREN).map(|i| rt.spawn(child(i, yields)));
        let handles: Vec<_> = children.collect();
        for handle in handles {
            black_box(handle.await.expect("it ends")).expect("it does not fail");
        }
    }
}

pub async fn anyrt_collect<R: Runtime>(rt: R, yields: bool, n: u64) {
    for _ in 0..n {
        let group = TaskGroup::new(&rt);
        for i in 0..CHILDREN {
            group.spawn(child(i, yields)).ok();
        }
        black_box(group.collect().await.expect("no child fails"));
    }
}

pub async fn anyrt_next<R: Runtime>(rt: R, yields: bool, n: u64) {
    for _ in 0..n {
        let group = TaskGroup::<R, u64, Infallible>::new(&rt);
        for i in 0..CHILDREN {
            group.spawn(child(i, yields)).ok();
        }
        while let Some(output) = group.next().await {
            black_box(output);
        }
        group.join().await.expect("no child fails");
    }
}

pub async fn anyrt_gather<R: Runtime>(rt: R, yields: bool, n: u64) {
    for _ in 0..n {
        let children = (0..CHILDREN).map(|i| child(i, yields));
        black_box(gather(&rt, children).await.expect("no child fails"));
    }
}

pub fn token_anyrt(n: u64) {
    for _ in 0..n {
        let parent = CancellationToken::new();
        let children: Vec<_> = (0..CHILDREN).map(|_| parent.child()).collect();
        black_box(children.iter().filter(|child| child.is_cancelled()).count());
        parent.cancel();
        black_box(children.iter().filter(|child| child.is_cancelled()).count());
    }
}

pub fn token_tokio(n: u64) {
    for _ in 0..n {
        let parent = tokio_util::sync::CancellationToken::new();
        let children: Vec<_> = (0..CHILDREN).map(|_| parent.child_token()).collect();
        black_box(children.iter().filter(|child| child.is_cancelled()).count());
        parent.cancel();
        black_box(children.iter().filter(|child| child.is_cancelled()).count());
    }
}

/// A look at a token that is not cancelled.
pub fn check_anyrt(n: u64) {
    let token = CancellationToken::new();
    for _ in 0..n * CHILDREN {
        black_box(black_box(&token).is_cancelled());
    }
}

pub fn check_tokio(n: u64) {
    let token = tokio_util::sync::CancellationToken::new();
    for _ in 0..n * CHILDREN {
        black_box(black_box(&token).is_cancelled());
    }
}
