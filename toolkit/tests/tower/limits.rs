//! What waits in `poll_ready`.

use crate::{MS, Strict, assert_usable, at, cx, is_ready, poll};
use anyrt_core::{
    cancel::CancellationToken,
    context::Context,
    gather::gather,
    rt::{Clock, Sleep, Spawn},
    time::wait_for,
};
use anyrt_sim::{SimRuntime, check, check_cancel};
use anyrt_toolkit::{
    limit::{Limiter, Quota, RateLimitError, RateLimiter},
    tower::{
        ConcurrencyLimitLayer, ConcurrencyLimitService, LayerError, RateLimitLayer,
        RateLimitService,
    },
};
use std::{
    convert::Infallible,
    error::Error,
    future::{poll_fn, ready},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Arc, Mutex, atomic::Ordering::SeqCst},
    task::Poll,
    time::Duration,
};
use tower::{Layer, Service, ServiceExt, load_shed::LoadShed, service_fn};

const SEC: Duration = Duration::from_secs(1);

type Slots = ConcurrencyLimitService<SimRuntime, Strict>;
type Turns = RateLimitService<SimRuntime, Strict>;

fn slots(rt: &SimRuntime, limit: usize) -> (Limiter<SimRuntime>, Slots) {
    let limiter = Limiter::new(rt, limit).expect("it is permitted");
    let layer = ConcurrencyLimitLayer::new(&limiter);
    let service = assert_usable(layer.layer(Strict::new(rt, MS * 10)));
    (limiter, service)
}

/// One at once, and one each 100 ms.
fn turns(rt: &SimRuntime) -> (RateLimiter<SimRuntime>, Turns) {
    let quota = Quota::per_second(10).burst(1);
    let limiter = RateLimiter::new(rt, quota).expect("it is permitted");
    let layer = RateLimitLayer::new(&limiter);
    let service = assert_usable(layer.layer(Strict::new(rt, MS * 10)));
    (limiter, service)
}

#[test]
fn no_more_run_at_once_than_there_are_slots() {
    check(100, |rt| async move {
        let limiter = Limiter::new(&rt, 3).expect("it is permitted");
        let strict = Strict::new(&rt, MS * 10);
        let service = ConcurrencyLimitLayer::new(&limiter).layer(strict.clone());
        let requests = (0..10).map(|n| service.clone().oneshot(n));
        gather(&rt, requests).await.expect("none fails");
        assert_eq!((strict.calls(), strict.shared.most.load(SeqCst)), (10, 3));
        assert_eq!((limiter.in_flight(), at(&rt)), (0, MS * 40));
    });
}

/// Whether it is ready at this poll. By the task's own waker: a poll with one that wakes nobody is not interrupted.
async fn is_ready_in_its_task<S: Service<u32>>(service: &mut S) -> bool {
    poll_fn(|cx| Poll::Ready(service.poll_ready(cx).is_ready())).await
}

#[test]
fn what_is_free_is_not_shed() {
    check(300, |rt| async move {
        let (slots, turns) = (slots(&rt, 1).0, turns(&rt).0);
        let answer = service_fn(|n: u32| ready(Ok::<_, Infallible>(n)));
        let slots = LoadShed::new(ConcurrencyLimitLayer::new(&slots).layer(answer));
        assert_eq!(slots.oneshot(1).await.expect("a slot is free"), 1);
        let turns = LoadShed::new(RateLimitLayer::new(&turns).layer(answer));
        assert_eq!(turns.oneshot(1).await.expect("nobody came before"), 1);
    });
}

/// Nobody goes first who could not without it: what waits in `poll_ready` is in the line from its first poll.
#[test]
fn who_has_to_wait_is_in_the_line_at_once() {
    check(300, |rt| async move {
        let (limiter, mut service) = slots(&rt, 1);
        let slot = limiter.try_acquire().expect("it is free");
        assert!(!is_ready_in_its_task(&mut service).await);
        drop(slot);
        assert!(limiter.try_acquire().is_none(), "it is the service's");
        assert!(is_ready_in_its_task(&mut service).await);

        let (limiter, mut service) = turns(&rt);
        limiter.try_acquire().expect("it is full");
        assert!(!is_ready_in_its_task(&mut service).await);
        limiter.refund(1);
        assert!(limiter.try_acquire().is_err(), "it is the service's");
        assert!(is_ready_in_its_task(&mut service).await);
    });
}

#[test]
fn a_slot_is_held_from_ready_to_the_response() {
    check(20, |rt| async move {
        let (limiter, service) = slots(&rt, 1);
        let (mut one, mut other) = (service.clone(), service);
        assert!(is_ready(&mut one) && is_ready(&mut one));
        assert_eq!(limiter.in_flight(), 1, "asked twice, it has one");
        assert!(!is_ready(&mut other));
        assert!(!is_ready(&mut one.clone()), "a clone has none");
        let mut response = Box::pin(one.call(1));
        assert!(!is_ready(&mut one) && !is_ready(&mut other));
        drop(one);
        assert!(poll(response.as_mut()).is_pending());
        response.await.expect("it succeeds");
        assert!(is_ready(&mut other), "it comes back with the response");
        let mut response = Box::pin(other.call(2));
        assert!(poll(response.as_mut()).is_pending());
        assert_eq!(limiter.in_flight(), 1);
        drop(response);
        assert_eq!(limiter.in_flight(), 0, "it comes back from what is dropped");
    });
}

#[test]
fn a_service_that_is_dropped_before_its_call_keeps_nothing() {
    check(20, |rt| async move {
        let (limiter, service) = slots(&rt, 1);
        let (mut one, mut other, mut third) = (service.clone(), service.clone(), service);
        assert!(is_ready(&mut one) && !is_ready(&mut other) && !is_ready(&mut third));
        drop(one);
        // The slot has reached the other one, which goes without having looked.
        assert_eq!(limiter.in_flight(), 1);
        drop(other);
        assert!(is_ready(&mut third));
        drop(third);
        assert_eq!(limiter.in_flight(), 0);

        let (limiter, service) = turns(&rt);
        let (mut one, mut other) = (service.clone(), service);
        assert!(is_ready(&mut one) && !is_ready(&mut other));
        assert_eq!(limiter.available(), 0);
        drop(one);
        assert!(is_ready(&mut other), "its token is there again");
        drop(other);
        assert_eq!(limiter.available(), 1);
    });
}

#[test]
fn turns_come_at_their_times() {
    check(50, |rt| async move {
        let (_, service) = turns(&rt);
        let strict_times = (0..5).map(|n| {
            let (rt, service) = (rt.clone(), service.clone());
            async move {
                service
                    .oneshot(n)
                    .await
                    .map_err(|error| error.to_string())?;
                Ok::<_, String>(at(&rt))
            }
        });
        let mut times = gather(&rt, strict_times).await.expect("none fails");
        times.sort_unstable();
        let wanted = [0, 100, 200, 300, 400].map(|turn| MS * (turn + 10));
        assert_eq!(times, wanted);
    });
}

/// The order for what comes in: a client with a rate of its own, before slots that all share.
#[test]
fn who_waits_for_a_turn_holds_no_slot() {
    check(50, |rt| async move {
        let rate = RateLimiter::new(&rt, Quota::per_second(1).burst(1)).expect("it is permitted");
        let limiter = Limiter::new(&rt, 2).expect("it is permitted");
        let inner = Strict::new(&rt, MS * 10);
        let all = ConcurrencyLimitLayer::new(&limiter).layer(inner.clone());
        let client = RateLimitLayer::new(&rate).layer(all.clone());
        let eager = gather(&rt, (0..5).map(|n| client.clone().oneshot(n)));
        let eager = rt.spawn(async move { eager.await.is_ok() });
        // One of them has had its turn and its slot, and all others wait for theirs.
        rt.sleep(MS * 500).await;
        assert_eq!((inner.calls(), limiter.in_flight()), (1, 0));
        for n in 1..=20 {
            let others = [(); 2].map(|()| all.clone().oneshot(n));
            gather(&rt, others).await.expect("none fails");
            assert_eq!(at(&rt), MS * (500 + 10 * n), "nobody was in their way");
        }
        assert!(eager.await.expect("it ends"), "none fails");
        assert_eq!((inner.calls(), limiter.in_flight()), (45, 0));
        assert_eq!(at(&rt), MS * 4010);
    });
}

/// The order for what goes out. Ten requests, of which the first takes ten seconds and no other anything, one at once.
#[test]
fn below_the_slots_no_turns_are_saved() {
    check(20, |rt| async move {
        let rate = RateLimiter::new(&rt, Quota::per_second(1).burst(1)).expect("it is permitted");
        let slots = Limiter::new(&rt, 1).expect("it is permitted");
        let begun = Arc::new(Mutex::new(Vec::new()));
        let (clock, log) = (rt.clone(), begun.clone());
        let inner = service_fn(move |time: Duration| {
            log.lock().unwrap().push(at(&clock));
            let sleep = clock.sleep(time);
            async move {
                sleep.await;
                Ok::<_, Infallible>(())
            }
        });
        let inner = RateLimitLayer::new(&rate).layer(inner);
        let service = ConcurrencyLimitLayer::new(&slots).layer(inner);
        let times = (0..10).map(|n| if n == 0 { SEC * 10 } else { MS });
        let requests = times.map(|time| service.clone().oneshot(time));
        gather(&rt, requests).await.expect("none fails");
        let begun = begun.lock().unwrap();
        assert_eq!(begun.len(), 10);
        // One turn came meanwhile, and is the bucket's.
        assert!(
            begun.windows(3).all(|three| three[2] - three[0] >= SEC),
            "{begun:?}"
        );
    });
}

#[test]
fn what_refuses_a_request_is_not_the_end_of_the_service() {
    check(20, |rt| async move {
        let token = CancellationToken::new();
        token.cancel_with("enough");
        let cancelled = Context::default().with_token(token);
        let soon = Context::default().with_deadline(rt.now() + MS * 50);

        let (limiter, mut service) = turns(&rt);
        assert!(limiter.try_acquire().is_ok());
        for (context, expected) in [(&cancelled, "cancelled"), (&soon, "its turn")] {
            let ready = context.clone().sync_scope(|| service.poll_ready(&mut cx()));
            assert!(matches!(ready, Poll::Ready(Ok(()))));
            let refused = service.call(1).await.expect_err("it is refused");
            let error = refused.layer().expect("it is the layer's");
            assert!(error.to_string().starts_with(expected), "{error}");
        }
        assert_eq!(service.ready().await.expect("usable").call(2).await, Ok(1));
        assert_eq!(at(&rt), MS * 110);

        let (limiter, mut service) = slots(&rt, 1);
        let slot = limiter.try_acquire();
        let ready = cancelled
            .clone()
            .sync_scope(|| service.poll_ready(&mut cx()));
        assert!(matches!(ready, Poll::Ready(Ok(()))));
        let refused = service.call(1).await;
        assert!(matches!(refused, Err(LayerError::Layer(error)) if error.reason.text == "enough"));
        drop(slot);
        assert_eq!(service.ready().await.expect("usable").call(2).await, Ok(1));
    });
}

/// Dropped while they wait, and while the service inside runs.
pub(crate) fn dropped_at_any_point() {
    check_cancel(
        |rt| async move {
            let (limiter, service) = slots(&rt, 1);
            let busy = service.clone();
            drop(rt.spawn(async move { busy.oneshot(0).await }));
            (limiter, service)
        },
        |_, (_, service)| async move { service.oneshot(1).await },
        |rt, (limiter, _)| async move {
            rt.sleep(MS * 20).await;
            assert_eq!(limiter.in_flight(), 0);
        },
    );
    check_cancel(
        |rt| async move {
            let (limiter, service) = turns(&rt);
            assert!(limiter.try_acquire().is_ok());
            (limiter, service)
        },
        |_, (_, service)| async move { service.oneshot(1).await },
        |rt, (limiter, _)| async move {
            rt.sleep(MS * 100).await;
            assert_eq!(limiter.available(), 1);
        },
    );
}

#[test]
fn a_refusal_tells_the_limiters_name() {
    check(1, |rt| async move {
        let (limiter, service) = turns(&rt);
        let limiter = limiter.named("mail");
        limiter.try_acquire().expect("a token is there");
        let request = wait_for(&rt, MS * 50, service.clone().oneshot(1)).await;
        let refused = request.expect("it does not wait").expect_err("it is late");
        let whole = "rate limiter \"mail\": its turn would come after the deadline";
        assert_eq!(format!("{refused:#}"), whole);
        for text in [
            format!("{service:?}"),
            format!("{:?}", RateLimitLayer::new(&limiter)),
        ] {
            assert!(text.contains("name: Some(\"mail\")"), "{text}");
        }
    });
}

#[test]
fn a_call_without_ready_panics() {
    check(1, |rt| async move {
        let (_, mut slots) = slots(&rt, 1);
        let (_, mut turns) = turns(&rt);
        assert!(catch_unwind(AssertUnwindSafe(|| drop(slots.call(1)))).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| drop(turns.call(1)))).is_err());
        assert!(is_ready(&mut slots), "it has lost nothing");
        let mut response = pin!(slots.call(1));
        response.as_mut().await.expect("it succeeds");
        let again = catch_unwind(AssertUnwindSafe(|| poll(response.as_mut()).is_ready()));
        assert!(again.is_err(), "like any future");
        let error = RateLimitError::TooHeavy {
            limiter: None,
            weight: 2,
            burst: 1,
        };
        let error: LayerError<_, std::io::Error> = LayerError::Layer(error);
        assert!(
            error
                .source()
                .unwrap()
                .to_string()
                .starts_with("a weight of 2")
        );
    });
}
