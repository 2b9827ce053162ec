//! What becomes of an application that is dropped.

use super::shared::Shared;
use crate::{
    lock::lock,
    resource::{CloseError, ExitStack},
    unwind::quietly,
};
use anyrt_core::{cancel::CancellationToken, rt::Runtime};
use std::{future::Future, mem, pin::Pin, sync::Arc};

/// What an application that is dropped leaves behind: subsystems, and what is cleaned up after them.
pub(super) struct Remains<R: Runtime> {
    pub(super) shared: Arc<Shared<R>>,
    pub(super) stack: ExitStack<R>,
    /// Aborts the subsystems, and waits until they are gone; `None` once they are. Who is dropped while it waits
    /// leaves it here.
    pub(super) going: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// The closes that failed, until there is a report to have them.
    pub(super) closes: Vec<CloseError>,
}

impl<R: Runtime> Drop for Remains<R> {
    fn drop(&mut self) {
        self.stack.tell(mem::take(&mut self.closes));
        if let Some(going) = self.going.take() {
            const DROPPED: &str = "its application was dropped";
            let shared = &self.shared;
            lock(&shared.state).started = true;
            quietly(|| shared.stop.cancel_with(DROPPED));
            quietly(|| shared.tasks.cancel_with(DROPPED));
            let gone = Gone(shared.gone.clone());
            let before = async move {
                going.await;
                drop(gone);
            };
            // Who still runs may enter something yet.
            match shared.tasks.is_empty() && self.stack.is_empty() {
                true => drop(before),
                false => self.stack.close_after(before),
            }
        }
    }
}

/// Dropped, it tells those who still have a subsystem's token that nothing of the application is left. It has no
/// more than that: a task has it that may outlive the executor.
struct Gone(CancellationToken);

impl Drop for Gone {
    fn drop(&mut self) {
        quietly(|| self.0.cancel_with("its application was dropped"));
    }
}
