//! *SY*, the cell that is filled once.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, EXPECTED, Gate, OnDrop, Probe, Wakes},
};
use anyrt_core::{sync::OnceCell, task::yield_now};
use std::{
    cell::{Cell, RefCell},
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

/// One initialiser runs, and all get its value.
pub fn sy_49<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    let (cell, runs, gate) = (OnceCell::new(), Cell::new(0), Gate::new());
    let get = || {
        Probe::new(cell.get_or_init(async || {
            runs.set(runs.get() + 1);
            gate.wait().await;
            7
        }))
    };
    let mut callers: Vec<_> = (0..4).map(|_| get()).collect();
    for caller in &mut callers {
        ensure!(caller.is_pending(), "a value is there before it was made");
    }
    ensure_eq!(runs.get(), 1, "the initialisers that run at once");
    ensure_eq!(cell.get(), None, "the value of an empty cell");
    gate.open();
    let value = *callers[0].ready("the one whose initialiser is done")?;
    for waiter in callers[1..].iter_mut().rev() {
        // All of them at once, and not one after the other.
        ensure!(
            waiter.wakes() > 0,
            "one who waits for the value was not woken"
        );
        ensure_eq!(*waiter.ready("one who waits for the value")?, value, "it");
    }
    ensure_eq!(*get().ready("a full cell")?, 7, "the value");
    ensure_eq!(runs.get(), 1, "the initialisers that ran");
    Ok(())
}

/// What an initialiser does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Init {
    Hangs,
    Panics,
    PanicsBeforeItsFuture,
    Fails,
    Gives(i32),
}

/// An initialiser that comes to nothing leaves the cell empty, and the next one runs.
pub fn sy_50<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    let (cell, begun) = (OnceCell::new(), RefCell::new(Vec::new()));
    let successor = RefCell::new(Wakes::new());
    let woken_early = Cell::new(false);
    let get = |init| {
        let (begun, successor, woken_early) = (&begun, &successor, &woken_early);
        Probe::new(cell.get_or_try_init(move || {
            begun.borrow_mut().push(init);
            if init == Init::PanicsBeforeItsFuture {
                panic_any(EXPECTED);
            }
            async move {
                let _look = OnDrop::new(|| woken_early.set(successor.borrow().count() > 0));
                match init {
                    Init::Hangs => pending().await,
                    Init::Gives(value) => Ok(value),
                    Init::Fails => Err(()),
                    _ => panic_any(EXPECTED),
                }
            }
        }))
    };
    let mut hangs = get(Init::Hangs);
    ensure!(hangs.is_pending(), "a value is there before it was made");
    let panics = get(Init::Panics);
    let early = get(Init::PanicsBeforeItsFuture);
    let [leaves, granted] = [-1, -2].map(|value| get(Init::Gives(value)));
    let fails = get(Init::Fails);
    let [fills, finds] = [5, 6].map(|value| get(Init::Gives(value)));
    let mut waiters = [panics, early, leaves, granted, fails, fills, finds];
    for waiter in &mut waiters {
        ensure!(waiter.is_pending(), "two initialisers run at once");
    }
    let [
        mut panics,
        mut early,
        leaves,
        granted,
        mut fails,
        mut fills,
        mut finds,
    ] = waiters;
    drop(leaves);
    *successor.borrow_mut() = Arc::clone(panics.counter());

    drop(hangs);
    ensure!(
        !woken_early.get(),
        "the next one's turn came before the cancelled initialiser was dropped"
    );
    for (who, waiter) in [("in its future", &mut panics), ("at once", &mut early)] {
        ensure!(
            waiter.wakes() > 0,
            "the one that panics {who} did not get its turn"
        );
        let caught = catch_unwind(AssertUnwindSafe(|| waiter.poll().is_ready()));
        ensure!(caught.is_err(), "a panic {who} was swallowed");
    }
    ensure!(granted.wakes() > 0, "a panic kept the turn");
    drop(granted); // Dropped when its turn had come, unpolled.
    ensure!(
        fails.wakes() > 0,
        "a turn was lost with the waiter that was dropped"
    );
    let failed = fails.ready("the one that fails")?;
    ensure_eq!(failed.copied(), Err(()), "what a failed initialiser gives");
    ensure_eq!(cell.get(), None, "the value after all who failed");
    ensure!(fills.wakes() > 0, "an error kept the turn");
    let filled = fills.ready("the one that fills the cell")?;
    ensure_eq!(filled.copied(), Ok(5), "what it gives");
    let found = finds.ready("the one after it")?;
    ensure_eq!(found.copied(), Ok(5), "what it gives");
    let all = [
        Init::Hangs,
        Init::Panics,
        Init::PanicsBeforeItsFuture,
        Init::Fails,
        Init::Gives(5),
    ];
    ensure_eq!(*begun.borrow(), all, "the initialisers that ran, in order");
    Ok(())
}

/// A value can be set, waited for and taken out.
pub fn sy_51<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    let mut cell = OnceCell::new();
    ensure!(cell.get_mut().is_none(), "an empty cell has a value");
    let drops = Wakes::new();
    {
        let gate = Gate::new();
        let mut slow = Probe::new(cell.get_or_init(async || {
            gate.wait().await;
            (3, Counted::new(&drops))
        }));
        let mut queued = Probe::new(cell.get_or_init(async || (4, Counted::new(&drops))));
        let mut waits = Probe::new(cell.wait());
        ensure!(
            slow.is_pending() && queued.is_pending() && waits.is_pending(),
            "a value is there before it was made"
        );
        ensure!(
            cell.set((1, Counted::new(&drops))).is_ok(),
            "an empty cell cannot be set"
        );
        let again = cell.set((2, Counted::new(&drops)));
        ensure!(
            again.is_err_and(|(value, _)| value == 2),
            "a value that was set twice did not come back"
        );
        ensure!(
            queued.wakes() > 0 && waits.wakes() > 0,
            "`set` did not wake those who wait"
        );
        let both = (
            queued.ready("an initialiser in the queue, after `set`,")?.0,
            waits.ready("one who waits, after `set`,")?.0,
        );
        ensure_eq!(both, (1, 1), "the value that was set");
        ensure_eq!(drops.count(), 1, "the values that were dropped");
        gate.open();
        let kept = slow.ready("the initialiser that was overtaken by `set`")?.0;
        ensure_eq!(kept, 1, "what the overtaken initialiser's caller gets");
        ensure_eq!(drops.count(), 2, "the values that were dropped");
        let late = Probe::new(cell.wait()).ready("a wait for a full cell")?.0;
        ensure_eq!(late, 1, "the value that was set");
    }
    if let Some((value, _)) = cell.get_mut() {
        *value = 9;
    }
    let taken = cell.take().map(|(value, _)| value);
    ensure_eq!(taken, Some(9), "the value that was taken out");
    ensure!(cell.get().is_none(), "a value is there after it was taken");
    {
        let mut waits = Probe::new(cell.wait());
        ensure!(waits.is_pending(), "a value is there after it was taken");
        let mut fills = Probe::new(cell.get_or_init(async || (8, Counted::new(&drops))));
        ensure_eq!(
            fills.ready("an empty cell's initialiser")?.0,
            8,
            "its value"
        );
        ensure!(waits.wakes() > 0, "an initialiser did not wake who waits");
        waits.ready("one who waits, after the cell was filled,")?;
    }
    let value = cell.into_inner().map(|(value, _)| value);
    ensure_eq!(value, Some(8), "the value of the cell");
    let mut cell = OnceCell::from(1);
    ensure_eq!(*Probe::new(cell.wait()).ready("a full cell")?, 1, "it");
    ensure_eq!(cell.take(), Some(1), "the value that was taken out");
    Ok(())
}

/// Tasks on all workers fill cells, one initialiser a cell.
pub fn sy_52<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        for round in 0..30 {
            let shared = Arc::new((OnceCell::new(), AtomicUsize::new(0), AtomicUsize::new(0)));
            let mut tasks = Vec::new();
            for n in 0..4 {
                let shared = shared.clone();
                tasks.push(ctx.rt().spawn(async move {
                    let (cell, at_once, done) = &*shared;
                    let init = async || {
                        let alone = at_once.fetch_add(1, SeqCst) == 0;
                        let _end = OnDrop::new(|| {
                            at_once.fetch_sub(1, SeqCst);
                        });
                        yield_now().await;
                        done.fetch_add(1, SeqCst);
                        alone
                    };
                    if n % 2 == 1 {
                        // Gives up, perhaps in the middle of it.
                        let _polled = Probe::new(cell.get_or_init(init)).poll();
                    }
                    *cell.get_or_init(init).await
                }));
            }
            let waits = shared.clone();
            tasks.push(ctx.rt().spawn(async move { *waits.0.wait().await }));
            for task in tasks {
                let alone = task
                    .await
                    .map_err(|error| Stop::failed(format!("a task at the cell: {error}")))?;
                ensure!(alone, "two initialisers ran at once, in round {round}");
            }
            let done = shared.2.load(SeqCst);
            ensure_eq!(done, 1, "the initialisers that came to their end");
        }
        Ok(())
    })
}
