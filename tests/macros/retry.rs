//! `#[retry]`.

use anyrt::{
    ConfigError, Elapsed,
    prelude::*,
    retry::{Backoff, GaveUp, Retry, RetryBudget, RetryError},
};
use std::{
    future::pending,
    io,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

/// Fails as often as it is told.
fn fails(left: &AtomicU32) -> io::Result<u32> {
    match left.fetch_sub(1, SeqCst) {
        0 => Ok(7),
        n => Err(io::Error::other(format!("{n} left"))),
    }
}

#[anyrt::retry(attempts = 3, backoff = constant("1ms"))]
async fn three_attempts(rt: &impl Runtime, left: &AtomicU32) -> io::Result<u32> {
    rt.sleep(Duration::ZERO).await;
    if left.load(SeqCst) == u32::MAX {
        return Ok(0);
    }
    let value = fails(left)?;
    Ok(value)
}

#[anyrt::test(seeds = 30)]
async fn it_tries_again(rt: impl Runtime) {
    assert_eq!(three_attempts(&rt, &AtomicU32::new(0)).await.unwrap(), 7);
    let start = rt.now();
    assert_eq!(three_attempts(&rt, &AtomicU32::new(2)).await.unwrap(), 7);
    let waited = Duration::from_millis(2);
    assert!(rt.now() - start >= waited);
    assert!(rt.name() != "sim" || rt.now() - start == waited);
}

#[anyrt::test(seeds = 30)]
async fn the_last_error_is_the_functions(rt: impl Runtime) {
    let error = three_attempts(&rt, &AtomicU32::new(3)).await.unwrap_err();
    assert_eq!(error.to_string(), "1 left");
}

/// With the settings as they are where nothing is set, and the whole error.
#[anyrt::retry]
async fn whole<R: Runtime>(rt: R, left: &AtomicU32) -> Result<u32, RetryError<io::Error>> {
    rt.sleep(Duration::ZERO).await;
    fails(left)
}

#[anyrt::test(seeds = 30)]
async fn the_whole_error_comes_where_it_is_asked_for(rt: impl Runtime) {
    let error = whole(rt, &AtomicU32::new(9)).await.unwrap_err();
    assert_eq!(error.attempts, 3);
    assert_eq!(error.gave_up, GaveUp::Attempts);
    assert_eq!(error.operation.as_deref(), Some("whole"));
    assert_eq!(error.into_last().unwrap().to_string(), "7 left");
}

#[derive(Debug, PartialEq)]
enum Refused {
    Late(Elapsed),
    Set(ConfigError),
    Down,
    Gone,
}

impl From<Elapsed> for Refused {
    fn from(elapsed: Elapsed) -> Self {
        Self::Late(elapsed)
    }
}

impl From<ConfigError> for Refused {
    fn from(error: ConfigError) -> Self {
        Self::Set(error)
    }
}

fn is_down(error: &Refused) -> bool {
    *error == Refused::Down
}

static RETRIES: AtomicU32 = AtomicU32::new(0);

#[anyrt::retry(
    attempts = 5,
    backoff = exponential("1ms").factor(1.5).max_delay("2ms").full_jitter(),
    attempt_timeout = "1ms",
    when = is_down,
    retry_after = |error| (*error == Refused::Down).then_some(Duration::ZERO),
    on_retry = |_| _ = RETRIES.fetch_add(1, SeqCst),
    on_give_up = |error| assert_eq!(error.gave_up, GaveUp::Refused),
    name = "call",
)]
async fn when(rt: &impl Runtime, calls: &AtomicU32) -> Result<(), Refused> {
    match calls.fetch_add(1, SeqCst) {
        0 => Err(Refused::Down),
        1 => pending().await,
        _ => Err(Refused::Gone),
    }
}

#[anyrt::test(seeds = 30)]
async fn it_tries_again_what_it_is_told(rt: impl Runtime) {
    let calls = AtomicU32::new(0);
    let before = RETRIES.load(SeqCst);
    assert_eq!(when(&rt, &calls).await, Err(Refused::Gone));
    assert_eq!(calls.load(SeqCst), 3);
    assert!(RETRIES.load(SeqCst) >= before + 2);
}

#[anyrt::retry(attempts = 1, attempt_timeout = "1ms")]
async fn too_late(rt: &impl Runtime) -> Result<(), Refused> {
    pending().await
}

#[anyrt::test(seeds = 30)]
async fn a_limit_is_the_functions_error_too(rt: impl Runtime) {
    let error = too_late(&rt).await.unwrap_err();
    assert!(
        matches!(error, Refused::Late(ref late) if late.operation.as_deref() == Some("too_late"))
    );
}

struct Client<R> {
    rt: R,
    policy: Retry<io::Error>,
    budget: RetryBudget,
    attempts: u32,
}

static POLICY: LazyLock<Retry<io::Error>> = LazyLock::new(|| {
    Retry::builder()
        .attempts(2)
        .backoff(Backoff::none())
        .build()
        .unwrap()
});

impl<R: Runtime> Client<R> {
    #[anyrt::retry(policy = self.policy, rt = self.rt)]
    async fn by_field(&self, left: &AtomicU32) -> io::Result<u32> {
        fails(left)
    }

    #[anyrt::retry(policy = *POLICY, rt = self.rt)]
    async fn by_static(&mut self, left: &AtomicU32) -> io::Result<u32> {
        fails(left)
    }

    #[anyrt::retry(attempts = None, backoff = none(), budget = self.budget, rt = self.rt)]
    async fn by_budget(
        &self,
        left: &AtomicU32,
    ) -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
        Ok(fails(left)?)
    }

    #[anyrt::retry(attempts = self.attempts, backoff = Backoff::none(), rt = self.rt)]
    async fn by_number(&self) -> Result<(), Refused> {
        Err(Refused::Down)
    }
}

#[anyrt::test(seeds = 30)]
async fn policies_may_be_shared(rt: impl Runtime) {
    let mut client = Client {
        rt,
        policy: POLICY.clone(),
        budget: RetryBudget::new(1, 0.0).unwrap(),
        attempts: 1,
    };
    for (left, last) in [(1, None), (2, Some("1 left"))] {
        let outcomes = [
            client.by_field(&AtomicU32::new(left)).await,
            client.by_static(&AtomicU32::new(left)).await,
        ];
        for outcome in outcomes {
            assert_eq!(
                outcome.err().map(|error| error.to_string()).as_deref(),
                last
            );
        }
    }
    let error = client.by_budget(&AtomicU32::new(9)).await.unwrap_err();
    assert_eq!(error.to_string(), "8 left");
    assert_eq!(client.by_number().await, Err(Refused::Down));
    client.attempts = 0;
    let error = client.by_number().await.unwrap_err();
    assert!(matches!(error, Refused::Set(ref set) if set.field == "attempts"));
}

#[anyrt::test(seeds = 30)]
async fn futures_can_be_sent(rt: impl Runtime) {
    let task = rt.spawn({
        let rt = rt.clone();
        async move { three_attempts(&rt, &AtomicU32::new(1)).await }
    });
    assert_eq!(task.await.unwrap().unwrap(), 7);
}
