//! *SY*, the event.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::Probe,
};
use anyrt_core::sync::Event;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// Once set everyone returns; `clear` re-arms it.
pub fn sy_11<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    let event = Event::new();
    let unpolled = Probe::new(event.wait());
    let mut earlier: Vec<_> = (0..3).map(|_| Probe::new(event.wait())).collect();
    for waiter in &mut earlier {
        ensure!(waiter.is_pending(), "a wait is ready before the event");
    }
    event.set();
    ensure!(event.is_set(), "an event that was set is not");
    for waiter in &mut earlier {
        ensure!(waiter.wakes() > 0, "one who waits was not woken");
        waiter.ready("one who waited before the event was set")?;
    }
    for mut later in [unpolled, Probe::new(event.wait())] {
        later.ready("a wait for an event that is set")?;
    }
    event.set();
    event.clear();
    ensure!(!event.is_set(), "an event that was cleared is set");

    // Cleared before those who waited at `set` are polled.
    let mut earlier: Vec<_> = (0..3).map(|_| Probe::new(event.wait())).collect();
    for waiter in &mut earlier {
        ensure!(
            waiter.is_pending(),
            "a wait is ready after the event was cleared"
        );
    }
    event.set();
    event.clear();
    let mut later = Probe::new(event.wait());
    ensure!(
        later.is_pending(),
        "a wait is ready after the event was cleared"
    );
    for waiter in &mut earlier {
        waiter.ready("one who waited when the event was set, though it was cleared since,")?;
    }
    ensure!(later.is_pending(), "an earlier `set` reached a later wait");
    event.set();
    later.ready("the later wait, after another `set`,")
}

/// Tasks hand the turn to and fro with two events.
pub fn sy_40<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    const ROUNDS: usize = 300;

    async fn take_turns(mine: &Event, theirs: &Event, ball: &AtomicUsize) -> usize {
        let mut seen = 0;
        for _ in 0..ROUNDS {
            mine.wait().await;
            mine.clear();
            seen = ball.load(Relaxed);
            ball.store(seen + 1, Relaxed);
            theirs.set();
        }
        seen
    }

    ctx.run(async {
        let shared = Arc::new((Event::new(), Event::new(), AtomicUsize::new(0)));
        let start = Arc::new(Event::new());
        let bystanders: Vec<_> = (0..4)
            .map(|_| {
                let start = start.clone();
                ctx.rt().spawn(async move { start.wait().await })
            })
            .collect();
        let (ours, started) = (shared.clone(), start.clone());
        let ping = ctx.rt().spawn(async move {
            started.wait().await;
            take_turns(&ours.0, &ours.1, &ours.2).await
        });
        let ours = shared.clone();
        let pong = ctx
            .rt()
            .spawn(async move { take_turns(&ours.1, &ours.0, &ours.2).await });
        start.set();
        shared.0.set();
        let failed = |error| Stop::failed(format!("a task that waits for events: {error}"));
        for bystander in bystanders {
            bystander.await.map_err(failed)?;
        }
        let last = (ping.await.map_err(failed)?, pong.await.map_err(failed)?);
        ensure_eq!(
            last,
            (2 * ROUNDS - 2, 2 * ROUNDS - 1),
            "the turns that both saw last"
        );
        Ok(())
    })
}
