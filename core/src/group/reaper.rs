//! The task that ends what does not end by itself: on the group's deadline, after its grace.

use super::shared::Shared;
use crate::{Elapsed, context::Occupied, rt::Runtime, task::quietly};
use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
};

/// Keeps the group around this one waiting until dropped: a reaper is left behind no more than a
/// child is.
pub(super) struct Inside(Arc<dyn Occupied>);

impl Inside {
    pub(super) fn enter(outer: Arc<dyn Occupied>) -> Self {
        outer.enter();
        Self(outer)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.clone().leave();
    }
}

/// Runs beside a group that has a deadline, or whose grace has begun.
pub(super) async fn reap<R, T, E>(group: Arc<Shared<R, T, E>>, _inside: Option<Inside>)
where
    R: Runtime,
    T: Send + 'static,
    E: Send + 'static,
{
    if let Some((deadline, limit)) = group.options.deadline {
        let mut timer = pin!(group.rt.sleep_until(deadline));
        let late = poll_fn(|cx| {
            if group
                .poll_reaper(cx, |cancelled, over| cancelled || over)
                .is_ready()
            {
                return Poll::Ready(false);
            }
            timer.as_mut().poll(cx).map(|()| true)
        });
        if late.await {
            let began = deadline - limit;
            let elapsed = Elapsed::new(Some(group.options.title()), limit, group.rt.now() - began);
            // Past a waker that panics: there is still the grace to be ended.
            quietly(|| group.time_out(elapsed));
        }
    }
    let mut timer = pin!(group.rt.sleep(group.options.grace));
    let late = poll_fn(|cx| {
        if group.poll_reaper(cx, |_, over| over).is_ready() {
            return Poll::Ready(false);
        }
        timer.as_mut().poll(cx).map(|()| true)
    });
    if late.await {
        group.abort_all();
    }
}
