//! What is entered is closed, in reverse, at whatever point the whole is dropped.

use crate::kit::{Count, Live, SECOND, step};
use anyrt_core::rt::Sleep;
use anyrt_sim::{SimRuntime, check_cancel};
use anyrt_toolkit::resource::{
    AsyncClose, ExitStack, Exits, exit_stack, with_resource, with_resources,
};
use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

/// The doors that are open, or being opened or closed, and the numbers of those that were.
#[derive(Debug, Clone, Default)]
struct House {
    live: Count,
    opened: Arc<Mutex<Vec<u32>>>,
    closed: Arc<Mutex<Vec<u32>>>,
}

/// A door that takes a second to shut.
struct Door {
    rt: SimRuntime,
    house: House,
    number: u32,
    takes: Duration,
    _live: Live,
}

impl House {
    /// Opens a door, which takes a while.
    async fn open(self, rt: SimRuntime, number: u32) -> Result<Door, Infallible> {
        let live = self.live.live();
        step(&rt).await;
        self.opened.lock().unwrap().push(number);
        Ok(Door {
            rt,
            house: self,
            number,
            takes: SECOND,
            _live: live,
        })
    }

    /// Soon all doors that were opened have been closed, each once, and nothing is alive.
    async fn shut(self, rt: SimRuntime) {
        rt.sleep(20 * SECOND).await;
        let mut opened = std::mem::take(&mut *self.opened.lock().unwrap());
        let closed = std::mem::take(&mut *self.closed.lock().unwrap());
        assert!(closed.is_sorted_by(|one, next| one > next), "{closed:?}");
        opened.sort_unstable_by(|one, next| next.cmp(one));
        assert_eq!(opened, closed);
        assert_eq!(self.live.get(), 0, "what was dropped is alive");
    }
}

impl AsyncClose for Door {
    type Error = Infallible;

    async fn close(self) -> Result<(), Infallible> {
        step(&self.rt).await;
        self.rt.sleep(self.takes).await;
        self.house.closed.lock().unwrap().push(self.number);
        Ok(())
    }
}

/// Runs `op` on a house; soon all of its doors have to be shut.
fn doors_are_shut(op: impl AsyncFn(SimRuntime, House) + Sync) {
    check_cancel(
        |_| async { House::default() },
        |rt, house| op(rt, house),
        |rt, house| house.shut(rt),
    );
}

/// Enters two doors, one after the other, and then does something.
async fn entered(exits: Exits<SimRuntime>, rt: SimRuntime, house: House) -> Result<(), Infallible> {
    let first = exits.enter(house.clone().open(rt.clone(), 1).await?);
    let second = exits.enter_named("the second", house.clone().open(rt.clone(), 2).await?);
    let work = house.live.work(&rt);
    let closed = house.closed.clone();
    exits.defer("the third", || async move {
        closed.lock().unwrap().push(3);
        Ok::<_, Infallible>(())
    });
    house.opened.lock().unwrap().push(3);
    work.await;
    drop((first, second));
    Ok(())
}

pub(crate) fn stack_run() {
    doors_are_shut(async |rt, house| {
        let stack = ExitStack::new(&rt).close_timeout(5 * SECOND);
        let used = stack.run(|exits| entered(exits, rt.clone(), house));
        used.await.unwrap();
    });
}

pub(crate) fn stack_around() {
    doors_are_shut(async |rt, house| {
        let used = exit_stack(&rt, |exits| entered(exits, rt.clone(), house));
        used.await.unwrap();
    });
}

pub(crate) fn stack_close() {
    doors_are_shut(async |rt, house| {
        let stack = ExitStack::new(&rt);
        entered(stack.exits(), rt.clone(), house).await.unwrap();
        stack.close().await.unwrap();
    });
}

pub(crate) fn all_entered() {
    doors_are_shut(async |rt, house| {
        let stack = ExitStack::new(&rt);
        let doors = [1, 2, 3].map(|number| house.clone().open(rt.clone(), number));
        let doors = stack.enter_all(doors).await.unwrap();
        assert_eq!((doors.len(), stack.len()), (3, 3));
        drop(doors);
        stack.close().await.unwrap();
    });
}

pub(crate) fn one_resource() {
    doors_are_shut(async |rt, house| {
        let work = house.live.trial(&rt);
        let used = with_resource(&rt, house.open(rt.clone(), 1), |door| async move {
            work.await.unwrap();
            drop(door);
            Ok(())
        });
        used.await.unwrap();
    });
}

pub(crate) fn several_resources() {
    doors_are_shut(async |rt, house| {
        let work = house.live.trial(&rt);
        let doors = [1, 2].map(|number| house.clone().open(rt.clone(), number));
        let used = with_resources(&rt, doors, |doors| async move {
            work.await.unwrap();
            drop(doors);
            Ok(())
        });
        used.await.unwrap();
    });
}

/// A close is dropped where its limit passes, and the next one follows.
pub(crate) fn close_that_is_late() {
    doors_are_shut(async |rt, house| {
        let stack = ExitStack::new(&rt).close_timeout(2 * SECOND);
        let first = stack.enter(house.clone().open(rt.clone(), 1).await.unwrap());
        let mut late = house.clone().open(rt.clone(), 2).await.unwrap();
        // It is opened, and never closed.
        house.opened.lock().unwrap().retain(|number| *number != 2);
        late.takes = 3 * SECOND;
        drop((first, stack.enter(late)));
        let error = stack.close().await.unwrap_err();
        assert_eq!(error.closes.len(), 1, "{error}");
    });
}
