//! What virtual time cannot show, for it stands still between two looks at it.

use crate::support::SEC;
use anyrt_core::{group::Cause, rt::BlockOn};
use anyrt_smol::Smol;
use anyrt_toolkit::{
    resilience::best_effort,
    retry::{AttemptError, Retry, retry},
};
use std::{future::pending, time::Duration};

#[test]
fn a_limit_is_told_as_it_was_set() {
    let rt = Smol::default();
    rt.block_on(async {
        let nanos = Duration::from_nanos(2_000_003);
        let limits = [
            (Some(nanos), None),
            (Some(nanos), Some(SEC * 60)),
            (None, Some(nanos)),
        ];
        for (attempt, all) in limits {
            let policy = Retry::<u32>::builder()
                .attempts(1)
                .attempt_timeout(attempt)
                .max_elapsed(all);
            let policy = policy.build().expect("it is permitted");
            let error = retry(&rt, policy, |_| pending::<Result<(), u32>>()).await;
            let failure = error.expect_err("it is late").into_inner();
            let AttemptError::TimedOut(late) = failure.last else {
                panic!("it was late, and says {:?}", failure.last);
            };
            assert_eq!(late.limit, nanos, "{attempt:?} {all:?}");
            assert!(late.elapsed >= nanos);
        }
        let all = best_effort(&rt, nanos, (0..9).map(|_| pending::<Result<(), u32>>()));
        for late in all.await {
            let Err(Cause::TimedOut(late)) = late.map_err(|error| error.cause) else {
                panic!("it was late");
            };
            assert_eq!(late.limit, nanos);
            assert!(late.elapsed >= nanos, "{late}");
        }
    });
}
