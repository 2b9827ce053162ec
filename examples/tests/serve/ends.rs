//! How connections end: by a stop, by a client that is slow, and by one that goes.

use super::{
    client::Client,
    disk::Disk,
    layers::until,
    server::{Running, on_each, quick, runtimes},
};
use anyrt::lifecycle::StopReason;
use anyrt_examples::serve::{Options, disk::PIECE};
use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(100);

#[test]
fn a_stop_finishes_what_is_in_flight() {
    for runtime in runtimes() {
        let disk = Disk::default();
        let server = Running::start(runtime, quick(), disk.clone(), LONG);
        let address = server.address;
        let mut idle = Client::new(address);
        assert_eq!(idle.get("/a").status, 200, "{runtime}");
        let mut fresh = Client::new(address);
        let mut busy = Client::new(address);
        busy.begin("GET", "/gate", &[]);
        // One that takes in half of its response.
        let mut half = Client::new(address);
        half.begin("GET", "/three", &[]);
        disk.wait_for(3);
        let mut part = vec![0; PIECE as usize];
        half.0.read_exact(&mut part).expect("a piece");

        server.stop();
        assert!(idle.is_over(), "{runtime}: an idle connection goes on");
        assert!(
            fresh.is_over(),
            "{runtime}: a connection without a request goes on"
        );
        // Nobody listens any more, once that is so.
        until(|| TcpStream::connect(address).is_err());
        disk.open();
        let last = busy.answer(false);
        assert_eq!((last.status, &*last.text()), (200, "xxxx"), "{runtime}");
        assert!(busy.is_over(), "{runtime}");
        let mut rest = Vec::new();
        half.0.read_to_end(&mut rest).expect("the rest");
        assert!(
            (part.len() + rest.len()) as u64 > 3 * PIECE,
            "{runtime}: not all of it"
        );

        let report = server.report();
        assert!(report.is_clean(), "{runtime}: {report}");
        assert_eq!(
            report.stopped_for,
            StopReason::Requested("enough".into()),
            "{runtime}"
        );
    }
}

#[test]
fn what_is_not_done_in_the_grace_is_aborted_and_named() {
    for runtime in runtimes() {
        let disk = Disk::default();
        let server = Running::start(runtime, quick(), disk.clone(), SHORT);
        let mut client = Client::new(server.address);
        client.begin("GET", "/gate", &[]);
        disk.wait_for(1);
        let start = Instant::now();
        server.stop();
        assert!(client.is_over(), "{runtime}: it was answered");
        assert!(start.elapsed() >= SHORT, "{runtime}: no grace");
        assert_eq!(server.report().late, ["http"], "{runtime}");
        disk.open();
    }
}

fn hasty() -> Options {
    Options {
        client_timeout: SHORT,
        ..quick()
    }
}

#[test]
fn a_client_that_does_not_say_what_it_wants_is_cut_off() {
    on_each(hasty, Disk::default, |runtime, server| {
        for said in ["", "GET /a HTTP/1.1\r\nhost: "] {
            let start = Instant::now();
            let mut slow = Client::new(server.address);
            slow.send(said);
            assert!(slow.is_over(), "{runtime}: {said:?}");
            assert!(start.elapsed() >= SHORT, "{runtime}: {:?}", start.elapsed());
        }
        // One that has been served, and then says nothing.
        let mut idle = Client::new(server.address);
        assert_eq!(idle.get("/a").status, 200, "{runtime}");
        assert!(idle.is_over(), "{runtime}");
        until(|| figures(server)["connections_slow"].as_u64() >= Some(2));
    });
}

#[test]
fn a_client_that_does_not_take_in_its_response_is_cut_off() {
    on_each(hasty, Disk::default, |runtime, server| {
        let mut slow = Client::new(server.address);
        slow.begin("GET", "/large", &[]);
        until(|| figures(server)["connections_slow"] == 1);
        // What was on its way arrives, and then there is no more.
        let mut taken = 0;
        let mut buffer = vec![0; 1 << 16];
        while let Ok(read) = slow.0.read(&mut buffer)
            && read > 0
        {
            taken += read;
        }
        assert!(taken > 0, "{runtime}");
    });
}

#[test]
fn a_client_that_goes_leaves_nothing() {
    for runtime in runtimes() {
        let disk = Disk::default();
        let options = Options {
            requests: 2,
            ..quick()
        };
        let server = Running::start(runtime, options, disk.clone(), LONG);
        for read in 1..=3 {
            let mut gone = Client::new(server.address);
            gone.begin("GET", "/gate", &[]);
            // The load goes with the last who waits for it.
            disk.wait_for(read);
            // One that closes its own side cannot be told from one that has gone.
            if read == 3 {
                gone.0.get_ref().shutdown(Shutdown::Write).expect("closed");
                assert!(gone.is_over(), "{runtime}: it was answered");
            }
            drop(gone);
            until(|| {
                let figures = figures(&server);
                figures["requests"] == 1 && figures["cache"]["in_flight"] == 0
            });
        }
        // Half of a head, half of a response.
        let mut gone = Client::new(server.address);
        gone.0.get_mut().write_all(b"GET /a HTT").expect("sent");
        drop(gone);
        let mut gone = Client::new(server.address);
        gone.begin("GET", "/large", &[]);
        gone.0.read_exact(&mut [0; 1000]).expect("some of it");
        drop(gone);
        until(|| figures(&server)["connections"] == 1);
        disk.open();
        assert_eq!(
            Client::new(server.address).get("/a").status,
            200,
            "{runtime}"
        );
        server.stop();
        let report = server.report();
        assert!(report.is_clean(), "{runtime}: {report}");
    }
}

/// Of a connection of its own, which counts as one.
fn figures(server: &Running) -> serde_json::Value {
    Client::new(server.address).json("/-/stats")
}
