//! *SI*: signals of the system.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Probe, on_plain_thread},
};
use anyrt_core::rt::{
    Signal::{self, User1, User2},
    SignalStream,
};
use futures_core::Stream;
use std::{io, pin::Pin, sync::Arc};

type Listening = Pin<Box<dyn Stream<Item = Signal> + Send>>;

fn listening(asked: io::Result<Listening>) -> Result<Listening, Stop> {
    asked.map_err(|error| Stop::failed(format!("`signals` failed: {error}")))
}

/// None is lost between the call and the first poll, nor between two polls.
pub fn si_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let turn = ctx.signals()?;
    let mut both = listening(on_plain_thread(|| turn.listen(&[User1, User2, User1]))?)?;
    turn.raise(User1);
    turn.raise(User2);
    ctx.run(async {
        let mut came = [both.recv().await, both.recv().await];
        came.sort_unstable();
        ensure_eq!(came, [Some(User1), Some(User2)], "raised before a poll");

        let mut waiting = Probe::new(both.recv());
        ensure!(waiting.is_pending(), "a signal came twice");
        turn.raise(User1);
        waiting.woken_past(0).await;
        ensure_eq!(waiting.finish().await, Some(User1), "raised after a poll");

        let mut none = listening(turn.listen(&[]))?;
        let ended = Probe::new(none.recv()).ready("a stream of no signals")?;
        ensure_eq!(ended, None, "a stream of no signals");
        Ok(())
    })
}

/// Everyone sees what they asked for, and nothing else.
pub fn si_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let turn = ctx.signals()?;
    let mut first = listening(turn.listen(&[User1]))?;
    let mut both = listening(turn.listen(&[User1, User2]))?;
    let mut second = listening(turn.listen(&[User2]))?;
    ctx.run(async {
        turn.raise(User1);
        ensure_eq!(both.recv().await, Some(User1), "who asked for both");
        turn.raise(User2);
        ensure_eq!(both.recv().await, Some(User2), "who asked for both");
        ensure_eq!(first.recv().await, Some(User1), "who asked for one");
        // The other was raised before: it would have come first.
        ensure_eq!(second.recv().await, Some(User2), "who asked for the other");
        Ok(())
    })
}

/// Whoever goes leaves no waker behind, and takes nothing along.
pub fn si_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let turn = ctx.signals()?;
    let mut stays = listening(turn.listen(&[User1]))?;
    let mut goes = listening(turn.listen(&[User1]))?;
    ctx.run(async {
        let mut given_up = Probe::new(goes.recv());
        ensure!(given_up.is_pending(), "a signal that nobody raised");
        let waker = given_up.counter().clone();
        drop(given_up);
        drop(goes);
        ensure_eq!(
            Arc::strong_count(&waker),
            1,
            "those that hold a waker, once its stream is gone"
        );

        let mut given_up = Probe::new(stays.recv());
        ensure!(given_up.is_pending(), "a signal that nobody raised");
        drop(given_up);
        turn.raise(User1);
        ensure_eq!(
            stays.recv().await,
            Some(User1),
            "raised after a wait was given up"
        );
        ensure_eq!(waker.count(), 0, "the wakes of who is gone");
        Ok(())
    })
}
