//! *SY*, the condition.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::Probe,
};
use anyrt_core::{
    rt::{Lock, LockOf, Runtime},
    sync::Condvar,
    task::yield_now,
};
use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Wake, Waker},
};

pub(super) fn taken() -> Stop {
    Stop::failed("the lock should be free")
}

/// A wait that has given its guard back.
pub(super) fn waiting<'a, L: Lock<u32>>(
    condvar: &'a Condvar,
    lock: &'a L,
) -> Result<Probe<impl Future<Output = L::Guard<'a>> + Send>, Stop> {
    let guard = lock.try_lock().ok_or_else(taken)?;
    let mut waiter = Probe::new(condvar.wait(lock, guard));
    ensure!(waiter.is_pending(), "a wait is ready without notification");
    Ok(waiter)
}

/// A notification that reached a waiter who is dropped goes on.
pub fn sy_13<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (lock, condvar) = (ctx.rt().lock(0), Condvar::new());
    let first = waiting(&condvar, &lock)?;
    let second = waiting(&condvar, &lock)?;
    let mut third = waiting(&condvar, &lock)?;
    let mut fourth = waiting(&condvar, &lock)?;
    drop(first); // Dropped while it waits: leaves the queue.
    condvar.notify_one();
    ensure!(second.wakes() > 0, "the first who waits was not woken");
    drop(second); // Dropped when it was notified, unpolled.
    ensure!(
        third.wakes() > 0,
        "a notification was lost with the waiter that was dropped"
    );
    let guard = lock.try_lock().ok_or_else(taken)?;
    ensure!(third.is_pending(), "a wait ended while the lock was held");
    ensure!(
        fourth.wakes() == 0,
        "one notification woke two who wait for it"
    );
    drop(third); // Dropped when it was notified, while it waits for the lock.
    ensure!(
        fourth.wakes() > 0,
        "a notification was lost with a waiter that was dropped while it waited for the lock"
    );
    drop(guard);
    drop(fourth.ready("the next waiter, with the lock free,")?);
    drop(fourth);
    let mut later = waiting(&condvar, &lock)?;
    ensure!(
        later.is_pending(),
        "a notification that was consumed was passed on"
    );
    drop(later);
    lock.try_lock().map(drop).ok_or_else(taken)
}

/// A waker that notifies.
struct Notifies(Arc<Condvar>);

impl Wake for Notifies {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

/// It joins the queue before it gives the guard back, and returns with the lock.
pub fn sy_44<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (lock, condvar) = (ctx.rt().lock(0), Arc::new(Condvar::new()));
    // Whoever waits for the lock notifies as soon as it comes free, in the middle of the poll that
    // frees it: by then the wait has to be in the queue.
    let guard = lock.try_lock().ok_or_else(taken)?;
    let mut next = Probe::new(lock.lock());
    let notifies = Waker::from(Arc::new(Notifies(Arc::clone(&condvar))));
    ensure!(
        next.poll_with(&notifies).is_pending(),
        "the lock has two holders"
    );
    let mut waiter = Probe::new(condvar.wait(&lock, guard));
    ensure!(
        lock.try_lock().is_none(),
        "the guard was given back before the first poll"
    );
    ensure!(waiter.is_pending(), "a wait is ready without the lock");
    ensure!(
        waiter.wakes() > 0,
        "a notification by the next holder of the lock was lost"
    );
    *next.ready("the one who waits for the lock, while the condition is waited for,")? += 1;
    let guard = lock.try_lock().ok_or_else(taken)?;
    ensure!(waiter.is_pending(), "a wait ended while the lock was held");
    let seen = waiter.wakes();
    drop(guard);
    ensure!(
        waiter.wakes() > seen,
        "a notified waiter was not woken when the lock came free"
    );
    let guard = waiter.ready("a notified waiter, with the lock free,")?;
    ensure_eq!(*guard, 1, "the value under the lock");
    ensure!(
        lock.try_lock().is_none(),
        "a wait returned without the lock"
    );
    drop(guard);

    // Not kept: nobody waited.
    condvar.notify_one();
    condvar.notify_all();
    drop(waiting(&condvar, &lock)?);
    lock.try_lock().map(drop).ok_or_else(taken)
}

/// `notify_one` is FIFO, `notify_all` reaches all, one after the other.
pub fn sy_45<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (lock, condvar) = (ctx.rt().lock(0), Condvar::new());
    let mut waiters = Vec::new();
    for _ in 0..5 {
        waiters.push(waiting(&condvar, &lock)?);
    }
    for n in 0..2 {
        condvar.notify_one();
        for later in &mut waiters[n + 1..] {
            ensure!(later.is_pending(), "waiter {n} was overtaken");
        }
        drop(waiters[n].ready("a waiter in its turn")?);
    }
    let mut newcomer = {
        condvar.notify_all();
        waiting(&condvar, &lock)?
    };
    let mut guard = None;
    for n in 2..5 {
        ensure!(waiters[n].wakes() > 0, "`notify_all` left one out");
        drop(guard.take());
        guard = Some(waiters[n].ready("a waiter, after `notify_all`,")?);
        for later in &mut waiters[n + 1..] {
            ensure!(later.is_pending(), "two waits have the lock at once");
        }
    }
    drop(guard);
    ensure!(
        newcomer.is_pending(),
        "`notify_all` reached one who came later"
    );
    drop(newcomer);

    let guard = lock.try_lock().ok_or_else(taken)?;
    let mut until = Probe::new(condvar.wait_while(&lock, guard, |n| *n < 2));
    for n in 1..=2 {
        ensure!(
            until.is_pending(),
            "`wait_while` ended though it is {n} - 1"
        );
        *lock.try_lock().ok_or_else(taken)? = n;
        condvar.notify_one();
    }
    ensure_eq!(*until.ready("`wait_while`, at its end,")?, 2, "the value");
    let guard = lock.try_lock().ok_or_else(taken)?;
    let mut at_once = Probe::new(condvar.wait_while(&lock, guard, |n| *n < 2));
    ensure_eq!(
        *at_once.ready("`wait_while`, with nothing to wait for,")?,
        2,
        "the value"
    );
    Ok(())
}

/// A queue for two items, generic over the runtime.
struct Bounded<R: Runtime> {
    items: LockOf<R, VecDeque<usize>>,
    not_empty: Condvar,
    not_full: Condvar,
}

impl<R: Runtime> Bounded<R> {
    async fn put(&self, item: usize) {
        let items = self.items.lock().await;
        let mut items = self
            .not_full
            .wait_while(&self.items, items, |items| items.len() == 2)
            .await;
        items.push_back(item);
        drop(items);
        self.not_empty.notify_one();
    }

    async fn take(&self) -> usize {
        let mut items = self.items.lock().await;
        loop {
            if let Some(item) = items.pop_front() {
                self.not_full.notify_one();
                return item;
            }
            items = self.not_empty.wait(&self.items, items).await;
        }
    }
}

/// Tasks on all workers, through a bounded queue.
pub fn sy_46<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    const EACH: usize = 150;

    ctx.run(async {
        let queue: Arc<Bounded<R>> = Arc::new(Bounded {
            items: ctx.rt().lock(VecDeque::new()),
            not_empty: Condvar::new(),
            not_full: Condvar::new(),
        });
        let mut tasks = Vec::new();
        for _ in 0..3 {
            let (puts, takes) = (queue.clone(), queue.clone());
            tasks.push(ctx.rt().spawn(async move {
                for item in 1..=EACH {
                    puts.put(item).await;
                }
                0
            }));
            tasks.push(ctx.rt().spawn(async move {
                let mut sum = 0;
                for _ in 0..EACH {
                    sum += takes.take().await;
                    yield_now().await;
                }
                sum
            }));
        }
        let mut sum = 0;
        for task in tasks {
            sum += task
                .await
                .map_err(|error| Stop::failed(format!("a task at the queue: {error}")))?;
        }
        ensure_eq!(sum, 3 * EACH * (EACH + 1) / 2, "the sum of the items");
        let rounds = ctx.rt().spawn(ring(ctx.rt().clone())).await;
        rounds.map_err(|error| Stop::failed(format!("a task in the ring: {error}")))?
    })
}

/// Tasks that wake the next one each: with a notification lost, all of them stand still.
async fn ring<R: Runtime>(rt: R) -> Outcome {
    const TASKS: usize = 4;

    let turn = Arc::new((rt.lock(0), [const { Condvar::new() }; TASKS]));
    let tasks = [0, 1, 2, 3].map(|n| {
        let turn = Arc::clone(&turn);
        rt.spawn(async move {
            let (lock, comes) = &*turn;
            for _ in 0..50 {
                let turn = lock.lock().await;
                let mut turn = comes[n]
                    .wait_while(lock, turn, |turn| *turn % TASKS != n)
                    .await;
                *turn += 1;
                comes[(n + 1) % TASKS].notify_one();
            }
        })
    });
    for task in tasks {
        task.await
            .map_err(|error| Stop::failed(format!("a task in the ring: {error}")))?;
    }
    ensure_eq!(*turn.0.lock().await, 200, "the turns taken");
    Ok(())
}
