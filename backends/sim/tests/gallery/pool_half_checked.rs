//! bb8: a connection is given out in the middle of somebody else's conversation.
//!
//! A caller was cancelled while the pool asked an idle connection whether it was alive; the connection
//! went back to the idle ones with the answer under way, and the next user read that answer as its
//! own. The guard's destructor took every connection for a healthy one.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Shared, draw, join, round_trips, spawn, up_to_polls},
};
use anyrt_core::rt::Runtime;
use std::collections::VecDeque;

pub(crate) const BUG: Bug = Bug {
    name: "pool_half_checked",
    library: "bb8",
    symptom: Symptom::Violated("the answer to another question"),
    within: 80,
    run: both!(scenario),
};

const PING: u32 = 0;

/// Answers come in the order of the questions.
#[derive(Default)]
struct Connection {
    answers: VecDeque<u32>,
}

impl Connection {
    async fn ask<R: Runtime>(&mut self, rt: &R, question: u32) -> u32 {
        self.answers.push_back(question);
        round_trips(rt, 1).await;
        self.answers
            .pop_front()
            .expect("there is one to a question")
    }
}

#[derive(Clone, Default)]
struct Pool(Shared<Vec<Connection>>);

struct Guard {
    pool: Pool,
    connection: Connection,
    is_healthy: bool,
}

impl Pool {
    async fn get<R: Runtime, const FIXED: bool>(&self, rt: &R) -> Guard {
        let mut guard = Guard {
            pool: self.clone(),
            connection: self.0.with(Vec::pop).unwrap_or_default(),
            is_healthy: !FIXED,
        };
        guard.connection.ask(rt, PING).await;
        guard.is_healthy = true;
        guard
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.is_healthy {
            let connection = std::mem::take(&mut self.connection);
            self.pool.0.with(|idle| idle.push(connection));
        }
    }
}

/// Whoever asks gets an answer to its own question.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let pool = Pool::default();
    let checking = {
        let (pool, polls) = (pool.clone(), 1 + draw(&rt, 2));
        spawn(&rt, |rt| async move {
            drop(up_to_polls(polls, pool.get::<_, FIXED>(&rt)).await);
        })
    };
    let asking = spawn(&rt, |rt| async move {
        for question in 1..=2 {
            let mut guard = pool.get::<_, FIXED>(&rt).await;
            let answer = guard.connection.ask(&rt, question).await;
            assert_eq!(answer, question, "the answer to another question");
        }
    });
    join([checking, asking]).await;
}
