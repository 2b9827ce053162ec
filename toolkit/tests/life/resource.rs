//! What was entered is closed, in order, whatever ends its scope.

use super::{SECOND, draw};
use anyrt_core::{
    cancel::CancellationToken,
    context::Context,
    group::{Cause, TaskGroup, task_group},
    rt::{Clock, JoinHandle, Sleep, Spawn},
    task::yield_now,
};
use anyrt_sim::{SimRuntime, check, sometimes};
use anyrt_toolkit::resource::{
    AsyncClose, Entered, ExitStack, Exits, StillInUse, exit_stack, with_resource, with_resources,
};
use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    time::Duration,
};

/// What happened, in order.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// A door that takes a second to shut.
#[derive(Debug)]
struct Door {
    name: &'static str,
    rt: SimRuntime,
    log: Log,
    takes: Duration,
    outcome: Result<(), &'static str>,
}

impl Door {
    fn open(rt: &SimRuntime, log: &Log, name: &'static str) -> Self {
        log.add(format!("{name} opened"));
        Self {
            name,
            rt: rt.clone(),
            log: log.clone(),
            takes: SECOND,
            outcome: Ok(()),
        }
    }

    async fn open_after(
        rt: SimRuntime,
        log: Log,
        name: &'static str,
        secs: u32,
    ) -> Result<Self, &'static str> {
        rt.sleep(SECOND * secs).await;
        match name {
            "jammed" => Err("jammed"),
            name => Ok(Self::open(&rt, &log, name)),
        }
    }
}

impl AsyncClose for Door {
    type Error = &'static str;

    async fn close(self) -> Result<(), &'static str> {
        yield_now().await;
        self.rt.sleep(self.takes).await;
        assert_ne!(self.outcome, Err("panic"), "it fell out of its frame");
        self.log.add(format!("{} closed", self.name));
        self.outcome
    }
}

/// The names in the lines that end like that.
fn of<'a>(
    log: &'a [String],
    end: &'static str,
) -> impl DoubleEndedIterator<Item = &'a str> + use<'a> {
    log.iter().filter_map(move |line| line.strip_suffix(end))
}

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Output,
    Error,
    Panic,
}

async fn body(
    exits: Exits<SimRuntime>,
    rt: SimRuntime,
    log: Log,
    end: End,
) -> Result<u32, &'static str> {
    let outer = exits.enter(Door::open(&rt, &log, "outer"));
    yield_now().await;
    let deferred = log.clone();
    exits.defer("note", || async move {
        deferred.add("noted");
        Ok::<_, Infallible>(())
    });
    let mut inner = exits.enter(Door::open(&rt, &log, "inner"));
    inner.takes = SECOND / 2;
    assert_eq!((outer.name, inner.name, exits.len()), ("outer", "inner", 3));
    rt.sleep(SECOND).await;
    log.add("used");
    match end {
        End::Output => Ok(7),
        End::Error => Err("no"),
        End::Panic => panic!("oh"),
    }
}

const WHOLE: [&str; 6] = [
    "outer opened",
    "inner opened",
    "used",
    "inner closed",
    "noted",
    "outer closed",
];

#[test]
fn closes_follow_every_end() {
    check(100, |rt| async move {
        for end in [End::Output, End::Error, End::Panic] {
            let log = Log::default();
            let (rt2, log2) = (rt.clone(), log.clone());
            let outcome = exit_stack(&rt, |exits| body(exits, rt2, log2, end)).await;
            assert_eq!(log.taken(), WHOLE, "{end:?}");
            match (end, outcome) {
                (End::Output, Ok(7)) => {}
                (End::Error, Err(error)) => {
                    assert_eq!(error.error(), Some(&"no"));
                    assert!(error.closes.is_empty());
                }
                (End::Panic, Err(error)) => {
                    assert!(matches!(&error.body, Some(Cause::Panicked(_))));
                }
                (_, outcome) => panic!("{end:?}: {outcome:?}"),
            }
        }
    });
}

/// A group that is shut down waits for the closes, whether its child is aborted in the body or later.
#[test]
fn closes_follow_a_cancellation() {
    check(400, |rt| async move {
        let log = Log::default();
        let group = TaskGroup::<_, (), &str>::new(&rt);
        let (rt2, log2) = (rt.clone(), log.clone());
        let child = async move {
            let rt3 = rt2.clone();
            exit_stack(&rt2, |exits| body(exits, rt3, log2, End::Output))
                .await
                .unwrap();
            Ok(())
        };
        group.spawn(child).ok();
        let steps = draw(&rt, 12);
        rt.sleep(SECOND * steps as u32 / 4).await;
        group.shutdown().await.unwrap();
        let log = log.taken();
        sometimes!(log.is_empty(), "never begun");
        sometimes!(log.len() == 5, "aborted in the body");
        sometimes!(log.len() == 6, "aborted in its closes, or later");
        assert_eq!(
            of(&log, " closed").rev().collect::<Vec<_>>(),
            of(&log, " opened").collect::<Vec<_>>()
        );
    });
}

/// Also where the body ends because its token was cancelled: the closes do not see that.
#[test]
fn closes_do_not_see_the_cancellation() {
    check(100, |rt| async move {
        let token = CancellationToken::new();
        let context = Context::current().with_token(token.clone());
        let stack = ExitStack::new(&rt);
        let rt2 = rt.clone();
        let running = stack.run(|exits| async move {
            exits.defer("look", move || async move {
                rt2.sleep(SECOND).await;
                match Context::current().is_cancelled() {
                    true => Err("seen"),
                    false => Ok(()),
                }
            });
            token.cancel();
            Ok::<_, Infallible>(())
        });
        context.scope(running).await.unwrap();
    });
}

#[test]
fn each_close_is_bounded_and_errors_add_up() {
    check(100, |rt| async move {
        let log = Log::default();
        let start = rt.now();
        let (rt2, log2) = (rt.clone(), log.clone());
        let stack = ExitStack::new(&rt).close_timeout(5 * SECOND);
        let outcome = stack
            .run(|exits| async move {
                drop(exits.enter(Door::open(&rt2, &log2, "good")));
                let mut hangs = Door::open(&rt2, &log2, "hangs");
                hangs.takes = Duration::MAX;
                drop(exits.enter_named("the gate", hangs));
                let mut panics = Door::open(&rt2, &log2, "panics");
                panics.outcome = Err("panic");
                drop(exits.enter(panics));
                let mut fails = Door::open(&rt2, &log2, "fails");
                fails.outcome = Err("stuck");
                drop(exits.enter(fails));
                Err::<(), _>("the body's")
            })
            .await;
        let error = outcome.unwrap_err();
        assert_eq!(error.error(), Some(&"the body's"));
        let causes: Vec<_> = error.closes.iter().map(|close| &close.cause).collect();
        assert!(matches!(
            causes[..],
            [Cause::Failed(_), Cause::Panicked(_), Cause::TimedOut(_)]
        ));
        assert_eq!(error.closes[2].name.as_deref(), Some("the gate"));
        let text = format!("{error:#}");
        assert!(text.ends_with("; the body failed: the body's"), "{text}");
        assert!(
            text.contains("stuck") && text.contains("the gate"),
            "{text}"
        );
        // fails, panics, hangs, good
        assert_eq!(rt.now() - start, 8 * SECOND);
        assert_eq!(log.taken().last().map(String::as_str), Some("good closed"));
    });
}

#[test]
fn what_leaves_its_scope_is_an_error() {
    check(50, |rt| async move {
        let log = Log::default();
        let door = Door::open(&rt, &log, "a");
        let (sender, receiver) = anyrt_core::channel::oneshot::channel();
        let outcome = exit_stack(&rt, |exits| async move {
            sender.send(exits.enter(door)).unwrap();
            Ok::<_, Infallible>(())
        })
        .await;
        let error = outcome.unwrap_err();
        let [close] = &error.closes[..] else {
            panic!("{error:?}");
        };
        let Cause::Failed(cause) = &close.cause else {
            panic!("{close:?}");
        };
        assert_eq!(cause.downcast_ref(), Some(&StillInUse));
        let escaped: Entered<Door> = receiver.await.unwrap();
        drop(escaped);
        assert_eq!(log.taken(), ["a opened"]);
    });
}

#[test]
fn several_are_opened_at_once_and_left_in_reverse() {
    check(200, |rt| async move {
        let log = Log::default();
        let open = |name, secs| Door::open_after(rt.clone(), log.clone(), name, secs);
        let start = rt.now();
        let doors = [open("a", 3), open("b", 1), open("c", 2)];
        let names = with_resources(&rt, doors, |doors| async move {
            Ok(doors.iter().map(|door| door.name).collect::<String>())
        });
        assert_eq!(names.await.unwrap(), "abc");
        assert_eq!(rt.now() - start, 6 * SECOND);
        let expected = [
            "b opened", "c opened", "a opened", "c closed", "b closed", "a closed",
        ];
        assert_eq!(log.taken(), expected);

        let doors = [open("a", 3), open("b", 1), open("jammed", 2)];
        let failed = with_resources(&rt, doors, |_| async { Ok(()) }).await;
        assert_eq!(failed.unwrap_err().error(), Some(&"jammed"));
        assert_eq!(log.taken(), ["b opened", "b closed"]);
    });
}

#[test]
fn errors_in_the_background_are_told() {
    check(100, |rt| async move {
        let log = Log::default();
        let heard = Log::default();
        let outer = task_group(&rt, |group| {
            let (rt, log, heard) = (rt.clone(), log.clone(), heard.clone());
            async move {
                let child = async move {
                    let told = heard.clone();
                    let stack = ExitStack::new(&rt).on_close_error(move |error| {
                        told.add(format!("{error:#}"));
                    });
                    let mut door = Door::open(&rt, &log, "a");
                    door.outcome = Err("stuck");
                    drop(stack.enter_named("a", door));
                    drop(stack);
                    Ok::<_, Infallible>(())
                };
                group.spawn(child).unwrap();
                Ok::<_, Infallible>(())
            }
        });
        outer.await.unwrap();
        // The group has waited for it.
        let heard = heard.taken();
        assert!(heard[0].ends_with("stuck"), "{heard:?}");
    });
}

/// The world ends with the stack still open: it does not try for ever.
#[test]
fn an_executor_that_is_gone_ends_it() {
    check(20, |rt| async move {
        let rt2 = rt.clone();
        drop(rt.spawn(async move {
            let stack = ExitStack::new(&rt2);
            stack.defer("nothing", || async { Ok::<_, Infallible>(()) });
            std::future::pending::<()>().await;
        }));
        yield_now().await;
    });
}

#[test]
fn one_resource() {
    check(50, |rt| async move {
        let log = Log::default();
        let opening = Door::open_after(rt.clone(), log.clone(), "a", 1);
        let name = with_resource(&rt, opening, |door| async move { Ok(door.name) });
        assert_eq!(name.await.unwrap(), "a");
        assert_eq!(log.taken(), ["a opened", "a closed"]);
        let opening = Door::open_after(rt.clone(), log.clone(), "jammed", 1);
        let failed = with_resource(&rt, opening, |_| async { Ok(()) }).await;
        assert_eq!(
            format!("{:#}", failed.unwrap_err()),
            "the body failed: jammed"
        );
    });
}

/// From code that is generic over the runtime.
#[test]
fn a_scope_can_be_spawned() {
    struct Nothing;
    impl AsyncClose for Nothing {
        type Error = Infallible;
        async fn close(self) -> Result<(), Infallible> {
            Ok(())
        }
    }
    fn spawned<R: anyrt_core::rt::Runtime>(rt: &R) -> impl JoinHandle<bool> + use<R> {
        let rt2 = rt.clone();
        rt.spawn(async move {
            let one = with_resource(&rt2, async { Ok(Nothing) }, |_| async {
                Ok::<_, Infallible>(())
            });
            let all = with_resources(&rt2, [async { Ok(Nothing) }], |_| async {
                Ok::<_, Infallible>(())
            });
            one.await.is_ok() && all.await.is_ok()
        })
    }
    check(10, |rt| async move { assert!(spawned(&rt).await.unwrap()) });
}

#[test]
fn settings_come_before_exits_are_given_away() {
    check(1, |rt| async move {
        let unshared = ExitStack::new(&rt)
            .close_timeout(SECOND)
            .on_close_error(drop);
        for set in [
            |stack: ExitStack<SimRuntime>| stack.close_timeout(SECOND),
            |stack: ExitStack<SimRuntime>| stack.on_close_error(drop),
        ] {
            let stack = ExitStack::new(&rt);
            let exits = stack.exits();
            let set = catch_unwind(AssertUnwindSafe(|| drop(set(stack))));
            assert!(set.is_err(), "{exits:?} would not know of it");
        }
        unshared.close().await.unwrap();
    });
}
