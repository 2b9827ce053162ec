//! A runtime behind `Arc<dyn …>` as one writes it by hand, against which `DynRuntime` is measured.

use std::{
    hint::black_box,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;
type Join = Pin<Box<dyn Future<Output = bool> + Send>>;

/// Object-safe spawning.
pub trait ByHand: Send + Sync {
    fn spawn(&self, work: Work) -> Join;
}

/// On tokio.
pub struct OnTokio;

struct Joined(tokio::task::JoinHandle<()>);

impl Future for Joined {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        Pin::new(&mut self.0).poll(cx).map(|ended| ended.is_ok())
    }
}

impl ByHand for OnTokio {
    fn spawn(&self, work: Work) -> Join {
        Box::pin(Joined(tokio::spawn(work)))
    }
}

/// The output comes back through a slot that the task and its handle share, as it has to where the task's type
/// is erased.
pub async fn with_output(rt: Arc<dyn ByHand>, n: u64) {
    for i in 0..n {
        let slot = Arc::new(Mutex::new(None));
        let out = slot.clone();
        let work = Box::pin(async move {
            let output = async move { i }.await;
            *out.lock().expect("nothing panics") = Some(output);
        });
        assert!(rt.spawn(work).await);
        black_box(slot.lock().expect("nothing panics").take());
    }
}

/// Does less: the task has no output, so there is no slot.
pub async fn without_output(rt: Arc<dyn ByHand>, n: u64) {
    for i in 0..n {
        let work = Box::pin(async move {
            black_box(async move { i }.await);
        });
        assert!(rt.spawn(work).await);
    }
}
