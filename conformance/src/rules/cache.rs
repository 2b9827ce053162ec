//! *CA*: loads, and who waits for them.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, Expected, Gate, Probe, Wakes},
};
use anyrt_core::{rt::Runtime, task::yield_now};
use anyrt_toolkit::cache::{AsyncCache, CacheBuilder, LoadError};
use std::{
    future::{Future, pending},
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

pub(super) type Cache<R> = AsyncCache<R, u32, u64, &'static str>;

pub(super) fn builder<R: Runtime>(rt: &R) -> CacheBuilder<R, u32, u64, &'static str> {
    AsyncCache::builder(rt).fallible().capacity(100)
}

pub(super) fn built<R: Runtime>(
    builder: CacheBuilder<R, u32, u64, &'static str>,
) -> Result<Cache<R>, Stop> {
    let cache = builder.build();
    cache.map_err(|error| Stop::failed(format!("a cache cannot be built: {error}")))
}

/// Loads that count how often they begin and go, and wait at a gate.
#[derive(Debug, Clone, Default)]
struct Source {
    begun: Arc<Wakes>,
    gone: Arc<Wakes>,
    gate: Gate,
}

impl Source {
    fn load(&self, value: Result<u64, &'static str>) -> impl FnOnce(u32) -> Loaded + use<> {
        let Self { begun, gone, gate } = self.clone();
        move |_| {
            begun.bump();
            let gone = Counted::new(&gone);
            Box::pin(async move {
                let _gone = gone;
                gate.wait().await;
                value
            })
        }
    }

    fn counts(&self) -> (usize, usize) {
        (self.begun.count(), self.gone.count())
    }
}

type Loaded = std::pin::Pin<Box<dyn Future<Output = Result<u64, &'static str>> + Send>>;

/// One loader runs, and all who overlap get its value.
pub fn ca_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (cache, source) = (built(builder(ctx.rt()))?, Source::default());
    let call = |value| Probe::new(cache.get_or_try_load(&1, source.load(Ok(value))));
    let mut callers: Vec<_> = (0..8).map(call).collect();
    for caller in &mut callers {
        ensure!(caller.is_pending(), "a value is there before it was loaded");
    }
    ensure_eq!(source.counts(), (1, 0), "loaders that began and went");
    source.gate.open();
    ensure_eq!(
        callers[0].ready("the one who drives")?.ok(),
        Some(0),
        "its value"
    );
    for caller in callers[1..].iter_mut().rev() {
        ensure!(caller.wakes() > 0, "one who waits was not woken");
        ensure_eq!(caller.ready("one who waits")?.ok(), Some(0), "its value");
    }
    ensure_eq!(
        call(9).ready("a hit")?.ok(),
        Some(0),
        "the value that is there"
    );
    ensure_eq!(source.counts(), (1, 1), "loaders that began and went");
    let mut other = Probe::new(cache.get_or_load(&2, async |_| 5));
    ensure_eq!(other.ready("another key")?.ok(), Some(5), "its value");
    lands_in_a_panic(ctx)
}

/// A value that panics as it is dropped, if it says so.
#[derive(Debug, Clone)]
struct Mine(Arc<AtomicBool>);

impl Drop for Mine {
    fn drop(&mut self) {
        if self.0.swap(false, SeqCst) {
            panic_any(Expected(1));
        }
    }
}

/// The value before, which leaves for the new one, panics: that is who drives, and nobody else.
fn lands_in_a_panic<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let built = AsyncCache::builder(ctx.rt()).capacity(1).build();
    let cache: AsyncCache<_, u32, Mine> = built.map_err(|error| Stop::failed(error.to_string()))?;
    let (armed, gate) = (Arc::new(AtomicBool::new(false)), Gate::new());
    cache.insert(1, Mine(armed.clone()));
    let shut = gate.clone();
    let load = |_| async move {
        shut.wait().await;
        Mine(Arc::default())
    };
    let mut first = Probe::new(cache.get_or_load(&2, load));
    let mut second = Probe::new(cache.get_or_load(&2, async |_| Mine(Arc::default())));
    ensure!(
        first.is_pending() && second.is_pending(),
        "a value is there before it was loaded"
    );
    armed.store(true, SeqCst);
    gate.open();
    let driven = catch_unwind(AssertUnwindSafe(|| first.poll().is_ready()));
    ensure!(driven.is_err(), "the value before did not panic");
    ensure!(second.wakes() > 0, "one who waits was not woken");
    ensure!(second.ready("one who waits")?.is_ok(), "no value for it");
    Ok(())
}

/// An error goes to all who wait, and to nobody after them.
pub fn ca_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (cache, source) = (built(builder(ctx.rt()))?, Source::default());
    let call = |value| Probe::new(cache.get_or_try_load(&1, source.load(value)));
    let mut callers: Vec<_> = (0..4).map(|_| call(Err("down"))).collect();
    for caller in &mut callers {
        ensure!(
            caller.is_pending(),
            "an error is there before the load failed"
        );
    }
    source.gate.open();
    let mut errors = Vec::new();
    for caller in &mut callers {
        match caller.ready("one who waits for a load that failed")? {
            Err(LoadError::Failed(error)) => errors.push(error),
            other => return Err(Stop::failed(format!("a failed load gives {other:?}"))),
        }
    }
    ensure_eq!(source.begun.count(), 1, "loaders that ran");
    let one = errors.iter().all(|error| Arc::ptr_eq(error, &errors[0]));
    ensure!(one, "they got different errors");
    ensure_eq!(
        call(Ok(3)).ready("the next load")?.ok(),
        Some(3),
        "its value"
    );
    Ok(())
}

/// A loader that panics fails its flight, and runs once.
pub fn ca_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (cache, source) = (built(builder(ctx.rt()))?, Source::default());
    let call = || {
        let (begun, gate) = (Arc::clone(&source.begun), source.gate.clone());
        Probe::new(cache.get_or_try_load(&1, move |_| async move {
            begun.bump();
            gate.wait().await;
            panic_any(Expected(3))
        }))
    };
    let mut callers: Vec<_> = (0..20).map(|_| call()).collect();
    for caller in &mut callers {
        ensure!(caller.is_pending(), "a load is over before it panicked");
    }
    source.gate.open();
    for caller in &mut callers {
        let outcome = caller.ready("one who waits for a load that panicked")?;
        ensure!(
            matches!(outcome, Err(LoadError::Panicked(_))),
            "a panic gives {outcome:?}"
        );
    }
    ensure_eq!(source.begun.count(), 1, "loaders that ran");
    let mut early = Probe::new(cache.get_or_try_load(&1, |_| {
        panic_any(Expected(3));
        #[allow(unreachable_code)]
        pending()
    }));
    let outcome = early.ready("a loader that panics before its future is there")?;
    ensure!(
        outcome.is_err_and(|error| error.is_panic()),
        "it is no panic"
    );
    let mut next = Probe::new(cache.get_or_load(&1, async |_| 4));
    ensure_eq!(next.ready("the next load")?.ok(), Some(4), "its value");
    Ok(())
}

/// A load that takes so many polls, each of which somebody has to make.
fn steps(source: &Source, steps: usize) -> impl FnOnce(u32) -> Loaded + use<> {
    let source = source.clone();
    move |_| {
        source.begun.bump();
        Box::pin(async move {
            for _ in 0..steps {
                yield_now().await;
            }
            source.gone.bump();
            Ok(7)
        })
    }
}

/// Whoever drives a load may go after any of its polls: it goes on where it was.
pub fn ca_4<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    const STEPS: usize = 4;
    for after in 1..=STEPS {
        let (cache, source) = (built(builder(ctx.rt()))?, Source::default());
        let call = || Probe::new(cache.get_or_try_load(&1, steps(&source, STEPS)));
        let [mut first, mut second, mut third] = [(); 3].map(|()| call());
        for caller in [&mut first, &mut second, &mut third] {
            ensure!(caller.is_pending(), "a value is there too early");
        }
        for _ in 1..after {
            ensure!(first.is_pending(), "a value is there too early");
        }
        drop(first);
        let woken = second.wakes() + third.wakes();
        ensure!(
            woken > 0,
            "after {after} polls the load was handed to nobody"
        );
        // The one that was told goes, too, without having been polled.
        let (told, mut left) = match second.wakes() {
            0 => (third, second),
            _ => (second, third),
        };
        drop(told);
        ensure!(
            left.wakes() > 0,
            "a load was lost with the one it was handed to"
        );
        for _ in after..STEPS {
            ensure!(
                left.is_pending(),
                "after {after} polls the load skipped some"
            );
        }
        ensure_eq!(
            left.ready("the one who is left")?.ok(),
            Some(7),
            "its value"
        );
        ensure_eq!(source.counts(), (1, 1), "loads that began and ended");
    }
    Ok(())
}

/// With the last who waits the load is dropped, and the next one begins anew.
pub fn ca_5<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (cache, source) = (built(builder(ctx.rt()))?, Source::default());
    let call = || Probe::new(cache.get_or_try_load(&1, source.load(Ok(1))));
    let (mut first, mut second) = (call(), call());
    ensure!(
        first.is_pending() && second.is_pending(),
        "a value is there too early"
    );
    drop(second);
    ensure_eq!(
        source.counts(),
        (1, 0),
        "loads, after one who waits has gone"
    );
    drop(first);
    ensure_eq!(source.counts(), (1, 1), "loads, after all have gone");
    ensure_eq!(cache.stats().in_flight, 0, "loads under way");
    let mut next = call();
    ensure!(next.is_pending(), "a load that was dropped gave a value");
    source.gate.open();
    ensure_eq!(next.ready("the next load")?.ok(), Some(1), "its value");
    ensure_eq!(source.counts(), (2, 2), "loads that began and went");
    Ok(())
}

/// How a key is changed, and its value then.
type Change<R> = (&'static str, fn(&Cache<R>) -> Option<u64>, Option<u64>);

/// A key that is changed during a load is not changed back by it.
pub fn ca_6<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let changes: [Change<R>; 4] = [
        ("insert", |cache| cache.insert(1, 2), Some(2)),
        ("remove", |cache| cache.remove(&1), None),
        ("update", |cache| cache.update(&1, |_| Some(3)), Some(3)),
        (
            "clear",
            |cache| {
                cache.clear();
                None
            },
            None,
        ),
    ];
    for (name, change, after) in changes {
        let (cache, source) = (built(builder(ctx.rt()))?, Source::default());
        let mut call = Probe::new(cache.get_or_try_load(&1, source.load(Ok(1))));
        ensure!(call.is_pending(), "a value is there too early");
        change(&cache);
        source.gate.open();
        ensure_eq!(
            call.ready("the one who waited")?.ok(),
            Some(1),
            "{name}: its value"
        );
        ensure_eq!(cache.get(&1), after, "{name}: the value after a late load");
    }
    Ok(())
}

/// A late load leaves what came after it alone: a value, and a load.
pub fn ca_7<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    for fails in [false, true] {
        let cache = built(builder(ctx.rt()))?;
        let [old, new] = [(); 2].map(|()| Source::default());
        let late = if fails { Err("late") } else { Ok(1) };
        let mut before = Probe::new(cache.get_or_try_load(&1, old.load(late)));
        ensure!(before.is_pending(), "a value is there too early");
        cache.remove(&1);
        let call = || Probe::new(cache.get_or_try_load(&1, new.load(Ok(2))));
        let mut after = call();
        ensure!(after.is_pending(), "a load that is late is joined");
        old.gate.open();
        let outcome = before.ready("the load that is late")?;
        ensure_eq!(outcome.ok(), late.ok(), "what it gives");
        ensure_eq!(
            cache.get(&1),
            None,
            "the value while the newer load is under way"
        );
        let mut joins = call();
        ensure!(joins.is_pending(), "the newer load is gone");
        ensure_eq!(new.begun.count(), 1, "newer loads that began");
        new.gate.open();
        ensure_eq!(after.ready("the newer load")?.ok(), Some(2), "its value");
        ensure_eq!(joins.ready("one who joined it")?.ok(), Some(2), "its value");
        ensure_eq!(cache.get(&1), Some(2), "the newer value");
    }
    Ok(())
}
