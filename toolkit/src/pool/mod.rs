//! Objects that are made once and used often: connections, clients, buffers.
//!
//! ```
//! use anyrt::rt::Runtime;
//! use anyrt::pool::{Manager, Pool};
//! use std::{io, sync::Arc, time::Duration};
//!
//! # struct Connection;
//! # impl Connection {
//! #     async fn open(_: &str) -> io::Result<Self> { Ok(Self) }
//! #     async fn ping(&mut self) -> io::Result<()> { Ok(()) }
//! #     async fn query(&mut self, _: &str) -> io::Result<u64> { Ok(1) }
//! #     fn is_broken(&self) -> bool { false }
//! # }
//! struct Server {
//!     address: String,
//! }
//!
//! impl Manager for Server {
//!     type Object = Connection;
//!     type Error = io::Error;
//!
//!     async fn create(&self) -> io::Result<Connection> {
//!         Connection::open(&self.address).await
//!     }
//!
//!     async fn recycle(&self, connection: &mut Connection) -> io::Result<()> {
//!         connection.ping().await
//!     }
//!
//!     fn keep(&self, connection: &mut Connection) -> bool {
//!         !connection.is_broken()
//!     }
//! }
//!
//! async fn demo<R: Runtime>(rt: R) -> Result<(), Box<dyn std::error::Error>> {
//!     let server = Server { address: "db.example:5432".into() };
//!     let pool = Pool::builder(&rt, server)
//!         .name("db") // `pool "db": no object came free in time`
//!         .max_size(20)
//!         .min_idle(2)
//!         .wait_timeout(Duration::from_secs(5))
//!         .create_timeout(Duration::from_secs(2))
//!         .recycle_timeout(Duration::from_millis(500))
//!         .idle(Duration::from_secs(600))
//!         .max_lifetime(Duration::from_secs(3600))
//!         .build()?;
//!
//!     let mut connection = pool.get().await?;
//!     connection.query("select 1").await?;
//!     drop(connection); // It goes back.
//!
//!     println!("{:?}", pool.stats());
//!     pool.close();
//!     pool.closed().await; // What was out has come back, and is gone.
//!     Ok(())
//! }
//! # let _ = demo::<anyrt::erased::DynRuntime>;
//! ```
//!
//! # Which one comes
//! The object that came back last goes out first, so that those which are not needed lie idle, and can go.
//! Callers are served in the order of their first poll, and nobody overtakes them (*PO-4*).

mod builder;
mod error;
mod get;
mod keeper;
mod lease;
mod manager;
mod pooled;
mod queue;
mod shared;
mod stats;
mod waiting;

pub use builder::PoolBuilder;
pub use error::PoolError;
pub use manager::Manager;
pub use pooled::Pooled;
pub use stats::PoolStats;

use crate::{name::refused, owned::Owned, resource::AsyncClose};
use anyrt_core::{ConfigError, error::check, rt::Runtime};
use shared::Shared;
use std::{convert::Infallible, fmt, future::Future, panic::Location, sync::Arc};

/// A pool of objects that a [`Manager`] makes. Clones are the same pool; the last one that is dropped
/// [closes](Self::close) it. The [room's page](self) has an example.
pub struct Pool<R: Runtime, M: Manager> {
    owner: Arc<Owner<R, M>>,
}

/// What ends with the last clone of a pool, also where objects are still out.
struct Owner<R: Runtime, M: Manager> {
    shared: Arc<Shared<R, M>>,
    /// Aborts the keeper when it is dropped.
    _keeper: Option<Owned<R>>,
}

impl<R: Runtime, M: Manager> Drop for Owner<R, M> {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl<R: Runtime, M: Manager> Pool<R, M> {
    /// Settings for a pool.
    pub fn builder(rt: &R, manager: M) -> PoolBuilder<R, M> {
        PoolBuilder::new(rt, manager)
    }

    fn over(shared: Arc<Shared<R, M>>, keeper: Option<Owned<R>>) -> Self {
        let owner = Owner {
            shared,
            _keeper: keeper,
        };
        Self {
            owner: Arc::new(owner),
        }
    }

    /// Waits for an object: an idle one that passes its check, a new one where there is room, or the next that
    /// comes back.
    ///
    /// An idle object that is too old, or does not pass, is dropped, and the next one tried.
    ///
    /// # Errors
    /// A [`PoolError`]: the pool is closed, a limit has passed, or the manager could make none.
    ///
    /// # Panics
    /// As `create` and `recycle` of the [`Manager`] do. Such an object is gone, and its place free.
    ///
    /// # Cancel safety
    /// Safe: dropped while it waits, it leaves the queue, and what had reached it goes to the next. Dropped
    /// during a check, that object is discarded (*PO-2*); dropped while one is made, the place is free for
    /// whoever waits (*PO-3*).
    #[track_caller]
    pub fn get(
        &self,
    ) -> impl Future<Output = Result<Pooled<R, M>, PoolError<M::Error>>> + Send + use<'_, R, M>
    {
        get::get(&self.owner.shared, Location::caller())
    }

    /// Changes how many objects there may be. Where there are more, idle ones are dropped now, and others
    /// when they come back; until then none is made. Where there is more room, those who wait get it.
    ///
    /// # Errors
    /// A [`ConfigError`] for 0; nothing has changed then.
    pub fn resize(&self, max_size: usize) -> Result<(), ConfigError> {
        check::at_least_one("max_size", max_size)
            .map_err(|error| refused(error, "pool", self.name()))?;
        self.owner.shared.resize(max_size);
        Ok(())
    }

    /// Fails those who wait and all who come later, drops what is idle, and gives up what is made in the background.
    /// What is out stays good, and is dropped when it comes back (*PO-6*).
    ///
    /// A caller for whom the manager makes or checks an object is left to that, as long as it takes: one that is new is
    /// not handed out any more, and none is made in place of one that is unfit.
    pub fn close(&self) {
        self.owner.shared.close();
    }

    /// Waits until the pool is closed and all its objects are gone, those included that are being made for a caller.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost.
    pub fn closed(&self) -> impl Future<Output = ()> + Send + use<'_, R, M> {
        self.owner.shared.gone.wait()
    }

    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        self.owner.shared.is_closed()
    }

    /// How it is doing.
    pub fn stats(&self) -> PoolStats {
        self.owner.shared.stats()
    }

    /// Its name, where it was given one.
    pub fn name(&self) -> Option<&str> {
        self.owner.shared.name.as_deref()
    }

    /// The manager.
    pub fn manager(&self) -> &M {
        &self.owner.shared.manager
    }
}

/// [Closes](Pool::close) the pool, whoever has clones of it, and waits until its objects are [gone](Pool::closed): as
/// long as a close may take for those that are out.
///
/// It is closed by the call itself, before its future is polled: where this trait is in scope, `pool.close()` of a pool by
/// value is this close.
impl<R: Runtime, M: Manager> AsyncClose for Pool<R, M> {
    type Error = Infallible;

    fn close(self) -> impl Future<Output = Result<(), Infallible>> + Send {
        Pool::close(&self);
        async move {
            self.closed().await;
            Ok(())
        }
    }
}

impl<R: Runtime, M: Manager> Clone for Pool<R, M> {
    fn clone(&self) -> Self {
        Self {
            owner: self.owner.clone(),
        }
    }
}

impl<R: Runtime, M: Manager> fmt::Debug for Pool<R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("name", &self.name())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
