//! *ZZ*: what every async operation promises, tried on each of them.

use super::{pool, rate};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, Gate, Probe, Wakes},
};
use anyrt_core::{
    error::TryRecvError,
    rt::{Lock, Receiver, Semaphore, Sender},
};
use anyrt_toolkit::limit::Limiter;
use std::{
    fmt::{self, Debug},
    future::Future,
    sync::Arc,
    time::Duration,
};

const HOUR: Duration = Duration::from_secs(3600);

/// When an operation is dropped: after so many polls, before or after the event that it waits
/// for, before or after the poll that sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    pub(super) polls: usize,
    event: bool,
    pub(super) done: bool,
}

impl Cut {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let ends = [(false, false), (true, false), (true, true)];
        (0..4).flat_map(move |polls| ends.map(|(event, done)| Self { polls, event, done }))
    }
}

/// To be read after what was dropped.
impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (polls, plural) = (self.polls, if self.polls == 1 { "" } else { "s" });
        let when = match (self.event, self.done) {
            (false, _) => "before what it waits for",
            (true, false) => "after what it waits for had come",
            (true, true) => "after the poll that was ready",
        };
        write!(f, "dropped after {polls} poll{plural} in vain, {when}")
    }
}

fn bad(error: impl Debug) -> Stop {
    Stop::failed(format!("the next caller gets {error:?}"))
}

/// Drops `operation` at `cut`; `event` comes afterwards where it did not come before.
pub(super) fn cut_off(
    what: &str,
    operation: impl Future,
    cut: Cut,
    event: impl FnOnce(),
) -> Outcome {
    let mut probe = Probe::new(operation);
    let wakers = Arc::clone(probe.counter());
    for _ in 0..cut.polls {
        ensure!(probe.is_pending(), "{what}, {cut}, was ready too early");
    }
    let mut event = Some(event);
    if cut.event {
        event.take().into_iter().for_each(|event| event());
    }
    if cut.done {
        drop(probe.ready(what)?);
    }
    drop(probe);
    // Before the event, which may well take the waker along.
    let left = Arc::strong_count(&wakers) - 1;
    ensure_eq!(left, 0, "wakers that are held by {what}, {cut}");
    event.take().into_iter().for_each(|event| event());
    Ok(())
}

/// Dropped after any of its polls, an operation leaves nothing behind.
pub fn zz_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    for cut in Cut::all() {
        cut_lock_and_semaphore(ctx, cut)?;
        cut_channel(ctx, cut)?;
        ctx.run(cut_time_and_tasks(ctx, cut))?;
    }
    Ok(())
}

fn cut_lock_and_semaphore<R: Backend>(ctx: &Ctx<'_, R>, cut: Cut) -> Outcome {
    let rt = ctx.rt();
    let lock = rt.lock(());
    let guard = lock.try_lock();
    cut_off("lock", lock.lock(), cut, || drop(guard))?;
    ensure!(
        lock.try_lock().is_some(),
        "a lock that nobody has is not free: lock, {cut}"
    );
    let guard = lock.try_lock();
    let timeout = rt.timeout(HOUR, lock.lock());
    cut_off("timeout around lock", timeout, cut, || drop(guard))?;
    ensure!(
        lock.try_lock().is_some(),
        "a lock that nobody has is not free: timeout around lock, {cut}"
    );

    let semaphore = Arc::new(rt.semaphore(2).map_err(bad)?);
    let permit = semaphore.try_acquire();
    cut_off("acquire", semaphore.acquire_many(2), cut, || drop(permit))?;
    ensure_eq!(
        semaphore.available_permits(),
        2,
        "the permits that are free: acquire, {cut}"
    );
    let permit = semaphore.try_acquire_many(2);
    let owned = Arc::clone(&semaphore).acquire_owned();
    cut_off("acquire_owned", owned, cut, || drop(permit))?;
    ensure_eq!(
        semaphore.available_permits(),
        2,
        "the permits that are free: acquire_owned, {cut}"
    );
    semaphore.try_acquire_many(2).map(drop).map_err(bad)
}

fn cut_channel<R: Backend>(ctx: &Ctx<'_, R>, cut: Cut) -> Outcome {
    let drops = Wakes::new();
    let item = || Counted::new(&drops);
    let (tx, mut rx) = ctx.rt().channel(1).map_err(bad)?;
    tx.try_send(item()).map_err(bad)?;
    let mut taken = 0;
    cut_off("send", tx.send(item()), cut, || {
        taken += usize::from(rx.try_recv().is_ok());
    })?;
    taken += usize::from(rx.try_recv().is_ok());
    ensure_eq!(
        taken,
        1 + usize::from(cut.done),
        "the items received: send, {cut}"
    );
    ensure_eq!(drops.count(), 2, "the items dropped: send, {cut}");

    tx.try_send(item()).map_err(bad)?;
    cut_off("reserve", tx.reserve(), cut, || drop(rx.try_recv()))?;
    tx.try_send(item()).map_err(bad)?;
    cut_off("reserve_owned", tx.clone().reserve_owned(), cut, || {
        drop(rx.try_recv());
    })?;
    tx.try_send(item()).map_err(bad)?;
    drop(rx.try_recv().map_err(bad)?);

    let sent = || drop(tx.try_send(item()));
    cut_off("recv", rx.recv(), cut, sent)?;
    match (cut.done, rx.try_recv()) {
        (false, Ok(_)) | (true, Err(TryRecvError::Empty)) => Ok(()),
        (_, other) => Err(Stop::failed(format!(
            "the channel gives {other:?}: recv, {cut}"
        ))),
    }
}

async fn cut_time_and_tasks<R: Backend>(ctx: &Ctx<'_, R>, cut: Cut) -> Outcome {
    let rt = ctx.rt();
    let mut sleep = Probe::new(rt.sleep(if cut.done {
        Duration::from_millis(1)
    } else {
        HOUR
    }));
    let mut over = false;
    for _ in 0..cut.polls {
        over = over || sleep.poll().is_ready();
    }
    ensure!(!over || cut.done, "a sleep of an hour is over");
    if cut.done && !over {
        sleep.finish().await;
    }
    let wakers = Arc::clone(sleep.counter());
    drop(sleep);
    // A backend may let go of it no sooner than its timers are looked at again (*TM-5*).
    rt.sleep(Duration::from_micros(100)).await;
    let left = Arc::strong_count(&wakers) - 1;
    ensure_eq!(left, 0, "wakers that are held by sleep, {cut}");

    let go = Gate::new();
    let waits = go.clone();
    let mut handle = rt.spawn(async move {
        waits.wait().await;
        3
    });
    let mut join = Probe::new(&mut handle);
    for _ in 0..cut.polls {
        ensure!(
            join.is_pending(),
            "the handle of a task that waits is ready"
        );
    }
    if cut.event {
        go.open();
    }
    let output = if cut.done {
        join.finish().await
    } else {
        drop(join);
        go.open();
        handle.await
    };
    ensure!(
        matches!(output, Ok(3)),
        "the handle gives {output:?}: join, {cut}"
    );
    Ok(())
}

/// Polls `operation` with a new waker each time, without reason at first.
pub(super) async fn pester<F: Future>(
    what: &str,
    operation: F,
    event: impl FnOnce(),
) -> Result<F::Output, Stop> {
    let mut probe = Probe::new(operation);
    let mut last = Wakes::new();
    for _ in 0..5 {
        last = Wakes::new();
        let pending = probe.poll_with(&last.waker()).is_pending();
        ensure!(
            pending,
            "{what} is ready before the event that it waits for"
        );
    }
    event();
    loop {
        // A wake that goes to an earlier waker is lost: the watchdog sees a hang.
        last.reached(1).await;
        last = Wakes::new();
        if let std::task::Poll::Ready(output) = probe.poll_with(&last.waker()) {
            return Ok(output);
        }
    }
}

/// An operation tolerates spurious polls and a new waker at every poll.
pub fn zz_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let before = rt.now();
        let limit = Duration::from_millis(200);
        pester("sleep", rt.sleep(limit), || ()).await?;
        ensure!(
            rt.now() - before >= limit,
            "a sleep that was polled too often was early"
        );
        let timeout = rt.timeout(limit, std::future::pending::<()>());
        let output = pester("timeout", timeout, || ()).await?;
        ensure!(output.is_err(), "a timeout around nothing gives {output:?}");

        let lock = rt.lock(());
        let guard = lock.try_lock();
        drop(pester("lock", lock.lock(), || drop(guard)).await?);
        ensure!(lock.try_lock().is_some(), "the lock is not free in the end");
        let semaphore = rt.semaphore(2).map_err(bad)?;
        let permit = semaphore.try_acquire();
        drop(
            pester("acquire", semaphore.acquire_many(2), || drop(permit))
                .await?
                .map_err(bad)?,
        );
        ensure_eq!(semaphore.available_permits(), 2, "the permits in the end");

        let (tx, mut rx) = rt.channel(1).map_err(bad)?;
        tx.try_send(1).map_err(bad)?;
        pester("send", tx.send(2), || {
            rx.try_recv().ok();
        })
        .await?
        .map_err(bad)?;
        drop(
            pester("reserve", tx.reserve(), || {
                rx.try_recv().ok();
            })
            .await?
            .map_err(bad)?,
        );
        let item = pester("recv", rx.recv(), || {
            tx.try_send(3).ok();
        })
        .await?;
        ensure_eq!(item, Some(3), "the item received");
        ensure_eq!(
            rx.try_recv(),
            Err(TryRecvError::Empty),
            "the channel in the end"
        );

        let go = Gate::new();
        let waits = go.clone();
        let handle = rt.spawn(async move { waits.wait().await });
        let output = pester("join handle", handle, || go.open()).await?;
        ensure!(output.is_ok(), "the handle gives {output:?}");
        let (release, released) = std::sync::mpsc::channel::<()>();
        let handle =
            rt.spawn_blocking(move || released.recv_timeout(crate::probe::PATIENCE).is_err());
        let output = pester("blocking handle", handle, || drop(release)).await?;
        ensure!(
            matches!(output, Ok(true)),
            "the blocking handle gives {output:?}"
        );
        pester_lines(rt).await
    })
}

/// What has a line of its own, and does not wait by another's.
async fn pester_lines<R: Backend>(rt: &R) -> Outcome {
    let limiter = rate::empty(rt, 1)?;
    let before = rt.now();
    let acquire = pester("acquire of a rate limiter", limiter.acquire(), || {
        limiter.refund(1);
    });
    acquire.await?.map_err(bad)?;
    // Not by its timer.
    ensure!(rt.now() - before < HOUR, "a turn that came woke nobody");

    let limiter = Limiter::<R>::new(rt, 1)?;
    let slot = limiter.try_acquire();
    let acquire = pester("acquire of a limiter", limiter.acquire(), || drop(slot));
    drop(acquire.await?.map_err(bad)?);
    ensure_eq!(limiter.in_flight(), 0, "the slots taken in the end");

    let pool = pool::open(rt, 1)?;
    let held = pool::now(&pool)?;
    let get = pester("get of a pool", pool.get(), || drop(held));
    drop(get.await?.map_err(bad)?);
    ensure_eq!(pool.stats().idle, 1, "the objects that are idle in the end");
    Ok(())
}
