//! Operations: dropped half way, they are told of as cancelled, and their future is gone.

use crate::kit::Count;
use anyrt_sim::{SimRuntime, check_cancel};
use anyrt_toolkit::operation::{Operation, Outcome, Tracker};
use std::future::Future;

/// Runs an operation called "op" around `work`, watched or not by the tracker.
fn row<Fut>(run: impl Fn(SimRuntime, Tracker, Count) -> Fut + Sync)
where
    Fut: Future<Output = ()>,
{
    check_cancel(
        |_| async { (Tracker::new(9), Count::default()) },
        |rt, (tracker, count)| run(rt, tracker, count),
        |_, (tracker, count)| async move {
            assert_eq!((tracker.running(), count.get()), (vec![], 0));
            let counts = tracker.counts("op");
            assert!(counts.total() <= 1);
            assert_eq!(counts.cancelled + counts.success, counts.total());
        },
    );
}

pub(crate) fn run() {
    row(|rt, tracker, count| async move {
        let op = Operation::new("op").tracker(&tracker);
        op.run(&rt, count.work(&rt)).await;
    });
}

pub(crate) fn try_run() {
    row(|rt, tracker, count| async move {
        let work = async { Ok::<_, String>(count.work(&rt).await) };
        let op = Operation::new("op").tracker(&tracker);
        op.try_run(&rt, work).await.unwrap();
    });
}

pub(crate) fn run_with() {
    row(|rt, tracker, count| async move {
        let op = Operation::new("op").tracker(&tracker);
        op.run_with(&rt, count.work(&rt), |_| Outcome::Success)
            .await;
    });
}

pub(crate) fn tracked() {
    row(|rt, tracker, count| async move {
        let op = Operation::new("op").run(&rt, count.work(&rt));
        tracker.scope(op).await;
    });
}
