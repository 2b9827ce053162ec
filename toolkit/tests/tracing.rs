//! Operations as a subscriber sees them.

#[path = "kit/mod.rs"]
mod kit;

use anyrt_core::{gather::gather, rt::Sleep, task::yield_now};
use anyrt_sim::{Sim, SimRuntime};
use anyrt_toolkit::operation::{Operation, Tracker};
use kit::MS;
use std::{
    convert::Infallible,
    fmt::{self, Write},
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    pin::Pin,
    sync::{Arc, Mutex},
    task,
};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::with_default,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry::{LookupSpan, Registry},
};

fn cx() -> task::Context<'static> {
    task::Context::from_waker(task::Waker::noop())
}

/// Writes down what it hears, spans by their path.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

struct Path(String);

/// Fields, in a line.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).expect("it is a string");
    }
}

impl Log {
    fn write(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Log {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, cx: Context<'_, S>) {
        let span = cx.span(id).expect("it is new");
        let mut line = Line(String::new());
        attributes.record(&mut line);
        let around = span.parent().map_or(String::new(), |parent| {
            let extensions = parent.extensions();
            extensions.get::<Path>().expect("it has one").0.clone()
        });
        let name = span.name();
        let level = attributes.metadata().level();
        let target = attributes.metadata().target();
        let path = format!("{around}/{name}{}", line.0);
        self.write(format!("new {level} {target} {path}"));
        span.extensions_mut().insert(Path(path));
    }

    fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut line = Line(String::new());
        values.record(&mut line);
        self.write(format!("record{}", line.0));
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        let level = event.metadata().level();
        let span = cx.event_span(event).expect("it is in a span");
        let path = &span
            .extensions()
            .get::<Path>()
            .expect("it has one")
            .0
            .clone();
        self.write(format!("event {level} in {path}:{}", line.0));
    }

    fn on_enter(&self, _: &Id, _: Context<'_, S>) {
        self.write("enter".to_owned());
    }

    fn on_exit(&self, _: &Id, _: Context<'_, S>) {
        self.write("exit".to_owned());
    }
}

/// What is heard of `body`, which runs once, on the simulator.
fn heard<F: Future<Output = ()>>(body: impl Fn(SimRuntime) -> F + Sync) -> Vec<String> {
    let log = Log::default();
    // It is the thread's.
    with_default(Registry::default().with(log.clone()), || {
        Sim::new().same_thread().check(1, body);
    });
    log.0.lock().unwrap().clone()
}

#[test]
fn an_operation_is_a_span_and_an_event() {
    let lines = heard(|rt| async move {
        let work = async {
            yield_now().await;
            rt.sleep(MS * 1500).await;
            Err::<(), _>("no")
        };
        let operation = Operation::new("fetch").field("url", "/home").field("n", 3);
        assert!(operation.try_run(&rt, work).await.is_err());
    });
    let span = "/operation name=\"fetch\" fields=url=/home n=3";
    assert_eq!(
        lines,
        [
            &format!("new INFO anyrt::operation {span}"),
            "enter",
            "exit",
            "enter",
            "exit",
            "enter",
            "exit",
            "record outcome=\"error\"",
            "enter",
            &format!(
                "event WARN in {span}: name=\"fetch\" outcome=\"error\" seconds=1.5 error=\"no\""
            ),
            "exit",
        ]
    );
}

#[test]
fn each_outcome_has_its_level() {
    let lines = heard(|rt| async move {
        Operation::new("a").run(&rt, async {}).await;
        let dropped = Operation::new("b").run(&rt, pending::<()>());
        let mut dropped = Box::pin(dropped);
        assert!(dropped.as_mut().poll(&mut cx()).is_pending());
        drop(dropped);
        let panics = Operation::new("c").run(&rt, async { panic_any("boom") });
        let mut panics: Pin<Box<dyn Future<Output = ()>>> = Box::pin(panics);
        let poll = || panics.as_mut().poll(&mut cx()).is_ready();
        assert!(catch_unwind(AssertUnwindSafe(poll)).is_err());
    });
    let events: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("event"))
        .collect();
    assert_eq!(
        events,
        [
            "event DEBUG in /operation name=\"a\": name=\"a\" outcome=\"success\" seconds=0.0",
            "event DEBUG in /operation name=\"b\": name=\"b\" outcome=\"cancelled\" seconds=0.0",
            "event ERROR in /operation name=\"c\": name=\"c\" outcome=\"panicked\" seconds=0.0 error=\"boom\"",
        ]
    );
}

#[test]
fn a_child_task_goes_on_in_the_operation() {
    let lines = heard(|rt| async move {
        let parts = [1, 2].map(|n| {
            let rt = rt.clone();
            async move {
                let deep = async {
                    let span = tracing::info_span!("inside", n).entered();
                    let mut deep = Box::pin(Operation::new("deep").run(&rt, async {}));
                    assert!(deep.as_mut().poll(&mut cx()).is_ready());
                    drop(span);
                };
                Operation::new("part").run(&rt, deep).await;
                Ok::<_, Infallible>(())
            }
        });
        let all = Operation::new("all").run(&rt, async {
            // It suspends, so that its children are polled in no span.
            gather(&rt, parts).await.expect("none fails");
        });
        all.await;
    });
    let mut paths: Vec<_> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("new INFO "))
        .filter_map(|line| line.strip_prefix("anyrt::operation "))
        .collect();
    paths.sort_unstable();
    let part = "/operation name=\"all\"/operation name=\"part\"";
    let deep = |n: u8| format!("{part}/inside n={n}/operation name=\"deep\"");
    let all = "/operation name=\"all\"";
    assert_eq!(paths, [all, part, part, &deep(1), &deep(2)]);
}

#[test]
fn a_tracker_hears_of_it_as_well() {
    let lines = heard(|rt| async move {
        let tracker = Tracker::new(1);
        Operation::new("op")
            .tracker(&tracker)
            .run(&rt, async {})
            .await;
        assert_eq!(tracker.counts("op").success, 1);
    });
    assert!(lines.iter().any(|line| line.starts_with("event DEBUG")));
}
