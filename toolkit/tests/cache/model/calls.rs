//! Calls that load, polled by hand, and loads that end when they are told to.

use super::rules::{Cache, End, Got};
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

/// A loader, as seen from outside.
#[derive(Debug, Default)]
pub(super) struct Load {
    end: Mutex<Option<End>>,
    waker: Mutex<Option<Waker>>,
    pub(super) called: AtomicBool,
    pub(super) polls: AtomicUsize,
    pub(super) gone: AtomicBool,
}

impl Load {
    pub(super) fn end(&self, end: End) {
        *self.end.lock().unwrap() = Some(end);
        let waker = self.waker.lock().unwrap().take();
        waker.into_iter().for_each(Waker::wake);
    }

    /// The loader's future.
    pub(super) fn begin(self: &Arc<Self>, panics: bool) -> Loading {
        assert!(!self.called.swap(true, SeqCst), "a loader is called twice");
        assert!(!panics, "before its future");
        Loading(self.clone())
    }
}

pub(super) struct Loading(Arc<Load>);

impl Future for Loading {
    type Output = Result<u64, u64>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.polls.fetch_add(1, SeqCst);
        match *self.0.end.lock().unwrap() {
            Some(End::Value(value)) => Poll::Ready(Ok(value)),
            Some(End::Error(error)) => Poll::Ready(Err(error)),
            Some(End::Panic) => panic!("in its future"),
            None => {
                *self.0.waker.lock().unwrap() = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        assert!(!self.0.gone.swap(true, SeqCst), "a load goes twice");
    }
}

#[derive(Debug, Default)]
pub(super) struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

/// A call.
pub(super) struct Call {
    pub(super) number: usize,
    /// The load that it waits for.
    pub(super) flight: Option<usize>,
    pub(super) load: Arc<Load>,
    future: Pin<Box<dyn Future<Output = Got> + Send>>,
    flag: Arc<Flag>,
}

impl Call {
    pub(super) fn new(number: usize, cache: &Cache, key: u32, panics: bool) -> Self {
        let (cache, load) = (cache.clone(), Arc::new(Load::default()));
        let begins = load.clone();
        let future = async move {
            let load = move |_| begins.begin(panics);
            cache.get_or_try_load(&key, load).await.into()
        };
        Self {
            number,
            flight: None,
            load,
            future: Box::pin(future),
            flag: Arc::default(),
        }
    }

    pub(super) fn poll(&mut self, anew: bool) -> Poll<Got> {
        if anew {
            self.flag = Arc::default();
        }
        self.flag.0.store(false, SeqCst);
        let waker = Waker::from(self.flag.clone());
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    pub(super) fn is_woken(&self) -> bool {
        self.flag.0.load(SeqCst)
    }
}
