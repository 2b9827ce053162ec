//! Functions of all kinds: what compiles by itself compiles under an attribute.

use anyrt::{Elapsed, prelude::*};
use std::{
    cell::Cell,
    future::pending,
    pin::{Pin, pin},
    time::Duration,
};

const KEPT: u32 = 7;

/// Patterns, and arguments that are changed.
#[anyrt::timeout("1h")]
pub(crate) async fn patterns<const N: usize>(
    rt: &impl Runtime,
    (a, b): (u32, u32),
    mut words: Vec<String>,
    numbers: [u32; N],
    _: bool,
) -> Result<usize, Elapsed> {
    rt.sleep(Duration::ZERO).await;
    words.push(format!("{a} {b} {}", numbers[0]));
    Ok(words.iter().map(String::len).sum())
}

/// What is `Send` stays so: a `Cell` is no `Sync`.
#[anyrt::timeout("1h")]
async fn cell(rt: impl Runtime, cell: Cell<u32>) -> Result<u32, Elapsed> {
    let before = cell.replace(8);
    rt.sleep(Duration::ZERO).await;
    Ok(before + cell.get())
}

#[anyrt::timeout("1h")]
async fn changed<'a>(rt: &impl Runtime, items: &'a mut Vec<u32>) -> Result<&'a mut u32, Elapsed> {
    rt.sleep(Duration::ZERO).await;
    items.push(KEPT);
    Ok(items.last_mut().expect("one was pushed"))
}

/// What the macros call their own is not seen inside.
#[anyrt::timeout("1h")]
async fn r#yield(rt: &impl Runtime, runtime: u32, output: u32) -> Result<u32, Elapsed> {
    rt.sleep(Duration::ZERO).await;
    if output == 0 {
        return Ok(runtime);
    }
    Ok(runtime + output + KEPT)
}

struct Connection<R> {
    rt: R,
    sent: Vec<u32>,
}

impl<R: Runtime> Connection<R> {
    #[anyrt::timeout("1h", rt = self.rt)]
    async fn close(self) -> Result<Vec<u32>, Elapsed> {
        self.rt.sleep(Duration::ZERO).await;
        Ok(self.sent)
    }

    #[anyrt::timeout("1ms", rt = self.rt)]
    async fn stuck(self: Pin<&mut Self>) -> Result<(), Elapsed> {
        pending().await
    }
}

trait Named {
    const NAME: &'static str;

    /// A method that a trait provides.
    #[anyrt::timeout("1h")]
    async fn name<R: Runtime>(&self, rt: &R) -> Result<&'static str, Elapsed>
    where
        Self: Sized,
    {
        rt.sleep(Duration::ZERO).await;
        Ok(Self::NAME)
    }
}

impl Named for () {
    const NAME: &'static str = "nothing";
}

#[anyrt::test(seeds = 30)]
async fn what_compiles_by_itself_compiles(rt: impl Runtime) {
    let length = patterns(&rt, (1, 2), vec!["a".to_owned()], [3, 4], true).await;
    assert_eq!(length, Ok(6));
    let sum = rt.spawn(cell(rt.clone(), Cell::new(1)));
    assert_eq!(sum.await.unwrap(), Ok(9));
    let mut items = Vec::new();
    *changed(&rt, &mut items).await.unwrap() += 1;
    assert_eq!(items, [8]);
    assert_eq!(r#yield(&rt, 1, 0).await, Ok(1));
    assert_eq!(r#yield(&rt, 1, 2).await, Ok(10));
    assert_eq!(().name(&rt).await, Ok("nothing"));
}

#[anyrt::test(seeds = 30)]
async fn self_may_be_moved(rt: impl Runtime) {
    let connection = |rt| Connection { rt, sent: vec![1] };
    let stuck = pin!(connection(rt.clone()));
    let elapsed = stuck.stuck().await.unwrap_err();
    assert_eq!(elapsed.operation.as_deref(), Some("stuck"));
    assert_eq!(connection(rt).close().await, Ok(vec![1]));
}

/// What lies in a static has a name that the body's own names are not.
#[cfg(all(feature = "toolkit", feature = "smol"))]
mod statics {
    use super::KEPT;
    use anyrt::{prelude::*, retry::RetryError, smol::Smol};
    use std::{
        error::Error,
        sync::atomic::{AtomicU32, Ordering::SeqCst},
    };

    type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

    #[anyrt::rate_limited(1_000_000 per second)]
    #[anyrt::concurrent_limited(KEPT as usize)]
    #[anyrt::concurrent_limited(1)]
    async fn kept(rt: &Smol, limiter: u32) -> Outcome<u32> {
        Ok(limiter + KEPT)
    }

    #[anyrt::cached(capacity = 10)]
    async fn cached(rt: &Smol, cache: u32, key: &str) -> u32 {
        cache + KEPT + key.len() as u32
    }

    #[anyrt::retry(backoff = none())]
    async fn retried(rt: &Smol, policy: &AtomicU32) -> Result<u32, RetryError<u32>> {
        match policy.fetch_add(1, SeqCst) {
            0 => Err(1),
            n => Ok(n),
        }
    }

    #[test]
    fn names_do_not_meet() {
        let rt = Smol::default();
        rt.block_on(async {
            assert_eq!(kept(&rt, 1).await.unwrap(), 8);
            assert_eq!(cached(&rt, 1, "ab").await, 10);
            assert_eq!(retried(&rt, &AtomicU32::new(0)).await, Ok(1));
        });
    }

    /// Generic callers can spawn what is cached.
    #[test]
    fn futures_can_be_sent() {
        let rt = Smol::default();
        let task = rt.spawn({
            let rt = rt.clone();
            async move { cached(&rt, 2, "ab").await + kept(&rt, 1).await.unwrap() }
        });
        assert_eq!(rt.block_on(task).unwrap(), 19);
    }
}
