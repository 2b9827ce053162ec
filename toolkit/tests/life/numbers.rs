//! A manager whose objects are numbers, and in which anything can go wrong.

use super::{Count, Held, SECOND};
use anyrt_core::{rt::Sleep, task::yield_now};
use anyrt_sim::SimRuntime;
use anyrt_toolkit::pool::{Manager, Pool, PoolBuilder};
use std::sync::{Arc, Mutex};

/// Makes numbers: 1, 2, …
#[derive(Debug, Clone)]
pub(crate) struct Numbers {
    rt: SimRuntime,
    pub(crate) made: Count,
    /// Those that are there, or being made.
    pub(crate) there: Count,
    /// What goes wrong next.
    pub(crate) fault: Arc<Mutex<Fault>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Fault {
    #[default]
    None,
    CreateFails,
    CreateHangs,
    CreatePanics,
    RecycleFails,
    RecycleHangs,
    RecyclePanics,
    Broken,
    KeepPanics,
}

#[derive(Debug)]
pub(crate) struct Number {
    pub(crate) id: usize,
    /// A check has begun, and not ended.
    half_checked: bool,
    _there: Held,
}

impl Numbers {
    pub(crate) fn new(rt: &SimRuntime) -> Self {
        Self {
            rt: rt.clone(),
            made: Count::default(),
            there: Count::default(),
            fault: Arc::default(),
        }
    }

    pub(crate) fn next_fault(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    fn has(&self, fault: Fault) -> bool {
        *self.fault.lock().unwrap() == fault
    }
}

impl Manager for Numbers {
    type Object = Number;
    type Error = &'static str;

    async fn create(&self) -> Result<Number, &'static str> {
        let there = self.there.held();
        yield_now().await;
        if self.has(Fault::CreateHangs) {
            self.rt.sleep(10 * SECOND).await;
        }
        assert!(!self.has(Fault::CreatePanics), "no number");
        if self.has(Fault::CreateFails) {
            return Err("no number");
        }
        Ok(Number {
            id: self.made.up(),
            half_checked: false,
            _there: there,
        })
    }

    async fn recycle(&self, number: &mut Number) -> Result<(), &'static str> {
        assert!(!number.half_checked, "half checked, and handed out");
        number.half_checked = true;
        yield_now().await;
        if self.has(Fault::RecycleHangs) {
            self.rt.sleep(10 * SECOND).await;
        }
        assert!(!self.has(Fault::RecyclePanics), "not fit");
        if self.has(Fault::RecycleFails) {
            return Err("not fit");
        }
        number.half_checked = false;
        Ok(())
    }

    fn keep(&self, _: &mut Number) -> bool {
        assert!(!self.has(Fault::KeepPanics), "not kept");
        !self.has(Fault::Broken)
    }
}

pub(crate) type Numbered = Pool<SimRuntime, Numbers>;

pub(crate) fn builder(rt: &SimRuntime) -> PoolBuilder<SimRuntime, Numbers> {
    Pool::builder(rt, Numbers::new(rt))
}
