//! *GA*: the first of them: `race`, `race_ok`, `hedge`.

use super::gather::Endless;
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Expected, OnDrop},
};
use anyrt_core::gather::{hedge, race, race_ok};
use std::{
    future::{Future, pending},
    panic::panic_any,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

const HOUR: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(5);

type Job<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A job that never ends, and takes its time to be dropped.
fn slow_to_go(gone: &Arc<AtomicUsize>) -> impl Future<Output = Result<usize, u32>> + Send + use<> {
    let gone = Arc::clone(gone);
    let slow = OnDrop::new(move || {
        // A race that does not wait for it returns before.
        thread::sleep(Duration::from_millis(10));
        gone.fetch_add(1, Ordering::SeqCst);
    });
    async move {
        let _slow = slow;
        pending().await
    }
}

/// The losers are gone when the winner is told; `race_ok` tells every error.
pub fn ga_11<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let gone = Arc::new(AtomicUsize::new(0));
        let won = || -> Job<_> { Box::pin(async { Ok::<_, u32>(7) }) };
        let failed = |n| -> Job<_> { Box::pin(async move { Err::<usize, _>(n) }) };
        let loser = || -> Job<_> { Box::pin(slow_to_go(&gone)) };

        let raced = race(rt, [loser(), won(), loser()]).expect("3 are not none");
        let output = raced.await;
        ensure!(matches!(output, Ok(Ok(7))), "`race` gave {output:?}");
        ensure_eq!(
            gone.swap(0, Ordering::SeqCst),
            2,
            "losers gone after `race`"
        );
        let raced = race(rt, [loser(), failed(3)]).expect("2 are not none");
        let output = raced.await;
        ensure!(
            matches!(output, Ok(Err(3))),
            "`race` with an error gave {output:?}"
        );
        let panics = || -> Job<_> { Box::pin(async { panic_any(Expected(11)) }) };
        let output = race(rt, [loser(), panics()]).expect("2 are not none").await;
        ensure!(
            output
                .as_ref()
                .is_err_and(anyrt_core::group::TaskError::is_panic),
            "`race` with a panic gave {output:?}"
        );
        gone.store(0, Ordering::SeqCst);

        let raced = race_ok(rt, [failed(1), loser(), won(), failed(2)]).expect("4 are not none");
        let output = raced.await;
        ensure!(matches!(output, Ok(7)), "`race_ok` gave {output:?}");
        ensure_eq!(
            gone.load(Ordering::SeqCst),
            1,
            "losers gone after `race_ok`"
        );
        let raced = race_ok(rt, [failed(1), panics(), failed(2)]).expect("3 are not none");
        let Err(errors) = raced.await else {
            return Err(Stop::failed("`race_ok` of failures gave an output"));
        };
        ensure_eq!(errors.len(), 3, "the failures of `race_ok`");
        let mut told: Vec<_> = errors.into_errors().collect();
        told.sort_unstable();
        ensure_eq!(told, [1, 2], "the errors of `race_ok`");
        Ok(())
    })
}

/// A hedge starts one more when time is over, or when all have failed.
pub fn ga_43<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let gone = Arc::new(AtomicUsize::new(0));
        let begun = rt.now();
        let attempt = |n| -> Job<_> {
            match n {
                1 => Box::pin(slow_to_go(&gone)),
                _ => Box::pin(async { Ok(8) }),
            }
        };
        let output = hedge(rt, 3, SHORT, attempt).expect("3 are not none").await;
        ensure!(
            matches!(output, Ok(8)),
            "a slow attempt, then a quick one: {output:?}"
        );
        ensure!(
            rt.now() - begun >= SHORT,
            "the second attempt began before its time"
        );
        ensure_eq!(gone.load(Ordering::SeqCst), 1, "losers gone after `hedge`");

        let calls = AtomicUsize::new(0);
        let attempt = |n: u32| {
            calls.fetch_add(1, Ordering::SeqCst);
            async move { if n == 3 { Ok(n) } else { Err(n) } }
        };
        let output = hedge(rt, 4, HOUR, attempt).expect("4 are not none").await;
        ensure!(
            matches!(output, Ok(3)),
            "two that fail, then one that does not: {output:?}"
        );
        ensure_eq!(
            calls.swap(0, Ordering::SeqCst),
            3,
            "attempts until the first `Ok`"
        );
        let Err(errors) = hedge(rt, 2, HOUR, attempt).expect("2 are not none").await else {
            return Err(Stop::failed("a hedge of failures gave an output"));
        };
        ensure_eq!(
            errors.into_errors().collect::<Vec<_>>(),
            [1, 2],
            "the failures"
        );

        let jobs = Endless::default();
        let attempt = |n: u32| -> Job<_> {
            match n {
                1 => panic_any(Expected(23)),
                2 => Box::pin(jobs.job()),
                _ => Box::pin(async { Ok(9) }),
            }
        };
        let output = hedge(rt, 3, SHORT, attempt).expect("3 are not none").await;
        ensure!(
            matches!(output, Ok(9)),
            "an attempt that cannot be made, then others: {output:?}"
        );
        ensure_eq!(jobs.dropped.count(), 1, "losers gone after `hedge`");
        Ok(())
    })
}
