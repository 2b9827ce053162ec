//! What timeouts, groups and `gather` allocate on tokio, and how large their futures are: counted, so that
//! neither grows unseen.
//!
//! All of it runs on the test's own thread, for that is whose allocations are counted.

use allocation_counter::measure;
use anyrt_core::{
    gather::gather,
    group::TaskGroup,
    rt::{Spawn, Timeout},
    time::wait_for,
};
use anyrt_tokio::Tokio;
use std::{
    future::{Future, Ready, pending, ready},
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

type Group = TaskGroup<Tokio, u32, u32>;

const HOUR: Duration = Duration::from_secs(3600);

/// How often `run` allocates on this thread.
fn allocations(run: impl FnOnce()) -> u64 {
    measure(run).count_total
}

fn poll<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn child() -> Ready<Result<u32, u32>> {
    ready(Ok(1))
}

#[test]
fn a_limit_around_what_is_ready() {
    let rt = Tokio::default();
    let timeouts = allocations(|| {
        assert_eq!(poll(rt.timeout(HOUR, ready(1))), Poll::Ready(Ok(1)));
        assert!(poll(rt.timeout(None, pending::<()>())).is_pending());
    });
    assert_eq!(timeouts, 0);
    // A context is made where the work looks at it.
    let unseen = allocations(|| {
        assert_eq!(poll(wait_for(&rt, HOUR, ready(1))), Poll::Ready(Ok(1)));
    });
    assert_eq!(unseen, 0);
}

#[tokio::test]
async fn a_child_is_its_task_and_no_more() {
    const CHILDREN: usize = 64;

    let rt = Tokio::default();
    let bare = allocations(|| drop(rt.spawn(child())));
    assert_eq!(bare, 1, "what tokio allocates for a task");
    let group = Group::new(&rt);
    // The second time there is room in the group.
    for (time, want) in [("first", 2 * CHILDREN), ("second", CHILDREN)] {
        let spawned = allocations(|| {
            for _ in 0..CHILDREN {
                group.spawn(child()).unwrap();
            }
        });
        assert!(spawned <= want as u64, "{spawned}, the {time} time");
        while group.next().await.is_some() {}
    }
}

/// What a whole group or `gather` of `n` allocates, with its outputs and their list.
fn whole<F: Future<Output = usize>>(n: usize, run: impl FnOnce(Tokio, usize) -> F) -> u64 {
    let rt = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    allocations(|| {
        let outputs = rt.block_on(run(Tokio::default(), n));
        assert_eq!(outputs, n);
    })
}

#[test]
fn groups_allocate_little_beside_their_children() {
    let group = async |rt: Tokio, n| {
        let group = Group::new(&rt);
        for _ in 0..n {
            group.spawn(child()).unwrap();
        }
        group.collect().await.unwrap().len()
    };
    let gathered = async |rt: Tokio, n| gather(&rt, (0..n).map(|_| child())).await.unwrap().len();
    for (what, none, some) in [
        ("group", whole(0, group), whole(1000, group)),
        ("gather", whole(0, gathered), whole(1000, gathered)),
    ] {
        assert!(none <= 5, "{what}: {none} for none");
        // Lists that double.
        assert!(some <= 1000 + 50, "{what}: {some} for 1000 children");
    }
}

#[test]
fn futures_are_small() {
    let rt = Tokio::default();
    let large = async {
        let large = [0_u8; 1024];
        std::future::ready(()).await;
        large.len()
    };
    let inner = size_of_val(&large);
    let sizes = [
        ("timeout", size_of_val(&rt.timeout(HOUR, ready(1))), 256),
        ("wait_for", size_of_val(&wait_for(&rt, HOUR, ready(1))), 288),
        ("gather", size_of_val(&gather(&rt, [child()])), 256),
        ("group", size_of::<Group>(), 32),
        (
            "timeout around a large future",
            size_of_val(&rt.timeout(HOUR, large)),
            inner + 256,
        ),
    ];
    for (what, bytes, most) in sizes {
        assert!(bytes <= most, "{what}: {bytes} bytes, want at most {most}");
    }
}
