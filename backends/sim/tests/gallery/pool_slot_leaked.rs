//! sqlx#83: a pool runs dry, though nobody has a connection.
//!
//! A slot was counted as taken before the connection was made, and the caller was cancelled while it
//! was being made; after a few of those nobody ever got a connection. The count was taken back on
//! errors, and a future that is dropped returns none.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Defer, Shared, draw, join, round_trips, spawn, up_to_polls},
};
use anyrt_core::rt::Runtime;

pub(crate) const BUG: Bug = Bug {
    name: "pool_slot_leaked",
    library: "sqlx#83",
    symptom: Symptom::Deadlock,
    within: 40,
    run: both!(scenario),
};

const MAX: usize = 1;

#[derive(Clone, Default)]
struct Pool(Shared<usize>);

/// A connection, which is closed when it is dropped.
struct Connection(Pool);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.0.change(|size| *size -= 1);
    }
}

impl Pool {
    async fn get<R: Runtime, const FIXED: bool>(&self, rt: &R) -> Connection {
        let slot = |size: &mut usize| (*size < MAX).then(|| *size += 1);
        self.0.until(slot).await;
        let leaving = Defer::new(|| {
            if FIXED {
                self.0.change(|size| *size -= 1);
            }
        });
        connect(rt).await;
        leaving.disarm();
        Connection(self.clone())
    }
}

async fn connect<R: Runtime>(rt: &R) {
    round_trips(rt, 2).await;
}

/// Whoever is not cancelled gets a connection.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let pool = Pool::default();
    let cancelled = {
        let (pool, polls) = (pool.clone(), draw(&rt, 4));
        spawn(&rt, |rt| async move {
            drop(up_to_polls(polls, pool.get::<_, FIXED>(&rt)).await);
        })
    };
    let other = spawn(
        &rt,
        |rt| async move { drop(pool.get::<_, FIXED>(&rt).await) },
    );
    join([cancelled, other]).await;
}
