//! Connections: how they begin, are served, and end.

use super::{
    Server,
    adapt::{HyperTimer, Stream},
    layers,
    refused::Refused,
};
use anyrt::{CancellationToken, Runtime, TaskGroup};
use async_net::{TcpListener, TcpStream};
use hyper::{server::conn::http1, service::service_fn};
use std::{
    convert::Infallible,
    error::Error,
    io::{self, ErrorKind},
    net::IpAddr,
    pin::pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use tower::ServiceExt;

/// After a connection that could not be accepted.
const PAUSE: Duration = Duration::from_millis(50);
/// What is longer is refused: 431.
const MOST_OF_A_HEAD: usize = 16 << 10;

/// Accepts and serves, until `stop` is cancelled and those that are there have ended.
pub(super) async fn run<R: Runtime>(
    server: &Arc<Server<R>>,
    at: TcpListener,
    stop: &CancellationToken,
) {
    // A token of their own: a stop lets them finish, and who has the right to end that is the application around.
    let connections = TaskGroup::<R, (), Infallible>::builder(&server.rt)
        .name("connections")
        .token(&CancellationToken::new())
        .supervisor()
        .discard()
        .build();
    // A place first: while there is none, who comes waits in the system's queue.
    while let Some(Ok(place)) = stop.run_until_cancelled(server.places.acquire()).await {
        match stop.run_until_cancelled(at.accept()).await {
            None => break,
            Some(Ok((stream, client))) => {
                let served = serve(server.clone(), stream, client.ip(), stop.clone());
                let served = async move {
                    served.await;
                    drop(place);
                    Ok(())
                };
                // Nobody closes the group, or cancels it.
                connections.spawn(served).ok();
            }
            Some(Err(_)) => {
                server.connections.refused.fetch_add(1, Relaxed);
                // Mostly there are no descriptors left: they come back as others end.
                stop.run_until_cancelled(server.rt.sleep(PAUSE)).await;
            }
        }
    }
    drop(at);
    // A defect in one connection costs that one; it is among the operations.
    connections.join().await.ok();
}

/// One connection. After a stop it ends with the response in hand.
async fn serve<R: Runtime>(
    server: Arc<Server<R>>,
    stream: TcpStream,
    client: IpAddr,
    stop: CancellationToken,
) {
    let _open = server.connections.opened();
    let (rt, limit) = (&server.rt, server.options.client_timeout);
    // Small responses are not to wait for the receipts of what went before.
    stream.set_nodelay(true).ok();
    let front = layers::front(&server, client);
    let answer = service_fn(move |request| {
        let answer = front.clone().oneshot(request);
        async { Ok::<_, Infallible>(answer.await.unwrap_or_else(Refused::into_page)) }
    });
    let connection = http1::Builder::new()
        .timer(HyperTimer::new(rt))
        .header_read_timeout(limit)
        .max_header_size(MOST_OF_A_HEAD)
        .serve_connection(Stream::new(rt, stream, limit), answer);
    let mut connection = pin!(connection);
    let ended = match stop.run_until_cancelled(connection.as_mut()).await {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    let ends = &server.connections;
    if let Err(error) = ended {
        let counted = if error.is_timeout() || is_slow(&error) {
            &ends.slow
        } else if error.is_parse() {
            &ends.bad
        } else {
            &ends.broken
        };
        counted.fetch_add(1, Relaxed);
    }
}

/// Whether the client did not take in what was written.
fn is_slow(error: &hyper::Error) -> bool {
    let source = error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>());
    source.is_some_and(|error| error.kind() == ErrorKind::TimedOut)
}
