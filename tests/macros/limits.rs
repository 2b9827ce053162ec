//! `#[rate_limited]` and `#[concurrent_limited]`.

use anyrt::{
    CancellationToken, Context, Limiter, RateLimiter,
    cancel::Cancelled,
    limit::{Quota, RateLimitError},
    prelude::*,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

struct Mailer<R: Runtime> {
    rt: R,
    rate: RateLimiter<R>,
    slots: Limiter<R>,
    shares: Limiter<R, &'static str>,
    busy: AtomicU32,
    most: AtomicU32,
}

impl<R: Runtime> Mailer<R> {
    fn new(rt: &R) -> Arc<Self> {
        Arc::new(Self {
            rt: rt.clone(),
            rate: RateLimiter::new(rt, Quota::new(2, Duration::from_millis(2))).unwrap(),
            slots: Limiter::new(rt, 2).unwrap(),
            shares: Limiter::new(rt, 1).unwrap(),
            busy: AtomicU32::new(0),
            most: AtomicU32::new(0),
        })
    }

    #[anyrt::rate_limited(by = self.rate)]
    async fn mail(&self) -> Result<u32, RateLimitError> {
        Ok(1)
    }

    #[anyrt::rate_limited(by = self.rate, weight = letters.len() as u32)]
    async fn mail_all(&self, letters: &[&str]) -> Result<usize, RateLimitError> {
        if letters.is_empty() {
            return Ok(0);
        }
        Ok(letters.len())
    }

    #[anyrt::concurrent_limited(by = self.slots)]
    async fn work(&self) -> Result<(), Cancelled> {
        let busy = self.busy.fetch_add(1, SeqCst) + 1;
        self.most.fetch_max(busy, SeqCst);
        self.rt.sleep(Duration::from_millis(1)).await;
        self.busy.fetch_sub(1, SeqCst);
        Ok(())
    }

    #[anyrt::concurrent_limited(by = self.shares, key = tenant)]
    async fn work_for(&self, tenant: &'static str) -> Result<usize, Cancelled> {
        Ok(self.shares.in_flight() + tenant.len())
    }
}

#[anyrt::test(seeds = 30)]
async fn calls_begin_at_their_rate(rt: impl Runtime) {
    let mailer = Mailer::new(&rt);
    let start = rt.now();
    assert_eq!(mailer.mail_all(&[]).await, Ok(0));
    assert_eq!(mailer.mail_all(&["a", "b"]).await, Ok(2));
    assert_eq!(mailer.mail().await, Ok(1));
    let waited = rt.now() - start;
    assert!(waited >= Duration::from_millis(1));
    assert!(
        rt.name() != "sim" || waited == Duration::from_millis(1),
        "{waited:?}"
    );
    let heavy = RateLimitError::TooHeavy {
        limiter: None,
        weight: 3,
        burst: 2,
    };
    assert_eq!(mailer.mail_all(&["a", "b", "c"]).await, Err(heavy));
}

#[anyrt::test(seeds = 30)]
async fn no_more_run_than_there_are_slots(rt: impl Runtime) {
    let mailer = Mailer::new(&rt);
    let calls = [(); 6].map(|()| {
        let mailer = mailer.clone();
        rt.spawn(async move { mailer.work().await })
    });
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(mailer.most.load(SeqCst), 2);
    assert_eq!(mailer.slots.in_flight(), 0);
    assert_eq!(mailer.work_for("ab").await, Ok(3));
}

#[anyrt::test(seeds = 30)]
async fn who_is_cancelled_waits_no_longer(rt: impl Runtime) {
    let mailer = Mailer::new(&rt);
    let (_one, _two) = (mailer.slots.acquire().await, mailer.slots.acquire().await);
    let token = CancellationToken::new();
    token.cancel_with("enough");
    let late = Context::default()
        .with_token(token)
        .scope(mailer.work())
        .await;
    let reason = late.unwrap_err().reason.to_string();
    assert!(reason.starts_with("enough"), "{reason}");
}

#[cfg(feature = "sim")]
#[test]
fn a_call_that_is_dropped_gives_its_slot_back() {
    anyrt::sim::check_cancel(
        |rt| async move { Mailer::new(&rt) },
        |_, mailer| async move { mailer.work().await.unwrap() },
        |_, mailer| async move { assert_eq!(mailer.slots.in_flight(), 0) },
    );
}

/// Limiters in statics: of a runtime with a name.
#[cfg(feature = "smol")]
mod kept {
    use anyrt::{ConfigError, cancel::Cancelled, limit::RateLimitError, prelude::*, smol::Smol};
    use std::time::Duration;

    #[derive(Debug, PartialEq)]
    enum Refused {
        Set(ConfigError),
        Rate(RateLimitError),
        Cancelled(Cancelled),
    }

    impl From<ConfigError> for Refused {
        fn from(error: ConfigError) -> Self {
            Self::Set(error)
        }
    }

    impl From<RateLimitError> for Refused {
        fn from(error: RateLimitError) -> Self {
            Self::Rate(error)
        }
    }

    impl From<Cancelled> for Refused {
        fn from(error: Cancelled) -> Self {
            Self::Cancelled(error)
        }
    }

    #[anyrt::rate_limited(1 per "1ms")]
    async fn spaced(rt: &Smol, n: u32) -> Result<u32, RateLimitError> {
        Ok(n)
    }

    #[anyrt::rate_limited(1_000_000 per second, burst = 2, weight = weight, name = "letters")]
    async fn heavy(rt: Smol, weight: u32) -> Result<(), RateLimitError> {
        Ok(())
    }

    const NONE: u32 = 0;

    #[anyrt::rate_limited(NONE per minute)]
    async fn never(rt: &Smol) -> Result<(), Refused> {
        Ok(())
    }

    #[anyrt::concurrent_limited(NONE as usize)]
    async fn nobody(rt: &Smol) -> Result<(), Refused> {
        Ok(())
    }

    #[anyrt::concurrent_limited(1)]
    async fn one(rt: &Smol) -> Result<(), Cancelled> {
        rt.sleep(Duration::from_millis(1)).await;
        Ok(())
    }

    #[test]
    fn a_limiter_is_kept_from_call_to_call() {
        let rt = Smol::default();
        rt.block_on(async {
            let start = rt.now();
            for n in 0..3 {
                assert_eq!(spaced(&rt, n).await, Ok(n));
            }
            assert!(rt.now() - start >= Duration::from_millis(2));
            let calls = anyrt::join!(one(&rt), one(&rt));
            assert_eq!(calls, (Ok(()), Ok(())));
            assert!(rt.now() - start >= Duration::from_millis(4));
            assert_eq!(heavy(rt.clone(), 2).await, Ok(()));
            let error = heavy(rt.clone(), 3).await.unwrap_err();
            assert!(matches!(error, RateLimitError::TooHeavy { burst: 2, .. }));
            let text = error.to_string();
            assert!(text.contains("\"letters\""), "{text}");
        });
    }

    #[anyrt::rate_limited(1 per hour)]
    async fn rare(rt: &Smol) -> Result<(), RateLimitError> {
        Ok(())
    }

    #[test]
    fn a_limiter_has_the_name_of_its_function() {
        let rt = Smol::default();
        rt.block_on(async {
            rare(&rt).await.expect("one may come at once");
            let soon = anyrt::wait_for(&rt, Duration::from_secs(9), rare(&rt)).await;
            let refused = soon.expect("it does not wait").unwrap_err();
            assert_eq!(refused.name(), Some("rare"), "{refused}");
        });
    }

    #[test]
    fn a_setting_that_is_seen_late_is_an_error_of_the_call() {
        let rt = Smol::default();
        rt.block_on(async {
            for _ in 0..2 {
                let outcomes = [(never(&rt).await, "rate"), (nobody(&rt).await, "limit")];
                for (outcome, field) in outcomes {
                    let Err(Refused::Set(error)) = outcome else {
                        panic!("{outcome:?}");
                    };
                    assert_eq!(error.field, field);
                }
            }
        });
    }
}
