//! tokio's paused clock is obeyed: time moves when nothing else can.

use anyrt_core::rt::{Clock, Sleep, Timeout};
use anyrt_tokio::Tokio;
use std::time::Duration;
use tokio::time;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test(start_paused = true)]
async fn a_day_passes_in_no_time() {
    let rt = Tokio::default();
    let (started, real) = (rt.now(), std::time::Instant::now());
    rt.sleep(DAY).await;
    assert!(rt.now() - started >= DAY);
    assert!(real.elapsed() < DAY);
}

#[tokio::test(start_paused = true)]
async fn the_clock_stands_still_and_can_be_moved() {
    for rt in [
        Tokio::default(),
        Tokio::from_handle(tokio::runtime::Handle::current()),
    ] {
        let started = rt.now();
        assert_eq!(rt.now(), started);
        time::advance(Duration::from_secs(1)).await;
        assert_eq!(rt.now() - started, Duration::from_secs(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_obeys_it() {
    let rt = Tokio::default();
    let elapsed = rt
        .timeout(DAY, std::future::pending::<()>())
        .await
        .unwrap_err();
    assert_eq!(elapsed.limit, DAY);
    assert!(elapsed.elapsed >= DAY);
}
