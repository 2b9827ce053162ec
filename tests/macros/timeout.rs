//! `#[timeout]` and `#[wait_for]`.

use anyrt::{Context, Elapsed, prelude::*};
use std::{fmt, future::pending, time::Duration};

const LIMIT: Duration = Duration::from_millis(1);

/// Docs stay where they are.
#[anyrt::timeout("1ms")]
async fn forever(rt: &impl Runtime) -> Result<u32, Elapsed> {
    pending().await
}

#[anyrt::timeout(LIMIT, name = "by value")]
async fn forever_by_value<R>(rt: R) -> Result<(), Elapsed>
where
    R: Runtime,
{
    let task = rt.spawn(pending());
    drop(rt);
    task.await.map_err(|_| unreachable!())
}

#[anyrt::timeout("1h")]
async fn longest<'a, R: Runtime>(rt: &R, words: &'a [String]) -> Result<&'a str, Elapsed> {
    rt.sleep(Duration::ZERO).await;
    if words.is_empty() {
        return Ok("");
    }
    Ok(words
        .iter()
        .max_by_key(|word| word.len())
        .map_or("", |word| word))
}

/// The type that is returned is known inside: to `return`, to the last expression, to `?`.
#[anyrt::timeout("1h")]
async fn shown(
    rt: &impl Runtime,
    number: &str,
) -> Result<Box<dyn fmt::Display + Send>, Box<dyn std::error::Error + Send + Sync>> {
    rt.sleep(Duration::ZERO).await;
    if number.is_empty() {
        return Ok(Box::new("nothing"));
    }
    let parsed: u32 = number.parse()?;
    Ok(Box::new(parsed))
}

struct Client<R> {
    runtime: R,
    limit: Option<Duration>,
    calls: u32,
}

impl<R: Runtime> Client<R> {
    #[anyrt::timeout(limit = self.limit, rt = self.runtime)]
    async fn call(&mut self, wait: Duration) -> Result<u32, Elapsed> {
        self.calls += 1;
        self.runtime.sleep(wait).await;
        Ok(self.calls)
    }
}

trait Service {
    type Error;

    fn serve(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

impl<R: Runtime> Service for Client<R> {
    type Error = Elapsed;

    #[anyrt::timeout("1ms", rt = self.runtime)]
    async fn serve(&self) -> Result<(), Self::Error> {
        pending().await
    }
}

#[anyrt::test(seeds = 30)]
async fn the_limit_ends_the_body(rt: impl Runtime) {
    let elapsed = forever(&rt).await.unwrap_err();
    assert_eq!(elapsed.operation.as_deref(), Some("forever"));
    assert_eq!(elapsed.limit, LIMIT);
    let elapsed = forever_by_value(rt).await.unwrap_err();
    assert_eq!(elapsed.operation.as_deref(), Some("by value"));
}

#[anyrt::test(seeds = 30)]
async fn what_is_borrowed_comes_back(rt: impl Runtime) {
    let words = ["a".to_owned(), "bc".to_owned()];
    assert_eq!(longest(&rt, &words).await.unwrap(), "bc");
    assert_eq!(longest(&rt, &[]).await.unwrap(), "");
}

#[anyrt::test(seeds = 30)]
async fn what_is_returned_is_coerced(rt: impl Runtime) {
    assert_eq!(shown(&rt, "").await.unwrap().to_string(), "nothing");
    assert_eq!(shown(&rt, "7").await.unwrap().to_string(), "7");
    assert!(shown(&rt, "x").await.is_err());
}

#[anyrt::test(seeds = 30)]
async fn methods_have_limits_of_their_own(rt: impl Runtime) {
    let mut client = Client {
        runtime: rt,
        limit: Some(LIMIT),
        calls: 0,
    };
    client.call(Duration::from_secs(3600)).await.unwrap_err();
    client.limit = None;
    assert_eq!(client.call(LIMIT * 2).await, Ok(2));
    client.serve().await.unwrap_err();
}

/// Generic callers can spawn it.
#[anyrt::test(seeds = 30)]
async fn futures_can_be_sent(rt: impl Runtime) {
    let task = rt.spawn({
        let rt = rt.clone();
        async move { longest(&rt, &["a".to_owned()]).await.map(str::to_owned) }
    });
    assert_eq!(task.await.unwrap().unwrap(), "a");
}

#[anyrt::timeout("1h")]
async fn deadline_of_timeout(rt: &impl Runtime) -> Result<bool, Elapsed> {
    Ok(Context::current().deadline().is_some())
}

#[anyrt::wait_for("1h")]
async fn deadline_of_wait_for(rt: &impl Runtime) -> Result<bool, Elapsed> {
    Ok(Context::current().deadline().is_some())
}

#[anyrt::test(seeds = 30)]
async fn wait_for_tells_the_body(rt: impl Runtime) {
    assert_eq!(deadline_of_timeout(&rt).await, Ok(false));
    assert_eq!(deadline_of_wait_for(&rt).await, Ok(true));
}

#[anyrt::wait_for("1ms")]
async fn waits_for_ever(rt: &impl Runtime) -> Result<(), Elapsed> {
    pending().await
}

#[anyrt::test(seeds = 30)]
async fn wait_for_ends_the_body(rt: impl Runtime) {
    let elapsed = waits_for_ever(&rt).await.unwrap_err();
    assert_eq!(elapsed.operation.as_deref(), Some("waits_for_ever"));
}

mod renamed {
    pub(crate) use anyrt as other;
}

#[anyrt::timeout("1ms", crate = renamed::other)]
async fn of_another_path(rt: &impl Runtime) -> Result<(), Elapsed> {
    pending().await
}

#[anyrt::test(crate = super::renamed::other, seeds = 5)]
async fn the_crate_may_be_elsewhere(rt: impl Runtime) {
    of_another_path(&rt).await.unwrap_err();
}

/// Of a body on one line nobody says that its braces are too many.
#[deny(warnings)]
#[rustfmt::skip]
mod on_one_line {
    use super::*;

    async fn soon(rt: &impl Runtime) -> Result<u32, Elapsed> {
        rt.sleep(LIMIT).await;
        Ok(7)
    }

    #[anyrt::timeout("1s")]
    async fn timed(rt: &impl Runtime) -> Result<u32, Elapsed> { soon(rt).await }

    #[anyrt::wait_for("1s")]
    pub async fn told(rt: &impl Runtime) -> Result<u32, Elapsed> { timed(rt).await }

    #[cfg(feature = "toolkit")]
    #[anyrt::retry(attempts = 2)]
    #[anyrt::timeout("1s")]
    pub async fn tried(rt: &impl Runtime) -> Result<u32, Elapsed> { told(rt).await }
}

#[anyrt::test(seeds = 3)]
async fn bodies_on_one_line_are_as_good(rt: impl Runtime) {
    assert_eq!(on_one_line::told(&rt).await, Ok(7));
    #[cfg(feature = "toolkit")]
    assert_eq!(on_one_line::tried(&rt).await, Ok(7));
}
