//! Join handles where tokio's own would be pending.

use crate::use_up_the_budget;
use anyrt_core::rt::{JoinHandle, Spawn};
use anyrt_tokio::Tokio;
use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

#[tokio::test]
async fn a_task_without_budget_gets_what_is_finished() {
    let mut handle = Tokio::default().spawn(async { 1 });
    while !handle.is_finished() {
        tokio::task::yield_now().await;
    }
    poll_fn(|cx| {
        use_up_the_budget(cx);
        let joined = Pin::new(&mut handle).poll(cx);
        assert!(matches!(joined, Poll::Ready(Ok(1))), "it is pending");
        Poll::Ready(())
    })
    .await;
}
