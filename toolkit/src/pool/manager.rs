//! What a pool has to be told about its objects.

use std::future::{Future, ready};

/// Makes the objects of a [`Pool`](super::Pool), and knows which are still good.
///
/// # Panics
/// A panic costs the one object. Of `create` and `recycle` it goes on in the [`get`](super::Pool::get) that asked for it, and
/// in the background it is a failure for [`on_error`](super::PoolBuilder::on_error). Of `keep`, and of an object's destructor,
/// it goes on where the object is given back: out of the destructor of [`Pooled`](super::Pooled), so that it aborts the
/// process where that thread panics already.
///
/// # Cancel safety
/// `create` and `recycle` may be dropped at any point: the caller gave up, or a limit passed. What
/// `create` had made by then has to go with its future; an object that was being recycled is discarded, for
/// nobody knows what state it is in (*PO-2*).
pub trait Manager: Send + Sync + 'static {
    /// What is pooled.
    type Object: Send + 'static;
    /// Why there is none, or why one is no longer good.
    type Error: Send + 'static;

    /// Makes an object.
    fn create(&self) -> impl Future<Output = Result<Self::Object, Self::Error>> + Send;

    /// Checks an idle object, and makes it fit for its next user: a ping, a rollback, nothing at all. It is
    /// called at checkout. An error discards the object, and the caller gets another one.
    fn recycle(
        &self,
        object: &mut Self::Object,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _ = object;
        ready(Ok(()))
    }

    /// Whether an object that comes back is worth keeping, as far as can be told at once: a connection
    /// that is known to be broken is not. It runs in a destructor, and should be quick.
    fn keep(&self, object: &mut Self::Object) -> bool {
        let _ = object;
        true
    }
}
