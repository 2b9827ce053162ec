//! Task groups at their edges, under many schedules: what is handed over, dropped, cancelled or panics at
//! the worst moment.

use anyrt_core::{
    Instant,
    cancel::{CancellationToken, shield},
    context::Context,
    delegate,
    gather::{hedge, map_concurrent, map_concurrent_stream},
    group::{Cause, Ready, Spawner, StartError, TaskGroup, task_group},
    rt::{Clock, Entropy, Receiver, Runtime, Sleep, Spawn, SpawnBlocking, Timeout},
    sync::Event,
};
use anyrt_sim::{SimHandle, SimRuntime, check};
use std::{
    future::{pending, poll_fn, ready},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{self, Poll, Wake, Waker},
    time::Duration,
};

type Group = TaskGroup<SimRuntime, u32, u32>;
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

const SECOND: Duration = Duration::from_secs(1);

/// Polls `work` once, in the task that calls it.
async fn begin(work: &mut Work) {
    poll_fn(|cx| {
        assert!(work.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
}

/// A child of a group begins `work` and keeps nothing of it: another one's child may go on with it, as
/// callers of a cache do. The abort waits for the one who has it.
fn handed_over(make: impl Fn(&SimRuntime, Arc<Event>) -> Work + Sync) {
    check(100, |rt| {
        let go = Arc::new(Event::new());
        let mut work = make(&rt, go.clone());
        let (given, taken) = (Arc::new(Mutex::new(None)), Arc::new(Event::new()));
        async move {
            let (giver, taker) = (Group::new(&rt), Group::new(&rt));
            let (hand, begun) = (given.clone(), Arc::new(Event::new()));
            let begins = begun.clone();
            let child = giver.spawn(async move {
                begin(&mut work).await;
                *hand.lock().unwrap() = Some(work);
                begins.set();
                pending().await
            });
            child.unwrap();
            begun.wait().await;
            giver.cancel();
            let mut gone = Box::pin(giver.join());
            let early = rt.timeout(SECOND, &mut gone).await;
            assert!(early.is_err(), "nobody else has it as yet");

            let takes = taken.clone();
            let child = taker.spawn(async move {
                let mut work = given.lock().unwrap().take().unwrap();
                begin(&mut work).await;
                takes.set();
                work.await;
                pending().await
            });
            child.unwrap();
            taken.wait().await;
            gone.await.unwrap();
            taker.cancel();
            let mut gone = Box::pin(taker.join());
            let early = rt.timeout(SECOND, &mut gone).await;
            assert!(early.is_err(), "it was dropped in its shield");
            go.set();
            gone.await.unwrap();
        }
    });
}

#[test]
fn a_shield_that_is_handed_over_holds_its_new_task() {
    handed_over(|_, go| Box::pin(shield(async move { go.wait().await })));
}

#[test]
fn a_shield_in_a_shield_goes_along() {
    handed_over(|_, go| {
        Box::pin(shield(async move {
            let mut inner = Box::pin(shield(pending::<()>()));
            poll_fn(|cx| Poll::Ready(_ = inner.as_mut().poll(cx))).await;
            go.wait().await;
        }))
    });
}

#[test]
fn a_body_that_is_handed_over_takes_its_shields_along() {
    handed_over(|rt, go| {
        let rt = rt.clone();
        Box::pin(async move {
            let work = async {
                go.wait().await;
                Ok(())
            };
            let body = |_: Spawner<SimRuntime, u32, u32>| shield(work);
            task_group(&rt, body).await.unwrap();
        })
    });
}

/// A shield that is dropped elsewhere lets the abort go on.
#[test]
fn a_shield_that_is_dropped_elsewhere_wakes_its_task() {
    check(100, |rt| async move {
        let (group, hand) = (Group::new(&rt), Arc::new(Mutex::new(None)));
        let given = hand.clone();
        let child = group.spawn(async move {
            let mut work: Work = Box::pin(shield(pending()));
            begin(&mut work).await;
            *given.lock().unwrap() = Some(work);
            pending().await
        });
        child.unwrap();
        let soon = async {
            rt.sleep(SECOND).await;
            group.cancel();
            rt.sleep(SECOND).await;
            drop(hand.lock().unwrap().take());
        };
        soon.await;
        group.join().await.unwrap();
    });
}

#[test]
fn a_stream_that_waits_for_an_item_hears_its_token() {
    check(50, |rt| async move {
        let (token, (_sender, items)) = (CancellationToken::new(), rt.channel(1).unwrap());
        let outputs =
            map_concurrent_stream(&rt, items.into_stream(), |n: u32| ready(Ok::<_, u32>(n)));
        let context = Context::default().with_token(token.clone());
        let soon = rt.clone();
        drop(rt.spawn(async move {
            soon.sleep(SECOND).await;
            token.cancel();
        }));
        let error = context.scope(outputs.collect()).await.unwrap_err();
        assert!(matches!(error.cause, Cause::Cancelled(Some(_))), "{error}");
    });
}

/// Runs its closure when dropped.
struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(act) = self.0.take() {
            act();
        }
    }
}

/// A child that fails, and whose destructor says that it is ready: somebody hears of the failure.
#[test]
fn an_error_is_not_lost_between_readiness_and_end() {
    check(50, |rt| async move {
        let group = Group::new(&rt);
        let started = group.start(|ready: Ready<u8>| {
            let late = OnDrop(Some(|| ready.send(1)));
            poll_fn(move |_| {
                let _kept = &late;
                Poll::Ready(Err(7))
            })
        });
        let started = started.await;
        let joined = group.join().await;
        match started {
            Err(StartError::Failed(7)) => joined.unwrap(),
            Ok(1) => assert_eq!(joined.unwrap_err().first().error(), Some(&7)),
            other => panic!("the start gave {other:?}, the group {joined:?}"),
        }
    });
}

/// What is refused because the group was closed is not cut short by its token.
#[test]
fn a_spawn_after_close_is_not_cut_short() {
    check(20, |rt| async move {
        let token = CancellationToken::new();
        let group = Group::builder(&rt).token(&token).build();
        group.spawn(ready(Ok(1))).unwrap();
        group.close();
        group.spawn(ready(Ok(2))).unwrap_err();
        assert_eq!(group.next().await, Some(1));
        token.cancel();
        group.join().await.unwrap();
    });
}

/// A runtime whose first `spawn` cancels a token, as another thread might at that moment.
#[derive(Debug, Clone)]
struct Cancels {
    inner: SimRuntime,
    token: CancellationToken,
}

impl Spawn for Cancels {
    type JoinHandle<T: Send + 'static> = SimHandle<T>;

    #[track_caller]
    fn spawn<F>(&self, future: F) -> SimHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.token.cancel();
        self.inner.spawn(future)
    }
}

impl SpawnBlocking for Cancels {
    delegate!(SpawnBlocking => inner: SimRuntime);
}

impl Clock for Cancels {
    delegate!(Clock => inner: SimRuntime);
}

impl Sleep for Cancels {
    delegate!(Sleep => inner: SimRuntime);
}

impl Entropy for Cancels {
    delegate!(Entropy => inner: SimRuntime);
}

impl Runtime for Cancels {
    delegate!(Runtime => inner: SimRuntime, except name);

    fn name(&self) -> &'static str {
        "cancels"
    }
}

/// A second reaper would sleep out its time, and keep whoever waits for the group.
#[test]
fn a_group_that_is_cancelled_as_it_is_made_has_one_reaper() {
    check(50, |inner| async move {
        let token = CancellationToken::new();
        let rt = Cancels {
            inner: inner.clone(),
            token: token.clone(),
        };
        let group = TaskGroup::<_, u32, u32>::builder(&rt).token(&token);
        let group = group.timeout(60 * SECOND).grace(60 * SECOND);
        let group = group.build();
        inner.sleep(SECOND).await;
        group.join().await.unwrap();
        assert_eq!(inner.now(), Instant::ORIGIN + SECOND);
    });
}

/// A waker that panics.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("expected: a waker that panics");
    }
}

/// Polls with a waker that panics.
fn poll_hostile(future: Pin<&mut impl Future>) {
    let waker = Waker::from(Arc::new(Panics));
    let polled = future.poll(&mut task::Context::from_waker(&waker));
    assert!(polled.is_pending());
}

/// Waits for the group's token with a waker that panics, and then for good.
async fn hostile() -> Result<u32, u32> {
    let token = Context::current().token().unwrap().clone();
    let mut cancelled = Box::pin(token.cancelled());
    poll_hostile(cancelled.as_mut());
    pending().await
}

#[test]
fn the_grace_ends_past_a_waker_that_panics() {
    check(20, |rt| async move {
        let group = Group::builder(&rt).timeout(SECOND).grace(SECOND);
        let group = group.build();
        let before = rt.now();
        group.spawn(hostile()).unwrap();
        group.join().await.unwrap_err();
        assert_eq!(rt.now() - before, 2 * SECOND);
    });
}

#[test]
fn a_group_that_is_dropped_stops_its_reaper_past_a_waker_that_panics() {
    check(20, |rt| async move {
        let outer = Group::new(&rt);
        let before = rt.now();
        let inner = rt.clone();
        let child = outer.spawn(async move {
            let group = Group::builder(&inner).timeout(60 * SECOND);
            let group = group.build();
            group.spawn(hostile()).unwrap();
            inner.sleep(SECOND).await;
            catch_unwind(AssertUnwindSafe(|| drop(group))).unwrap_err();
            Ok(1)
        });
        child.unwrap();
        outer.join().await.unwrap();
        assert_eq!(rt.now() - before, SECOND);
    });
}

/// Children end by themselves, however long that takes, and no timer is left that others would wait for.
#[test]
fn a_grace_without_end() {
    check(20, |rt| async move {
        let group = Group::builder(&rt).grace(Duration::MAX).build();
        let (inner, token) = (rt.clone(), group.token().clone());
        let year = SECOND * 3600 * 24 * 365;
        let child = async move {
            token.cancelled().await;
            inner.sleep(year).await;
            Ok(7)
        };
        group.spawn(child).unwrap();
        group.cancel();
        assert_eq!(group.collect().await.unwrap(), [7]);
        assert_eq!(rt.now(), Instant::ORIGIN + year);
    });
}

/// The end of a queued child wakes whoever waits for an output, and that one panics.
#[test]
fn a_cancelled_group_ends_past_a_consumer_that_panics() {
    check(20, |rt| async move {
        let group = Group::builder(&rt).max_concurrent(1).unwrap().grace(SECOND);
        let group = group.build();
        for _ in 0..3 {
            group.spawn(pending()).unwrap();
        }
        let mut next = Box::pin(group.next());
        poll_hostile(next.as_mut());
        catch_unwind(AssertUnwindSafe(|| group.cancel())).unwrap_err();
        drop(next);
        group.join().await.unwrap();
        assert_eq!(rt.now(), Instant::ORIGIN + SECOND);
    });
}

/// It is nobody's failure, so nobody is named.
#[test]
fn a_map_that_is_cancelled_names_no_task() {
    check(20, |rt| async move {
        let token = CancellationToken::new();
        let mapping = async {
            let mut mapped = map_concurrent(&rt, 0_u64.., async |n| match n {
                0 => Ok::<_, u32>(n),
                _ => pending().await,
            })
            .limit(2)
            .unwrap();
            assert!(matches!(mapped.next().await, Some(Ok(0))));
            token.cancel_with("the window was closed");
            mapped.next().await.unwrap().unwrap_err()
        };
        let context = Context::default().with_token(token.clone());
        let error = context.scope(mapping).await;
        assert_eq!(error.id, None, "{error}");
        let text = format!("{error:#}");
        assert!(text.starts_with("map_concurrent ("), "{text}");
        assert!(text.contains("the window was closed"), "{text}");
    });
}

/// By the number that the closure gets: failures count from 1, as it does.
#[test]
fn attempts_of_a_hedge_have_names() {
    check(20, |rt| async move {
        let attempt = |number| {
            assert_ne!(number, 2, "not made");
            ready(Err::<u32, _>(number))
        };
        let failed = hedge(&rt, 3, SECOND, attempt).unwrap().await.unwrap_err();
        let names: Vec<_> = failed
            .iter()
            .map(|failure| failure.name.as_deref())
            .collect();
        assert_eq!(
            names,
            [Some("attempt 1"), Some("attempt 2"), Some("attempt 3")]
        );
        assert!(
            format!("{failed:#}").contains("attempt 2 (task 1, "),
            "{failed:?}"
        );
    });
}
