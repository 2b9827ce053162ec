//! Values that tasks inherit.

use super::{Context, InContext, current};
use std::{any::Any, fmt, future::Future, marker::PhantomData, ptr, sync::Arc};

/// Declares statics with a value a task, which the children of its groups inherit.
///
/// ```
/// use anyrt_core::task_local;
///
/// task_local! {
///     /// The request that a task works for.
///     pub static REQUEST: u64;
/// }
///
/// async fn handle(request: u64) {
///     REQUEST.scope(request, async {
///         assert_eq!(REQUEST.get(), Some(request));
///     }).await;
///     assert_eq!(REQUEST.get(), None);
/// }
/// ```
#[macro_export]
macro_rules! task_local {
    ($($(#[$meta:meta])* $vis:vis static $name:ident: $type:ty;)*) => {$(
        $(#[$meta])*
        $vis static $name: $crate::context::TaskLocal<$type> = $crate::context::TaskLocal::__new();
    )*};
}

/// A key to a value of the task; declared by [`task_local!`](crate::task_local).
pub struct TaskLocal<T> {
    // Not of size 0, so that no two statics have one address.
    _place: u8,
    value: PhantomData<fn() -> T>,
}

/// The values of a context. Copied when one is added: there are few, and they are read more often.
#[derive(Clone, Default)]
pub(crate) struct Values(Vec<(usize, Arc<dyn Any + Send + Sync>)>);

impl Values {
    fn get(&self, key: usize) -> Option<&Arc<dyn Any + Send + Sync>> {
        self.0
            .iter()
            .find(|(set, _)| *set == key)
            .map(|(_, value)| value)
    }

    fn with(&self, key: usize, value: Arc<dyn Any + Send + Sync>) -> Self {
        let mut values = self.clone();
        values.0.retain(|(set, _)| *set != key);
        values.0.push((key, value));
        values
    }
}

impl<T: Send + Sync + 'static> TaskLocal<T> {
    #[doc(hidden)]
    pub const fn __new() -> Self {
        Self {
            _place: 0,
            value: PhantomData,
        }
    }

    /// Runs `future` with this value set.
    ///
    /// # Cancel safety
    /// As safe as `future`.
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> InContext<F> {
        self.set_in(&Context::current(), value).scope(future)
    }

    /// `context` with this value set.
    pub fn set_in(&'static self, context: &Context, value: T) -> Context {
        let set = context.values.as_deref().cloned().unwrap_or_default();
        Context {
            scope: context.scope.clone(),
            values: Some(Arc::new(set.with(self.key(), Arc::new(value)))),
        }
    }

    /// The value of the task that is being polled, if it has one.
    pub fn get(&'static self) -> Option<T>
    where
        T: Clone,
    {
        self.shared().map(|value| value.as_ref().clone())
    }

    /// The value itself, which contexts share.
    pub fn shared(&'static self) -> Option<Arc<T>> {
        let values = current(|state| state.context.values.clone())?;
        let value = values.get(self.key())?.clone();
        value.downcast().ok()
    }

    fn key(&'static self) -> usize {
        ptr::from_ref(self).addr()
    }
}

impl<T> fmt::Debug for TaskLocal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocal").finish_non_exhaustive()
    }
}
