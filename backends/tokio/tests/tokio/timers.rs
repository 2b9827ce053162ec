//! Timers where tokio's own would panic, starve or ask the wrong clock.

use crate::use_up_the_budget;
use anyrt_conformance::probe::{Probe, Wakes};
use anyrt_core::{
    Instant,
    rt::{BlockOn, Clock, JoinHandle, Sleep, Spawn, Timer},
};
use anyrt_tokio::{Tokio, TokioTimer};
use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Mutex, mpsc},
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};
use tokio::{
    runtime::{Builder, Runtime},
    time,
};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn one_worker() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).enable_time().build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_timer_reset_to_the_end_of_time_wakes_nobody() {
    let here = tokio::runtime::Handle::current();
    for rt in [Tokio::default(), Tokio::from_handle(here)] {
        let wakes = Wakes::new();
        let mut probe = Probe::new(rt.sleep(Duration::from_secs(1)));
        assert!(probe.poll_with(&wakes.waker()).is_pending());
        probe.pinned().reset(Instant::MAX);
        rt.sleep(Duration::from_secs(2)).await;
        assert_eq!(wakes.count(), 0);
        assert_eq!(probe.pinned().deadline(), Instant::MAX);
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_without_budget_asks_the_timers_own_clock() {
    let home = one_worker();
    let rt = Tokio::from_handle(home.handle().clone());
    let mut ahead = Box::pin(rt.sleep(HOUR));
    time::advance(24 * HOUR).await;
    poll_fn(|cx| {
        use_up_the_budget(cx);
        assert!(
            ahead.as_mut().poll(cx).is_pending(),
            "early by its own clock"
        );
        Poll::Ready(())
    })
    .await;
    home.shutdown_background();
}

#[tokio::test(start_paused = true)]
async fn a_task_without_budget_sees_a_timer_fire_whose_clock_is_another() {
    let home = one_worker();
    let rt = Tokio::from_handle(home.handle().clone());
    let mut timer = Box::pin(rt.sleep(Duration::from_millis(5)));
    let patience = std::time::Instant::now() + Duration::from_secs(10);
    poll_fn(|cx| {
        use_up_the_budget(cx);
        cx.waker().wake_by_ref();
        assert!(std::time::Instant::now() < patience, "it never fires");
        timer.as_mut().poll(cx)
    })
    .await;
    home.shutdown_background();
}

#[test]
fn an_ambient_timer_of_one_runtime_can_be_polled_in_another_and_in_none() {
    let (here, there) = (one_worker(), one_worker());
    let rt = Tokio::default();
    let [mut elsewhere, mut outside, mut gone] =
        here.block_on(async { [(); 3].map(|()| Box::pin(rt.sleep(Duration::from_millis(1)))) });
    there.block_on(elsewhere.as_mut());
    drop(here);
    rt.block_on(gone.as_mut());
    let mut cx = Context::from_waker(Waker::noop());
    while outside.as_mut().poll(&mut cx).is_pending() {
        thread::yield_now();
    }
    assert!(elsewhere.is_elapsed() && gone.is_elapsed());
}

#[test]
fn a_timer_made_until_a_deadline_uses_the_clock_of_its_runtime() {
    let mut paused = Builder::new_current_thread();
    let paused = paused.enable_time().start_paused(true).build().unwrap();
    let rt = Tokio::from_handle(paused.handle().clone());
    let (past, ahead) = paused.block_on(async {
        time::advance(HOUR).await;
        (rt.now(), rt.now() + HOUR)
    });
    // By the system's clock both are ahead.
    let mut past = Probe::new(rt.sleep_until(past));
    assert!(past.is_pending(), "it has to yield");
    assert_eq!(past.wakes(), 1);
    past.ready("a sleep until now").unwrap();
    assert!(Probe::new(rt.sleep_until(ahead)).is_pending());
}

/// Polls its timers when it is dropped, and tells how that went.
struct PollsWhenDropped {
    timers: Vec<Pin<Box<TokioTimer>>>,
    outcome: mpsc::Sender<bool>,
}

impl Drop for PollsWhenDropped {
    fn drop(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let all = self.timers.iter_mut();
            all.for_each(|timer| assert!(timer.as_mut().poll(&mut cx).is_pending()));
        }));
        self.outcome.send(polled.is_ok()).ok();
    }
}

#[test]
fn timers_can_be_polled_while_their_runtime_shuts_down() {
    let home = one_worker();
    let (bound, ambient) = (Tokio::from_handle(home.handle().clone()), Tokio::default());
    let (outcome, outcomes) = mpsc::channel();
    let timers = [&bound, &ambient, &bound, &ambient].map(|rt| Box::pin(rt.sleep(HOUR)));
    let (started, has_started) = mpsc::channel();
    drop(bound.spawn(async move {
        let mut timers = Vec::from(timers);
        // Two have been polled before, two have not.
        poll_fn(|cx| {
            let polled = timers.iter_mut().take(2);
            polled.for_each(|timer| assert!(timer.as_mut().poll(cx).is_pending()));
            Poll::Ready(())
        })
        .await;
        let _polls = PollsWhenDropped { timers, outcome };
        started.send(()).unwrap();
        std::future::pending::<()>().await;
    }));
    has_started.recv().unwrap();
    drop(home);
    assert_eq!(outcomes.recv(), Ok(true));
}

/// A waker that shuts a runtime down when its last clone goes.
struct ShutsDown(Mutex<Option<Runtime>>);

impl Wake for ShutsDown {
    fn wake(self: Arc<Self>) {}
}

impl Drop for ShutsDown {
    fn drop(&mut self) {
        drop(self.0.lock().unwrap().take());
    }
}

#[test]
fn a_timer_whose_runtime_goes_in_the_middle_of_a_poll_is_not_early() {
    let home = one_worker();
    let rt = Tokio::from_handle(home.handle().clone());
    let mut timer = Box::pin(rt.sleep(HOUR));
    let shuts_down = Waker::from(Arc::new(ShutsDown(Mutex::new(Some(home)))));
    let mut poll = |waker: &Waker| timer.as_mut().poll(&mut Context::from_waker(waker));
    assert!(poll(&shuts_down).is_pending());
    drop(shuts_down);
    // tokio drops the old waker, and looks at the timer after that: the shutdown has fired it.
    assert!(poll(Waker::noop()).is_pending(), "an hour early");
    assert!(rt.spawn(async {}).is_finished(), "the runtime is there yet");
    assert!(poll(Waker::noop()).is_pending(), "an hour early");
}

#[test]
fn timers_complete_whenever_their_runtime_goes() {
    for round in 0..50 {
        let home = one_worker();
        let rt = Tokio::from_handle(home.handle().clone());
        let mut timer = Box::pin(rt.sleep(Duration::from_millis(2)));
        let (polled, was_polled) = mpsc::channel();
        let waits = thread::spawn(move || {
            let mut cx = Context::from_waker(Waker::noop());
            while timer.as_mut().poll(&mut cx).is_pending() {
                polled.send(()).ok();
            }
            Tokio::default().block_on(timer.as_mut());
        });
        for _ in 0..round {
            was_polled.recv().ok();
        }
        drop(home);
        waits.join().expect("no poll panics");
    }
}
