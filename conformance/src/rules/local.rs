//! *LO*: tasks that stay on their thread.

use crate::outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq};
use anyrt_core::{
    rt::SpawnLocal,
    task::{run_local, yield_now},
};
use std::{cell::Cell, rc::Rc, thread, time::Duration};

/// `!Send` futures run, all of them on the thread that called.
pub fn lo_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let home = thread::current().id();
    let rt = ctx.rt().clone();
    run_local(ctx.rt(), |spawner| async move {
        let sum = Rc::new(Cell::new(0));
        let mut handles = Vec::new();
        for n in 1..=4 {
            let (sum, rt) = (Rc::clone(&sum), rt.clone());
            handles.push(spawner.spawn_local(async move {
                let mut stayed = thread::current().id() == home;
                yield_now().await;
                stayed &= thread::current().id() == home;
                rt.sleep(Duration::from_millis(n)).await;
                sum.set(sum.get() + n);
                stayed && thread::current().id() == home
            }));
        }
        for handle in handles {
            match handle.await {
                Ok(stayed) => ensure!(stayed, "a local task ran on another thread"),
                Err(error) => return Err(Stop::failed(format!("a local task: {error}"))),
            }
        }
        ensure_eq!(sum.get(), 10, "the sum that the local tasks shared");
        Ok(())
    })
}
