//! The tree of tokens.
//!
//! ```text
//!  live ── cancel ──▶ cancelled ── everyone below is, too ──▶ settled
//!   │                    the first reason stays
//!   └ child(): linked below │ child(): born cancelled, with the same reason
//! ```
//!
//! A node owns its parent and is known to it by a weak link, so a token that is dropped in the
//! middle lives on for as long as it has descendants (*CX-5*), and one without any takes its
//! link along (*CX-6*). `cancel` marks top-down and wakes when all is marked. It walks
//! the links even where somebody else is walking: both return with all of it marked. Nothing here
//! recurses, so that a chain of any length can be cancelled and dropped.

use super::future::{CancelledFuture, RunUntilCancelled};
use crate::{
    prim::{Mutex, MutexGuard, lock},
    sync::wake_all,
};
use slab::Slab;
use std::{
    borrow::Cow,
    error::Error,
    fmt,
    future::Future,
    panic::Location,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Release},
        },
    },
    task::Waker,
};

/// Tells whoever holds a clone, or a child, that it is time to stop.
///
/// Clones are the same token. A child is cancelled with its parent, not the other way round.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{cancel::{Cancellable, CancellationToken}, rt::{JoinHandle, Runtime}};
///
/// # async fn poll_mail() {}
/// async fn until_told<R: Runtime>(rt: R) {
///     let token = CancellationToken::new();
///     let mail = rt.spawn({
///         let token = token.child();
///         async move {
///             while poll_mail().cancellable(&token).await.is_ok() {}
///         }
///     });
///     token.cancel_with("the window was closed");
///     mail.await.unwrap();
/// }
/// ```
#[derive(Clone)]
pub struct CancellationToken {
    node: Arc<Node>,
}

/// Why, and where, a token was cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CancelReason {
    /// What was given to [`cancel_with`](CancellationToken::cancel_with).
    pub text: Cow<'static, str>,
    /// Where that was called.
    pub at: &'static Location<'static>,
}

impl fmt::Display for CancelReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text, self.at)
    }
}

/// For the sources of errors that stand for a cancellation.
impl Error for CancelReason {}

/// A future was given up, because its token was cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cancelled {
    /// Why.
    pub reason: CancelReason,
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cancelled: {}", self.reason)
    }
}

impl Error for Cancelled {}

impl From<CancelReason> for Cancelled {
    fn from(reason: CancelReason) -> Self {
        Self { reason }
    }
}

struct Node {
    /// There once the token is cancelled.
    reason: OnceLock<CancelReason>,
    /// Everyone below is cancelled, too.
    settled: AtomicBool,
    links: Mutex<Links>,
    /// The parent, and this node's place among its children.
    up: Option<(Arc<Node>, usize)>,
}

#[derive(Default)]
struct Links {
    children: Slab<Weak<Node>>,
    waiters: Slab<Waker>,
}

impl Node {
    fn new(up: Option<(Arc<Node>, usize)>) -> Self {
        Self {
            reason: OnceLock::new(),
            settled: AtomicBool::new(false),
            links: Mutex::default(),
            up,
        }
    }

    fn links(&self) -> MutexGuard<'_, Links> {
        lock(&self.links)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // A loop: a long chain would overflow the stack.
        let mut up = self.up.take();
        while let Some((parent, key)) = up {
            parent.links().children.remove(key);
            up = Arc::into_inner(parent).and_then(|mut parent| parent.up.take());
        }
    }
}

impl CancellationToken {
    /// A token without a parent.
    pub fn new() -> Self {
        Self {
            node: Arc::new(Node::new(None)),
        }
    }

    /// A token that is cancelled with this one, and can be by itself. A child of a cancelled token
    /// is born cancelled, with its reason (*CX-3*).
    pub fn child(&self) -> Self {
        let mut links = self.node.links();
        if let Some(reason) = self.node.reason.get() {
            let node = Node::new(None);
            node.reason.get_or_init(|| reason.clone());
            return Self {
                node: Arc::new(node),
            };
        }
        let slot = links.children.vacant_entry();
        let up = Some((self.node.clone(), slot.key()));
        let node = Arc::new(Node::new(up));
        slot.insert(Arc::downgrade(&node));
        Self { node }
    }

    /// Cancels this token and everyone below. On return all of them are (*CX-2*). Idempotent:
    /// the first reason stays (*CX-1*).
    #[track_caller]
    pub fn cancel(&self) {
        self.cancel_with("cancelled");
    }

    /// What clones share, for [`waits`](crate::waits).
    pub(super) fn thing(&self) -> &impl Sized {
        &*self.node
    }

    /// [Cancels](Self::cancel), and says why.
    #[track_caller]
    pub fn cancel_with(&self, reason: impl Into<Cow<'static, str>>) {
        let reason = CancelReason {
            text: reason.into(),
            at: Location::caller(),
        };
        self.cancel_for(&reason);
    }

    /// Cancels for a reason that is known from elsewhere.
    pub fn cancel_for(&self, reason: &CancelReason) {
        if self.node.settled.load(Acquire) {
            return;
        }
        // Of two who cancel at once, both pass on the reason that was first.
        let reason = self.node.reason.get_or_init(|| reason.clone());
        let mut wakers = Vec::new();
        let mut marked = vec![self.node.clone()];
        let mut at = 0;
        while let Some(node) = marked.get(at).cloned() {
            at += 1;
            if node.settled.load(Acquire) {
                continue;
            }
            node.reason.get_or_init(|| reason.clone());
            let mut links = node.links();
            wakers.extend(links.waiters.drain());
            let children = links.children.iter();
            // Kept, all of them: one that is dropped here as the last would want this lock.
            marked.extend(children.filter_map(|(_, child)| child.upgrade()));
        }
        // A walk from any of them has nothing left to do.
        for node in marked {
            node.settled.store(true, Release);
        }
        wake_all(wakers);
    }

    /// Whether it is cancelled: one look at an atomic.
    #[inline]
    pub fn is_cancelled(&self) -> bool {
        self.reason().is_some()
    }

    /// Why it was cancelled, once it is.
    #[inline]
    pub fn reason(&self) -> Option<&CancelReason> {
        self.node.reason.get()
    }

    /// An error once it is cancelled: for loops that compute and never wait.
    ///
    /// # Errors
    /// [`Cancelled`], if it is.
    pub fn check(&self) -> Result<(), Cancelled> {
        match self.reason() {
            None => Ok(()),
            Some(reason) => Err(reason.clone().into()),
        }
    }

    /// Waits until it is cancelled, and says why.
    ///
    /// # Cancel safety
    /// Safe: drop it to cancel it.
    #[track_caller]
    pub fn cancelled(&self) -> CancelledFuture<&Self> {
        CancelledFuture::new(self)
    }

    /// [Waits](Self::cancelled) without borrowing.
    ///
    /// # Cancel safety
    /// As of [`cancelled`](Self::cancelled).
    #[track_caller]
    pub fn cancelled_owned(self) -> CancelledFuture<Self> {
        CancelledFuture::new(self)
    }

    /// Drives `future` until it is ready, or this token is cancelled: then it is dropped and the
    /// output is `None`. Where it is cancelled at the first poll already, `future` is not polled;
    /// later, a completion wins a tie (*CX-8*).
    ///
    /// # Cancel safety
    /// As safe as `future`.
    #[track_caller]
    pub fn run_until_cancelled<F: Future>(&self, future: F) -> RunUntilCancelled<F, &Self> {
        RunUntilCancelled::new(future, self)
    }

    /// Cancels this token when it is dropped, unless [disarmed](DropGuard::disarm) (*CX-7*). The
    /// reason's place is that of this call.
    #[track_caller]
    pub fn drop_guard(self) -> DropGuard {
        DropGuard {
            token: self,
            armed: true,
            made_at: Location::caller(),
        }
    }

    /// Whether both are the same token, or clones of it.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.node, &other.node)
    }

    /// Wakes `waker` when cancelled, for as long as the token is there; refused where that has happened.
    pub(crate) fn notify(&self, waker: &Waker) -> bool {
        self.register(&mut None, waker)
    }

    /// Keeps `waker` under `key`, to be woken when cancelled; refused where that has happened.
    pub(super) fn register(&self, key: &mut Option<usize>, waker: &Waker) -> bool {
        let waker = waker.clone();
        let mut links = self.node.links();
        // Under the lock: whoever cancels takes the waiters under it, after it has set the reason.
        if self.is_cancelled() {
            return false;
        }
        let _dropped_outside_the_lock = match *key {
            Some(key) => Some(std::mem::replace(&mut links.waiters[key], waker)),
            None => {
                *key = Some(links.waiters.insert(waker));
                None
            }
        };
        drop(links);
        true
    }

    /// Whether `waker` is what is kept under `key`.
    pub(super) fn keeps(&self, key: usize, waker: &Waker) -> bool {
        let links = self.node.links();
        links
            .waiters
            .get(key)
            .is_some_and(|kept| kept.will_wake(waker))
    }

    pub(super) fn unregister(&self, key: usize) {
        // Whoever cancels takes all waiters, and nobody is registered after that: a key is never
        // that of another one.
        let _dropped_outside_the_lock = self.node.links().waiters.try_remove(key);
    }
}

#[cfg(test)]
impl CancellationToken {
    pub(super) fn links_and_room(&self) -> (usize, usize) {
        let links = self.node.links();
        (links.children.len(), links.children.capacity())
    }

    pub(super) fn waiters(&self) -> usize {
        self.node.links().waiters.len()
    }
}

impl Default for CancellationToken {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let links = self.node.links();
        let (children, waiters) = (links.children.len(), links.waiters.len());
        drop(links);
        f.debug_struct("CancellationToken")
            .field("reason", &self.reason())
            .field("children", &children)
            .field("waiters", &waiters)
            .finish_non_exhaustive()
    }
}

/// Cancels its token when dropped.
#[must_use = "dropped at once, it cancels at once"]
#[derive(Debug)]
pub struct DropGuard {
    token: CancellationToken,
    armed: bool,
    made_at: &'static Location<'static>,
}

impl DropGuard {
    /// The token, which is not cancelled.
    pub fn disarm(mut self) -> CancellationToken {
        self.armed = false;
        self.token.clone()
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if self.armed {
            self.token.cancel_for(&CancelReason {
                text: "its drop guard was dropped".into(),
                at: self.made_at,
            });
        }
    }
}
