//! *OP*: what trackers watch, number and remember.

use super::operation::{ends, one};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Probe, block},
};
use anyrt_core::{Instant, gather::gather, rt::Clock, task::yield_now};
use anyrt_toolkit::operation::{Operation, OperationId, Tracker};
use std::{
    convert::Infallible,
    future::{pending, ready},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, SystemTime},
};

const MS: Duration = Duration::from_millis(1);

/// Children.
pub fn op_4<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let tracker = Tracker::new(99);
        let all = Operation::new("all").run(rt, async {
            let parts = [1, 2, 3].map(|n| {
                let rt = rt.clone();
                async move {
                    yield_now().await;
                    let leaf = Operation::new("leaf").field("n", n).run(&rt, yield_now());
                    Operation::new("part").field("n", n).run(&rt, leaf).await;
                    Ok::<_, Infallible>(())
                }
            });
            let parts = gather(rt, parts).await.is_ok();
            let bare = Operation::new("bare").run(rt, async { Tracker::current().is_none() });
            let alone = rt.spawn(bare).await;
            Operation::new("after").run(rt, ready(())).await;
            (parts, matches!(alone, Ok(true)))
        });
        let went = tracker.scope(all).await;
        ensure_eq!(
            went,
            (true, true),
            "whether the parts went, and the bare task was alone"
        );
        let all = one(&tracker, "all")?;
        ensure_eq!(all.parent, None, "the parent of the first");
        ensure_eq!(
            one(&tracker, "after")?.parent,
            Some(all.id),
            "of a later one"
        );
        let parts = tracker.finished_named("part");
        ensure_eq!(parts.len(), 3, "the parts");
        for part in &parts {
            ensure_eq!(part.parent, Some(all.id), "the parent of a part");
        }
        for leaf in tracker.finished_named("leaf") {
            let its = parts.iter().find(|part| part.fields == leaf.fields);
            ensure_eq!(leaf.parent, its.map(|part| part.id), "the parent of a leaf");
        }
        ensure_eq!(ends(&tracker)?.len(), 8, "all of them");
        Ok(())
    })
}

/// Which tracker.
pub fn op_5<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let (outer, inner) = (Tracker::new(9), Tracker::new(9));
        let op = |name: &'static str| Operation::new(name);
        let work = op("a").run(rt, async {
            inner.scope(op("b").run(rt, ready(()))).await;
            let d = op("d").run(rt, async {
                outer.scope(op("e").run(rt, ready(()))).await;
            });
            op("c").tracker(&inner).run(rt, d).await;
            op("f").run(rt, ready(())).await;
        });
        outer.scope(work).await;
        op("g").run(rt, ready(())).await;
        let tree = |tracker: &Tracker| -> Vec<(String, Option<OperationId>)> {
            let all = tracker.finished().into_iter();
            all.map(|one| (one.name.into_owned(), one.parent)).collect()
        };
        let a = Some(one(&outer, "a")?.id);
        let named = |name: &str, parent| (name.to_owned(), parent);
        let want = [named("e", None), named("f", a), named("a", None)];
        ensure_eq!(tree(&outer), want, "the outer tracker's");
        let c = Some(one(&inner, "c")?.id);
        let want = [named("b", None), named("d", c), named("c", None)];
        ensure_eq!(tree(&inner), want, "the inner tracker's");
        Ok(())
    })
}

/// Numbers.
pub fn op_6<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let rt = ctx.rt();
    for tracker in [Tracker::new(9), Tracker::new(9)] {
        let op = |n: u32| Operation::new("op").field("n", n).tracker(&tracker);
        let mut under_way: Vec<_> = (1..=4)
            .map(|n| Probe::new(op(n).run(rt, pending::<()>())))
            .collect();
        // The order of the first polls, not of the calls.
        under_way.reverse();
        for one in &mut under_way {
            ensure!(one.is_pending(), "what never ends has ended");
        }
        let running = tracker.running().into_iter();
        let running = running.map(|one| (one.id.get(), one.fields[0].1.clone()));
        let running: Vec<_> = running.collect();
        let want = [(1, "4"), (2, "3"), (3, "2"), (4, "1")].map(|(id, n)| (id, n.to_owned()));
        ensure_eq!(running, want, "the numbers");
        drop(under_way);
        tracker.clear();
        block(op(5).run(rt, ready(())));
        ensure_eq!(one(&tracker, "op")?.id.get(), 5, "the number of the next");
    }
    Ok(())
}

/// Its bounds, counts and percentiles.
pub fn op_7<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let tracker = Tracker::new(10);
        for n in 0..25_u32 {
            let name = if n % 5 == 0 { "rare" } else { "often" };
            let op = Operation::new(name).tracker(&tracker);
            let output = if n % 2 == 0 { Ok(()) } else { Err("odd") };
            op.try_run(rt, ready(output)).await.ok();
        }
        let all = ends(&tracker)?;
        let ids: Vec<u64> = all.iter().map(|one| one.id.get()).collect();
        ensure_eq!(ids, (16..=25).collect::<Vec<_>>(), "what is remembered");
        let (often, rare) = (tracker.counts("often"), tracker.counts("rare"));
        ensure_eq!((often.success, often.error), (10, 10), "of the many");
        ensure_eq!((rare.success, rare.error), (3, 2), "of the few");
        ensure_eq!(often.total() + rare.total(), 25, "of all");
        ensure_eq!(tracker.names(), ["often", "rare"], "the names");

        ranks()
    })
}

/// A clock that goes on by a millisecond more each time.
#[derive(Clone, Default)]
struct Steps(Arc<AtomicU64>);

impl Clock for Steps {
    fn now(&self) -> Instant {
        let n = self.0.fetch_add(1, SeqCst) + 1;
        // Of the reads 2n - 1 and 2n, which are an operation's, the second is n later.
        let pairs = n / 2;
        let passed = pairs * (pairs + 1) / 2;
        Instant::ORIGIN + MS * u32::try_from(passed).unwrap_or(u32::MAX)
    }

    fn wall_time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}

/// Of 1 ms, 2 ms, …, of which the last hundred are remembered.
fn ranks() -> Outcome {
    let (tracker, steps) = (Tracker::new(100), Steps::default());
    for _ in 0..150 {
        block(
            Operation::new("op")
                .tracker(&tracker)
                .run(&steps, ready(())),
        );
    }
    let all = tracker
        .durations("op")
        .ok_or(Stop::failed("there are none"))?;
    let is = [all.p50, all.p90, all.p99, all.max].map(|one| one.as_millis());
    ensure_eq!(is, [100, 140, 149, 150], "the percentiles");
    Ok(())
}
