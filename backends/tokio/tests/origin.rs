//! The clock's origin, read first inside a runtime whose paused clock ran ahead. A binary, and so a
//! process, of its own: the origin is set once.

use anyrt_core::{Instant, rt::Clock};
use anyrt_tokio::Tokio;
use std::time::Duration;
use tokio::{runtime::Builder, time};

#[test]
fn a_clock_that_ran_ahead_does_not_hold_up_the_others() {
    let mut paused = Builder::new_current_thread();
    let paused = paused.enable_time().start_paused(true).build().unwrap();
    paused.block_on(async {
        time::sleep(Duration::from_secs(7 * 24 * 60 * 60)).await;
        assert!(Tokio::default().now() > Instant::ORIGIN);
    });
    assert!(
        Tokio::default().now() > Instant::ORIGIN,
        "time stands still"
    );
}
