//! What virtual time cannot show, for it stands still between two looks at it.

use crate::support::{SEC, poll_once};
use anyrt_core::{group::Cause, rt::BlockOn};
use anyrt_smol::Smol;
use anyrt_toolkit::{
    limit::{Quota, RateLimiter},
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

#[test]
fn chunks_that_never_have_to_wait_let_others_run() {
    // A token comes with each look at the clock.
    let limiter = RateLimiter::new(&Smol::default(), Quota::per_second(u32::MAX).burst(1));
    let limiter = limiter.expect("it is permitted");
    for _ in 0..10 {
        let mut all = Box::pin(limiter.acquire_chunked(10_000));
        let polls = (1..).find(|_| poll_once(all.as_mut()).is_ready());
        assert!(polls > Some(10_000 / 130), "{polls:?}");
    }
}
