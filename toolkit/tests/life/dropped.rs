//! Applications that are dropped.

use super::{Count, SECOND, draw, kit::poll_once};
use anyrt_core::{
    cancel::shield,
    group::TaskGroup,
    rt::{Signal, Signals, Sleep, Timeout},
    task::yield_now,
};
use anyrt_sim::{check, sometimes};
use anyrt_toolkit::lifecycle::{App, Subsystem};
use std::{
    convert::Infallible,
    error::Error,
    future::{Future, pending, poll_fn},
    io,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Wake, Waker},
};

type BoxError = Box<dyn Error + Send + Sync>;

/// Dropped at any time, in whatever phase: nothing is cleaned up before the subsystems are gone, and a group around
/// it waits for both.
#[test]
fn a_dropped_one_cleans_up_after_its_subsystems() {
    check(400, |rt| async move {
        let (live, too_soon, cleaned) = <(Count, Count, Count)>::default();
        let group = TaskGroup::<_, (), Infallible>::new(&rt);
        let (rt2, live2, too_soon2, cleaned2) =
            (rt.clone(), live.clone(), too_soon.clone(), cleaned.clone());
        let app = App::new(&rt).grace(2 * SECOND).run(|app| async move {
            let look = live2.clone();
            app.defer("look", move || async move {
                too_soon2.set(too_soon2.get() + look.get());
                yield_now().await;
                cleaned2.up();
                Ok::<_, Infallible>(())
            });
            for name in ["shielded", "plain"] {
                let (rt3, live3) = (rt2.clone(), live2.clone());
                app.spawn(name, move |_| async move {
                    let _live = live3.held();
                    if name == "shielded" {
                        shield(rt3.sleep(5 * SECOND)).await;
                    }
                    pending::<Result<(), BoxError>>().await
                })?;
            }
            rt2.sleep(SECOND).await;
            app.request_shutdown("enough");
            Ok::<_, BoxError>(())
        });
        let (rt2, after) = (rt.clone(), SECOND * draw(&rt, 6) as u32);
        let given_up = async move {
            let dropped = rt2.timeout(after, app).await.is_err();
            sometimes!(dropped, "it is dropped");
            Ok(())
        };
        group.spawn(given_up).unwrap();
        group.join().await.unwrap();
        assert_eq!((live.get(), too_soon.get(), cleaned.get()), (0, 0, 1));
    });
}

/// A subsystem enters something as the application is dropped, which has nothing to close until then: it is closed once
/// the subsystem is gone.
#[test]
fn what_is_entered_meanwhile_is_closed_after_its_subsystem() {
    check(20, |rt| async move {
        let (live, too_soon, cleaned) = <(Count, Count, Count)>::default();
        let (live2, kept) = (live.clone(), Arc::new(Mutex::new(None)));
        let keep = kept.clone();
        let mut app = Box::pin(App::new(&rt).run(move |app| async move {
            app.spawn("uses", move |me| async move {
                let _live = live2.held();
                *keep.lock().unwrap() = Some(me);
                pending::<Result<(), BoxError>>().await
            })?;
            pending::<Result<(), BoxError>>().await
        }));
        assert!(poll_once(app.as_mut()).is_pending());
        while live.get() == 0 {
            yield_now().await;
        }
        let me: Subsystem<_> = kept.lock().unwrap().take().unwrap();
        let asked = me.clone();
        let (too_soon2, cleaned2) = (too_soon.clone(), cleaned.clone());
        let waker = on_wake(move || {
            me.defer("look", move || async move {
                too_soon2.set(live.get());
                cleaned2.up();
                Ok::<_, Infallible>(())
            });
        });
        let mut cancelled = pin!(asked.token().cancelled());
        let first = cancelled.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(first.is_pending());
        drop(app);
        rt.sleep(SECOND).await;
        assert_eq!((too_soon.get(), cleaned.get()), (0, 1));
    });
}

/// A waker that does this, once.
fn on_wake(act: impl FnOnce() + Send + 'static) -> Waker {
    struct Acts<F>(Mutex<Option<F>>);
    impl<F: FnOnce() + Send> Wake for Acts<F> {
        fn wake(self: Arc<Self>) {
            let act = self.0.lock().unwrap().take();
            act.into_iter().for_each(|act| act());
        }
    }
    Waker::from(Arc::new(Acts(Mutex::new(Some(act)))))
}

/// By the report; where there is none, since the application was dropped in the middle of its clean-up, or just after
/// that, by the hook.
#[test]
fn closes_that_fail_are_told_once() {
    check(1_000, |rt| async move {
        let (fails, heard) = <(Count, Count)>::default();
        let hook = heard.clone();
        let signals = rt.signals(Signal::SHUTDOWN).unwrap();
        let app = App::new(&rt).signals(signals).on_close_error(move |error| {
            assert!(format!("{error:#}").ends_with("disk full"));
            hook.up();
        });
        let (rt2, fails2) = (rt.clone(), fails.clone());
        let app = app.run(|app| async move {
            for (name, seconds) in [("slow", 2), ("slower", 3), ("at once", 0)] {
                let (rt3, fails3) = (rt2.clone(), fails2.clone());
                app.defer(name, move || async move {
                    rt3.sleep(seconds * SECOND).await;
                    fails3.up();
                    Err(io::Error::other("disk full"))
                });
            }
            Ok::<_, Infallible>(())
        });
        let at_last = draw(&rt, 2) == 0;
        let (mut app, mut polls) = (Box::pin(app), draw(&rt, 24));
        let report = poll_fn(|cx| match app.as_mut().poll(cx) {
            Poll::Ready(report) => Poll::Ready(Some(report)),
            Poll::Pending if at_last && fails.get() == 3 => Poll::Ready(None),
            Poll::Pending if !at_last && polls == 0 => Poll::Ready(None),
            Poll::Pending => {
                polls = polls.saturating_sub(1);
                Poll::Pending
            }
        });
        let report = report.await;
        drop(app);
        sometimes!(
            at_last && report.is_none(),
            "it is dropped after its last close"
        );
        rt.sleep(60 * SECOND).await;
        let told = report.as_ref().map_or(0, |report| report.closes.len());
        sometimes!(report.is_none() && heard.get() > 0, "it is dropped");
        sometimes!(report.is_some(), "it is not dropped");
        assert_eq!(told + heard.get(), fails.get());
        assert!(told == 0 || heard.get() == 0, "told twice");
    });
}
