//! *GA*: one task per item: which items are taken when, and which outputs come when.

use super::gather::Endless;
use crate::{
    outcome::{Backend, Ctx, Outcome, ensure, ensure_eq},
    probe::Gate,
};
use anyrt_core::{
    gather::{map_concurrent, map_concurrent_stream},
    group::TaskError,
};
use futures_core::Stream;
use std::{
    cell::Cell,
    future::{Future, ready},
    pin::Pin,
    sync::Mutex,
    task::{self, Poll},
};

type Job<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Numbers, each only once it was asked for twice.
#[derive(Debug, Default)]
pub(super) struct Reluctant {
    next: usize,
    asked: bool,
}

impl Stream for Reluctant {
    type Item = usize;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<usize>> {
        self.asked = !self.asked;
        if self.asked {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let next = self.next;
        self.next += 1;
        Poll::Ready((next < 5).then_some(next))
    }
}

/// Items are taken as there is room for them.
pub fn ga_44<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let taken = Cell::new(0);
        let endless = (0_usize..).inspect(|_| taken.set(taken.get() + 1));
        let mapped = map_concurrent(rt, endless, |n| ready(Ok::<_, u32>(n))).limit(4);
        let mut mapped = mapped.expect("4 are not 0").ordered();
        for want in 0..100 {
            let output = mapped.next().await;
            ensure!(
                matches!(output, Some(Ok(n)) if n == want),
                "output {want} is {output:?}"
            );
            let ahead = taken.get() - want;
            ensure!(
                ahead <= 4,
                "{ahead} items were taken ahead of output {want}"
            );
        }
        drop(mapped);

        let (first_is_out, log) = (Gate::new(), Mutex::new(Vec::new()));
        let job = |n: usize| {
            let first_is_out = first_is_out.clone();
            async move {
                if n == 0 {
                    first_is_out.wait().await;
                }
                Ok::<_, u32>(n)
            }
        };
        let mapped = map_concurrent(rt, 0..2, job).limit(2);
        let mut mapped = mapped.expect("2 are not 0");
        while let Some(output) = mapped.next().await {
            first_is_out.open();
            log.lock().unwrap().push(output.ok());
        }
        let log = log.into_inner().ok();
        ensure_eq!(
            log,
            Some(vec![Some(1), Some(0)]),
            "in the order of completion"
        );

        let items = Reluctant::default();
        let outputs = map_concurrent_stream(rt, items, |n| ready(Ok::<_, u32>(n))).collect();
        ensure_eq!(outputs.await.ok(), Some((0..5).collect()), "over a stream");

        // After a failure no item is taken, and it comes last, once the others are gone.
        let jobs = Endless::default();
        let called = Cell::new(0);
        let work = |n: usize| -> Job<Result<usize, u32>> {
            called.set(called.get() + 1);
            match n {
                1 => Box::pin(ready(Err(24))),
                _ => Box::pin(jobs.job()),
            }
        };
        let mut mapped = map_concurrent(rt, 0.., work).limit(3).expect("3 are not 0");
        let failure = mapped.next().await;
        let error = failure.as_ref().and_then(|result| result.as_ref().err());
        ensure_eq!(error.and_then(TaskError::error), Some(&24), "the failure");
        ensure_eq!(
            jobs.dropped.count(),
            called.get() - 1,
            "siblings gone after a failure"
        );
        ensure!(
            called.get() <= 3,
            "{} jobs were made beside a failure",
            called.get()
        );
        ensure!(
            mapped.next().await.is_none(),
            "something came after a failure"
        );
        drop(mapped);

        // Nor where there is room for more, since an output was handed out before.
        let (fails, called) = (Gate::new(), Cell::new(0));
        let work = |n: usize| -> Job<Result<usize, u32>> {
            called.set(called.get() + 1);
            let fails = fails.clone();
            match n {
                0 => Box::pin(ready(Ok(0))),
                1 => Box::pin(async move {
                    fails.wait().await;
                    Err(25)
                }),
                _ => Box::pin(jobs.job()),
            }
        };
        let before = jobs.dropped.count();
        let mut mapped = map_concurrent(rt, 0.., work).limit(3).expect("3 are not 0");
        let first = mapped.next().await;
        ensure!(matches!(first, Some(Ok(0))), "the first output: {first:?}");
        fails.open();
        jobs.dropped.reached(before + 1).await; // It has failed by then.
        let failure = mapped.next().await;
        ensure!(matches!(failure, Some(Err(_))), "a failure: {failure:?}");
        let called = called.get();
        ensure_eq!(called, 3, "the items taken, none of them after a failure");
        Ok(())
    })
}
