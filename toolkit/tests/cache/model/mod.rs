//! Random operations on the cache, beside one that does the same without being clever.
//!
//! Each run is drawn from a seed: the settings, and a list of operations. Reads, writes, `clear`, `update` (with a
//! change in between), refreshes, time; calls that load, which are polled, dropped and given new wakers one
//! by one, and their loads, whose ends are operations too. A call may be dropped before, between and after
//! any of them, its load's end included.
//!
//! A list is numbers that always mean something, so any part of one is one: where a run fails, what it does
//! not need is cut out, and the rest is printed.

mod calls;
mod loads;
mod naive;
mod rules;
mod run;

use crate::Drawn;
use anyrt_sim::Sim;
use naive::Gone;
use rules::Rules;
use std::sync::{Arc, Mutex};

type Told = Arc<Mutex<Vec<Gone>>>;

const OPERATIONS: u64 = 40;
const KEYS: u64 = 4;

/// An operation: what, on which key, and a number for all else that it needs.
#[derive(Debug, Clone, Copy)]
struct Op {
    what: What,
    key: u32,
    number: u64,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Get,
    Contains,
    Insert,
    Remove,
    Update,
    Clear,
    Iterate,
    Sweep,
    Wait,
    /// A call that loads is made, and polled or not.
    Call,
    /// One that is there is polled, with another waker or the same.
    Poll,
    Drop,
    /// A load comes to its end, as far as the loader goes.
    End,
    Refresh,
}

/// As often as they are here.
const MIX: [What; 32] = {
    use What::*;
    [
        Get, Get, Contains, Insert, Insert, Remove, Update, Update, Clear, Iterate, Sweep, Wait,
        Wait, Wait, Call, Call, Call, Call, Call, Call, Call, Poll, Poll, Poll, Drop, Drop, Drop,
        End, End, End, End, Refresh,
    ]
};

/// The settings and operations of a seed.
fn plan(seed: u64) -> (Rules, Vec<Op>) {
    let mut drawn = Drawn::new(seed);
    let rules = Rules::draw(&mut drawn);
    // Few keys where little fits, so that all meet.
    let keys = 1 + drawn.below(KEYS);
    let mut op = || Op {
        what: MIX[drawn.below(MIX.len() as u64) as usize],
        key: drawn.below(keys) as u32,
        number: drawn.next() >> 8,
    };
    (rules, (0..OPERATIONS).map(|_| op()).collect())
}

/// Why a run fails, if it does.
fn failure(seed: u64, rules: Rules, ops: &[Op]) -> Option<String> {
    let body = |rt| run::run(rt, rules, ops.to_vec());
    // Each poll is an operation: nobody may come before it.
    let sim = Sim::new().new_wakers(8).same_thread().forbid_leaks();
    let run = sim.run(seed, body);
    run.failure.map(|failure| failure.to_string())
}

/// Without what the failure does not need.
fn shrunk(seed: u64, rules: Rules, mut ops: Vec<Op>) -> Vec<Op> {
    let mut chunk = ops.len().div_ceil(2);
    while chunk > 0 {
        let mut at = 0;
        while at < ops.len() {
            let mut fewer = ops.clone();
            fewer.drain(at..(at + chunk).min(ops.len()));
            match failure(seed, rules, &fewer) {
                Some(_) => ops = fewer,
                None => at += chunk,
            }
        }
        chunk /= 2;
    }
    ops
}

#[test]
fn it_does_what_a_naive_one_does() {
    for seed in 0..12_000 {
        let (rules, ops) = plan(seed);
        if failure(seed, rules, &ops).is_some() {
            let ops = shrunk(seed, rules, ops);
            let why = failure(seed, rules, &ops).unwrap();
            let ops: String = ops.iter().map(|op| format!("  {op:?}\n")).collect();
            panic!("seed {seed}, {rules:?}:\n{ops}{why}");
        }
    }
}
