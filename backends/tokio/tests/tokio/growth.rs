//! The cost of n children grows with n, also where they end one after the other: counted in polls.

use anyrt_conformance::probe::{Gate, Probe, Wakes};
use anyrt_core::{
    gather::{gather, map_concurrent},
    group::TaskGroup,
    rt::{BlockOn, Spawn},
};
use anyrt_tokio::Tokio;
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

type Group = TaskGroup<Tokio, u32, u32>;

/// The polls of the caller and of the children, where each child lets the next one go. All in one
/// thread, so that it is the same each time.
fn polls<W>(n: usize, run: impl FnOnce(Tokio, Vec<Link>) -> W) -> usize
where
    W: Future<Output = usize> + Send + 'static,
{
    let gates: Vec<_> = (0..=n).map(|_| Gate::new()).collect();
    gates[n].open();
    let polls = Wakes::new();
    // The last is let go first.
    let children = gates
        .windows(2)
        .map(|pair| Link::from((pair[1].clone(), pair[0].clone(), Arc::clone(&polls))));
    let children = children.collect();
    let rt = Tokio::current_thread().expect("tokio starts");
    let owner = rt.block_on(rt.spawn(run(rt.clone(), children)));
    owner.expect("it does not panic") + polls.count()
}

/// Waits at a gate and opens the next, and counts its polls.
struct Link {
    waits: Pin<Box<dyn Future<Output = ()> + Send>>,
    polls: Arc<Wakes>,
}

impl From<(Gate, Gate, Arc<Wakes>)> for Link {
    fn from((own, next, polls): (Gate, Gate, Arc<Wakes>)) -> Self {
        let waits = Box::pin(async move {
            own.wait().await;
            next.open();
        });
        Self { waits, polls }
    }
}

impl Future for Link {
    type Output = Result<u32, u32>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.polls.bump();
        self.waits.as_mut().poll(cx).map(|()| Ok(1))
    }
}

#[test]
fn costs_grow_with_the_children() {
    let next = |rt: Tokio, children: Vec<Link>| async move {
        let group = Group::new(&rt);
        for child in children {
            group.spawn(child).expect("it is open");
        }
        let mut body = Probe::new(async { while group.next().await.is_some() {} });
        body.finish().await;
        body.wakes() + 1
    };
    let gathered = |rt: Tokio, children: Vec<Link>| async move {
        let mut all = Probe::new(gather(&rt, children));
        assert!(all.finish().await.is_ok());
        all.wakes() + 1
    };
    let joined = |rt: Tokio, children: Vec<Link>| async move {
        let group = Group::new(&rt);
        for child in children {
            group.spawn(child).expect("it is open");
        }
        let mut join = Probe::new(group.join());
        assert!(join.finish().await.is_ok());
        join.wakes() + 1
    };
    let mapped = |rt: Tokio, children: Vec<Link>| async move {
        // All at once, for each waits for the one behind it.
        let limit = children.len();
        let mapped = map_concurrent(&rt, children, |child| child).limit(limit);
        let mut all = Probe::new(mapped.expect("it is not 0").collect());
        assert!(all.finish().await.is_ok());
        all.wakes() + 1
    };
    for (what, few, many) in [
        ("next", polls(500, next), polls(2000, next)),
        ("join", polls(500, joined), polls(2000, joined)),
        ("map_concurrent", polls(500, mapped), polls(2000, mapped)),
        ("gather", polls(500, gathered), polls(2000, gathered)),
    ] {
        assert!(few >= 500, "{what}: {few} polls of 500 children");
        assert!(
            many * 10 <= few * 44,
            "{what}: {few} polls with 500 children, {many} with 2000"
        );
    }
}
