//! What each layer refuses, and with which status.

use super::{
    client::{Client, Page},
    disk::Disk,
    server::{Running, on_each, quick, runtimes},
};
use anyrt_examples::serve::Options;
use std::{
    num::NonZeroU32,
    thread,
    time::{Duration, Instant},
};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(50);

/// A disk, and a server in front of it that is told how to be.
fn serving(runtime: &'static str, change: impl FnOnce(&mut Options)) -> (Disk, Running) {
    let (mut options, disk) = (quick(), Disk::default());
    change(&mut options);
    (disk.clone(), Running::start(runtime, options, disk, LONG))
}

fn ends_well(runtime: &str, server: Running) {
    server.stop();
    let report = server.report();
    assert!(report.is_clean(), "{runtime}: {report}");
}

fn says(page: &Page, status: u16, text: &str, runtime: &str) {
    assert_eq!((page.status, &*page.text()), (status, text), "{runtime}");
}

#[test]
fn the_rate_limit_is_a_clients() {
    let options = || Options {
        rate: NonZeroU32::new(3).expect("not 0"),
        ..quick()
    };
    on_each(options, Disk::default, |runtime, server| {
        // Whatever connections it has; a slow machine gives a token back in a third of a second.
        let start = Instant::now();
        let mut clients = [Client::new(server.address), Client::new(server.address)];
        let mut refused = None;
        for n in 0.. {
            let page = clients[n % 2].get("/a");
            if page.status == 429 {
                refused = Some((n, page));
                break;
            }
            assert_eq!(page.status, 200, "{runtime}");
        }
        let (let_through, page) = refused.expect("the loop has no other end");
        says(&page, 429, "too many requests of this client\n", runtime);
        assert_eq!(page.header("retry-after"), Some("1"), "{runtime}");
        let most = 3.0 + 3.0 * start.elapsed().as_secs_f64();
        assert!(
            (3.0..=most).contains(&(let_through as f64)),
            "{runtime}: {let_through}"
        );
    });
}

#[test]
fn one_request_too_many_at_once_is_refused() {
    for runtime in runtimes() {
        let (disk, server) = serving(runtime, |options| options.requests = 1);
        let mut first = Client::new(server.address);
        first.begin("GET", "/gate", &[]);
        disk.wait_for(1);
        let mut second = Client::new(server.address);
        let refused = second.get("/a");
        says(&refused, 503, "too many requests\n", runtime);
        assert_eq!(refused.header("retry-after"), Some("1"), "{runtime}");
        disk.open();
        says(&first.answer(false), 200, "xxxx", runtime);
        // The place is free once the response is there; that reaches the client a moment later or sooner.
        until(|| second.get("/a").status == 200);
        ends_well(runtime, server);
    }
}

#[test]
fn one_connection_too_many_waits() {
    for runtime in runtimes() {
        let (_, server) = serving(runtime, |options| options.connections = 1);
        let mut first = Client::new(server.address);
        assert_eq!(first.get("/a").status, 200, "{runtime}");
        let mut second = Client::new(server.address);
        second.begin("GET", "/a", &[]);
        for _ in 0..20 {
            assert_eq!(first.json("/-/stats")["connections"], 1, "{runtime}");
        }
        drop(first);
        assert_eq!(second.answer(false).status, 200, "{runtime}");
        ends_well(runtime, server);
    }
}

#[test]
fn a_request_that_takes_too_long_is_given_up() {
    for runtime in runtimes() {
        let (disk, server) = serving(runtime, |options| options.timeout = SHORT);
        let mut client = Client::new(server.address);
        let start = Instant::now();
        says(&client.get("/gate"), 504, "it takes too long\n", runtime);
        assert!(start.elapsed() >= SHORT, "{runtime}: {:?}", start.elapsed());
        // The connection is as good as before.
        disk.open();
        assert_eq!(client.get("/-/stats").status, 200, "{runtime}");
        ends_well(runtime, server);
    }
}

#[test]
fn a_read_that_fails_is_tried_again() {
    for runtime in runtimes() {
        let (disk, server) = serving(runtime, |options| options.attempts = 3);
        let mut client = Client::new(server.address);
        disk.fail(2);
        says(&client.get("/a"), 200, "xxxx", runtime);
        assert_eq!(disk.begun(), 3, "{runtime}");
        disk.fail(3);
        says(&client.get("/b"), 500, "the disk fails\n", runtime);
        // Nothing of that is kept.
        says(&client.get("/b"), 200, "xxxx", runtime);
        assert_eq!(disk.begun(), 7, "{runtime}");
        let metrics = client.get("/-/metrics").text();
        for counted in [
            "serve_operations_total{name=\"disk\",outcome=\"success\"} 2",
            "serve_operations_total{name=\"disk\",outcome=\"error\"} 1",
            "serve_operations_total{name=\"file\",outcome=\"error\"} 1",
        ] {
            assert!(metrics.contains(counted), "{runtime}: {counted}");
        }
        ends_well(runtime, server);
    }
}

#[test]
fn a_read_that_hangs_is_given_up() {
    for runtime in runtimes() {
        let (disk, server) = serving(runtime, |options| {
            options.read_timeout = SHORT;
            options.attempts = 2;
        });
        let mut client = Client::new(server.address);
        let start = Instant::now();
        says(
            &client.get("/gate"),
            504,
            "the disk takes too long\n",
            runtime,
        );
        assert!(
            start.elapsed() >= 2 * SHORT,
            "{runtime}: {:?}",
            start.elapsed()
        );
        assert_eq!(disk.begun(), 2, "{runtime}");
        disk.open();
        says(&client.get("/gate"), 200, "xxxx", runtime);
        ends_well(runtime, server);
    }
}

#[test]
fn a_disk_that_is_down_is_left_alone() {
    for runtime in runtimes() {
        let (disk, server) = serving(runtime, |options| {
            options.attempts = 1;
            options.failures = 2;
            options.open_for = LONG;
        });
        let mut client = Client::new(server.address);
        assert_eq!(client.get("/kept").status, 200, "{runtime}");
        disk.fail(2);
        for path in ["/a", "/b"] {
            says(&client.get(path), 500, "the disk fails\n", runtime);
        }
        for path in ["/a", "/c"] {
            let refused = client.get(path);
            says(
                &refused,
                503,
                "the disk is left alone, for it failed\n",
                runtime,
            );
            assert_eq!(refused.header("retry-after"), Some("1"), "{runtime}");
        }
        assert_eq!(disk.begun(), 3, "{runtime}: it was asked all the same");
        assert_eq!(
            client.get("/kept").status,
            200,
            "{runtime}: what is kept is served"
        );
        assert_eq!(client.json("/-/stats")["breaker_open"], true, "{runtime}");
        ends_well(runtime, server);
    }
}

#[test]
fn a_disk_that_is_up_again_is_asked_again() {
    for runtime in runtimes() {
        let (disk, server) = serving(runtime, |options| {
            options.attempts = 1;
            options.failures = 1;
            options.open_for = SHORT;
        });
        let mut client = Client::new(server.address);
        disk.fail(1);
        assert_eq!(client.get("/a").status, 500, "{runtime}");
        until(|| client.get("/a").status == 200);
        ends_well(runtime, server);
    }
}

#[test]
fn many_who_ask_for_one_file_cost_one_read() {
    for runtime in runtimes() {
        let (disk, server) = serving(runtime, |_| ());
        let mut clients: Vec<_> = (0..20).map(|_| Client::new(server.address)).collect();
        for client in &mut clients {
            client.begin("GET", "/gate", &[]);
        }
        disk.wait_for(1);
        let mut other = Client::new(server.address);
        // Each has missed: they wait for the same load.
        until(|| other.json("/-/stats")["cache"]["misses"] == 20);
        disk.open();
        for mut client in clients {
            says(&client.answer(false), 200, "xxxx", runtime);
        }
        assert_eq!(disk.begun(), 1, "{runtime}");
        ends_well(runtime, server);
    }
}

/// Asks again until it is so; a test that hangs is to fail.
pub(crate) fn until(mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !holds() {
        assert!(Instant::now() < end, "it never comes");
        thread::yield_now();
    }
}
