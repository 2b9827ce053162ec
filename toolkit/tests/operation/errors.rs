//! The convention of all errors: the chain of sources leads to the caller's own, and says nothing twice.

use crate::kit::SECOND;
use anyrt::{
    AsyncCache, CancellationToken, CircuitBreaker, Context, Elapsed, Pool, RateLimiter,
    batch::Batcher,
    cancel::{Cancellable, Cancelled},
    error::chain,
    group::StartError,
    join,
    lifecycle::App,
    limit::Quota,
    operation::{Operation, Outcome, Tracker},
    pool::Manager,
    prelude::*,
    resilience::best_effort,
    resource::{AsyncClose, exit_stack},
    retry::{Backoff, Retry, retry},
    sim::check,
    time::{wait_for, wait_for_task},
    tower::LayerError,
};
use std::{
    error::Error,
    future::{Future, pending, ready},
    io, iter,
};

type Boxed = Box<dyn Error + Send + Sync>;

const TEXT: &str = "connection refused by db:5432";

fn mine() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionRefused, TEXT)
}

async fn fails() -> io::Result<u32> {
    Err(mine())
}

fn texts(error: &(dyn Error + 'static)) -> Vec<String> {
    let chain = iter::successors(Some(error), |&error| error.source());
    chain.map(ToString::to_string).collect()
}

/// The last of at least two is a `T`, and no text has another one in it.
fn leads_to<T: Error + 'static>(error: &(dyn Error + 'static)) {
    let mut texts = texts(error);
    // A `LayerError` is its part, and says what that says.
    texts.dedup();
    let mut all = iter::successors(Some(error), |&error| error.source());
    assert!(all.any(<dyn Error>::is::<T>), "{texts:?}: {error:?}");
    assert!(error.source().is_some(), "{texts:?}");
    for (at, outer) in texts.iter().enumerate() {
        for inner in &texts[at + 1..] {
            assert!(!outer.contains(inner), "{texts:?} says it twice");
        }
    }
    assert_eq!(chain(error).to_string(), texts.join(": "));
}

/// So it is, and `{:#}` says what is inside, once.
fn leads_to_mine(error: &(dyn Error + 'static)) {
    leads_to::<io::Error>(error);
    let whole = format!("{error:#}");
    assert_eq!(whole.matches(TEXT).count(), 1, "{whole}");
}

struct Broken;

impl Manager for Broken {
    type Object = u32;
    type Error = io::Error;

    async fn create(&self) -> io::Result<u32> {
        fails().await
    }
}

struct Jams;

impl AsyncClose for Jams {
    type Error = io::Error;

    async fn close(self) -> io::Result<()> {
        Err(mine())
    }
}

fn policy<E>() -> Retry<E> {
    let built = Retry::builder()
        .attempts(2)
        .backoff(Backoff::constant(SECOND));
    built.build().unwrap()
}

#[test]
fn the_chain_leads_to_the_callers_own_error() {
    check(3, |rt| async move {
        leads_to_mine(&anyrt::gather(&rt, [fails()]).await.unwrap_err());
        let settled = anyrt::gather(&rt, [fails()]).settled().await;
        leads_to_mine(settled[0].as_ref().unwrap_err());
        leads_to_mine(&settled.into_iter().next().unwrap().unwrap_err().cause);
        leads_to_mine(&join::race_ok([fails()]).unwrap().await.unwrap_err());
        leads_to_mine(&StartError::Failed(mine()));
        let late = best_effort(&rt, SECOND, [fails()]).await;
        leads_to_mine(late[0].as_ref().unwrap_err());
        let retried = retry(&rt, &policy(), |_| fails()).await.unwrap_err();
        leads_to_mine(&retried);
        leads_to_mine(&retried.last);
        let cache: AsyncCache<_, u8, u32, io::Error> = AsyncCache::builder(&rt)
            .fallible()
            .capacity(1)
            .build()
            .unwrap();
        let load = cache.get_or_try_load(&1, |_| fails()).await;
        leads_to_mine(&load.unwrap_err());
        let breaker = CircuitBreaker::builder(&rt)
            .failures_in_a_row(1)
            .build()
            .unwrap();
        leads_to_mine(&breaker.call(fails()).await.unwrap_err());
        let pool = Pool::builder(&rt, Broken).build().unwrap();
        leads_to_mine(&pool.get().await.map(drop).unwrap_err());
        let load = |_| async { Err(mine()) };
        let batcher: Batcher<_, u8, u8, _> = Batcher::builder(&rt, load).build().unwrap();
        leads_to_mine(&batcher.load(1).await.unwrap_err());
        let body = exit_stack(&rt, |_| fails()).await.unwrap_err();
        leads_to_mine(&body);
        let closed = exit_stack(&rt, |exits| async move {
            let _jams = exits.enter(Jams);
            io::Result::Ok(())
        });
        let closed = closed.await.unwrap_err();
        leads_to_mine(&closed);
        leads_to_mine(&closed.closes[0]);
        leads_to_mine(&LayerError::<Elapsed, _>::Inner(mine()));
        leads_to_mine(&LayerError::<_, io::Error>::Layer(retried));
        let report = App::new(&rt).run(|app| async move {
            app.spawn("db", |_| fails())?;
            Ok::<_, Boxed>(())
        });
        leads_to_mine(&report.await.failures[0]);
    });
}

#[test]
fn a_limit_of_time_is_in_the_chain_too() {
    check(3, |rt| async move {
        let never = || pending::<io::Result<u32>>();
        let late = best_effort(&rt, SECOND, [never()]).await.remove(0);
        let late = late.unwrap_err();
        assert!(
            matches!(late.cause, anyrt::group::Cause::TimedOut(_)),
            "{late:?}"
        );
        assert_eq!(late.spawned_at.file(), file!(), "the caller's place");
        leads_to::<Elapsed>(&late);
        leads_to::<Elapsed>(
            &wait_for_task(&rt, SECOND, rt.spawn(pending::<()>()))
                .await
                .unwrap_err(),
        );
        let limited = Retry::builder().attempts(1).attempt_timeout(SECOND).build();
        let limited = retry(&rt, &limited.unwrap(), |_| never())
            .await
            .unwrap_err();
        leads_to::<Elapsed>(&limited);
        leads_to::<Elapsed>(&limited.last);
        let none = Pool::builder(&rt, Slow)
            .create_timeout(SECOND)
            .build()
            .unwrap();
        leads_to::<Elapsed>(&none.get().await.map(drop).unwrap_err());
    });
}

/// The source that follows is of what stands last.
#[test]
fn an_exit_error_ends_with_what_has_the_source() {
    check(3, |rt| async move {
        let both = exit_stack(&rt, |exits| async move {
            exits.defer("log", || async {
                io::Result::<()>::Err(io::Error::other("disk full"))
            });
            exits.defer("net", || async { panic!("oh") as io::Result<()> });
            fails().await
        });
        let both = both.await.unwrap_err();
        let parts: Vec<_> = both.closes.iter().rev().map(ToString::to_string).collect();
        let [log, net] = &parts[..] else {
            panic!("{both:?}")
        };
        assert!(
            log.starts_with("closing log (") && log.ends_with(") failed"),
            "{log}"
        );
        assert!(
            net.starts_with("closing net (") && net.ends_with(") panicked: oh"),
            "{net}"
        );
        let text = format!("{log}; {net}; the body failed");
        assert_eq!(both.to_string(), text);
        assert_eq!(chain(&both).to_string(), format!("{text}: {TEXT}"));
        let whole = format!("{log}: disk full; {net}; the body failed: {TEXT}");
        assert_eq!(format!("{both:#}"), whole);
        let closes = exit_stack(&rt, |exits| async move {
            exits.defer("second", || async {
                io::Result::<()>::Err(io::Error::other("disk full"))
            });
            let _first = exits.enter_named("first", Jams);
            io::Result::Ok(())
        });
        let text = chain(&closes.await.unwrap_err()).to_string();
        let (second, first) = text.split_once("; ").expect("two");
        assert!(second.starts_with("closing second ("), "{text}");
        assert!(
            first.starts_with("closing first (") && first.ends_with(&format!(") failed: {TEXT}")),
            "{text}"
        );
    });
}

struct Slow;

impl Manager for Slow {
    type Object = u32;
    type Error = io::Error;

    async fn create(&self) -> io::Result<u32> {
        pending().await
    }
}

/// What tells of an error as a text tells all of it.
#[test]
fn reports_have_every_source() {
    check(3, |rt| async move {
        let pool = Pool::builder(&rt, Broken).build().unwrap();
        let whole = format!("the pool's manager could make no object: {TEXT}");
        let tracker = Tracker::new(9);
        let get = Operation::new("get").tracker(&tracker);
        get.try_run(&rt, pool.get()).await.map(drop).unwrap_err();
        let boxed = async { Err::<(), Boxed>(pool.get().await.map(drop).unwrap_err().into()) };
        let get = Operation::new("boxed").tracker(&tracker);
        get.try_run(&rt, boxed).await.unwrap_err();
        for one in tracker.finished() {
            assert_eq!(one.outcome, Outcome::Error(whole.clone()));
        }
        let get = pool.clone();
        let failed = App::new(&rt).run(|_| async move {
            let _object = get.get().await?;
            Ok::<_, Boxed>(())
        });
        let failed = failed.await.into_result().unwrap_err();
        let text = format!("stopped: the start-up failed\nthe start-up failed: {whole}");
        assert_eq!(failed.to_string(), text);
        assert_eq!(format!("{failed:?}"), text, "as main prints it");
        assert_eq!(chain(&*failed).to_string(), text, "nothing twice");
        leads_to_io(&*failed);
        let get = pool.clone();
        let failed = App::new(&rt).run(|app| async move {
            app.spawn("db", |_| async move { get.get().await.map(drop) })?;
            Ok::<_, Boxed>(())
        });
        let failed = failed.await;
        let text = format!("stopped: db failed\ndb failed: {whole}");
        assert_eq!(failed.to_string(), text);
        assert_eq!(chain(&failed).to_string(), text, "nothing twice");
        leads_to_io(&failed);
        let closed = App::new(&rt).run(|app| async move {
            let _both = (app.enter_named("db", Jams), app.enter(Jams));
            Ok::<_, Boxed>(())
        });
        let closed = closed.await;
        assert!(
            closed.to_string().ends_with(&format!(") failed: {TEXT}")),
            "{closed}"
        );
        assert_eq!(chain(&closed).to_string(), closed.to_string());
        leads_to_io(&closed);
        let told = closed.closes.iter().map(|close| close.name.as_deref());
        assert!(told.eq([None, Some("db")]), "{closed}");
    });
}

fn leads_to_io(error: &(dyn Error + 'static)) {
    let mut all = iter::successors(Some(error), |&error| error.source());
    assert!(all.any(<dyn Error>::is::<io::Error>), "{error:?}");
}

#[test]
fn a_source_that_is_said_already_is_left_out() {
    #[derive(Debug)]
    struct Repeats(io::Error);
    impl std::fmt::Display for Repeats {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "no database: {}", self.0)
        }
    }
    impl Error for Repeats {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }
    let whole = format!("no database: {TEXT}");
    assert_eq!(chain(&Repeats(mine())).to_string(), whole);
    let within = StartError::Failed(Repeats(mine()));
    let text = format!("the task failed before it was ready: {whole}");
    assert_eq!(chain(&within).to_string(), text);
    // Not said: it only ends like it.
    let longer = StartError::Failed(io::Error::other("ready"));
    assert!(chain(&longer).to_string().ends_with("ready: ready"));
}

#[test]
fn names_are_told() {
    check(1, |rt| async move {
        let breaker = CircuitBreaker::builder(&rt)
            .name("billing")
            .build()
            .unwrap();
        breaker.open();
        let error = breaker.call(fails()).await.unwrap_err();
        let text = "the call was not made: the circuit breaker \"billing\" is open";
        assert_eq!(chain(&error).to_string(), text);
        assert!(format!("{breaker:?}").contains("billing"));
        let cache = AsyncCache::<_, u8, u8>::builder(&rt).name("users").build();
        let text = cache.unwrap_err().to_string();
        assert!(
            text.contains("`.capacity(..)`") && text.contains("\"users\""),
            "{text}"
        );
    });
}

/// As an operation in a context that is cancelled after a second and a half.
async fn outcome_of<R, T, E, Via>(rt: &R, work: impl Future<Output = Result<T, E>>) -> Outcome
where
    R: Runtime,
    E: anyrt::operation::Failure<Via>,
{
    let token = CancellationToken::new();
    let (deploy, timer) = (token.clone(), rt.clone());
    let cancels = rt.spawn(async move {
        timer.sleep(SECOND * 3 / 2).await;
        deploy.cancel_with("deploy");
    });
    let tracker = Tracker::new(1);
    let run = Operation::new("op").tracker(&tracker).try_run(rt, work);
    let output = Context::current().with_token(token).scope(run).await;
    assert!(output.is_err());
    cancels.await.unwrap();
    tracker.finished().remove(0).outcome
}

#[test]
fn cancellations_of_its_own_are_no_errors() {
    check(3, |rt| async move {
        let limiter = RateLimiter::new(&rt, Quota::per_hour(1)).unwrap();
        limiter.acquire().await.unwrap();
        let token = || Context::current().token().cloned().unwrap();
        let given_up = || async move { pending::<()>().cancellable(&token()).await.map(|()| 1) };
        let cache: AsyncCache<_, u8, u32, Cancelled> = AsyncCache::builder(&rt)
            .fallible()
            .capacity(1)
            .build()
            .unwrap();
        // A load has nobody's token but its own.
        let own = CancellationToken::new();
        own.cancel();
        let stopped = async move { pending::<()>().cancellable(&own).await.map(|()| 1) };
        let endless = Retry::builder()
            .attempts(None)
            .backoff(Backoff::constant(SECOND));
        let endless = endless.build().unwrap();
        let breaker = CircuitBreaker::builder(&rt).build().unwrap();
        let aborted = async {
            let task = rt.spawn(pending::<()>());
            task.abort();
            wait_for_task(&rt, SECOND, task).await
        };
        let boxed = async { Err::<(), Boxed>(limiter.acquire().await.unwrap_err().into()) };
        let gathered = anyrt::gather(&rt, [pending::<io::Result<u32>>()]);
        let outcomes = [
            outcome_of(&rt, limiter.acquire()).await,
            outcome_of(&rt, boxed).await,
            outcome_of(&rt, retry(&rt, &endless, |_| fails())).await,
            outcome_of(&rt, cache.get_or_try_load(&1, move |_| stopped)).await,
            outcome_of(&rt, async { breaker.call(given_up()).await }).await,
            outcome_of(&rt, gathered).await,
            outcome_of(&rt, async { anyrt::gather(&rt, [given_up()]).await }).await,
            outcome_of(&rt, aborted).await,
            outcome_of(&rt, ready(Err::<(), _>(StartError::<io::Error>::Cancelled))).await,
        ];
        for (at, outcome) in outcomes.into_iter().enumerate() {
            assert_eq!(outcome, Outcome::Cancelled, "{at}");
        }
        let failed = outcome_of(&rt, retry(&rt, &policy(), |_| fails())).await;
        assert!(matches!(failed, Outcome::Error(text) if text.ends_with(TEXT)));
        let late = outcome_of(&rt, wait_for(&rt, SECOND, pending::<()>())).await;
        assert!(
            matches!(late, Outcome::Error(_)),
            "a limit is no cancellation"
        );
    });
}
