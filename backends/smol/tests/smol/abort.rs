//! Aborts that race with the task's end, with joiners, with questions and with one another.

use anyrt_core::{
    JoinError,
    rt::{BlockOn, JoinHandle, Spawn},
    task::yield_now,
};
use anyrt_smol::{Smol, SmolHandle};
use std::{
    future::pending,
    num::NonZeroUsize,
    pin::Pin,
    sync::{
        Arc, Barrier, OnceLock, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

/// How long a joiner may wait to be woken before it is one that is not.
const PATIENCE: Duration = Duration::from_secs(10);

/// Wakes a thread, and only where it was told to.
struct Unpark {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, SeqCst);
        self.thread.unpark();
    }
}

impl Unpark {
    fn wait(&self) {
        let late = Instant::now() + PATIENCE;
        while !self.woken.swap(false, SeqCst) {
            assert!(Instant::now() < late, "the joiner is not woken");
            thread::park_timeout(PATIENCE);
        }
    }
}

/// Joins, each poll by itself, with a waker of its own now and then.
fn join<T: Send + 'static>(handle: &RwLock<SmolHandle<T>>) -> Result<T, JoinError> {
    let new = || {
        Arc::new(Unpark {
            thread: thread::current(),
            woken: AtomicBool::new(false),
        })
    };
    let mut unpark = new();
    for n in 0.. {
        if n % 3 == 2 {
            unpark = new();
        }
        let waker = Waker::from(unpark.clone());
        let mut handle = handle.write().unwrap();
        if let Poll::Ready(joined) = Pin::new(&mut *handle).poll(&mut Context::from_waker(&waker)) {
            return joined;
        }
        drop(handle);
        unpark.wait();
    }
    unreachable!()
}

/// Counts the futures that are there.
struct Live(Arc<AtomicUsize>);

impl Live {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, SeqCst);
        Self(count.clone())
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

#[test]
fn aborts_questions_and_joins_race_with_the_end() {
    let rt = Smol::with_threads(NonZeroUsize::new(2).unwrap());
    let (mut cancelled, mut completed) = (0, 0);
    let end = Instant::now() + Duration::from_secs(2);
    for round in 0.. {
        if Instant::now() >= end {
            break;
        }
        let live = Arc::new(AtomicUsize::new(0));
        let alive = Live::new(&live);
        let handle = RwLock::new(rt.spawn(async move {
            let _alive = alive;
            for _ in 0..round % 60 {
                yield_now().await;
            }
            7
        }));
        let start = Barrier::new(5);
        let joined = thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    start.wait();
                    handle.read().unwrap().abort();
                });
            }
            for _ in 0..2 {
                scope.spawn(|| {
                    start.wait();
                    let mut before = false;
                    for _ in 0..100 {
                        let handle = handle.read().unwrap();
                        let is_finished = handle.is_finished();
                        assert!(is_finished || !before, "it had finished");
                        assert!(!is_finished || live.load(SeqCst) == 0, "it is there");
                        before = is_finished;
                    }
                });
            }
            start.wait();
            join(&handle)
        });
        assert_eq!(live.load(SeqCst), 0);
        match joined {
            Ok(7) => completed += 1,
            Err(JoinError::Cancelled) => cancelled += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(cancelled > 0 && completed > 0, "{cancelled}, {completed}");
}

#[test]
fn handles_are_dropped_at_any_point_of_an_abort() {
    let rt = Smol::with_threads(NonZeroUsize::new(2).unwrap());
    let live = Arc::new(AtomicUsize::new(0));
    for round in 0..2_000 {
        let alive = Live::new(&live);
        let mut handle = rt.spawn(async move {
            let _alive = alive;
            if round % 2 == 0 {
                pending::<()>().await;
            }
            yield_now().await;
        });
        let mut poll = || {
            let polled = Pin::new(&mut handle).poll(&mut Context::from_waker(Waker::noop()));
            polled.is_ready()
        };
        if round % 3 == 0 && poll() {
            continue;
        }
        handle.abort();
        if round % 5 == 0 {
            let _ = Pin::new(&mut handle).poll(&mut Context::from_waker(Waker::noop()));
        }
        if round % 7 == 0 {
            handle.is_finished();
        }
    }
    let late = Instant::now() + PATIENCE;
    while live.load(SeqCst) > 0 {
        assert!(Instant::now() < late, "a future is left");
        thread::yield_now();
    }
}

#[test]
fn it_is_finished_once_its_destructor_is_and_questions_take_no_wake_up() {
    let rt = Smol::with_threads(NonZeroUsize::new(2).unwrap());
    struct Waits(mpsc::Receiver<()>, mpsc::Sender<()>);
    impl Drop for Waits {
        fn drop(&mut self) {
            self.1.send(()).unwrap();
            self.0.recv().unwrap();
        }
    }
    for asks_before in [false, true] {
        let (release, released) = mpsc::channel();
        let (begin, begun) = mpsc::channel();
        let guard = Waits(released, begin);
        let handle = Arc::new(RwLock::new(rt.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        })));
        let unpark = Arc::new(Unpark {
            thread: thread::current(),
            woken: AtomicBool::new(false),
        });
        let waker = Waker::from(unpark.clone());
        let poll = || {
            let mut handle = handle.write().unwrap();
            let polled = Pin::new(&mut *handle).poll(&mut Context::from_waker(&waker));
            polled.map(|joined| assert!(matches!(joined, Err(JoinError::Cancelled))))
        };
        assert!(poll().is_pending());
        handle.read().unwrap().abort();
        unpark.wait();
        begun.recv().unwrap();
        if asks_before {
            assert!(!handle.read().unwrap().is_finished());
        }
        assert!(poll().is_pending());
        for _ in 0..3 {
            assert!(!handle.read().unwrap().is_finished());
            handle.read().unwrap().abort();
        }
        release.send(()).unwrap();
        unpark.wait();
        assert!(handle.read().unwrap().is_finished());
        assert!(poll().is_ready());
        assert!(handle.read().unwrap().is_finished());
    }
}

#[test]
fn a_task_may_abort_itself() {
    let rt = Smol::with_threads(NonZeroUsize::MIN);
    let own = Arc::new(OnceLock::<Arc<SmolHandle<()>>>::new());
    let (go, may_go) = mpsc::channel::<()>();
    let (dropped, is_dropped) = mpsc::channel::<()>();
    let handle = Arc::new(rt.spawn({
        let own = own.clone();
        async move {
            let _dropped = dropped;
            may_go.recv().ok();
            own.get().unwrap().abort();
            pending::<()>().await;
        }
    }));
    own.set(handle.clone()).unwrap();
    drop(go);
    assert!(is_dropped.recv().is_err());
    drop(own);
    let late = Instant::now() + PATIENCE;
    let mut handle = handle;
    while Arc::get_mut(&mut handle).is_none() {
        assert!(Instant::now() < late, "the task has its handle still");
        thread::yield_now();
    }
    let handle = Arc::into_inner(handle).unwrap();
    assert!(matches!(rt.block_on(handle), Err(JoinError::Cancelled)));
}
