//! *PO*: the pool.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Gate, Probe, Wakes},
};
use anyrt_core::{rt::Runtime, task::yield_now};
use anyrt_toolkit::pool::{Manager, Pool, PoolBuilder, PoolError, Pooled};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

/// Numbers, made and checked behind gates.
#[derive(Debug, Clone, Default)]
pub(super) struct Numbers {
    pub(super) made: Arc<Wakes>,
    pub(super) gone: Arc<Wakes>,
    pub(super) creates: Gate,
    pub(super) recycles: Gate,
    pub(super) fails: Arc<AtomicBool>,
    /// So many are made whatever the gate.
    pub(super) ready: Arc<AtomicUsize>,
    /// Checks fail, and creations do not.
    unfit: Arc<AtomicBool>,
    there: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

pub(super) struct Number {
    pub(super) id: usize,
    _there: There,
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "number {}", self.id)
    }
}

/// One that is there or being made.
struct There(Numbers);

impl There {
    fn new(numbers: &Numbers) -> Self {
        let there = numbers.there.fetch_add(1, SeqCst) + 1;
        numbers.most.fetch_max(there, SeqCst);
        Self(numbers.clone())
    }
}

impl Drop for There {
    fn drop(&mut self) {
        self.0.there.fetch_sub(1, SeqCst);
        self.0.gone.bump();
    }
}

impl Manager for Numbers {
    type Object = Number;
    type Error = &'static str;

    async fn create(&self) -> Result<Number, &'static str> {
        let there = There::new(self);
        if self.made.count() >= self.ready.load(SeqCst) {
            self.creates.wait().await;
        }
        if self.fails.load(SeqCst) {
            return Err("none");
        }
        self.made.bump();
        Ok(Number {
            id: self.made.count(),
            _there: there,
        })
    }

    async fn recycle(&self, _: &mut Number) -> Result<(), &'static str> {
        self.recycles.wait().await;
        match self.fails.load(SeqCst) || self.unfit.load(SeqCst) {
            true => Err("not fit"),
            false => Ok(()),
        }
    }
}

pub(super) type Numbered<R> = Pool<R, Numbers>;

pub(super) fn shut<R: Runtime>(rt: &R, max: usize) -> PoolBuilder<R, Numbers> {
    Pool::builder(rt, Numbers::default()).max_size(max)
}

pub(super) fn built<R: Runtime>(builder: PoolBuilder<R, Numbers>) -> Result<Numbered<R>, Stop> {
    builder
        .build()
        .map_err(|error| Stop::failed(format!("a pool cannot be built: {error}")))
}

/// One whose gates are open.
pub(super) fn open<R: Runtime>(rt: &R, max: usize) -> Result<Numbered<R>, Stop> {
    let pool = built(shut(rt, max))?;
    pool.manager().creates.open();
    pool.manager().recycles.open();
    Ok(pool)
}

pub(super) fn now<R: Runtime>(pool: &Numbered<R>) -> Result<Pooled<R, Numbers>, Stop> {
    let got = Probe::new(pool.get()).ready("`get`")?;
    got.map_err(|error| Stop::failed(format!("`get`: {error}")))
}

pub(super) fn resized<R: Runtime>(pool: &Numbered<R>, max: usize) -> Result<(), Stop> {
    pool.resize(max)
        .map_err(|error| Stop::failed(error.to_string()))
}

/// Never more than the maximum, whatever is resized meanwhile.
pub fn po_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let pool = open(ctx.rt(), 2)?;
    let numbers = pool.manager().clone();
    let (first, second) = (now(&pool)?, now(&pool)?);
    let mut third = Probe::new(pool.get());
    ensure!(third.is_pending(), "a third of two");
    resized(&pool, 1)?;
    drop(first);
    ensure_eq!(
        numbers.there.load(SeqCst),
        1,
        "live, as one came back to a smaller pool"
    );
    ensure!(third.is_pending(), "a second of one");
    // A place that comes free while there are too many is no place.
    resized(&pool, 2)?;
    drop(third.ready("`get` with room again")?);
    drop(second);
    let (first, second) = (now(&pool)?, now(&pool)?);
    resized(&pool, 1)?;
    numbers.fails.store(true, SeqCst);
    drop((first, second));
    ensure_eq!(numbers.there.load(SeqCst), 1, "live");
    ensure_eq!(numbers.most.load(SeqCst), 2, "the most that were live");

    // One that loses its object to a check, while there are too many, makes no other one.
    let pool = built(shut(ctx.rt(), 2))?;
    let numbers = pool.manager().clone();
    numbers.creates.open();
    let (first, second) = (now(&pool)?, now(&pool)?);
    drop(second);
    let mut get = Probe::new(pool.get());
    ensure!(get.is_pending(), "checked behind a shut gate");
    resized(&pool, 1)?;
    numbers.fails.store(true, SeqCst);
    numbers.recycles.open();
    ensure!(get.is_pending(), "one was made while there were too many");
    ensure_eq!(numbers.there.load(SeqCst), 1, "live, after a failed check");
    numbers.fails.store(false, SeqCst);
    drop(first);
    let got = get.ready("`get` after one came back")?;
    ensure_eq!(
        got.map(|number| number.id).ok(),
        Some(1),
        "the one that came back"
    );
    for (field, refused) in [
        ("max_size", shut(ctx.rt(), 0)),
        ("min_idle", shut(ctx.rt(), 2).min_idle(3)),
        ("min_idle", shut(ctx.rt(), usize::MAX).min_idle(usize::MAX)),
        ("idle", shut(ctx.rt(), 2).idle(Duration::ZERO)),
        (
            "max_lifetime",
            shut(ctx.rt(), 2).max_lifetime(Duration::ZERO),
        ),
        (
            "create_timeout",
            shut(ctx.rt(), 2).create_timeout(Duration::ZERO),
        ),
        (
            "recycle_timeout",
            shut(ctx.rt(), 2).recycle_timeout(Duration::ZERO),
        ),
    ] {
        let error = refused.build().err();
        ensure_eq!(
            error.map(|error| error.field),
            Some(field),
            "the error's field"
        );
    }
    ensure!(pool.resize(0).is_err(), "a pool of none");
    Ok(())
}

/// An object whose check was given up, or failed, is not handed out, and the same call gives another one.
pub fn po_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let pool = built(shut(ctx.rt(), 1))?;
    pool.manager().creates.open();
    drop(now(&pool)?);
    let mut get = Probe::new(pool.get());
    ensure!(get.is_pending(), "checked behind a shut gate");
    ensure_eq!(pool.manager().gone.count(), 0, "gone during its check");
    drop(get);
    ensure_eq!(
        pool.manager().gone.count(),
        1,
        "gone after a check that was given up"
    );
    pool.manager().recycles.open();
    ensure_eq!(now(&pool)?.id, 2, "the next one");
    pool.manager().fails.store(true, SeqCst);
    let refused = Probe::new(pool.get()).ready("`get`")?;
    ensure_eq!(
        refused.map(|number| number.id).ok(),
        None,
        "one that failed its check"
    );
    pool.manager().fails.store(false, SeqCst);
    ensure_eq!(now(&pool)?.id, 3, "after a failed check");
    pool.manager().unfit.store(true, SeqCst);
    ensure_eq!(now(&pool)?.id, 4, "the one in place of an unfit one");
    ensure_eq!(pool.stats().live, 1, "live");
    Ok(())
}

/// A creation that was given up, or failed, leaves its place to whoever waits.
pub fn po_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let pool = built(shut(ctx.rt(), 1))?;
    let (mut first, mut second) = (Probe::new(pool.get()), Probe::new(pool.get()));
    ensure!(
        first.is_pending() && second.is_pending(),
        "made behind a shut gate"
    );
    drop(first);
    ensure!(second.wakes() > 0, "nobody was woken for the place");
    ensure!(second.is_pending(), "made behind a shut gate");
    let mut third = Probe::new(pool.get());
    ensure!(third.is_pending(), "a second of one");
    pool.manager().fails.store(true, SeqCst);
    pool.manager().creates.open();
    let failed = second.ready("a creation that fails")?;
    ensure_eq!(
        failed.err(),
        Some(PoolError::CreateFailed {
            pool: None,
            error: "none"
        }),
        "its error"
    );
    ensure!(third.wakes() > 0, "nobody was woken after a failure");
    pool.manager().fails.store(false, SeqCst);
    ensure!(
        third.ready("the last")?.is_ok(),
        "no object after a failure"
    );
    ensure_eq!(pool.stats().live, 1, "live");
    Ok(())
}

/// Close and detach.
pub fn po_6<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let pool = open(ctx.rt(), 2)?;
    let (held, other) = (now(&pool)?, now(&pool)?);
    let mut waiter = Probe::new(pool.get());
    ensure!(waiter.is_pending(), "a third of two");
    let other = Pooled::detach(other);
    let third = waiter.ready("`get` after a detach")?;
    ensure!(third.is_ok(), "a detached object kept its place");
    drop(third);
    drop(now(&pool)?);
    let idle = pool.stats().idle;
    ensure_eq!(idle, 1, "idle");
    let mut waiter = Probe::new(pool.get());
    let second = waiter.ready("the second")?;
    let mut waiter = Probe::new(pool.get());
    ensure!(waiter.is_pending(), "a third of two");
    drop(second);
    drop(waiter);
    let second = now(&pool)?;
    let mut waiter = Probe::new(pool.get());
    ensure!(waiter.is_pending(), "a third of two");
    pool.close();
    let failed = waiter.ready("a waiter of a closed pool")?;
    ensure_eq!(
        failed.err(),
        Some(PoolError::Closed { pool: None }),
        "its error"
    );
    let late = Probe::new(pool.get()).ready("`get` of a closed pool")?;
    ensure_eq!(
        late.err(),
        Some(PoolError::Closed { pool: None }),
        "its error"
    );
    let mut closed = Probe::new(pool.closed());
    drop(second);
    ensure!(closed.is_pending(), "closed with an object out");
    drop(held);
    closed.ready("`closed`")?;
    ensure_eq!(
        pool.manager().there.load(SeqCst),
        1,
        "only the detached one is there"
    );
    drop(other);
    closes_with_the_idle(ctx)?;
    ctx.run(closes_while_one_is_made(ctx.rt()))
}

/// What is idle goes at once, and what is checked then is replaced by nothing.
fn closes_with_the_idle<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let pool = built(shut(ctx.rt(), 3))?;
    let numbers = pool.manager().clone();
    numbers.creates.open();
    let (held, idle, checked) = (now(&pool)?, now(&pool)?, now(&pool)?);
    drop((idle, checked));
    let mut check = Probe::new(pool.get());
    ensure!(check.is_pending(), "checked behind a shut gate");
    pool.close();
    ensure_eq!(numbers.there.load(SeqCst), 2, "there after the close");
    numbers.unfit.store(true, SeqCst);
    numbers.recycles.open();
    let failed = check.ready("`get` with an unfit object of a closed pool")?;
    let closed = matches!(failed, Err(PoolError::Closed { .. }));
    ensure!(closed, "its error: {failed:?}");
    ensure_eq!(numbers.made.count(), 3, "those that were made");
    let mut closed = Probe::new(pool.closed());
    ensure!(closed.is_pending(), "closed with an object out");
    drop(held);
    closed.ready("`closed`")
}

/// Nobody waits for what nobody asked for.
async fn closes_while_one_is_made<R: Backend>(rt: &R) -> Outcome {
    let pool = built(shut(rt, 1).min_idle(1))?;
    while pool.manager().there.load(SeqCst) == 0 {
        yield_now().await;
    }
    pool.close();
    pool.closed().await;
    ensure_eq!(pool.manager().there.load(SeqCst), 0, "there after the end");
    Ok(())
}

/// Tasks on all workers, of whom many are aborted.
pub fn po_20<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    const USERS: usize = 200;
    ctx.run(async {
        let rt = ctx.rt();
        let pool = open(rt, 3)?;
        let users: Vec<_> = (0..USERS)
            .map(|n| {
                let pool = pool.clone();
                let user = async move {
                    for _ in 0..10 {
                        let number = pool.get().await;
                        let number = number.map_err(|error| error.to_string());
                        if n % 3 == 0 {
                            yield_now().await;
                        }
                        match n % 7 {
                            0 => number.map(Pooled::discard),
                            1 => number.map(|number| drop(Pooled::detach(number))),
                            _ => number.map(drop),
                        }?;
                    }
                    Ok::<(), String>(())
                };
                (n, rt.spawn(user))
            })
            .collect();
        for (n, user) in &users {
            if n % 5 == 0 {
                anyrt_core::rt::JoinHandle::abort(user);
                yield_now().await;
            }
        }
        for (n, user) in users {
            match user.await {
                Ok(outcome) => outcome.map_err(Stop::failed)?,
                Err(error) => ensure!(n % 5 == 0, "user {n}: {error}"),
            }
        }
        let stats = pool.stats();
        ensure_eq!(
            (stats.live, stats.waiting),
            (stats.idle, 0),
            "live and waiting"
        );
        Ok(())
    })
}
