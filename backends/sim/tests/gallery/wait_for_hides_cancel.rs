//! cpython#86296 (`asyncio.wait_for`): a task that was cancelled goes on.
//!
//! A cancellation arrived at the same moment as the result; to lose no result (bpo-37658),
//! `wait_for` returned it. But a request to stop is delivered once, and that was it: a server that
//! was told to shut down went on to its next request, and whoever had asked waited for ever.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Shared, draw, join, round_trips, spawn},
};
use anyrt_core::rt::Runtime;

pub(crate) const BUG: Bug = Bug {
    name: "wait_for_hides_cancel",
    library: "cpython#86296",
    symptom: Symptom::Deadlock,
    within: 60,
    run: both!(scenario),
};

/// What can happen to a task that waits.
#[derive(Clone, Default)]
struct Inbox(Shared<State>);

#[derive(Default)]
struct State {
    result: Option<u32>,
    /// Taken by whom it is delivered to.
    cancel: bool,
}

struct Cancelled;

impl Inbox {
    async fn wait<const FIXED: bool>(&self) -> Result<u32, Cancelled> {
        let ended = |state: &mut State| {
            if std::mem::take(&mut state.cancel) {
                return match state.result.take() {
                    Some(result) if !FIXED => Some(Ok(result)),
                    _ => Some(Err(Cancelled)),
                };
            }
            state.result.take().map(Ok)
        };
        self.0.until(ended).await
    }
}

/// A server that was told to stop stops.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let inbox = Inbox::default();
    let requests = inbox.clone();
    let client = spawn(&rt, |rt| async move {
        for request in 0..3 {
            round_trips(&rt, 2).await;
            requests.0.change(|state| state.result = Some(request));
        }
    });
    let served = inbox.clone();
    let server = rt.spawn(async move { while served.wait::<FIXED>().await.is_ok() {} });
    round_trips(&rt, draw(&rt, 4)).await;
    inbox.0.change(|state| state.cancel = true);
    join([client, server]).await;
}
