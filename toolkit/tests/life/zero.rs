//! What a limit of no time means, where there may be one.

use super::{SECOND, numbers::builder};
use anyrt_core::{
    group::Cause,
    rt::{Clock, Sleep},
    task::yield_now,
};
use anyrt_sim::{SimRuntime, check};
use anyrt_toolkit::{
    lifecycle::App,
    pool::PoolError,
    resource::{AsyncClose, ExitStack},
};
use std::{
    convert::Infallible,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

#[test]
fn who_waits_for_an_object_is_told_at_once() {
    check(50, |rt| async move {
        let pool = builder(&rt).max_size(1).wait_timeout(Duration::ZERO);
        let pool = pool.build().unwrap();
        let held = pool.get().await.unwrap();
        let before = rt.now();
        let late = pool.get().await.unwrap_err();
        assert!(matches!(late, PoolError::WaitTimedOut { .. }), "{late:?}");
        assert_eq!(rt.now(), before);
        drop(held);
        assert_eq!(pool.get().await.unwrap().id, 1, "what is there is given");
        let metrics = pool.stats();
        assert_eq!((metrics.live, metrics.idle, metrics.waiting), (1, 1, 0));
    });
}

#[test]
fn a_subsystem_is_aborted_as_soon_as_it_is_asked_to_stop() {
    check(50, |rt| async move {
        let before = rt.now();
        let app = App::new(&rt).grace(Duration::ZERO).run(|app| async move {
            app.spawn("slow", |_| pending::<Result<(), Infallible>>())?;
            yield_now().await;
            app.request_shutdown("enough");
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        });
        assert_eq!(app.await.late, ["slow"]);
        assert_eq!(rt.now(), before);
    });
}

#[test]
fn a_step_of_the_clean_up_may_not_wait() {
    check(50, |rt| async move {
        let closed = Arc::new(AtomicBool::new(false));
        let closes = closed.clone();
        let app = App::new(&rt).close_timeout(Duration::ZERO);
        let app = app.run(|app| async move {
            app.defer("waits", move || async move {
                rt.sleep(SECOND).await;
                Ok::<_, Infallible>(())
            });
            app.defer("does not", move || async move {
                closes.store(true, SeqCst);
                Ok::<_, Infallible>(())
            });
            Ok::<_, Infallible>(())
        });
        let report = app.await;
        assert!(closed.load(SeqCst), "a step that does not wait");
        assert_eq!(report.closes.len(), 1, "{report}");
        assert_eq!(report.closes[0].name.as_deref(), Some("waits"));
    });
}

#[derive(Debug)]
struct Slow(SimRuntime);

impl AsyncClose for Slow {
    type Error = Infallible;

    async fn close(self) -> Result<(), Infallible> {
        self.0.sleep(SECOND).await;
        Ok(())
    }
}

#[test]
fn a_close_may_not_wait() {
    check(50, |rt| async move {
        let stack = ExitStack::new(&rt).close_timeout(Duration::ZERO);
        drop(stack.enter(Slow(rt.clone())));
        let error = stack.close().await.unwrap_err();
        assert_eq!(error.closes.len(), 1, "{error}");
        assert!(matches!(error.closes[0].cause, Cause::TimedOut(_)));
    });
}
