//! What has to happen in some run, though not in each.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    future::{Future, poll_fn},
    panic::Location,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

type Seen = BTreeMap<(&'static str, u32, &'static str), bool>;

thread_local! {
    static WATCHING: RefCell<Option<Arc<Mutex<Seen>>>> = const { RefCell::new(None) };
}

/// The `sometimes!` that a check came by, and whether they were ever true.
#[derive(Debug, Default)]
pub(crate) struct Wanted(Arc<Mutex<Seen>>);

impl Wanted {
    /// Has what `body` and its tasks come by noted here.
    pub(crate) async fn watch<F: Future>(&self, body: F) -> F::Output {
        let mut body = pin!(body);
        let mut entered = None;
        poll_fn(move |cx| {
            // The thread is the run's, until this future is dropped.
            entered.get_or_insert_with(|| Watching::begin(self.0.clone()));
            body.as_mut().poll(cx)
        })
        .await
    }

    /// Those that never came true.
    pub(crate) fn missing(&self) -> Vec<String> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = seen.iter().filter(|(_, happened)| !**happened);
        missing
            .map(|((file, line, text), _)| format!("{text} ({file}:{line})"))
            .collect()
    }
}

struct Watching(Option<Arc<Mutex<Seen>>>);

impl Watching {
    fn begin(seen: Arc<Mutex<Seen>>) -> Self {
        Self(WATCHING.replace(Some(seen)))
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        WATCHING.set(self.0.take());
    }
}

/// What [`sometimes!`](crate::sometimes) expands to.
#[doc(hidden)]
#[track_caller]
pub fn note(happened: bool, text: &'static str) {
    let place = Location::caller();
    WATCHING.with_borrow(|watching| {
        if let Some(seen) = watching {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            let entry = seen.entry((place.file(), place.line(), text));
            *entry.or_insert(false) |= happened;
        }
    });
}

/// Says that something has to be true here in at least one of the runs of a check.
///
/// A test that never reaches the case it was written for passes, and proves nothing. A check whose runs come
/// by this line and never find it true fails. Where no run comes by, nothing is known of it: put it where
/// all do. Outside of a check it does nothing.
///
/// ```
/// use anyrt::rt::{Runtime, Lock};
/// use anyrt::sim::sometimes;
///
/// anyrt::sim::check(50, |rt| async move {
///     let lock = rt.lock(());
///     let _held = lock.try_lock();
///     sometimes!(lock.try_lock().is_none(), "the lock is taken");
/// });
/// ```
#[macro_export]
macro_rules! sometimes {
    ($condition:expr $(,)?) => {
        $crate::sometimes::note($condition, ::core::stringify!($condition))
    };
    ($condition:expr, $text:literal $(,)?) => {
        $crate::sometimes::note($condition, $text)
    };
}
