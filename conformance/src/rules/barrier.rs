//! *SY*, the barrier.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::Probe,
};
use anyrt_core::{sync::Barrier, task::yield_now};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

fn barrier(n: usize) -> Result<Barrier, Stop> {
    Barrier::new(n).map_err(|error| Stop::failed(format!("a barrier for {n}: {error}")))
}

/// A waiter that is dropped leaves the count.
pub fn sy_14<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    let barrier = barrier(2)?;
    drop(barrier.wait());
    let mut gone = Probe::new(barrier.wait());
    ensure!(gone.is_pending(), "one of two was let go alone");
    drop(gone);
    let mut first = Probe::new(barrier.wait());
    ensure!(
        first.is_pending(),
        "one who was dropped still counts: the barrier let go one of two"
    );
    let leader = Probe::new(barrier.wait()).ready("the second of two")?;
    ensure!(leader.is_leader(), "the last of a generation does not lead");
    let followed = first.ready("the first of two, after the second,")?;
    ensure!(!followed.is_leader(), "a generation has two leaders");

    // Dropped when it was let go, unpolled: that is no matter of the next generation.
    let mut let_go = Probe::new(barrier.wait());
    ensure!(let_go.is_pending(), "one of two was let go alone");
    Probe::new(barrier.wait()).ready("the second of two")?;
    let mut first = Probe::new(barrier.wait());
    ensure!(first.is_pending(), "one of two was let go alone");
    drop(let_go);
    let leader = Probe::new(barrier.wait()).ready("the second of two")?;
    ensure!(leader.is_leader(), "the last of a generation does not lead");
    first.ready("the first of two, after the second,").map(drop)
}

/// The last lets all go and leads; generations follow one another in order.
pub fn sy_47<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    ensure!(Barrier::new(0).is_err(), "a barrier for nobody was made");
    let alone = barrier(1)?;
    for _ in 0..2 {
        let leads = Probe::new(alone.wait()).ready("one of one")?.is_leader();
        ensure!(leads, "one of one does not lead");
    }

    let barrier = barrier(3)?;
    let [mut a, mut b, mut c, mut d, mut e, mut f] = [(); 6].map(|()| Probe::new(barrier.wait()));
    ensure!(
        b.is_pending() && a.is_pending(),
        "fewer than three were let go"
    );
    ensure!(
        c.ready("the third of three")?.is_leader(),
        "the last of a generation does not lead"
    );
    ensure!(
        a.wakes() > 0 && b.wakes() > 0,
        "the leader did not wake the others"
    );
    // The next generation begins before all of this one have seen that they may go.
    ensure!(
        d.is_pending() && e.is_pending(),
        "fewer than three were let go"
    );
    for waiter in [&mut a, &mut b] {
        let result = waiter.ready("one of three, after the third,")?;
        ensure!(!result.is_leader(), "a generation has two leaders");
    }
    ensure!(
        d.is_pending() && e.is_pending(),
        "fewer than three were let go"
    );
    ensure!(
        f.ready("the third of the next generation")?.is_leader(),
        "the last of a generation does not lead"
    );
    for waiter in [&mut d, &mut e] {
        let result = waiter.ready("one of the next generation")?;
        ensure!(!result.is_leader(), "a generation has two leaders");
    }
    Ok(())
}

/// No task runs ahead of its generation.
pub fn sy_48<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    const TASKS: usize = 4;
    const ROUNDS: usize = 100;

    ctx.run(async {
        let barrier = Arc::new(barrier(TASKS)?);
        let counts = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..TASKS)
            .map(|n| {
                let (barrier, counts) = (barrier.clone(), counts.clone());
                ctx.rt().spawn(async move {
                    let (arrived, given_up) = &*counts;
                    let mut led = 0;
                    for round in 1..=ROUNDS {
                        if n == 0 {
                            // Comes after all have given up once, so that none of them was the last.
                            while given_up.load(SeqCst) < round * (TASKS - 1) {
                                yield_now().await;
                            }
                        } else {
                            let mut gives_up = Probe::new(barrier.wait());
                            let early = gives_up.poll().is_ready();
                            ensure!(!early, "fewer than {TASKS} were let go");
                            yield_now().await;
                            drop(gives_up);
                            given_up.fetch_add(1, SeqCst);
                        }
                        arrived.fetch_add(1, SeqCst);
                        led += usize::from(barrier.wait().await.is_leader());
                        let now = arrived.load(SeqCst);
                        ensure!(
                            (round * TASKS..(round + 1) * TASKS).contains(&now),
                            "{now} arrivals were seen in generation {round} of {TASKS}"
                        );
                    }
                    Ok(led)
                })
            })
            .collect();
        let mut led = 0;
        for task in tasks {
            led += task
                .await
                .map_err(|error| Stop::failed(format!("a task at the barrier: {error}")))??;
        }
        ensure_eq!(led, ROUNDS, "the leaders of as many generations");
        Ok(())
    })
}
