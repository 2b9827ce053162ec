//! *SY*, the notification.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure},
    probe::Probe,
};
use anyrt_core::{sync::Notify, task::yield_now};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

fn waiting<const N: usize>(
    notify: &Notify,
) -> Result<[Probe<impl Future<Output = ()> + '_>; N], Stop> {
    let mut waiters = [(); N].map(|()| Probe::new(notify.notified()));
    for waiter in &mut waiters {
        ensure!(waiter.is_pending(), "a wait is ready without notification");
    }
    Ok(waiters)
}

/// One notification is stored; one that reached a waiter who is dropped goes on.
pub fn sy_12<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    let notify = Arc::new(Notify::new());
    notify.notify_one();
    notify.notify_one();
    Probe::new(notify.notified()).ready("a wait, with a notification stored,")?;
    let [mut first, second, mut third] = waiting(&notify)?;

    notify.notify_one();
    ensure!(first.wakes() > 0, "the first who waits was not woken");
    drop(second); // Dropped while it waits: leaves the queue.
    ensure!(third.is_pending(), "a wait is ready without notification");
    first.ready("the one who was notified")?;
    drop(first);
    ensure!(
        third.is_pending(),
        "a notification that was consumed was passed on"
    );

    let [mut fourth] = waiting(&notify)?;
    notify.notify_one();
    drop(third); // Dropped with the notification, unpolled: passes it on.
    ensure!(
        fourth.wakes() > 0,
        "a notification was lost with the waiter that was dropped"
    );
    fourth.ready("the next waiter, after the notified one was dropped,")?;

    let mut owned = Probe::new(Arc::clone(&notify).notified_owned());
    ensure!(owned.is_pending(), "a wait is ready without notification");
    notify.notify_one();
    drop(owned); // There is nobody to pass it on to: it is stored.
    Probe::new(Arc::clone(&notify).notified_owned())
        .ready("a wait, after a notified one was dropped,")?;
    waiting::<1>(&notify).map(drop)
}

/// Notifications are FIFO.
pub fn sy_41<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    let notify = Notify::new();
    let mut waiters: Vec<_> = (0..5).map(|_| Probe::new(notify.notified())).collect();
    let order = [3, 0, 4, 1, 2];
    for n in order {
        ensure!(
            waiters[n].is_pending(),
            "waiter {n} is ready without notification"
        );
    }
    for (turn, n) in order.into_iter().enumerate() {
        notify.notify_one();
        for later in &order[turn + 1..] {
            ensure!(
                waiters[*later].is_pending(),
                "waiter {later} overtook waiter {n}"
            );
        }
        ensure!(
            waiters[n].wakes() > 0,
            "waiter {n} was not woken in its turn"
        );
        waiters[n].ready(&format!("waiter {n} in its turn"))?;
    }
    Ok(())
}

/// `notify_waiters` reaches those who are there, and is not stored.
pub fn sy_42<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    let notify = Notify::new();
    let [mut first, mut second, dropped] = waiting(&notify)?;
    let mut called = Probe::new(notify.notified());
    notify.notify_waiters();
    let [mut later] = waiting(&notify)?;
    drop(dropped);
    ensure!(
        later.is_pending(),
        "a signal to all was passed on to one who came later"
    );
    for waiter in [&mut first, &mut second] {
        ensure!(waiter.wakes() > 0, "one who waits was not woken");
        waiter.ready("one who waited at `notify_waiters`")?;
    }
    called.ready("a wait that was called before `notify_waiters`, but not polled,")?;
    drop(later);
    drop(waiting::<1>(&notify)?);

    // A stored notification is left for somebody who needs it.
    let mut called = Probe::new(notify.notified());
    notify.notify_one();
    notify.notify_waiters();
    called.ready("a wait that was called before `notify_waiters`, but not polled,")?;
    Probe::new(notify.notified()).ready("a wait, with a notification stored,")?;

    // What `notify_one` gave stays one waiter's, also if all are notified afterwards.
    let [granted, mut other] = waiting(&notify)?;
    notify.notify_one();
    notify.notify_waiters();
    other.ready("one who waited at `notify_waiters`")?;
    drop(granted);
    Probe::new(notify.notified()).ready("a wait, after the one who was notified was dropped,")
}

/// No notification is lost between tasks, some of which give up again and again.
pub fn sy_43<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    const ROUNDS: usize = 200;

    #[derive(Default)]
    struct Work {
        posted: AtomicUsize,
        seen: AtomicUsize,
        notify: Notify,
    }

    ctx.run(async {
        let work = Arc::new(Work::default());
        let mut tasks = Vec::new();
        for _ in 0..2 {
            let work = work.clone();
            tasks.push(ctx.rt().spawn(async move {
                while work.seen.load(SeqCst) < ROUNDS {
                    let mut gives_up = Probe::new(work.notify.notified());
                    if gives_up.poll().is_ready() {
                        work.notify.notify_one();
                    }
                    // Long enough to get in front of the one who waits in earnest.
                    for _ in 0..4 {
                        yield_now().await;
                    }
                }
            }));
        }
        let consumes = work.clone();
        tasks.push(ctx.rt().spawn(async move {
            loop {
                let posted = consumes.posted.load(SeqCst);
                consumes.seen.store(posted, SeqCst);
                if posted == ROUNDS {
                    break;
                }
                consumes.notify.notified().await;
            }
        }));
        tasks.push(ctx.rt().spawn(async move {
            for round in 1..=ROUNDS {
                work.posted.store(round, SeqCst);
                work.notify.notify_one();
                // Each is waited for: a later one would hide that this one was lost.
                while work.seen.load(SeqCst) < round {
                    yield_now().await;
                }
            }
        }));
        for task in tasks {
            task.await
                .map_err(|error| Stop::failed(format!("a task that notifies: {error}")))?;
        }
        Ok(())
    })
}
