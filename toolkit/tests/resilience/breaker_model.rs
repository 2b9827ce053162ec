//! The circuit breaker against a naive model: calls that overlap, end late, panic, are dropped or leaked.

use crate::kit::{self, MS, SECOND as SEC, at, panic_of, poll_once};
use anyrt_core::{Instant, rt::Sleep};
use anyrt_sim::{SimRuntime, check, sometimes};
use anyrt_toolkit::resilience::{
    BreakerCall, BreakerError, BreakerState, BreakerState::*, CircuitBreaker, Open as Refusal,
};
use std::{
    future::poll_fn,
    mem,
    pin::Pin,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

/// A window is ten of them.
const TENTH: Duration = Duration::from_millis(50);

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Succeeded,
    Failed,
    Dropped,
}

/// What lies between two changes: all that ever began and ended in it.
#[derive(Debug)]
struct Era {
    kind: Kind,
    begun: usize,
    ends: Vec<(Duration, End)>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Closed,
    Open { until: Duration },
    Trials { until: Duration },
}

/// Remembers everything, and works all out from that.
struct Model {
    in_a_row: Option<usize>,
    rate: Option<(f64, usize)>,
    trials: usize,
    eras: Vec<Era>,
}

impl Model {
    fn era(&self) -> &Era {
        self.eras.last().expect("there is a first")
    }

    fn change(&mut self, kind: Kind) {
        self.eras.push(Era {
            kind,
            begun: 0,
            ends: Vec::new(),
        });
    }

    fn ended(&self, how: End) -> usize {
        let ends = self.era().ends.iter();
        ends.filter(|(_, end)| *end == how).count()
    }

    /// The era of a call that is let through, or when to come back.
    fn begin(&mut self, now: Duration) -> Result<usize, Duration> {
        let running = self.era().begun - self.era().ends.len();
        match self.era().kind {
            Kind::Open { until } if now < until => return Err(until),
            Kind::Trials { until } if now < until => {
                if running + self.ended(End::Succeeded) >= self.trials {
                    return Err(until);
                }
            }
            Kind::Open { .. } | Kind::Trials { .. } => {
                self.change(Kind::Trials { until: now + SEC });
            }
            Kind::Closed => {}
        }
        let last = self.eras.len() - 1;
        self.eras[last].begun += 1;
        Ok(last)
    }

    fn end(&mut self, era: usize, now: Duration, how: End) {
        let is_late = era + 1 < self.eras.len();
        self.eras[era].ends.push((now, how));
        if is_late {
            return;
        }
        let opens = match self.era().kind {
            Kind::Closed => how == End::Failed && self.is_too_much(now),
            _ => how == End::Failed,
        };
        if opens {
            self.change(Kind::Open { until: now + SEC });
        } else if matches!(self.era().kind, Kind::Trials { .. })
            && self.ended(End::Succeeded) >= self.trials
        {
            self.change(Kind::Closed);
        }
    }

    fn is_too_much(&self, now: Duration) -> bool {
        let counted = || self.era().ends.iter().filter(|end| end.1 != End::Dropped);
        let failed = |end: &&(_, End)| end.1 == End::Failed;
        let in_a_row = counted().rev().take_while(failed).count();
        let tenth = |at: Duration| at.as_millis() / TENTH.as_millis();
        let recent: Vec<_> = counted()
            .filter(|end| tenth(end.0) + 10 > tenth(now))
            .collect();
        let failures = recent.iter().copied().filter(failed).count();
        let calls = recent.len();
        self.in_a_row.is_some_and(|most| in_a_row >= most)
            || self.rate.is_some_and(|(part, least)| {
                calls >= least && failures as f64 / calls as f64 >= part
            })
    }

    fn state(&self, now: Duration) -> BreakerState {
        let running = self.era().begun - self.era().ends.len();
        match self.era().kind {
            Kind::Closed => Closed,
            Kind::Open { until } if now < until => Open,
            Kind::Trials { until }
                if now < until && running + self.ended(End::Succeeded) >= self.trials =>
            {
                Open
            }
            Kind::Open { .. } | Kind::Trials { .. } => HalfOpen,
        }
    }
}

type Breaker = CircuitBreaker<SimRuntime>;
type Called = Poll<Result<(), BreakerError<()>>>;

/// A call that runs: one that is told how it went, or a future that finds out.
enum Call {
    Guard(BreakerCall<SimRuntime>),
    Future(
        Pin<Box<dyn Future<Output = Result<(), BreakerError<()>>>>>,
        Fate,
    ),
}

/// How a future ends; `None` is with a panic.
type Fate = Arc<Mutex<Poll<Option<Result<(), ()>>>>>;

impl Call {
    fn guard(breaker: &Breaker) -> Result<Self, Refusal> {
        breaker.begin().map(Self::Guard)
    }

    fn future(breaker: &Breaker) -> Result<Self, Refusal> {
        let fate: Fate = Arc::new(Mutex::new(Poll::Pending));
        let shared = fate.clone();
        let found = poll_fn(move |_| {
            let fate = *shared.lock().unwrap();
            fate.map(|fate| fate.unwrap_or_else(|| panic!("a call")))
        });
        let mut call = Box::pin(breaker.call(found));
        match poll_once(call.as_mut()) {
            Poll::Ready(Err(BreakerError::Open(open))) => Err(open),
            Poll::Ready(ended) => panic!("it ended: {ended:?}"),
            Poll::Pending => Ok(Self::Future(call, fate)),
        }
    }

    fn end(self, how: End, panics: bool) {
        match (self, how) {
            (_, End::Dropped) => {}
            (Self::Guard(call), End::Succeeded) => call.succeeded(),
            (Self::Guard(call), End::Failed) => call.failed(),
            (Self::Future(mut call, fate), how) => {
                let mut end = || -> Called { poll_once(call.as_mut()) };
                let meets = |how| *fate.lock().unwrap() = Poll::Ready(how);
                match how {
                    End::Failed if panics => {
                        meets(None);
                        assert_eq!(panic_of(end), "a call");
                    }
                    End::Failed => {
                        meets(Some(Err(())));
                        assert_eq!(end(), Poll::Ready(Err(BreakerError::Failed(()))));
                    }
                    _ => {
                        meets(Some(Ok(())));
                        assert_eq!(end(), Poll::Ready(Ok(())));
                    }
                }
            }
        }
    }
}

/// Less than `end`.
fn draw(rt: &SimRuntime, end: usize) -> usize {
    kit::draw(rt, end as u64 - 1) as usize
}

/// A breaker that opens after so many in a row, at a rate, or at either, and its model.
fn drawn(rt: &SimRuntime) -> (Breaker, Model) {
    let (in_a_row, least) = (1 + draw(rt, 5), 1 + draw(rt, 9));
    let part = 0.25 * (1 + draw(rt, 4)) as f64;
    let which = draw(rt, 3);
    let model = Model {
        in_a_row: (which != 0).then_some(in_a_row),
        rate: (which != 1).then_some((part, least)),
        trials: 1 + draw(rt, 3),
        eras: vec![Era {
            kind: Kind::Closed,
            begun: 0,
            ends: Vec::new(),
        }],
    };
    let mut builder = CircuitBreaker::builder(rt).open_for(SEC);
    builder = builder.trials(model.trials as u32);
    if model.in_a_row.is_some() {
        builder = builder.failures_in_a_row(in_a_row as u32);
    }
    if model.rate.is_some() {
        builder = builder.failure_rate(part, TENTH * 10, least as u32);
    }
    (builder.build().expect("it is permitted"), model)
}

#[test]
fn it_does_what_a_naive_model_says() {
    check(400, |rt| async move {
        let (breaker, mut model) = drawn(&rt);
        let mut in_hand: Vec<(usize, Call)> = Vec::new();
        let fails_in_ten = 1 + draw(&rt, 9);
        for _ in 0..200 {
            // Many things happen at one time; now and then nothing does for long.
            let wait = [0, 0, draw(&rt, 60), draw(&rt, 60), draw(&rt, 600)][draw(&rt, 5)];
            rt.sleep(MS * wait as u32).await;
            let now = at(&rt);
            match draw(&rt, 40) {
                0 => {
                    breaker.open();
                    model.change(Kind::Open { until: now + SEC });
                }
                1 => {
                    breaker.close();
                    model.change(Kind::Closed);
                }
                2 if !in_hand.is_empty() => {
                    let (_, leaked) = in_hand.swap_remove(0);
                    mem::forget(leaked);
                }
                3..20 if in_hand.len() < 3 => {
                    let began = match draw(&rt, 2) {
                        0 => Call::guard(&breaker),
                        _ => Call::future(&breaker),
                    };
                    match (began, model.begin(now)) {
                        (Ok(call), Ok(era)) => in_hand.push((era, call)),
                        (Err(open), Err(until)) => {
                            assert_eq!(open.retry_at, Instant::ORIGIN + until);
                        }
                        (began, said) => panic!("{}, but {said:?} at {now:?}", began.is_ok()),
                    }
                }
                _ if !in_hand.is_empty() => {
                    let (era, call) = in_hand.swap_remove(draw(&rt, in_hand.len()));
                    let how = match draw(&rt, 12) {
                        0 | 1 => End::Dropped,
                        n if n - 2 < fails_in_ten => End::Failed,
                        _ => End::Succeeded,
                    };
                    let panics = draw(&rt, 4) == 0;
                    sometimes!(era + 1 < model.eras.len(), "a call ends late");
                    call.end(how, panics);
                    model.end(era, now, how);
                }
                _ => {}
            }
            assert_eq!(breaker.state(), model.state(now), "at {now:?}");
            let trials = matches!(model.era().kind, Kind::Trials { .. });
            sometimes!(trials && model.state(now) == Open, "all trials are taken");
            let enough = model.ended(End::Succeeded) > 1;
            sometimes!(trials && enough, "two of three trials succeeded");
        }
    });
}
