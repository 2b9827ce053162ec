//! An application's life: start-up, subsystems, periodic work, an orderly end.
//!
//! ```
//! use anyrt::error::BoxError;
//! use anyrt::rt::{Runtime, Signal, Signals};
//! use anyrt::lifecycle::{App, Background};
//! use std::{io, time::Duration};
//!
//! # struct Db;
//! # impl Db { async fn open() -> io::Result<Self> { Ok(Self) } async fn tidy() -> io::Result<()> { Ok(()) } }
//! # impl anyrt::resource::AsyncClose for Db { type Error = io::Error; async fn close(self) -> io::Result<()> { Ok(()) } }
//! # async fn accept() -> io::Result<u8> { Ok(1) }
//! # async fn talk(_: u8) -> io::Result<()> { Ok(()) }
//! async fn serve<R: Runtime + Signals>(rt: R) -> Result<(), Box<dyn std::error::Error>> {
//!     let signals = rt.signals(Signal::SHUTDOWN)?;
//!     let app = App::new(&rt).grace(Duration::from_secs(20)).signals(signals);
//!     let report = app.run(|app| async move {
//!         let _db = app.enter_named("db", Db::open().await?); // Closed last.
//!         app.defer("goodbye", || async { io::Result::Ok(()) });
//!         let upkeep = app.enter_named("upkeep", Background::new(&rt)); // A run in hand is waited for.
//!         upkeep.every("tidy", Duration::from_secs(60), Db::tidy).start()?;
//!         app.spawn("http", |http| async move {
//!             while let Some(accepted) = http.token().run_until_cancelled(accept()).await {
//!                 let client = accepted?;
//!                 http.spawn("session", move |_| talk(client))?; // Refused from the stop on: the end of this loop.
//!             }
//!             Ok::<_, BoxError>(())
//!         })?;
//!         Ok::<_, BoxError>(())
//!     });
//!     Ok(report.await.into_result()?)
//! }
//! # let _ = serve::<anyrt::sim::SimRuntime>;
//! ```
//!
//! What an application owns it [enters](Subsystem::enter_named): a [`Pool`](crate::pool::Pool), a
//! [`TaskPool`](crate::workers::TaskPool), a [`Batcher`](crate::batch::Batcher) and a [`Background`] are closed in its
//! clean-up as other resources are, and whoever still has a clone finds it closed.
//!
//! # How it ends
//! A request (a signal, [`request_shutdown`](Subsystem::request_shutdown), the application's token or the one
//! around), a failure of a subsystem, or nothing left to do: then tokens are cancelled, children before parents.
//! Subsystems that still run when the grace ends, or once somebody insists, are aborted, and named in the
//! [`Report`]. Then the clean-up runs, in the reverse order of its entry, shielded, each step within a limit; who
//! insists once more abandons it.
//!
//! What a subsystem hears first may be a refusal instead: while its own children end, it is not asked yet, and cannot
//! [begin others](Subsystem::spawn) any more. To end with that [`Stopping`], or with a cancellation's error, is an end
//! as asked, and no failure.
//!
//! To insist is a second signal, and each one after it, or an [`abort`](Subsystem::abort). Requests from code are no
//! more than one, whoever makes them: a signal after them is the first one, as it is after a failure.
//!
//! During the start-up it is the same: its [token](Subsystem::token) is cancelled, and the subsystems that it has begun
//! are asked to stop, all within one grace. A start-up that pays no attention goes on, and may begin others, which are
//! asked once it has ended; one that outlasts the grace, or is there when somebody
//! insists, is dropped, and so is what it began late.

mod app;
mod background;
mod handle;
mod node;
mod periodic;
mod remains;
mod report;
mod requests;
mod shared;
mod tree;
mod until;

pub use app::App;
pub use background::{Background, BackgroundReport};
pub use handle::SubsystemHandle;
pub use periodic::{Overlap, Periodic, PeriodicBuilder, PeriodicStats, Restart};
pub use report::{Report, StopReason, SubsystemError};
pub use tree::{Stopping, Subsystem};
