//! How the server is doing, as JSON and for Prometheus.

use super::Server;
use anyrt::{Runtime, resilience::BreakerState};
use serde::Serialize;
use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// What became of connections.
#[derive(Debug, Default)]
pub struct Connections {
    /// Those that are there.
    open: AtomicU64,
    /// The client was too slow.
    pub(super) slow: AtomicU64,
    /// What it sent was no HTTP.
    pub(super) bad: AtomicU64,
    /// It went away in the middle, or a response could not be finished.
    pub(super) broken: AtomicU64,
    /// They could not be accepted.
    pub(super) refused: AtomicU64,
}

impl Connections {
    /// One more, until this is dropped: whatever ends it, a panic included.
    pub(super) fn opened(&self) -> Opened<'_> {
        self.open.fetch_add(1, Relaxed);
        Opened(self)
    }
}

/// A connection that is there.
#[must_use]
#[derive(Debug)]
pub(super) struct Opened<'a>(&'a Connections);

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}

/// All of it.
#[derive(Debug, Serialize)]
pub struct Figures {
    operations: Vec<Operations>,
    cache: Cache,
    connections: u64,
    requests: usize,
    /// What became of connections.
    connections_slow: u64,
    connections_bad: u64,
    connections_broken: u64,
    connections_refused: u64,
    /// Clients that are known to the rate limit.
    clients: usize,
    /// Whether the disk is left alone.
    breaker_open: bool,
}

#[derive(Debug, Serialize)]
struct Operations {
    name: String,
    success: u64,
    error: u64,
    cancelled: u64,
    panicked: u64,
    /// The times of the last ones, in seconds.
    p50: f64,
    p99: f64,
    max: f64,
}

#[derive(Debug, Serialize)]
struct Cache {
    hits: u64,
    misses: u64,
    shared: u64,
    loads: u64,
    failures: u64,
    in_flight: u64,
    evicted: u64,
    entries: u64,
    bytes: u64,
}

impl Figures {
    /// Those of now.
    pub fn of<R: Runtime>(server: &Server<R>) -> Self {
        let (tracker, ends) = (&server.tracker, &server.connections);
        let operations = tracker.names().into_iter().map(|name| {
            let counts = tracker.counts(&name);
            let times = tracker.durations(&name);
            let [p50, p99, max] = times.map_or([0.0; 3], |times| {
                [times.p50, times.p99, times.max].map(|time| time.as_secs_f64())
            });
            Operations {
                name: name.into_owned(),
                success: counts.success,
                error: counts.error,
                cancelled: counts.cancelled,
                panicked: counts.panicked,
                p50,
                p99,
                max,
            }
        });
        let cache = server.store.stats();
        Self {
            operations: operations.collect(),
            cache: Cache {
                hits: cache.hits,
                misses: cache.misses,
                shared: cache.shared,
                loads: cache.loads,
                failures: cache.failures,
                in_flight: cache.in_flight,
                evicted: cache.evicted,
                entries: cache.entries,
                bytes: cache.weight,
            },
            connections: ends.open.load(Relaxed),
            requests: server.requests.in_flight(),
            connections_slow: ends.slow.load(Relaxed),
            connections_bad: ends.bad.load(Relaxed),
            connections_broken: ends.broken.load(Relaxed),
            connections_refused: ends.refused.load(Relaxed),
            clients: server.rates.len(),
            breaker_open: server.breaker.state() == BreakerState::Open,
        }
    }
}

/// As Prometheus reads it.
impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# TYPE serve_operations_total counter")?;
        for one in &self.operations {
            let outcomes = [
                ("success", one.success),
                ("error", one.error),
                ("cancelled", one.cancelled),
                ("panicked", one.panicked),
            ];
            for (outcome, count) in outcomes {
                let name = &one.name;
                writeln!(
                    f,
                    "serve_operations_total{{name=\"{name}\",outcome=\"{outcome}\"}} {count}"
                )?;
            }
        }
        writeln!(f, "# TYPE serve_operation_seconds gauge")?;
        for one in &self.operations {
            for (quantile, time) in [("0.5", one.p50), ("0.99", one.p99), ("1", one.max)] {
                let name = &one.name;
                writeln!(
                    f,
                    "serve_operation_seconds{{name=\"{name}\",quantile=\"{quantile}\"}} {time}"
                )?;
            }
        }
        let cache = &self.cache;
        for (name, kind, value) in [
            ("cache_hits_total", "counter", cache.hits),
            ("cache_misses_total", "counter", cache.misses),
            ("cache_shared_total", "counter", cache.shared),
            ("cache_loads_total", "counter", cache.loads),
            ("cache_failures_total", "counter", cache.failures),
            ("cache_evicted_total", "counter", cache.evicted),
            ("cache_loading", "gauge", cache.in_flight),
            ("cache_entries", "gauge", cache.entries),
            ("cache_bytes", "gauge", cache.bytes),
            ("connections", "gauge", self.connections),
            ("requests", "gauge", self.requests as u64),
            ("connections_slow_total", "counter", self.connections_slow),
            ("connections_bad_total", "counter", self.connections_bad),
            (
                "connections_broken_total",
                "counter",
                self.connections_broken,
            ),
            (
                "connections_refused_total",
                "counter",
                self.connections_refused,
            ),
            ("clients", "gauge", self.clients as u64),
            ("breaker_open", "gauge", u64::from(self.breaker_open)),
        ] {
            writeln!(f, "# TYPE serve_{name} {kind}\nserve_{name} {value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn a_connection_that_panics_is_gone() {
        let connections = Connections::default();
        let other = connections.opened();
        let panics = || {
            let _open = connections.opened();
            panic!("in a handler");
        };
        catch_unwind(AssertUnwindSafe(panics)).expect_err("it panics");
        assert_eq!(connections.open.load(Relaxed), 1);
        drop(other);
        assert_eq!(connections.open.load(Relaxed), 0);
    }
}
