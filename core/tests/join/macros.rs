//! `join!`, `try_join!`, `race!`.

use crate::{children::*, support::*};
use anyrt_core::{join, race, try_join};
use std::{future::ready, pin::pin, task::Poll};

#[test]
#[allow(clippy::unused_unit)]
fn join_takes_different_types_and_borrows() {
    let word = String::from("word");
    let joined = async {
        let mut len = 0;
        let (a, (), c) = join!(ready(1), async { len = word.len() }, async {
            word.as_str()
        });
        (a, len, c)
    };
    assert_eq!(poll(pin!(joined)), Poll::Ready((1, 4, "word")));
    assert_eq!(poll(pin!(async { join!() })), Poll::Ready(()));
    assert_eq!(poll(pin!(async { join!(ready(1),) })), Poll::Ready((1,)));
}

#[test]
fn join_starts_each_round_one_further() {
    let order = std::cell::RefCell::new(Vec::new());
    let branch = |n| {
        let order = &order;
        std::future::poll_fn(move |_| {
            order.borrow_mut().push(n);
            Poll::<()>::Pending
        })
    };
    let mut joined = pin!(async { join!(branch(0), branch(1), branch(2)) });
    for _ in 0..4 {
        assert!(poll(joined.as_mut()).is_pending());
    }
    assert_eq!(*order.borrow(), [0, 1, 2, 1, 2, 0, 2, 0, 1, 0, 1, 2]);
}

#[test]
fn a_branch_that_is_done_is_not_polled_again() {
    let remotes = Remote::many(2);
    let mut joined = pin!(async { join!(remotes[0].child(0), remotes[1].child("b")) });
    remotes[0].open();
    assert!(poll(joined.as_mut()).is_pending());
    assert!(poll(joined.as_mut()).is_pending());
    assert_eq!(remotes[0].polls(), 1);
    remotes[1].open();
    assert_eq!(poll(joined.as_mut()), Poll::Ready((0, "b")));
}

#[test]
fn try_join_ends_with_the_first_error() {
    let remotes = Remote::many(2);
    let mut joined = pin!(async {
        let tried = try_join!(
            remotes[0].child(Ok::<u8, &str>(0)),
            remotes[1].child(Err::<i8, _>("no"))
        );
        (tried, remotes[0].drops())
    });
    assert!(poll(joined.as_mut()).is_pending());
    remotes[1].open();
    assert_eq!(poll(joined.as_mut()), Poll::Ready((Err("no"), 1)));
    let tried = async { try_join!(ready(Ok::<_, ()>(1)), ready(Ok("b"))) };
    assert_eq!(poll(pin!(tried)), Poll::Ready(Ok((1, "b"))));
}

#[test]
fn race_ends_with_the_first_output() {
    let remotes = Remote::many(2);
    let mut raced = pin!(async {
        let first = race!(remotes[0].child(0), async { remotes[1].child(1).await });
        (first, remotes[0].drops())
    });
    assert!(poll(raced.as_mut()).is_pending());
    remotes[1].open();
    assert_eq!(poll(raced.as_mut()), Poll::Ready((1, 1)));
    assert_eq!(
        poll(pin!(async { race!(ready(1), ready(2)) })),
        Poll::Ready(1)
    );
}
