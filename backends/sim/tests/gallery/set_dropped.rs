//! tokio (`JoinSet`, dropped): tasks outlive the set that owned them.
//!
//! A set of tasks was dropped, and then the directory they worked in removed; they were still being
//! torn down, and found it gone. Dropping aborts, and to abort is to ask: only a join says that a
//! task is gone.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Defer, Shared, all_idle, draw, round_trips, spawn},
};
use anyrt_core::rt::{JoinHandle, Runtime};

pub(crate) const BUG: Bug = Bug {
    name: "set_dropped",
    library: "tokio, `JoinSet`",
    symptom: Symptom::Violated("cleaned up in a directory that is gone"),
    within: 30,
    run: both!(scenario),
};

async fn close<T, H: JoinHandle<T>, const FIXED: bool>(set: impl IntoIterator<Item = H>) {
    for task in set {
        task.abort();
        if FIXED {
            drop(task.await);
        }
    }
}

/// What tasks use is there until the last of them is gone.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let directory = Shared::new(true);
    let cleaned_late = Shared::new(0);
    let set = [(); 2].map(|()| {
        let (directory, cleaned_late) = (directory.clone(), cleaned_late.clone());
        spawn(&rt, |rt| async move {
            let _clean_up = Defer::new(|| {
                if !directory.with(|exists| *exists) {
                    cleaned_late.with(|count| *count += 1);
                }
            });
            round_trips(&rt, 3).await;
        })
    });
    round_trips(&rt, draw(&rt, 4)).await;
    close::<_, _, FIXED>(set).await;
    directory.with(|exists| *exists = false);
    all_idle(&rt).await;
    let late = cleaned_late.with(|count| *count);
    assert_eq!(late, 0, "cleaned up in a directory that is gone");
}
