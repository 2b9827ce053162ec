//! Periodic work: when it runs, what a failure costs, and how it ends.

use super::{Count, SECOND};
use anyrt_core::{
    Instant,
    cancel::CancellationToken,
    context::Context,
    error::BoxError,
    group::Cause,
    rt::{Clock, Sleep},
};
use anyrt_sim::{SimRuntime, check};
use anyrt_toolkit::lifecycle::{App, Background, Overlap, Restart};
use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

type Times = Arc<Mutex<Vec<u64>>>;

/// Notes the second it begins at, and takes so long.
fn noting(rt: &SimRuntime, times: &Times, takes: u32) -> impl FnMut() -> Noting + Send + use<> {
    let (rt, times) = (rt.clone(), times.clone());
    move || {
        let (rt, times) = (rt.clone(), times.clone());
        Box::pin(async move {
            let now = rt.now() - Instant::ORIGIN;
            times.lock().unwrap().push(now.as_secs());
            rt.sleep(SECOND * takes).await;
            Ok(())
        })
    }
}

type Noting = std::pin::Pin<Box<dyn Future<Output = Result<(), &'static str>> + Send>>;

fn taken(times: &Times) -> Vec<u64> {
    std::mem::take(&mut *times.lock().unwrap())
}

#[test]
fn ticks_overlap_as_was_asked_for() {
    check(100, |rt| async move {
        let cases: [(Overlap, u32, &[u64]); 6] = [
            (Overlap::Skip, 0, &[0, 10, 20, 30]),
            (Overlap::Skip, 14, &[0, 20]),
            (Overlap::Skip, 10, &[0, 10, 20, 30]),
            (Overlap::CatchUp, 14, &[0, 14, 28]),
            (Overlap::Parallel(2), 14, &[0, 10, 20, 30]),
            (Overlap::Parallel(1), 14, &[0, 20]),
        ];
        for (overlap, takes, wanted) in cases {
            let background = Background::new(&rt);
            let times = Times::default();
            let begun = rt.now() - Instant::ORIGIN;
            let work = noting(&rt, &times, takes);
            let every = background.every("note", 10 * SECOND, work).overlap(overlap);
            let handle = every.start().unwrap();
            rt.sleep(35 * SECOND).await;
            let found: Vec<_> = taken(&times)
                .iter()
                .map(|at| at - begun.as_secs())
                .collect();
            assert_eq!(found, wanted, "{overlap:?}");
            let stats = handle.stats();
            assert_eq!(stats.runs as usize, wanted.len());
            let left_out = if wanted.len() == 2 { 1..=2 } else { 0..=0 };
            assert!(left_out.contains(&stats.skipped), "{overlap:?}: {stats:?}");
            let drained = background.shutdown(20 * SECOND).await;
            assert!(drained.late.is_empty());
            assert_eq!(handle.stats().running, 0);
        }
    });
}

#[test]
fn a_failure_costs_one_run() {
    check(100, |rt| async move {
        let (background, runs, told) = (Background::new(&rt), Count::default(), Count::default());
        let (counted, heard) = (runs.clone(), told.clone());
        let work = move || {
            let n = counted.up();
            assert_ne!(n, 2, "it cannot even begin");
            async move {
                assert_ne!(n, 3, "oh");
                match n {
                    1 | 5 | 6 | 7 => Err("no"),
                    _ => Ok(()),
                }
            }
        };
        let handle = background
            .every("fails", SECOND, work)
            .restart(Restart::GiveUpAfter(3))
            .on_failure(move |_| {
                heard.up();
                panic!("ignored");
            })
            .start();
        // Three in a row: 1, 2, 3.
        let handle = handle.unwrap();
        rt.sleep(20 * SECOND).await;
        assert_eq!((runs.get(), told.get(), handle.is_stopped()), (3, 3, true));
        assert_eq!(handle.stats().failures, 3);

        let runs = Count::default();
        let counted = runs.clone();
        let work = move || {
            let n = counted.up();
            async move { if n % 3 == 0 { Ok(()) } else { Err("no") } }
        };
        let every = background.every("fails", SECOND, work);
        let handle = every.restart(Restart::GiveUpAfter(3)).start().unwrap();
        rt.sleep(20 * SECOND + SECOND / 2).await;
        assert_eq!(
            (runs.get(), handle.is_stopped()),
            (21, false),
            "never three in a row"
        );
        handle.stop();
        rt.sleep(5 * SECOND).await;
        assert_eq!(runs.get(), 21);
    });
}

#[test]
fn jitter_is_drawn_anew_and_does_not_add_up() {
    check(100, |rt| async move {
        let (background, times) = (Background::new(&rt), Times::default());
        let work = noting(&rt, &times, 0);
        let every = background.every("note", 100 * SECOND, work);
        drop(every.jitter(50 * SECOND).start().unwrap());
        rt.sleep(1000 * SECOND - SECOND).await;
        let times = taken(&times);
        assert_eq!(times.len(), 10);
        for (n, at) in (0..).zip(&times) {
            assert!((n * 100..n * 100 + 50).contains(at), "{times:?}");
        }
        let offsets = times
            .iter()
            .map(|at| at % 100)
            .collect::<std::collections::BTreeSet<_>>();
        assert!(offsets.len() > 3, "{times:?}");
        drop(background);
    });
}

#[test]
fn the_first_tick_comes_when_asked_for() {
    check(100, |rt| async move {
        let (background, times) = (Background::new(&rt), Times::default());
        let work = noting(&rt, &times, 0);
        let every = background.every("note", 10 * SECOND, work);
        drop(every.first_after(25 * SECOND).start().unwrap());
        let never = noting(&rt, &times, 0);
        let every = background.every("never", SECOND, never);
        drop(every.first_after(Duration::MAX).start().unwrap());
        rt.sleep(50 * SECOND).await;
        assert_eq!(taken(&times), [25, 35, 45]);
        drop(background);
    });
}

#[test]
fn a_drain_waits_and_names_who_is_late() {
    check(100, |rt| async move {
        let (background, times) = (Background::new(&rt), Times::default());
        let work = noting(&rt, &times, 3);
        drop(
            background
                .every("in time", 10 * SECOND, work)
                .start()
                .unwrap(),
        );
        let every = background.every("hangs", 10 * SECOND, || async {
            pending::<()>().await;
            Ok::<_, &str>(())
        });
        drop(every.overlap(Overlap::Parallel(3)).start().unwrap());
        let idle = background.every("idle", 100 * SECOND, || async { Ok::<_, &str>(()) });
        drop(idle.start().unwrap());
        rt.sleep(11 * SECOND).await;
        let start = rt.now();
        let drained = background.shutdown(5 * SECOND).await;
        assert_eq!(drained.late, ["hangs", "hangs"]);
        assert_eq!(rt.now() - start, 5 * SECOND);
        rt.sleep(30 * SECOND).await;
        assert_eq!(taken(&times), [0, 10]);

        let background = Background::new(&rt);
        drop(
            background
                .every("quick", SECOND, || async { Ok::<_, &str>(()) })
                .start()
                .unwrap(),
        );
        rt.sleep(SECOND / 2).await;
        let start = rt.now();
        background.shutdown(50 * SECOND).await;
        assert_eq!(rt.now(), start, "nothing was in hand");
    });
}

/// The token around it is a reason to begin no more, and not to abort.
#[test]
fn a_cancellation_leaves_runs_in_hand_to_the_drain() {
    check(100, |rt| async move {
        let (token, done) = (CancellationToken::new(), Count::default());
        let (rt2, token2, done2) = (rt.clone(), token.clone(), done.clone());
        let inside = async move {
            let background = Background::new(&rt2);
            let rt3 = rt2.clone();
            let every = background.every("commit", SECOND * 10, move || {
                let (rt, done) = (rt3.clone(), done2.clone());
                async move {
                    rt.sleep(SECOND * 3).await;
                    done.up();
                    Ok::<_, &str>(())
                }
            });
            let handle = every.start().unwrap();
            rt2.sleep(SECOND).await;
            token2.cancel();
            assert!(handle.is_stopped());
            background.shutdown(SECOND * 5).await
        };
        let context = Context::current().with_token(token);
        let drained = context.scope(inside).await;
        assert!(drained.late.is_empty());
        assert_eq!(done.get(), 1);
    });
}

#[test]
fn an_application_ends_it_in_its_clean_up() {
    check(200, |rt| async move {
        let (times, runs) = (Times::default(), Arc::new(()));
        let works = [
            noting(&rt, &times, 5),
            // For longer than a close may take.
            noting(&rt, &times, 500),
        ];
        let app = App::new(&rt).close_timeout(20 * SECOND);
        let (live, asked) = (runs.clone(), rt.clone());
        let report = app.run(|app| async move {
            for (name, mut work) in ["short", "long"].into_iter().zip(works) {
                let background = app.enter_named(name, Background::new(app.rt()));
                let live = live.clone();
                let work = move || {
                    let (live, run) = (live.clone(), work());
                    async move {
                        let _live = live;
                        run.await
                    }
                };
                background.every("note", 10 * SECOND, work).start()?;
            }
            app.spawn("stops", |app| async move {
                asked.sleep(12 * SECOND).await;
                app.request_shutdown("enough");
                Ok::<_, BoxError>(())
            })?;
            Ok::<_, BoxError>(())
        });
        let begun = rt.now();
        let report = report.await;
        let [late] = &report.closes[..] else {
            panic!("{report}");
        };
        assert_eq!(late.name.as_deref(), Some("long"));
        assert!(matches!(late.cause, Cause::TimedOut(_)), "{late}");
        assert_eq!(
            rt.now() - begun,
            32 * SECOND,
            "the short one has ended meanwhile"
        );
        rt.sleep(SECOND).await; // An abort is carried out by the executor.
        assert_eq!(Arc::strong_count(&runs), 1, "the long one was aborted");
        assert_eq!(taken(&times), [0, 0, 10]);
    });
}
