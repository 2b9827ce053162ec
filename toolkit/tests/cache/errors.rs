//! Printed with its causes, an error says nothing twice.

use anyrt_core::{Elapsed, error::AcquireTimeout, gather::gather};
use anyrt_sim::check;
use anyrt_toolkit::{
    AsyncCache,
    batch::BatchError,
    pool::PoolError,
    retry::{Retry, RetryError, retry},
};
use std::{error::Error, fmt, io, iter, sync::Arc, time::Duration};

/// An error with a cause of its own, which has to be in the chain.
#[derive(Debug)]
struct Refused(io::Error);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl Error for Refused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

fn refused() -> Refused {
    Refused(io::Error::other("the disk is full"))
}

fn chain(error: &dyn Error) -> Vec<String> {
    let chain: Vec<_> = iter::successors(Some(error), |&error| error.source())
        .map(ToString::to_string)
        .collect();
    for pair in chain.windows(2) {
        assert!(!pair[0].contains(&pair[1]), "{chain:?}");
    }
    chain
}

fn assert_whole(error: &dyn Error) {
    let chain = chain(error);
    let all = chain.join(": ");
    assert_eq!(all.matches("refused").count(), 1, "{all}");
    assert_eq!(all.matches("the disk is full").count(), 1, "{all}");
}

#[test]
fn a_chain_says_nothing_twice_and_leaves_nothing_out() {
    check(1, |rt| async move {
        let once = Retry::builder().attempts(1).build().unwrap();
        let tried: Result<(), RetryError<Refused>> =
            retry(&rt, &once, |_| async { Err(refused()) }).await;
        assert_whole(&tried.unwrap_err());

        let cache: AsyncCache<_, u8, u8, RetryError<Refused>> = AsyncCache::builder(&rt)
            .fallible()
            .capacity(1)
            .build()
            .unwrap();
        let rt2 = rt.clone();
        let load = |_| async move { retry(&rt2, &once, |_| async { Err(refused()) }).await };
        assert_whole(&cache.get_or_try_load(&1, load).await.unwrap_err());

        let gathered = gather(&rt, [async { Err::<(), _>(refused()) }]).await;
        assert_whole(&gathered.unwrap_err());
    });
    assert_whole(&PoolError::CreateFailed {
        pool: None,
        error: refused(),
    });
    assert_whole(&BatchError::Failed {
        batcher: None,
        error: Arc::new(refused()),
    });
    let late = || Elapsed::new(None, Duration::ZERO, Duration::ZERO);
    chain(&PoolError::<Refused>::WaitTimedOut {
        pool: None,
        elapsed: Box::new(late()),
    });
    chain(&AcquireTimeout::new("a lock", None, late()));
}
