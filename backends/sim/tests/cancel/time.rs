//! Timers, limits, intervals.

use crate::kit::{Count, SECOND, later};
use anyrt_core::{
    rt::{Clock, Lock, Sleep, Spawn, Timeout, Timer},
    sync::FifoMutex,
    task::yield_now,
    time::{interval, wait_for, wait_for_task, wait_until},
};
use anyrt_sim::check_cancel;
use std::{pin::pin, sync::Arc};

pub(crate) fn sleep() {
    check_cancel(
        |_| async {},
        |rt, ()| async move { rt.sleep(SECOND).await },
        |rt, ()| async move {
            let before = rt.now();
            rt.sleep(SECOND).await;
            assert_eq!(rt.now() - before, SECOND);
        },
    );
}

pub(crate) fn timer() {
    check_cancel(
        |rt| async move { Arc::new(FifoMutex::new(Box::pin(rt.sleep(SECOND)))) },
        |_, timer| async move { timer.lock().await.as_mut().await },
        |rt, timer| async move {
            // The same timer goes on.
            let mut timer = timer.lock().await;
            let due = timer.deadline();
            timer.as_mut().await;
            assert!(rt.now() >= due);
        },
    );
}

pub(crate) fn timeout() {
    check_cancel(
        |_| async { Count::default() },
        |rt, count| async move {
            drop(rt.timeout(SECOND, count.work(&rt)).await);
            drop(rt.timeout_at(rt.now() + SECOND, count.work(&rt)).await);
            let timeout = rt.timeout_secs(1.0, count.work(&rt)).unwrap();
            drop(timeout.await);
        },
        |_, count| async move { assert_eq!(count.get(), 0) },
    );
}

pub(crate) fn waited_for() {
    check_cancel(
        |_| async { Count::default() },
        |rt, count| async move { drop(wait_for(&rt, SECOND, count.work(&rt)).await) },
        |_, count| async move { assert_eq!(count.get(), 0) },
    );
}

pub(crate) fn waited_until() {
    check_cancel(
        |_| async { Count::default() },
        |rt, count| async move { drop(wait_until(&rt, rt.now() + SECOND, count.work(&rt)).await) },
        |_, count| async move { assert_eq!(count.get(), 0) },
    );
}

/// Whoever gives it up ends the task.
pub(crate) fn waited_for_task() {
    check_cancel(
        |_| async { Count::default() },
        |rt, count| async move {
            let task = rt.spawn(count.work(&rt));
            wait_for_task(&rt, SECOND, task).await.unwrap();
        },
        |rt, count| async move { count.gone(&rt).await },
    );
}

pub(crate) fn tick() {
    check_cancel(
        |rt| async move { Arc::new(FifoMutex::new(interval(&rt, SECOND).unwrap())) },
        |_, ticks| async move {
            let mut ticks = ticks.lock().await;
            ticks.tick().await;
            ticks.tick().await;
        },
        |rt, ticks| async move {
            let mut ticks = ticks.lock().await;
            let due = ticks.next_tick();
            assert_eq!(ticks.tick().await, due);
            assert!(rt.now() >= due);
        },
    );
}

pub(crate) fn yielding() {
    check_cancel(
        |_| async { Count::default() },
        |rt, count| async move {
            later(&rt, move || count.add());
            pin!(yield_now()).await;
        },
        |_, _| yield_now(),
    );
}
