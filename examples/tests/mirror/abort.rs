//! What is aborted: its blocking calls go on, and nobody else works on the copy until they are done.

use super::{quick, tree::Trees};
use anyrt::{
    App, BlockOn, Runtime, delegate,
    rt::{Clock, Entropy, Receiver, Sender, Sleep, Spawn, SpawnBlocking},
};
use anyrt_examples::{
    mirror::{Paths, Progress, mirror, part::is_temporary},
    own_runtime::OwnRuntime,
};
use std::{
    fmt, fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

/// Hangs in one of its blocking calls, before that does its work.
#[derive(Clone)]
struct Hangs {
    inner: OwnRuntime,
    calls: Arc<AtomicUsize>,
    hangs_in: usize,
    hang: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for Hangs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hangs")
    }
}

impl Spawn for Hangs {
    delegate!(Spawn => inner: OwnRuntime);
}

impl SpawnBlocking for Hangs {
    type BlockingHandle<T: Send + 'static> = <OwnRuntime as SpawnBlocking>::BlockingHandle<T>;

    fn spawn_blocking<F, T>(&self, work: F) -> Self::BlockingHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let hangs = self.calls.fetch_add(1, SeqCst) + 1 == self.hangs_in;
        let hang = self.hang.clone();
        self.inner.spawn_blocking(move || {
            if hangs {
                hang();
            }
            work()
        })
    }
}

impl Clock for Hangs {
    delegate!(Clock => inner: OwnRuntime);
}

impl Sleep for Hangs {
    delegate!(Sleep => inner: OwnRuntime);
}

impl Entropy for Hangs {
    delegate!(Entropy => inner: OwnRuntime);
}

impl Runtime for Hangs {
    delegate!(Runtime => inner: OwnRuntime);
}

#[test]
fn an_aborted_run_lets_no_other_in_while_it_works() {
    // The survey; the first chunk of the file; the second one, or of a small file the commit.
    for (content, hangs_in) in [(1, 3), (3 << 20, 2), (3 << 20, 3)] {
        let trees = Trees::empty();
        trees.write("file", vec![b'x'; content]);
        let inner = OwnRuntime::default();
        let (signals_tx, signals_rx) = inner.unbounded_channel();
        let (go_on_tx, go_on_rx) = mpsc::channel::<()>();
        let go_on_rx = Mutex::new(go_on_rx);
        let rt = Hangs {
            inner: inner.clone(),
            calls: Arc::default(),
            hangs_in,
            hang: Arc::new(move || {
                for signal in ["stop", "at once"] {
                    signals_tx.try_send(signal).expect("the run listens");
                }
                // Until the other end is gone.
                go_on_rx.lock().unwrap().recv().unwrap_err();
            }),
        };
        let app = App::new(&rt).signals(signals_rx.into_stream());
        let progress = Progress::hidden();
        let outcome = inner.block_on(mirror(&rt, app, trees.paths(), quick(), &progress));
        let outcome = outcome.expect("the settings are good");
        assert!(outcome.broken.is_some(), "it was not aborted: {outcome:?}");
        drop(rt);

        let open = || Paths::open(&trees.source(""), &trees.copy(""));
        let error = open().expect_err("the call works on it still");
        assert!(error.to_string().contains("another mirror"), "{error}");
        drop(go_on_tx);
        let until = Instant::now() + Duration::from_secs(60);
        while let Err(error) = open() {
            assert!(Instant::now() < until, "{error}");
            thread::yield_now();
        }
        // All that it did it did before.
        for entry in fs::read_dir(trees.copy("")).expect("a directory") {
            let name = entry.expect("a file").file_name();
            assert!(!is_temporary(&name), "{name:?} is left");
        }
    }
}
