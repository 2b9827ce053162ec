//! What has to be closed, and takes its time: connections that say goodbye, files that are flushed.
//!
//! A destructor cannot wait. So a resource is *entered*, and closed at the end of a scope, whatever ends it:
//!
//! ```
//! use anyrt::rt::Runtime;
//! use anyrt::resource::{AsyncClose, ExitError, exit_stack, with_resource};
//! use std::io;
//!
//! # struct Connection;
//! # impl Connection {
//! #     async fn open(_: &str) -> io::Result<Self> { Ok(Self) }
//! #     async fn query(&mut self, _: &str) -> io::Result<u64> { Ok(1) }
//! #     async fn say_goodbye(self) -> io::Result<()> { Ok(()) }
//! # }
//! impl AsyncClose for Connection {
//!     type Error = io::Error;
//!
//!     async fn close(self) -> io::Result<()> {
//!         self.say_goodbye().await
//!     }
//! }
//!
//! async fn one<R: Runtime>(rt: &R) -> Result<u64, ExitError<io::Error>> {
//!     with_resource(rt, Connection::open("a.example"), |mut connection| async move {
//!         connection.query("select 1").await
//!     })
//!     .await
//! }
//!
//! async fn several<R: Runtime>(rt: &R) -> Result<u64, ExitError<io::Error>> {
//!     exit_stack(rt, |exits| async move {
//!         let mut first = exits.enter(Connection::open("a.example").await?);
//!         exits.defer("temporary files", || async { io::Result::Ok(()) });
//!         let others = ["b.example", "c.example"].map(Connection::open);
//!         let mut others = exits.enter_all(others).await?; // Both at the same time.
//!         Ok(first.query("select 1").await? + others[0].query("select 2").await?)
//!     }) // Closed: c, b, the files, a.
//!     .await
//! }
//! # let _ = (one::<anyrt::erased::DynRuntime>, several::<anyrt::erased::DynRuntime>);
//! ```
//!
//! | to | write |
//! |---|---|
//! | use one resource | [`with_resource`] |
//! | use several, opened at the same time | [`with_resources`] |
//! | enter what turns up, and clean-up of any kind | [`exit_stack`] |
//! | have a struct own them | [`ExitStack`] |
//!
//! # When they are closed
//! After an output, an error or a panic: before the caller hears of it, the last first, each within a
//! limit, and shielded from cancellation. Where the whole is dropped half way: in the background, in the same
//! order; a task group around it waits for that (*LC-5*).

mod closer;
mod entered;
mod error;
mod exits;
mod stack;

pub(crate) use closer::OnCloseError;
pub use entered::Entered;
pub(crate) use error::{Befell, source_of};
pub use error::{CloseError, ExitError, StillInUse};
pub use exits::Exits;
pub use stack::{ExitStack, exit_stack, with_resource, with_resources};

use anyrt_core::error::BoxError;
use std::future::Future;

/// What has an async close: resources of one's own, and [`Pool`](crate::pool::Pool),
/// [`TaskPool`](crate::workers::TaskPool), [`Batcher`](crate::batch::Batcher) and
/// [`Background`](crate::lifecycle::Background).
pub trait AsyncClose: Send + 'static {
    /// Why it could not be closed as it should.
    type Error: Into<BoxError>;

    /// Closes it.
    ///
    /// # Cancel safety
    /// The future may be dropped at any point: its limit has passed, or the executor is gone. What is left of
    /// the resource then is its destructor's business, and the next close follows.
    fn close(self) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
