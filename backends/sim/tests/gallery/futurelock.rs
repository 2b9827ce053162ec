//! omicron#9259 ("futurelock", over tokio's fair `Mutex`): a task waits for a lock that it was given.
//!
//! A `select!` over a reference to a future and a timer went on with the timer's branch, in which it
//! locked what that future was in the queue for. The lock was handed to the future, which nobody
//! polled any more, and which was not dropped either. Nothing is wrong with the lock.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{draw, join, round_trips},
};
use anyrt_core::{
    race,
    rt::{Lock, LockOf, Runtime},
};
use std::{pin::pin, sync::Arc, time::Duration};

pub(crate) const BUG: Bug = Bug {
    name: "futurelock",
    library: "omicron#9259; tokio",
    symptom: Symptom::Deadlock,
    within: 30,
    run: both!(scenario),
};

async fn add<R: Runtime>(count: &LockOf<R, u32>) {
    *count.lock().await += 1;
}

/// A task that has waited for long enough gets on with something else.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let millis = |millis| Duration::from_millis(millis);
    let count = Arc::new(rt.lock(0));
    let holder = {
        let (count, timer) = (count.clone(), rt.sleep(millis(3)));
        rt.spawn(async move {
            let _guard = count.lock().await;
            timer.await;
        })
    };
    round_trips(&rt, 1).await;
    let patience = millis(1 + draw(&rt, 4));
    let mut adding = pin!(Some(add::<R>(&count)));
    let done = race!(
        async {
            adding.as_mut().as_pin_mut().expect("it runs").await;
            true
        },
        async {
            rt.sleep(patience).await;
            false
        },
    );
    if !done {
        if FIXED {
            adding.set(None);
        }
        add::<R>(&count).await;
    }
    join([holder]).await;
}
