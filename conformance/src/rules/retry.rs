//! *RE*: retries, their waits and their budgets.

use super::every::{Cut, cut_off};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, Wakes},
};
use anyrt_core::{
    ConfigError,
    cancel::CancellationToken,
    context::Context,
    rt::{Entropy, Runtime},
    time::wait_for,
};
use anyrt_toolkit::retry::{
    AttemptError, Backoff, GaveUp, Retry, RetryBudget, RetryBuilder, RetryError, retry,
};
use std::{
    future::{pending, ready},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

pub(super) const HOUR: Duration = Duration::from_secs(3600);
const MS: Duration = Duration::from_millis(1);

type Policy = Retry<u32>;
type Failure = RetryError<u32>;

pub(super) fn policy(
    set: impl FnOnce(RetryBuilder<u32>) -> RetryBuilder<u32>,
) -> Result<Policy, Stop> {
    let built = set(Retry::builder().backoff(Backoff::none())).build();
    built.map_err(|error| Stop::failed(error.to_string()))
}

/// Each attempt fails at once, with its number.
pub(super) async fn failing<R: Runtime>(rt: &R, policy: &Policy) -> Result<Failure, Stop> {
    match retry(rt, policy, |attempt| ready(Err::<(), _>(attempt.number()))).await {
        Ok(()) => Err(Stop::failed("an attempt succeeded")),
        Err(error) => Ok(error),
    }
}

/// The number of attempts.
pub fn re_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        for most in [1, 2, 5] {
            let error = failing(rt, &policy(|p| p.attempts(most))?).await?;
            ensure_eq!(error.attempts, most, "the attempts");
            ensure_eq!(error.gave_up, GaveUp::Attempts, "the reason");
        }
        let unbounded = policy(|p| p.attempts(None))?;
        let mut made = 0;
        let output = retry(rt, &unbounded, |attempt| {
            made += 1;
            ready(if made == 20 {
                Ok(attempt.number())
            } else {
                Err(0)
            })
        });
        ensure_eq!(output.await, Ok(20), "the first `Ok`");
        ensure_eq!(made, 20, "the attempts until then");
        let plain = || Retry::<u32>::builder();
        let crooked = |factor| plain().backoff(Backoff::exponential(MS).factor(factor));
        for (builder, field) in [
            (plain().attempts(0), "attempts"),
            (plain().max_elapsed(Duration::ZERO), "max_elapsed"),
            (plain().attempt_timeout(Duration::ZERO), "attempt_timeout"),
            (crooked(f64::NAN), "factor"),
            (crooked(-2.0), "factor"),
        ] {
            let Err(error) = builder.build() else {
                return Err(Stop::failed(format!("a bad {field} was taken")));
            };
            ensure_eq!(error.field, field, "the error's field");
        }
        Ok(())
    })
}

/// The limit of all.
pub fn re_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        // A wait of an hour would hang here.
        let long = |p: RetryBuilder<u32>| p.attempts(None).backoff(Backoff::constant(HOUR));
        let error = failing(rt, &policy(|p| long(p).max_elapsed(HOUR / 2))?).await?;
        ensure_eq!(error.gave_up, GaveUp::MaxElapsed, "before too long a wait");
        ensure_eq!(error.attempts, 1, "the attempts");
        let patient = policy(long)?;
        let error = wait_for(rt, HOUR / 2, failing(rt, &patient)).await;
        let error = error.map_err(|e| Stop::failed(e.to_string()))??;
        ensure_eq!(error.gave_up, GaveUp::Deadline, "before the deadline");
        // An attempt that never ends would, too.
        let (dropped, started) = (Wakes::new(), rt.now());
        let limited = policy(|p| p.attempts(None).max_elapsed(MS * 20))?;
        let attempts = retry(rt, &limited, |_| {
            let witness = Counted::new(&dropped);
            async move {
                let _witness = witness;
                pending::<Result<(), u32>>().await
            }
        });
        let Err(error) = attempts.await else {
            return Err(Stop::failed("an attempt without an end has ended"));
        };
        ensure_eq!(dropped.count(), 1, "the attempts that were dropped by then");
        ensure_eq!(error.gave_up, GaveUp::MaxElapsed, "the reason");
        ensure!(
            rt.now() - started >= MS * 20 && error.elapsed >= MS * 20,
            "it was over after {:?}, before its limit",
            rt.now() - started
        );
        ensure!(
            matches!(&error.last, AttemptError::TimedOut(e) if e.limit <= MS * 20),
            "the last error is {:?}",
            error.last
        );
        // The limit of an attempt is one more attempt's beginning.
        let each = policy(|p| p.attempts(3).attempt_timeout(MS))?;
        let attempts = retry(rt, &each, |attempt| async move {
            match attempt.number() {
                3 => Ok(3),
                _ => pending().await,
            }
        });
        ensure_eq!(attempts.await, Ok(3), "after two attempts without an end");
        Ok(())
    })
}

/// Jitter.
pub fn re_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    #[derive(Clone)]
    struct Drawn<R>(R, Arc<AtomicU64>);
    impl<R: Entropy> Entropy for Drawn<R> {
        fn random_u64(&self) -> u64 {
            self.1.fetch_add(1, SeqCst);
            self.0.random_u64()
        }
    }
    fn bad(error: ConfigError) -> Stop {
        Stop::failed(error.to_string())
    }
    let ten = Backoff::constant(MS * 10);
    for (backoff, least, most) in [
        (ten.clone().full_jitter(), Duration::ZERO, MS * 10),
        (ten.equal_jitter(), MS * 5, MS * 10),
        (
            Backoff::decorrelated(MS * 2).max_delay(MS * 9),
            MS * 2,
            MS * 9,
        ),
    ] {
        let rt = Drawn(ctx.rt().clone(), Arc::default());
        let mut delays = backoff.delays(&rt).map_err(bad)?;
        let drawn: Vec<_> = (0..100).map(|_| delays.next_delay()).collect();
        let inside = drawn.iter().all(|delay| (least..=most).contains(delay));
        ensure!(inside, "{backoff:?}: {drawn:?}");
        // What is rounded to any power of ten is even.
        let fine = drawn.iter().any(|delay| delay.subsec_nanos() % 2 == 1);
        ensure!(fine, "{backoff:?} knows no single nanoseconds: {drawn:?}");
        ensure_eq!(rt.1.load(SeqCst), 100, "draws from the runtime");
    }
    ctx.run(async {
        let rt = ctx.rt();
        let asked = Arc::new(Mutex::new(Duration::ZERO));
        let total = asked.clone();
        let jittered = policy(|p| {
            p.attempts(8)
                .backoff(Backoff::constant(MS * 2).full_jitter())
                .on_retry(move |retrying| *total.lock().expect("no panic") += retrying.delay)
        })?;
        let started = rt.now();
        failing(rt, &jittered).await?;
        let (took, asked) = (rt.now() - started, *asked.lock().expect("no panic"));
        ensure!(took >= asked, "waits of {asked:?} together took {took:?}");
        Ok(())
    })
}

/// What the error asks for.
pub fn re_4<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        // Only with the errors' own delays this ends within the hour.
        let polite = policy(|p| {
            p.backoff(Backoff::constant(HOUR).max_delay(HOUR))
                .retry_after(|n| Some(MS * 10 * (*n - 1)))
        })?;
        let started = rt.now();
        ensure_eq!(failing(rt, &polite).await?.attempts, 3, "the attempts");
        let took = rt.now() - started;
        let range = MS * 10..HOUR;
        ensure!(range.contains(&took), "waits of 0 and 10 ms took {took:?}");
        let beyond = policy(|p| {
            p.backoff(Backoff::none().max_delay(MS))
                .retry_after(|_| Some(HOUR))
                .max_elapsed(HOUR)
        })?;
        let error = failing(rt, &beyond).await?;
        ensure_eq!(error.gave_up, GaveUp::MaxElapsed, "an hour was asked for");
        Ok(())
    })
}

/// The final error, and the hooks.
pub fn re_6<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (retries, ends) = (log.clone(), log.clone());
        let write = |log: &Mutex<Vec<String>>, line| log.lock().expect("no panic").push(line);
        let told = policy(|p| {
            p.attempts(9)
                .backoff(Backoff::constant(MS * 5))
                .when(|n| *n < 3)
                .on_retry(move |r| write(&retries, format!("{} {:?}", r.attempt, r.delay)))
                .on_give_up(move |error| write(&ends, format!("{:?}", error.gave_up)))
        })?;
        let error = failing(rt, &told).await?;
        ensure_eq!(error.attempts, 3, "the attempts");
        ensure_eq!(error.gave_up, GaveUp::Refused, "the reason");
        ensure_eq!(error.last, AttemptError::Failed(3), "the last error");
        ensure!(error.elapsed >= MS * 10, "it took {:?}", error.elapsed);
        let log = log.lock().expect("no panic").clone();
        ensure_eq!(log, ["1 5ms", "2 5ms", "Refused"], "what the hooks heard");
        let named = retry(rt, &told, |_| ready(Err::<(), _>(7))).named("fetch");
        let text = named.await.map_err(|error| error.to_string());
        ensure!(
            matches!(&text, Err(text) if text.starts_with("fetch failed after 1 attempt in ")),
            "it says {text:?}"
        );
        let limit = Duration::from_nanos(2_000_003);
        let limited = policy(|p| p.attempts(1).attempt_timeout(limit).max_elapsed(HOUR))?;
        let late = retry(rt, limited, |_| pending::<Result<(), u32>>()).await;
        let told = late.map_err(|error| error.into_inner().last);
        ensure!(
            matches!(&told, Err(AttemptError::TimedOut(late)) if late.limit == limit),
            "of a limit of {limit:?} it tells {told:?}"
        );
        Ok(())
    })
}

/// The budget.
pub fn re_7<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let budget = RetryBudget::new(3, 0.5).map_err(|e| Stop::failed(e.to_string()))?;
        let one = policy(|p| p.attempts(3).budget(&budget))?;
        let other = policy(|p| p.attempts(None).budget(&budget))?;
        let attempts = failing(rt, &one).await?;
        ensure_eq!(attempts.gave_up, GaveUp::Attempts, "two retries of three");
        for left in [1, 0, 0] {
            let error = failing(rt, &other).await?;
            ensure_eq!(error.gave_up, GaveUp::Budget, "the reason");
            ensure_eq!(error.attempts, 1 + left, "a free one, and what is left");
        }
        for _ in 0..3 {
            let output = retry(rt, &one, |_| ready(Ok::<_, u32>(())));
            ensure!(output.await.is_ok(), "an `Ok` is none");
        }
        ensure_eq!(budget.available(), 1, "the retries that three calls earned");
        for _ in 0..20 {
            budget.succeeded();
        }
        ensure_eq!(budget.available(), 3, "the retries, at its capacity");
        for (capacity, part) in [(0, 0.5), (1, -0.5), (1, f64::NAN)] {
            let made = RetryBudget::new(capacity, part);
            ensure!(made.is_err(), "a budget of {capacity}, {part} was made");
        }
        Ok(())
    })
}

/// Draws the same bits each time.
#[derive(Debug, Clone)]
struct Bits(u64);

impl Entropy for Bits {
    fn random_u64(&self) -> u64 {
        self.0
    }
}

fn waits<const N: usize>(backoff: &Backoff, bits: u64) -> Result<[u128; N], Stop> {
    let delays = backoff.delays(&Bits(bits));
    let mut delays = delays.map_err(|error| Stop::failed(error.to_string()))?;
    Ok(std::array::from_fn(|_| delays.next_delay().as_millis()))
}

/// The waits, one after the other.
pub fn re_9<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    const MOST: u64 = u64::MAX;
    for (backoff, bits, wanted) in [
        (Backoff::none(), MOST, [0, 0, 0, 0, 0]),
        (Backoff::constant(MS * 3), MOST, [3, 3, 3, 3, 3]),
        (Backoff::linear(MS * 3), MOST, [3, 6, 9, 12, 15]),
        (Backoff::exponential(MS * 3), MOST, [3, 6, 12, 24, 48]),
        (
            Backoff::exponential(MS * 16).factor(1.5),
            MOST,
            [16, 24, 36, 54, 81],
        ),
        (Backoff::fibonacci(MS * 2), MOST, [2, 2, 4, 6, 10]),
        // At most three times the one before, and at least the least.
        (Backoff::decorrelated(MS), MOST, [3, 9, 27, 81, 243]),
        (Backoff::decorrelated(MS * 5), 0, [5, 5, 5, 5, 5]),
    ] {
        ensure_eq!(waits(&backoff, bits)?, wanted, "the waits of {backoff:?}");
        let capped = waits(&backoff.clone().max_delay(MS * 11), bits)?;
        let wanted = wanted.map(|wait: u128| wait.min(11));
        ensure_eq!(capped, wanted, "the same, of 11 ms at most");
    }
    Ok(())
}

/// Dropped in an attempt, and in a wait.
pub fn re_8<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let rt = ctx.rt();
    let patient = policy(|p| p.backoff(Backoff::constant(HOUR)).attempt_timeout(HOUR))?;
    for cut in Cut::all().filter(|cut| !cut.done) {
        let alive = Arc::new(());
        let attempts = retry(rt, &patient, |_| {
            let alive = alive.clone();
            async move {
                let _alive = alive;
                pending::<Result<(), u32>>().await
            }
        });
        cut_off("retry, in an attempt", attempts, cut, || ())?;
        ensure_eq!(Arc::strong_count(&alive), 1, "attempts left, and one");
        let waits = retry(rt, &patient, |_| ready(Err::<(), _>(1)));
        let context = Context::default().with_token(CancellationToken::new());
        cut_off("retry, in a wait", context.scope(waits), cut, || ())?;
    }
    fn spawned<R: Runtime>(rt: R, policy: Policy) -> R::JoinHandle<bool> {
        let task = async move |rt: R| retry(&rt, policy, |_| ready(Ok(()))).await.is_ok();
        rt.clone().spawn(task(rt))
    }
    ctx.run(async {
        let joined = spawned(ctx.rt().clone(), policy(|p| p)?).await;
        ensure!(matches!(joined, Ok(true)), "spawned it gives {joined:?}");
        Ok(())
    })
}
