//! A load that a child of a group began, shielded, and that another task goes on with.

use super::{SECOND, cache};
use anyrt_core::{
    cancel::shield,
    channel::oneshot,
    group::TaskGroup,
    rt::{Sleep, Spawn},
    task::yield_now,
};
use anyrt_sim::Sim;
use std::{
    convert::Infallible,
    future::{pending, poll_fn},
    task::Poll,
};

/// The child has given its call up, so what shields the load shields the child no more.
#[test]
fn a_shield_goes_with_the_load() {
    // What one poll does is what this is about: nobody may come before it.
    Sim::new().new_wakers(8).check(200, |rt| async move {
        let cache = cache(&rt);
        let group = TaskGroup::<_, (), Infallible>::builder(&rt).build();
        let (began, has_begun) = oneshot::channel();
        let (give_up, told) = oneshot::channel();
        let (gave_up, gone) = oneshot::channel();
        let (rt2, begins) = (rt.clone(), cache.clone());
        let child = async move {
            let load = |_| {
                shield(async move {
                    rt2.sleep(9 * SECOND).await;
                    1
                })
            };
            let mut call = Box::pin(begins.get_or_load(&1, load));
            let begun = poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await;
            assert!(begun.is_pending());
            began.send(()).unwrap();
            told.await.unwrap();
            drop(call);
            gave_up.send(()).unwrap();
            pending().await
        };
        group.spawn(child).unwrap();
        has_begun.await.unwrap();
        let drives = cache.clone();
        let other = rt.spawn(async move { drives.get_or_load(&1, async |_| 2).await });
        while cache.stats().shared == 0 {
            yield_now().await;
        }
        give_up.send(()).unwrap();
        gone.await.unwrap();
        rt.sleep(SECOND).await;
        group.cancel();
        group.join().await.ok();
        assert_eq!(other.await.unwrap().unwrap(), 1);
    });
}
