//! A few workers for many jobs.
//!
//! ```
//! use anyrt::{ConfigError, rt::Runtime};
//! use anyrt::workers::TaskPool;
//!
//! # async fn thumbnail(_: &str) -> usize { 1 }
//! async fn demo<R: Runtime>(rt: &R, files: &'static [&'static str]) -> Result<usize, ConfigError> {
//!     let pool = TaskPool::builder(rt)
//!         .name("thumbnails") // Its workers are tasks of the name `thumbnails/worker`.
//!         .workers(4)
//!         .capacity(100)
//!         .build()?;
//!     let mut handles = Vec::new();
//!     for file in files {
//!         // Waits while a hundred are queued.
//!         handles.push(pool.submit(thumbnail(file)).await.expect("it is open"));
//!     }
//!     let mut bytes = 0;
//!     for handle in handles {
//!         bytes += handle.await.unwrap_or(0); // A panic is that job's error.
//!     }
//!     println!("{:?}", pool.progress());
//!     pool.shutdown().await;
//!     Ok(bytes)
//! }
//! # let _ = demo::<anyrt::erased::DynRuntime>;
//! ```
//!
//! If you have all items at hand and want every result, there is less to write with
//! [`map_concurrent`](anyrt_core::gather::map_concurrent()).

mod error;
mod shared;

pub use error::SubmitError;

use crate::{
    name::{Name, refused, task, titled},
    owned::{self, Owned},
    resource::AsyncClose,
    room::{Room, Taken},
};
use anyrt_core::{
    ConfigError,
    error::{Closed, TryAcquireError, check},
    rt::Runtime,
    sync::MAX_PERMITS,
    task::{PortableHandle, portable},
    waits::Wait,
};
use shared::{Hook, Shared};
use std::{convert::Infallible, fmt, future::Future, panic::Location, sync::Arc};

/// Each worker is spawned with the pool: a slip such as `usize::MAX` is told, and does not fill the memory.
const MAX_WORKERS: usize = 1 << 20;

/// The handle of a job: await it for the output, or abort it, queued or running. Dropped, it lets the job run. It is a
/// [`PortableHandle`], by which name some pages call it.
///
/// A queued job that is aborted keeps its place, and its room, until a worker comes to it. That drops it unbegun, and
/// then the handle ends with [`JoinError::Cancelled`](anyrt_core::JoinError::Cancelled).
pub type JobHandle<T> = PortableHandle<T>;

/// How far a pool has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Progress {
    /// Jobs that were taken in.
    pub submitted: u64,
    /// Jobs that are being worked on.
    pub running: u64,
    /// Jobs that have ended: with an output, a panic, or an abort.
    pub done: u64,
}

impl Progress {
    /// Jobs that wait for a worker.
    pub fn queued(&self) -> u64 {
        self.submitted.saturating_sub(self.running + self.done)
    }
}

/// Workers that take jobs from one queue. Clones are the same pool; with the last one that is dropped
/// its jobs are aborted. The [room's page](self) has an example.
///
/// It belongs to who has it, and not to the task that made it or submits: jobs see no token, deadline or value of
/// theirs, and no group waits for them (*LC-24*).
pub struct TaskPool<R: Runtime> {
    owner: Arc<Owner<R>>,
}

struct Owner<R: Runtime> {
    name: Name,
    shared: Arc<Shared>,
    /// Aborts the workers when it is dropped.
    _workers: Owned<R>,
}

impl<R: Runtime> Drop for Owner<R> {
    fn drop(&mut self) {
        self.shared.abort();
    }
}

impl<R: Runtime> TaskPool<R> {
    /// Settings for a pool.
    pub fn builder(rt: &R) -> TaskPoolBuilder<R> {
        TaskPoolBuilder {
            rt: rt.clone(),
            name: None,
            workers: rt.parallelism().get(),
            capacity: None,
            hook: None,
        }
    }

    /// Waits for room in the queue, and puts a job there. Jobs are begun in that order. A job has nothing of
    /// its caller's context. Its [`JobHandle`] is a [`PortableHandle`].
    ///
    /// # Errors
    /// [`SubmitError::Closed`], with the job, if the pool was shut down, also while it waited.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it takes its job along, and room that had reached it goes to the next.
    #[track_caller]
    pub fn submit<F>(
        &self,
        job: F,
    ) -> impl Future<Output = Result<JobHandle<F::Output>, SubmitError<F>>> + Send + use<'_, R, F>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let at = Location::caller();
        async move {
            let wait = || {
                let what = titled("room in task pool", self.name(), "room in a task pool");
                Wait::new(what).at(at)
            };
            match self.owner.shared.room.take(wait).await {
                Ok(room) => self.put(job, room),
                Err(Closed) => Err(self.closed(job)),
            }
        }
    }

    /// Puts a job into the queue, if there is room that nobody waits for.
    ///
    /// # Errors
    /// A [`SubmitError`], with the job: there is no room, or the pool was shut down.
    pub fn try_submit<F>(&self, job: F) -> Result<JobHandle<F::Output>, SubmitError<F>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        match self.owner.shared.room.try_take() {
            Ok(room) => self.put(job, room),
            Err(TryAcquireError::Closed) => Err(self.closed(job)),
            Err(TryAcquireError::NoPermits) => {
                let pool = self.owner.name.clone();
                Err(SubmitError::Full { pool, job })
            }
        }
    }

    fn put<F>(&self, job: F, room: Taken) -> Result<JobHandle<F::Output>, SubmitError<F>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let put = self.owner.shared.put(job, room);
        put.map_err(|job| self.closed(job))
    }

    fn closed<F>(&self, job: F) -> SubmitError<F> {
        let pool = self.owner.name.clone();
        SubmitError::Closed { pool, job }
    }

    /// Waits until nothing is left to do. One moment of that is enough, even if more is submitted before
    /// the caller runs.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost.
    pub fn join(&self) -> impl Future<Output = ()> + Send + use<'_, R> {
        self.owner.shared.queue.join()
    }

    /// Refuses further jobs, and waits for those that are there.
    ///
    /// # Cancel safety
    /// Safe: it is shut down with the first poll, and can be waited for again.
    pub fn shutdown(&self) -> impl Future<Output = ()> + Send + use<'_, R> {
        let shared = &self.owner.shared;
        async move {
            shared.shut_down();
            shared.over.wait().await;
        }
    }

    /// Its name, where it was given one.
    pub fn name(&self) -> Option<&str> {
        self.owner.name.as_deref()
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        self.owner.shared.progress()
    }
}

/// [Shuts down](TaskPool::shutdown) the pool, whoever has clones of it, and waits for the jobs that are there: as long as
/// a close may take. Those that are left then are aborted with the last clone.
impl<R: Runtime> AsyncClose for TaskPool<R> {
    type Error = Infallible;

    async fn close(self) -> Result<(), Infallible> {
        self.shutdown().await;
        Ok(())
    }
}

impl<R: Runtime> Clone for TaskPool<R> {
    fn clone(&self) -> Self {
        Self {
            owner: self.owner.clone(),
        }
    }
}

impl<R: Runtime> fmt::Debug for TaskPool<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskPool")
            .field("name", &self.name())
            .field("progress", &self.progress())
            .finish_non_exhaustive()
    }
}

/// Settings of a [`TaskPool`], made by [`TaskPool::builder`].
#[must_use = "a builder does nothing until `build`"]
pub struct TaskPoolBuilder<R> {
    rt: R,
    name: Name,
    workers: usize,
    capacity: Option<usize>,
    hook: Option<Box<Hook>>,
}

impl<R: Runtime> TaskPoolBuilder<R> {
    /// Names the pool, for `Debug` and its workers.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How many jobs run at once: as many as the runtime runs in parallel, unless set. Each is a task from the
    /// start on.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// How many jobs wait for a worker at most: ten a worker unless set. Where there are as many,
    /// [`submit`](TaskPool::submit) waits.
    pub fn capacity(mut self, jobs: usize) -> Self {
        self.capacity = Some(jobs);
        self
    }

    /// Calls `report` after each job. It is called by the workers, and should be quick; a panic of it is
    /// ignored.
    pub fn on_progress(mut self, report: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.hook = Some(Box::new(report));
        self
    }

    /// The pool, with its workers in a task group that it owns.
    ///
    /// # Errors
    /// A [`ConfigError`] for 0 workers and more than 1,048,576, and for a capacity of 0 and more than
    /// [`MAX_PERMITS`].
    pub fn build(self) -> Result<TaskPool<R>, ConfigError> {
        let name = self.name.as_deref();
        let capacity = self
            .room()
            .map_err(|error| refused(error, "task pool", name))?;
        let room = Room::new(capacity)?;
        let shared = Arc::new(Shared::new(room, self.workers, self.hook));
        let workers = owned::group(&self.rt, "task pool", name, |workers| {
            for _ in 0..self.workers {
                let work = shared::work(shared.clone());
                // Refused, it is dropped, and counts as a worker that has gone.
                workers.spawn_named(task(name, "worker"), work).ok();
            }
        });
        let owner = Owner {
            name: self.name,
            shared,
            _workers: workers,
        };
        Ok(TaskPool {
            owner: Arc::new(owner),
        })
    }

    /// For how many jobs there is room.
    fn room(&self) -> Result<usize, ConfigError> {
        let capacity = self.capacity.unwrap_or(self.workers.saturating_mul(10));
        check::at_least_one("workers", self.workers)?;
        check::at_least_one("capacity", capacity)?;
        check::at_most("workers", self.workers, MAX_WORKERS)?;
        check::at_most("capacity", capacity, MAX_PERMITS)?;
        Ok(capacity)
    }
}

impl<R> fmt::Debug for TaskPoolBuilder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskPoolBuilder")
            .field("name", &self.name)
            .field("workers", &self.workers)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
