//! Loads that are given up, and the next one.

use super::{Count, cache};
use anyrt_core::{context::Context as Values, task::yield_now};
use anyrt_sim::check;
use std::{
    future::pending,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Wake, Waker},
};

/// Polls another call when it is dropped.
struct PollsNext {
    next: Arc<Mutex<Option<Call>>>,
    waker: Waker,
}

type Call = Pin<Box<dyn Future<Output = u64> + Send>>;

impl Drop for PollsNext {
    fn drop(&mut self) {
        let mut next = self.next.lock().unwrap();
        let cx = &mut Context::from_waker(&self.waker);
        let ready = next
            .as_mut()
            .is_some_and(|call| call.as_mut().poll(cx).is_ready());
        assert!(!ready, "a load is over before the one before it is gone");
    }
}

struct Told(Count);

impl Wake for Told {
    fn wake(self: Arc<Self>) {
        self.0.up();
    }
}

#[test]
fn the_next_load_begins_once_the_last_one_is_gone() {
    check(1, |rt| async move {
        let (cache, begun, told) = (cache(&rt), Count::default(), Count::default());
        let (inner, count) = (cache.clone(), begun.clone());
        // What is dropped for a load works for it, and would wait for itself.
        let call: Call = Box::pin(Values::default().scope(async move {
            let load = |_| async move {
                count.up();
                yield_now().await;
                2
            };
            inner.get_or_load(&1, load).await.unwrap()
        }));
        let next = Arc::new(Mutex::new(Some(call)));
        let polls_next = PollsNext {
            next: next.clone(),
            waker: Arc::new(Told(told.clone())).into(),
        };
        let load = |_| async move {
            let _polls_next = polls_next;
            pending().await
        };
        let mut first = Box::pin(cache.get_or_load(&1, load));
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(cx).is_pending());
        drop(first);
        assert_eq!(begun.get(), 0, "it began while the load before was dropped");
        assert_eq!(told.get(), 1, "who came meanwhile is told");
        let call = next.lock().unwrap().take().unwrap();
        assert_eq!(call.await, 2);
        assert_eq!(cache.stats().in_flight, 0);
    });
}
