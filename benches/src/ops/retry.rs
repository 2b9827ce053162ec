//! Retries around a future that is ready and `Ok`.

use anyrt_core::rt::Runtime;
use anyrt_toolkit::retry::{Retry, retry};
use backon::Retryable;
use std::{convert::Infallible, hint::black_box, time::Duration};

pub(super) async fn ok(i: u64) -> Result<u64, Infallible> {
    Ok(black_box(i))
}

pub async fn none(n: u64) {
    for i in 0..n {
        black_box(ok(i).await.expect("it is ready"));
    }
}

/// What somebody writes who wants three attempts and nothing else.
pub async fn by_hand(n: u64) {
    for i in 0..n {
        let mut left = black_box(3);
        let output = loop {
            left -= 1;
            match ok(i).await {
                Ok(output) => break Ok(output),
                Err(error) if left == 0 => break Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        };
        black_box(output.expect("it is ready"));
    }
}

pub async fn backon(n: u64) {
    let policy = backon::ExponentialBuilder::default().with_jitter();
    for i in 0..n {
        let attempts = (|| ok(i)).retry(black_box(policy));
        black_box(attempts.await.expect("it is ready"));
    }
}

pub async fn anyrt<R: Runtime>(rt: R, n: u64) {
    let policy = Retry::<Infallible>::builder().build().expect("permitted");
    for i in 0..n {
        let attempts = retry(&rt, black_box(&policy), |_| ok(i));
        black_box(attempts.await.expect("it is ready"));
    }
}
