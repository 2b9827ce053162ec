//! Nobody listens.

use crate::kit::polled as poll;
use allocation_counter::measure;
use anyrt_core::{Instant, rt::Clock};
use anyrt_toolkit::operation::{Operation, Outcome};
use std::{
    fmt,
    future::{poll_fn, ready},
    task::Poll,
    time::SystemTime,
};

/// A clock that must not be read.
#[derive(Clone)]
struct Covered;

impl Clock for Covered {
    fn now(&self) -> Instant {
        panic!("the clock was read")
    }

    fn wall_time(&self) -> SystemTime {
        panic!("the clock was read")
    }
}

/// A value that must not be shown.
struct Hidden;

impl fmt::Display for Hidden {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("it was shown")
    }
}

#[test]
fn an_operation_that_nobody_watches_is_its_future() {
    // The first operation of a thread makes what its context lies in.
    let _ = poll(Operation::new("first").run(&Covered, ready(0)));
    let allocated = measure(|| {
        for _ in 0..10 {
            let operation = || Operation::new("op").field("url", Hidden).field("n", Hidden);
            assert_eq!(poll(operation().run(&Covered, ready(7))), Poll::Ready(7));
            let failed = operation().try_run(&Covered, ready(Err::<(), _>("no")));
            assert_eq!(poll(failed), Poll::Ready(Err("no")));
            let judged =
                operation().run_with(&Covered, ready(7), |_| -> Outcome { panic!("asked") });
            assert_eq!(poll(judged), Poll::Ready(7));
            let dropped = operation().run(&Covered, poll_fn(|_| Poll::<()>::Pending));
            assert_eq!(poll(dropped), Poll::Pending);
        }
    });
    assert_eq!(allocated.count_total, 0);
}
