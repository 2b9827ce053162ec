//! A pool against a naive model: what each call gets, after each of many operations.
//!
//! Calls are polled by hand, first come, first served, and not after each operation: so some are dropped with what
//! they had been given and have not seen.

use super::{draw, polled};
use anyrt_sim::{SimRuntime, check, sometimes};
use anyrt_toolkit::pool::{Manager, Pool, PoolError, Pooled};
use std::{
    collections::{BTreeMap, BTreeSet},
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    task::Poll,
};

/// Numbers the objects that it makes.
#[derive(Debug, Default)]
struct Numbers(AtomicUsize);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Object {
    id: usize,
    /// It will not pass its next check.
    stale: bool,
    /// It is not to come back.
    broken: bool,
}

impl Object {
    fn new(id: usize) -> Self {
        Self {
            id,
            stale: false,
            broken: false,
        }
    }
}

impl Manager for Numbers {
    type Object = Object;
    type Error = ();

    async fn create(&self) -> Result<Object, ()> {
        Ok(Object::new(self.0.fetch_add(1, SeqCst)))
    }

    async fn recycle(&self, object: &mut Object) -> Result<(), ()> {
        match object.stale {
            true => Err(()),
            false => Ok(()),
        }
    }

    fn keep(&self, object: &mut Object) -> bool {
        !object.broken
    }
}

/// What a pool is, without a thought of threads or time. Callers are numbers.
#[derive(Debug, Default)]
struct Model {
    max: usize,
    live: usize,
    made: usize,
    idle: Vec<Object>,
    /// In the order in which they first asked.
    waiting: BTreeSet<usize>,
    /// A place, with an object or without, that its caller has not seen.
    granted: BTreeMap<usize, Option<Object>>,
}

impl Model {
    /// What a new caller gets, if anything.
    fn get(&mut self, caller: usize) -> Option<Object> {
        if let Some(object) = self.idle.pop() {
            return self.check(caller, Some(object));
        }
        if self.live < self.max {
            self.live += 1;
            return self.check(caller, None);
        }
        self.waiting.insert(caller);
        None
    }

    /// What a caller who waits gets, if anything.
    fn poll(&mut self, caller: usize) -> Option<Object> {
        let granted = self.granted.remove(&caller)?;
        self.check(caller, granted)
    }

    /// What becomes of a place.
    fn check(&mut self, caller: usize, object: Option<Object>) -> Option<Object> {
        if let Some(object) = object.filter(|object| !object.stale) {
            return Some(object);
        }
        if let Some(object) = self.idle.pop() {
            self.live -= 1;
            return self.check(caller, Some(object));
        }
        if self.live <= self.max {
            self.made += 1;
            return Some(Object::new(self.made - 1));
        }
        self.waiting.insert(caller);
        self.free();
        None
    }

    /// An object comes back.
    fn put(&mut self, object: Object) {
        if object.broken || self.live > self.max {
            self.free();
        } else if let Some(first) = self.waiting.pop_first() {
            self.granted.insert(first, Some(object));
        } else {
            self.idle.push(object);
        }
    }

    /// A place comes back.
    fn free(&mut self) {
        if self.live <= self.max
            && let Some(first) = self.waiting.pop_first()
        {
            self.granted.insert(first, None);
        } else {
            self.live -= 1;
        }
    }

    /// A caller goes.
    fn leave(&mut self, caller: usize) {
        self.waiting.retain(|waits| *waits != caller);
        match self.granted.remove(&caller) {
            Some(Some(object)) => self.put(object),
            Some(None) => self.free(),
            None => {}
        }
    }

    fn resize(&mut self, max: usize) {
        self.max = max;
        while self.live > max && !self.idle.is_empty() {
            self.idle.remove(0);
            self.live -= 1;
        }
        while self.live < max
            && let Some(first) = self.waiting.pop_first()
        {
            self.live += 1;
            self.granted.insert(first, None);
        }
    }
}

type Given = Pooled<SimRuntime, Numbers>;
type Call = Pin<Box<dyn Future<Output = Result<Given, PoolError<()>>>>>;

struct Both {
    rt: SimRuntime,
    pool: Pool<SimRuntime, Numbers>,
    model: Model,
    calls: BTreeMap<usize, Call>,
    held: Vec<Given>,
    callers: usize,
}

impl Both {
    fn new(rt: &SimRuntime, max: usize) -> Self {
        let pool = Pool::builder(rt, Numbers::default()).max_size(max).build();
        Self {
            rt: rt.clone(),
            pool: pool.unwrap(),
            model: Model {
                max,
                ..Model::default()
            },
            calls: BTreeMap::new(),
            held: Vec::new(),
            callers: 0,
        }
    }

    /// Polls a call, and compares what it gets with what it should.
    fn poll(&mut self, caller: usize, mut call: Call, wanted: Option<Object>) {
        match polled(call.as_mut()) {
            Poll::Ready(got) => {
                let got = got.unwrap();
                assert_eq!(Some(*got), wanted, "what caller {caller} gets");
                self.held.push(got);
            }
            Poll::Pending => {
                assert_eq!(None, wanted, "what caller {caller} gets");
                self.calls.insert(caller, call);
            }
        }
    }

    fn get(&mut self) {
        let (caller, pool) = (self.callers, self.pool.clone());
        self.callers += 1;
        let wanted = self.model.get(caller);
        self.poll(caller, Box::pin(async move { pool.get().await }), wanted);
    }

    fn poll_all(&mut self) {
        for (caller, call) in std::mem::take(&mut self.calls) {
            let wanted = self.model.poll(caller);
            self.poll(caller, call, wanted);
        }
    }

    fn give_up(&mut self) {
        let last = self.calls.len().checked_sub(1);
        let Some(nth) = last.map(|last| draw(&self.rt, last as u64) as usize) else {
            return;
        };
        let caller = *self.calls.keys().nth(nth).unwrap();
        sometimes!(
            self.model.granted.contains_key(&caller),
            "a caller goes with what it was given"
        );
        drop(self.calls.remove(&caller));
        self.model.leave(caller);
    }

    fn give_back(&mut self) {
        let Some(last) = self.held.len().checked_sub(1) else {
            return;
        };
        let nth = draw(&self.rt, last as u64) as usize;
        let mut given = self.held.swap_remove(nth);
        match draw(&self.rt, 7) {
            0 => {
                Pooled::detach(given);
                return self.model.free();
            }
            1 => {
                Pooled::discard(given);
                return self.model.free();
            }
            2 => given.broken = true,
            3 => given.stale = true,
            _ => {}
        }
        self.model.put(*given);
    }

    fn compare(&self) {
        let Model {
            max, live, made, ..
        } = self.model;
        let found = self.pool.stats();
        assert_eq!(
            (found.max_size, found.live, found.created),
            (max, live, made as u64)
        );
        let (idle, waiting) = (self.model.idle.len(), self.model.waiting.len());
        assert_eq!((found.idle, found.waiting), (idle, waiting));
    }
}

#[test]
fn each_gets_what_a_naive_model_says() {
    check(2_000, |rt| async move {
        let mut both = Both::new(&rt, 1 + draw(&rt, 3) as usize);
        for _ in 0..60 {
            match draw(&rt, 9) {
                0..=3 => both.get(),
                4..=6 => both.give_back(),
                7 => both.give_up(),
                8 => both.poll_all(),
                _ => {
                    let max = 1 + draw(&rt, 3) as usize;
                    both.pool.resize(max).unwrap();
                    both.model.resize(max);
                }
            }
            both.compare();
        }
    });
}
