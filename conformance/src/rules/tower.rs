//! *TW*: layers for tower.

use super::{
    every::{Cut, cut_off},
    tower_service::{Ask, Inner, Telling, Told, is_ready, poll_ready},
};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Probe, Wakes},
};
use anyrt_core::{cancel::CancellationToken, context::Context, rt::Runtime, sync::Event};
use anyrt_toolkit::{
    limit::{Limiter, Quota, RateLimitError, RateLimiter},
    operation::{Operation, Outcome as Ended, Tracker},
    resilience::{BreakerState, CircuitBreaker},
    retry::{Backoff, GaveUp, Retry},
    tower::{
        CircuitBreakerLayer, ConcurrencyLimitLayer, LayerError, OperationLayer, RateLimitLayer,
        RetryLayer, TimeoutLayer,
    },
};
use std::{
    fmt::Debug,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};
use tower_layer::Layer;
use tower_service::Service;

const HOUR: Duration = Duration::from_secs(3600);
const MS: Duration = Duration::from_millis(1);

fn bad(error: impl Debug) -> Stop {
    Stop::failed(format!("{error:?}"))
}

fn cancelled() -> Context {
    let token = CancellationToken::new();
    token.cancel_with("enough");
    Context::default().with_token(token)
}

/// A limit of time.
pub fn tw_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    const LIMIT: Duration = Duration::from_millis(20);
    ctx.run(async {
        let (rt, inner) = (ctx.rt(), Inner::default());
        let mut service = TimeoutLayer::new(rt, LIMIT)
            .named("fetch")
            .layer(inner.clone());
        ensure!(is_ready(&mut service), "it is not ready");
        let mut late = Probe::new(service.call(Ask::Wait(Arc::default())));
        // It is nobody's time as long as nobody polls.
        rt.sleep(LIMIT * 2).await;
        let before = rt.now();
        ensure!(late.is_pending(), "its time begins before it does");
        let (after, told) = (rt.now(), inner.deadline());
        let told = told.ok_or_else(|| Stop::failed("the service inside knows no deadline"))?;
        let right = before + LIMIT <= told && told <= after + LIMIT;
        ensure!(right, "the service inside knows {told:?}, after {before:?}");
        let elapsed = match late.finish().await {
            Err(LayerError::Layer(elapsed)) => elapsed,
            other => return Err(Stop::failed(format!("late it gives {other:?}"))),
        };
        ensure!(rt.now() - before >= LIMIT, "it is early");
        ensure_eq!(elapsed.limit, LIMIT, "the limit");
        ensure_eq!(elapsed.operation.as_deref(), Some("fetch"), "the name");
        ensure_eq!(inner.running(), 0, "requests under way");
        for output in [Ok(1), Err(2)] {
            ensure!(is_ready(&mut service), "it is not ready");
            let response = service.call(Ask::Answer(output)).await;
            ensure_eq!(response, output.map_err(LayerError::Inner), "the response");
        }
        Ok(())
    })
}

/// Attempts.
pub fn tw_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let policy = Retry::builder()
            .attempts(3)
            .backoff(Backoff::constant(MS))
            .build()
            .map_err(bad)?;
        let inner = Inner::default();
        let layer = RetryLayer::new(ctx.rt(), &policy);
        let mut service = layer.layer(inner.clone());
        ensure!(is_ready(&mut service), "it is not ready");
        let response = service.call(Ask::Third).await;
        ensure!(matches!(response, Ok(3)), "it gives {response:?}");
        ensure!(is_ready(&mut service), "it is not ready");
        let error = match service.call(Ask::Answer(Err(7))).await {
            Err(LayerError::Layer(error)) => error,
            other => return Err(Stop::failed(format!("it gives {other:?}"))),
        };
        ensure_eq!(error.attempts, 3, "the attempts");
        ensure_eq!(error.last(), Some(&7), "the last error");
        ensure_eq!(error.gave_up, GaveUp::Attempts, "the reason");
        ensure_eq!(inner.calls(), 6, "the calls");
        ensure_eq!(inner.unready(), 0, "calls of a service that was not ready");
        let mut dead = layer.layer(Inner::dead());
        let ready = poll_ready(&mut dead, &Wakes::new().waker());
        let is_inner = ready.map_err(|error| error.inner().copied());
        ensure_eq!(is_inner, std::task::Poll::Ready(Err(Some(0))), "a dead one");
        Ok(())
    })
}

/// Turns.
pub fn tw_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let quota = Quota::new(1, HOUR * 1000).burst(1);
    let limiter = RateLimiter::new(ctx.rt(), quota).map_err(bad)?;
    let service = RateLimitLayer::new(&limiter).layer(Inner::default());
    waits_before_the_call(&service, &|| limiter.available() as usize)?;
    // What is begun is spent.
    let (inner, mut service) = (Inner::default(), service);
    ensure!(is_ready(&mut service), "a turn is there, and not given");
    drop(service.call(Ask::Answer(Ok(1))));
    ensure_eq!(limiter.available(), 0, "turns after a call");
    let mut service = RateLimitLayer::new(&limiter).layer(inner.clone());
    let soon = Context::default().with_deadline(ctx.rt().now() + HOUR);
    for (context, refusal) in [(cancelled(), "cancelled"), (soon, "too late")] {
        let ready = context.sync_scope(|| is_ready(&mut service));
        ensure!(ready, "a service that refuses is not ready");
        let refused = Probe::new(service.call(Ask::Answer(Ok(1)))).ready("a refusal")?;
        let right = match &refused {
            Err(LayerError::Layer(RateLimitError::Cancelled { .. })) => refusal == "cancelled",
            Err(LayerError::Layer(RateLimitError::TooLate { .. })) => refusal == "too late",
            _ => false,
        };
        ensure!(right, "{refusal}, it gives {refused:?}");
    }
    ensure_eq!(inner.calls(), 0, "calls that were refused");
    limiter.refund(1);
    ensure!(is_ready(&mut service), "it is of no more use");
    let response = Probe::new(service.call(Ask::Answer(Ok(2)))).ready("a response")?;
    ensure_eq!(response, Ok(2), "the response");

    // Who waits for a turn holds nothing of the service inside.
    let slots = Limiter::<R>::new(ctx.rt(), 1).map_err(bad)?;
    let busy = ConcurrencyLimitLayer::new(&slots).layer(inner);
    let mut service = RateLimitLayer::new(&limiter).layer(busy);
    ensure!(!is_ready(&mut service), "ready, and there is no turn");
    ensure_eq!(slots.in_flight(), 0, "slots, where no turn is");
    limiter.refund(1);
    ensure!(is_ready(&mut service), "a turn is there, and not given");
    ensure_eq!(slots.in_flight(), 1, "slots, with a turn");
    Ok(())
}

/// Slots.
pub fn tw_4<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let limiter = Limiter::<R>::new(ctx.rt(), 1).map_err(bad)?;
    let (inner, layer) = (Inner::default(), ConcurrencyLimitLayer::new(&limiter));
    let mut service = layer.layer(inner.clone());
    waits_before_the_call(&service, &|| 1 - limiter.in_flight())?;
    for dropped in [true, false] {
        ensure!(is_ready(&mut service), "a slot is free, and not given");
        let event = Arc::new(Event::new());
        let mut response = Probe::new(service.call(Ask::Wait(event.clone())));
        ensure!(response.is_pending(), "it is over before its end");
        ensure!(!is_ready(&mut service.clone()), "two of one run");
        ensure_eq!(limiter.in_flight(), 1, "slots that are held");
        if dropped {
            drop(response);
            ensure_eq!(limiter.in_flight(), 0, "slots after a drop");
            continue;
        }
        event.set();
        ensure_eq!(response.ready("the response")?, Ok(0), "the response");
        ensure_eq!(limiter.in_flight(), 0, "slots after a response");
    }
    let slot = limiter.try_acquire();
    let ready = cancelled().sync_scope(|| is_ready(&mut service));
    ensure!(ready, "a service that refuses is not ready");
    let calls = inner.calls();
    let refused = Probe::new(service.call(Ask::Answer(Ok(1)))).ready("a refusal")?;
    let right = matches!(&refused, Err(LayerError::Layer(error)) if error.reason.text == "enough");
    ensure!(right, "cancelled, it gives {refused:?}");
    ensure_eq!(inner.calls(), calls, "calls after one that was refused");
    drop(slot);
    ensure!(is_ready(&mut service), "it is of no more use");
    let response = Probe::new(service.call(Ask::Answer(Ok(2)))).ready("a response")?;
    ensure_eq!(response, Ok(2), "the response");
    Ok(())
}

/// What two layers have in common, of whose limit one is left.
fn waits_before_the_call<S>(service: &S, left: &dyn Fn() -> usize) -> Outcome
where
    S: Service<Ask> + Clone,
{
    let [mut holds, mut first, mut second] = [(); 3].map(|()| service.clone());
    let asked_twice = is_ready(&mut holds) && is_ready(&mut holds);
    ensure!(asked_twice, "one is left, and not given");
    ensure_eq!(left(), 0, "what is left of one");
    ensure!(!is_ready(&mut holds.clone()), "a clone has what it had not");
    let wakes = [(); 2].map(|()| Wakes::new());
    // To be asked again costs nobody its place.
    for turn in [0, 1, 0] {
        let asked = [&mut first, &mut second].into_iter().nth(turn);
        let waits = asked.is_some_and(|asked| poll_ready(asked, &wakes[turn].waker()).is_pending());
        ensure!(waits, "two of one");
    }
    drop(holds);
    ensure!(wakes[0].count() > 0, "who waits first was not woken");
    ensure!(!is_ready(&mut second), "who waits was overtaken");
    // It has it, without having looked.
    drop(first);
    ensure!(is_ready(&mut second), "who waits next was forgotten");
    drop(second);
    ensure_eq!(left(), 1, "what is left in the end");
    Ok(())
}

/// Refusals.
pub fn tw_5<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let breaker = |open_for| {
        let breaker = CircuitBreaker::builder(ctx.rt()).failures_in_a_row(2);
        breaker.open_for(open_for).build().map_err(bad)
    };
    let inner = Inner::default();
    let held = breaker(HOUR)?;
    let mut service = CircuitBreakerLayer::new(&held).layer(inner.clone());
    let mut send = |ask| {
        ensure!(is_ready(&mut service), "it is not ready");
        Ok::<_, Stop>(Probe::new(service.call(ask)))
    };
    send(Ask::Answer(Err(1)))?.is_pending();
    let mut dropped = send(Ask::Wait(Arc::default()))?;
    ensure!(dropped.is_pending(), "it is over before its end");
    drop(dropped);
    let mut dead = CircuitBreakerLayer::new(&held).layer(Inner::dead());
    ensure!(!is_ready(&mut dead), "what is dead is ready");
    ensure_eq!(held.state(), BreakerState::Closed, "one failure of two");
    let mut panics = send(Ask::Panic)?;
    let panicked = catch_unwind(AssertUnwindSafe(|| panics.is_pending())).is_err();
    ensure!(panicked, "a panic is gone");
    ensure_eq!(
        held.state(),
        BreakerState::Open,
        "after an error and a panic"
    );
    let calls = inner.calls();
    let refused = send(Ask::Answer(Ok(1)))?.ready("a refusal")?;
    let right = matches!(refused, Err(LayerError::Layer(_)));
    ensure!(right, "open, it gives {refused:?}");
    ensure_eq!(inner.calls(), calls, "calls of the service inside");
    // Responses may be failures, and errors none.
    let counted = breaker(HOUR)?;
    let layer = CircuitBreakerLayer::new(&counted);
    let layer = layer.counts(|result: &Result<u32, u32>| *result == Ok(500));
    let mut service = layer.layer(inner);
    for output in [Ok(500), Err(1), Err(1), Ok(500), Ok(500)] {
        ensure_eq!(counted.state(), BreakerState::Closed, "before {output:?}");
        ensure!(is_ready(&mut service), "it is not ready");
        let response = Probe::new(service.call(Ask::Answer(output))).ready("a response")?;
        ensure_eq!(response, output.map_err(LayerError::Inner), "the response");
    }
    ensure_eq!(counted.state(), BreakerState::Open, "after two in a row");
    Ok(())
}

/// Operations.
pub fn tw_6<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let tracker = Tracker::new(9);
    let named = |ask: &Ask| Operation::new(ask.name()).field("kind", ask.name());
    let mut plain = OperationLayer::new(ctx.rt(), named).layer(Telling::default());
    // Numbers are not errors, but have a text.
    let layer = OperationLayer::new(ctx.rt(), named);
    let mut told = layer
        .clone()
        .outcome(Ended::by_text)
        .layer(Inner::default());
    let judged = |result: &Result<u32, u32>| Ended::Error(format!("{result:?}"));
    let mut judged = layer.outcome(judged).layer(Inner::default());
    ctx.run(tracker.scope(async {
        for output in [Ok(1), Err(2)] {
            let ready = is_ready(&mut plain) && is_ready(&mut told) && is_ready(&mut judged);
            ensure!(ready, "it is not ready");
            let ask = || Ask::Answer(output);
            let response = plain.call(ask()).await.map_err(|Told(error)| error);
            ensure_eq!(response, output, "the response");
            ensure_eq!(told.call(ask()).await, output, "the response");
            ensure_eq!(judged.call(ask()).await, output, "the response");
        }
        ensure!(is_ready(&mut plain), "it is not ready");
        let never = plain.call(Ask::Third);
        drop(never);
        Ok(())
    }))?;
    let all = tracker.finished();
    let ended: Vec<_> = all.iter().map(|one| one.outcome.to_string()).collect();
    let wanted = [
        ["success", "success", "error: Ok(1)"],
        ["error: told 2", "error: 2", "error: Err(2)"],
    ];
    ensure_eq!(
        ended,
        wanted.concat(),
        "the outcomes of those that were begun"
    );
    let right = |one: &anyrt_toolkit::operation::Finished| {
        one.name == "answer" && one.fields == [("kind", "answer".to_owned())]
    };
    ensure!(all.iter().all(right), "names and fields: {all:?}");
    Ok(())
}

/// Drops.
pub fn tw_7<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let rt = ctx.rt();
    for cut in Cut::all() {
        let quota = Quota::new(1, HOUR * 1000).burst(1);
        let limiter = RateLimiter::new(rt, quota).map_err(bad)?;
        limiter.try_acquire().map_err(bad)?;
        let mut waits = RateLimitLayer::new(&limiter).layer(Inner::default());
        let ready = poll_fn(move |cx| Service::<Ask>::poll_ready(&mut waits, cx));
        cut_off("a turn", ready, cut, || limiter.refund(1))?;
        ensure_eq!(limiter.available(), 1, "turns: {cut}");

        let limiter = Limiter::<R>::new(rt, 1).map_err(bad)?;
        let slot = limiter.try_acquire();
        let layer = ConcurrencyLimitLayer::new(&limiter);
        let mut waits = layer.layer(Inner::default());
        let ready = poll_fn(move |cx| Service::<Ask>::poll_ready(&mut waits, cx));
        cut_off("a slot", ready, cut, || drop(slot))?;
        ensure_eq!(limiter.in_flight(), 0, "slots: {cut}");
        cut_response("a concurrency limit", &layer, cut)?;
        ensure_eq!(limiter.in_flight(), 0, "slots: response, {cut}");

        cut_response("a timeout", &TimeoutLayer::new(rt, HOUR), cut)?;
        let policy = Retry::builder().build().map_err(bad)?;
        cut_response("a retry", &RetryLayer::new(rt, &policy), cut)?;
        let tracker = Tracker::new(9);
        let named = |_: &Ask| Operation::new("ask");
        let layer = OperationLayer::new(rt, named).outcome(Ended::by_text);
        let dropped = async { cut_response("an operation", &layer, cut) };
        ctx.run(tracker.scope(dropped))?;
        ensure_eq!(tracker.running(), [], "operations: {cut}");
        // The only trial leaves its place.
        let breaker = CircuitBreaker::builder(rt).open_for(MS);
        let breaker = breaker.build().map_err(bad)?;
        breaker.open();
        ctx.run(async {
            rt.sleep(MS).await;
            Ok(())
        })?;
        cut_response("a breaker", &CircuitBreakerLayer::new(&breaker), cut)?;
        ensure!(breaker.begin().is_ok(), "a trial keeps its place: {cut}");
    }
    fn spawned<R: Runtime>(rt: &R, limiter: &Limiter<R>) -> R::JoinHandle<bool> {
        let layer = ConcurrencyLimitLayer::new(limiter);
        let mut service = layer.layer(TimeoutLayer::new(rt, HOUR).layer(Inner::default()));
        rt.spawn(async move {
            let ready = poll_fn(|cx| Service::<Ask>::poll_ready(&mut service, cx));
            ready.await.is_ok() && service.call(Ask::Answer(Ok(1))).await == Ok(1)
        })
    }
    ctx.run(async {
        let limiter = Limiter::<R>::new(rt, 1).map_err(bad)?;
        let joined = spawned(rt, &limiter).await;
        ensure!(matches!(joined, Ok(true)), "spawned it gives {joined:?}");
        Ok(())
    })
}

/// A response that waits, and is dropped.
fn cut_response<L>(what: &str, layer: &L, cut: Cut) -> Outcome
where
    L: Layer<Inner, Service: Service<Ask>>,
{
    let (inner, event) = (Inner::default(), Arc::new(Event::new()));
    let mut service = layer.layer(inner.clone());
    ensure!(is_ready(&mut service), "{what} is not ready");
    let response = service.call(Ask::Wait(event.clone()));
    cut_off(what, response, cut, || event.set())?;
    ensure_eq!(inner.running(), 0, "requests under way: {what}, {cut}");
    Ok(())
}
