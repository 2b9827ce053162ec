//! What only the tree itself can tell: its links.

use super::CancellationToken;
use std::{
    future::Future,
    pin::pin,
    task::{Context, Waker},
};

#[test]
fn a_crowd_of_children_leaves_no_link() {
    let root = CancellationToken::new();
    for _ in 0..10_000 {
        let child = root.child();
        let grandchild = child.child();
        drop(child);
        assert_eq!(root.links_and_room().0, 1, "it lives on in its child");
        drop(grandchild);
    }
    let (links, room) = root.links_and_room();
    assert_eq!(links, 0);
    assert!(
        room <= 8,
        "there is room for {room} links, of which one was used"
    );
    let crowd: Vec<_> = (0..10_000).map(|_| root.child()).collect();
    assert_eq!(root.links_and_room().0, 10_000);
    root.cancel();
    drop(crowd);
    assert_eq!(root.links_and_room().0, 0);
    let late: Vec<_> = (0..10).map(|_| root.child()).collect();
    assert_eq!(
        root.links_and_room().0,
        0,
        "{late:?} are linked for nothing"
    );
}

#[test]
fn a_crowd_of_waiters_leaves_no_waker() {
    let token = CancellationToken::new();
    for _ in 0..10_000 {
        let mut wait = pin!(token.cancelled());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(wait.as_mut().poll(&mut cx).is_pending());
        assert!(wait.as_mut().poll(&mut cx).is_pending());
        assert_eq!(token.waiters(), 1);
    }
    assert_eq!(token.waiters(), 0);
}
