//! asyncio (`gather`): the siblings of a failure go on.
//!
//! `gather` raised the first error at once, its caller rolled back, and a sibling that was still
//! running committed after that. An error is a result, and a result says that it is over.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Shared, all_idle, draw, round_trips, spawn},
};
use anyrt_core::rt::{JoinHandle, Runtime};

pub(crate) const BUG: Bug = Bug {
    name: "gather_siblings",
    library: "asyncio, `gather`",
    symptom: Symptom::Violated("written after the error"),
    within: 30,
    run: both!(scenario),
};

struct Failed;

async fn gather<H, const FIXED: bool>(tasks: Vec<H>) -> Result<(), Failed>
where
    H: JoinHandle<Result<(), Failed>>,
{
    let mut tasks = tasks.into_iter();
    while let Some(task) = tasks.next() {
        if let Ok(Err(error)) = task.await {
            if FIXED {
                for sibling in tasks {
                    sibling.abort();
                    drop(sibling.await);
                }
            }
            return Err(error);
        }
    }
    Ok(())
}

/// After the error nothing is written.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let written = Shared::new(0);
    let task = |fails: bool| {
        let (written, late) = (written.clone(), draw(&rt, 2));
        spawn(&rt, |rt| async move {
            round_trips(&rt, late).await;
            if fails {
                return Err(Failed);
            }
            written.with(|count| *count += 1);
            Ok(())
        })
    };
    let tasks = vec![task(true), task(false), task(false)];
    assert!(gather::<_, FIXED>(tasks).await.is_err());
    let before = written.with(|count| *count);
    all_idle(&rt).await;
    let after = written.with(|count| *count);
    assert_eq!(before, after, "written after the error");
}
