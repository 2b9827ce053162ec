//! What trackers remember, and who is whose child.

use crate::kit::MS;
use anyrt_core::{
    context::Context,
    gather::gather,
    rt::{Entropy, Sleep, Spawn},
};
use anyrt_sim::{check, check_deterministic};
use anyrt_toolkit::operation::{Finished, Operation, OperationId, Tracker};
use std::convert::Infallible;

fn one(tracker: &Tracker, name: &str) -> Finished {
    let [one] = <[_; 1]>::try_from(tracker.finished_named(name)).expect("one of that name");
    one
}

#[test]
fn children_of_groups_are_children_of_the_operation() {
    check(100, |rt| async move {
        let tracker = Tracker::new(99);
        let all = Operation::new("all").run(&rt, async {
            let parts = [1, 2, 3].map(|n| {
                let rt = rt.clone();
                async move {
                    let leaf = Operation::new("leaf").run(&rt, rt.sleep(MS * n));
                    Operation::new("part").field("n", n).run(&rt, leaf).await;
                    Ok::<_, Infallible>(())
                }
            });
            gather(&rt, parts).await.expect("none fails");
            let bare = rt.clone();
            let bare = async move { Operation::new("bare").run(&bare, async {}).await };
            rt.spawn(bare).await.expect("it ends");
        });
        tracker.scope(all).await;

        let all = one(&tracker, "all");
        assert_eq!((all.parent, all.duration), (None, MS * 3));
        let parts = tracker.finished_named("part");
        assert!(parts.iter().all(|part| part.parent == Some(all.id)));
        let fields: Vec<_> = parts.iter().map(|part| part.fields[0].1.as_str()).collect();
        assert_eq!(fields, ["1", "2", "3"], "in the order of their ends");
        for (leaf, part) in tracker.finished_named("leaf").iter().zip(&parts) {
            assert_eq!(leaf.parent, Some(part.id));
        }
        assert_eq!(
            tracker.names(),
            ["all", "leaf", "part"],
            "a bare task has none"
        );
        assert_eq!(tracker.running(), []);
        assert!(Tracker::current().is_none());
    });
}

#[test]
fn trackers_nest_and_keep_apart() {
    check(5, |rt| async move {
        let (outer, inner) = (Tracker::new(9), Tracker::new(9));
        let operation = |name: &'static str| Operation::new(name);
        let work = operation("a").run(&rt, async {
            inner.scope(operation("b").run(&rt, async {})).await;
            let given = operation("c").tracker(&inner);
            let given = given.run(&rt, operation("d").run(&rt, async {}));
            given.await;
            // What lies between is another tracker's: the parent is what is around in this one.
            outer.scope(operation("e").run(&rt, async {})).await;
            operation("f").run(&rt, async {}).await;
        });
        outer.scope(work).await;
        let tree = |tracker: &Tracker| -> Vec<(String, Option<OperationId>)> {
            let all = tracker.finished().into_iter();
            all.map(|one| (one.name.into_owned(), one.parent)).collect()
        };
        let a = Some(one(&outer, "a").id);
        let named = |name: &str, parent| (name.to_owned(), parent);
        assert_eq!(
            tree(&outer),
            [named("e", a), named("f", a), named("a", None)]
        );
        let c = Some(one(&inner, "c").id);
        assert_eq!(
            tree(&inner),
            [named("b", None), named("d", c), named("c", None)]
        );
    });
}

#[test]
fn the_ring_is_bounded_and_the_counts_are_not() {
    check(3, |rt| async move {
        let tracker = Tracker::new(10);
        let none = Tracker::new(0);
        for n in 1..=25_u32 {
            let name = if n % 5 == 0 { "rare" } else { "often" };
            let operation = Operation::new(name).tracker(&tracker);
            operation.run(&rt, rt.sleep(MS * n)).await;
            Operation::new(name).tracker(&none).run(&rt, async {}).await;
        }
        let ids: Vec<u64> = tracker.finished().iter().map(|one| one.id.get()).collect();
        assert_eq!(ids, (16..=25).collect::<Vec<_>>());
        assert_eq!(tracker.counts("often").total(), 20);
        assert_eq!(tracker.counts("never").total(), 0);
        let often = tracker.durations("often").expect("there are eight");
        assert_eq!((often.count, often.p50, often.max), (8, MS * 19, MS * 24));
        assert_eq!(tracker.durations("never"), None);
        assert_eq!((none.finished().len(), none.counts("rare").success), (0, 5));
        tracker.clear();
        assert_eq!((tracker.finished().len(), tracker.names().len()), (0, 0));
        Operation::new("new")
            .tracker(&tracker)
            .run(&rt, async {})
            .await;
        assert_eq!(one(&tracker, "new").id.get(), 26);
    });
}

#[test]
fn a_context_can_be_given_a_tracker() {
    check(3, |rt| async move {
        let tracker = Tracker::new(9);
        let context = tracker.set_in(&Context::current());
        let work = Operation::new("op").run(&rt, async {});
        rt.spawn(context.scope(work)).await.expect("it ends");
        assert_eq!(tracker.counts("op").success, 1);
    });
}

#[test]
fn a_run_has_the_same_numbers_each_time() {
    check_deterministic(50, |rt| async move {
        let tracker = Tracker::new(99);
        let tasks = [(); 5].map(|()| {
            let rt = rt.clone();
            async move {
                let wait = MS * u32::try_from(rt.random_u64() % 9).expect("it is small");
                Operation::new("task").run(&rt, rt.sleep(wait)).await;
                Ok::<_, Infallible>(())
            }
        });
        tracker.scope(gather(&rt, tasks)).await.expect("none fails");
        // What follows depends on the numbers: another order would be another run.
        for one in tracker.finished() {
            rt.sleep(MS * u32::try_from(one.id.get()).expect("it is small"))
                .await;
        }
    });
}
