//! The mock and the watch: what they say is so.

#[path = "kit/mod.rs"]
mod kit;

use anyrt_core::{
    Instant,
    rt::{Runtime, Sleep, Spawn, Timeout},
};
use anyrt_sim::check;
use anyrt_toolkit::testing::{CallEnd, MockFn, Watch};
use kit::{MS, SECOND, at, cut_after, panic_of, panics_of, poll_once};
use std::{
    future::{pending, poll_fn},
    panic,
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
};

#[test]
fn a_mock_answers_from_its_script_and_logs() {
    check(20, |rt| async move {
        let mock = MockFn::new(&rt)
            .then(10)
            .then_after(SECOND, 20)
            .then_with(|n: &u32| n + 1)
            .otherwise(|n| n * 2);
        assert_eq!(mock.lines_left(), 3);
        let mut outputs = Vec::new();
        for n in 0..5 {
            outputs.push(mock.call(n).await);
        }
        assert_eq!(outputs, [10, 20, 3, 6, 8]);
        assert_eq!(at(&rt), SECOND);
        assert_eq!((mock.args(), mock.lines_left()), (vec![0, 1, 2, 3, 4], 0));
        let second = &mock.calls()[1];
        assert_eq!((second.args, second.made_at), (1, Instant::ORIGIN));
        assert_eq!(
            second.end,
            Some((CallEnd::Answered, Instant::ORIGIN + SECOND))
        );
    });
}

#[test]
fn calls_take_their_lines_as_they_are_made() {
    check(20, |rt| async move {
        let mock = MockFn::new(&rt)
            .then_after(MS * 2, "slow")
            .then_after(MS, "fast");
        let slow = mock.call(1);
        let fast = rt.spawn(mock.call(2));
        assert_eq!(slow.await, "slow");
        assert_eq!(fast.await.expect("it ends"), "fast");
        assert_eq!(at(&rt), MS * 2);
    });
}

#[test]
fn a_call_that_is_dropped_is_logged_as_such() {
    for polls in 0..3 {
        check(5, |rt| async move {
            let mock = MockFn::new(&rt).then_after(SECOND, ()).then_never();
            let answered = cut_after(polls, mock.call("one")).await.is_some();
            assert_eq!(answered, polls == 2);
            let end = mock.calls()[0].end.map(|(end, _)| end);
            let want = if answered {
                CallEnd::Answered
            } else {
                CallEnd::Dropped
            };
            assert_eq!(end, Some(want));
            let never = mock.call("two");
            assert_eq!(mock.calls()[1].end, None);
            assert!(rt.timeout(SECOND * 3600, never).await.is_err());
            let end = mock.calls()[1].end;
            assert!(matches!(end, Some((CallEnd::Dropped, _))), "{end:?}");
        });
    }
}

#[test]
fn a_call_without_a_line_panics() {
    check(3, |rt| async move {
        let mock = MockFn::new(&rt).then(1).then_with(|_| panic!("line"));
        mock.call(()).await;
        let again = "a mock call was polled again after it was ready";
        assert_eq!(panics_of(mock.call(())), ["line", again]);
        assert_eq!(
            panic_of(|| mock.call(())),
            "call 3 has no line in the script"
        );
        assert_eq!(mock.args().len(), 3);
    });
}

#[test]
fn a_watch_counts_what_comes_and_goes() {
    check(20, |rt| async move {
        let watch = Watch::new();
        drop(watch.on(pending::<()>()));
        assert_eq!(
            (watch.entered(), watch.inside()),
            (0, 0),
            "it was never polled"
        );
        assert_eq!(watch.on(async { 3 }).await, 3);
        assert!(cut_after(1, watch.on(pending::<()>())).await.is_none());
        panics_of(watch.on(async { panic!("inside") as u32 }));
        let held = rt.spawn(watch.on(pending::<()>()));
        rt.sleep(MS).await;
        assert_eq!((watch.entered(), watch.exited()), (4, 1));
        assert_eq!((watch.cleaned_up(), watch.inside()), (3, 1));
        let text = "Watch { entered: 4, exited: 1, cleaned_up: 3 }";
        assert_eq!(format!("{watch:?}"), text);
        drop(held);
    });
}

/// Panics as it is dropped, where it has not been so already.
struct Bad;

impl Drop for Bad {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "expected: it is dropped");
    }
}

#[test]
fn a_watch_counts_what_panics_as_it_is_cleaned_up() {
    check(5, |_| async move {
        let watch = Watch::new();
        let held = async {
            let _bad = Bad;
            pending::<()>().await;
        };
        let mut watched = Box::pin(watch.on(held));
        assert!(cut_after(1, watched.as_mut()).await.is_none());
        assert_eq!(watch.inside(), 1);
        let message = panic_of(|| drop(watched));
        assert_eq!(message, "expected: it is dropped");
        assert_eq!((watch.cleaned_up(), watch.inside()), (1, 0));
        // One that has come to its end, and one that panics twice, are counted once.
        let bad = Bad;
        let message = panic_of(|| {
            let ended = watch.on(poll_fn(move |_| {
                let _ = &bad;
                Poll::Ready(())
            }));
            poll_once(pin!(ended)).is_ready()
        });
        assert_eq!(message, "expected: it is dropped");
        let counts = (watch.entered(), watch.exited(), watch.cleaned_up());
        assert_eq!(counts, (2, 1, 2));
    });
}

#[test]
fn they_can_be_spawned_by_generic_code() {
    fn spawned<R: Runtime>(rt: R) -> R::JoinHandle<u32> {
        let mock = MockFn::new(&rt).then(1);
        let watch = Watch::new();
        rt.spawn(async move { watch.on(mock.call("one")).await })
    }
    check(1, |rt| async move {
        assert_eq!(spawned(rt).await.expect("it ends"), 1);
    });
}

#[test]
fn a_call_without_a_line_panics_where_it_is_made() {
    let places = Arc::new(Mutex::new(Vec::new()));
    let (log, before) = (places.clone(), panic::take_hook());
    panic::set_hook(Box::new(move |info| {
        let message = info.payload_as_str().unwrap_or_default();
        match message.contains("call 1 has no line") {
            true => log
                .lock()
                .unwrap()
                .extend(info.location().map(|at| at.file().to_owned())),
            false => before(info),
        }
    }));
    check(1, |rt| async move {
        let mock: MockFn<_, (), ()> = MockFn::new(&rt);
        panic_of(|| drop(mock.call(())));
    });
    let places = places.lock().unwrap();
    assert!(
        places.iter().any(|file| file.ends_with("testing.rs")),
        "{places:?}"
    );
    assert!(
        !places.iter().any(|file| file.ends_with("mock.rs")),
        "{places:?}"
    );
}
