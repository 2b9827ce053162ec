//! Values that tasks inherit.

use super::{Context, InContext, current};
use std::{any::Any, fmt, future::Future, marker::PhantomData, ptr, sync::Arc};

/// Declares statics with a value per task, which the children of its groups inherit.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::task_local;
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

/// A value for a key.
#[derive(Clone)]
pub(super) struct Setting {
    key: usize,
    value: Arc<dyn Any + Send + Sync>,
}

impl Setting {
    pub(super) fn added_to(self, context: &Context) -> Context {
        context.with(|scope| {
            scope.values = Values(Some(match scope.values.all() {
                // One allocation: how many there will be is known.
                [] => Arc::new([self]),
                all => {
                    let key = self.key;
                    let others = all.iter().filter(|set| set.key != key);
                    others.cloned().chain([self]).collect()
                }
            }));
        })
    }
}

/// The values of a context. Copied when one is added: there are few, and they are read more often.
#[derive(Clone, Default)]
pub(super) struct Values(Option<Arc<[Setting]>>);

impl Values {
    pub(super) const NONE: Self = Self(None);

    #[inline]
    fn is_none(&self) -> bool {
        self.0.is_none()
    }

    fn all(&self) -> &[Setting] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether one is a clone of the other.
    #[inline]
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let place = |values: &Self| values.0.as_ref().map(Arc::as_ptr);
        place(self) == place(other)
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

    /// Runs `future`, its destructors included, with this value added to the context that is in
    /// force at the first poll.
    ///
    /// # Cancel safety
    /// As safe as `future`.
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> InContext<F> {
        InContext::with(self.setting(value), future)
    }

    /// `context` with this value set.
    pub fn set_in(&'static self, context: &Context, value: T) -> Context {
        self.setting(value).added_to(context)
    }

    /// The value of the task that is being polled, if it has one.
    pub fn get(&'static self) -> Option<T>
    where
        T: Clone,
    {
        self.shared().map(|value| value.as_ref().clone())
    }

    /// The value itself, which contexts share.
    #[inline]
    pub fn shared(&'static self) -> Option<Arc<T>> {
        // Most tasks have no values at all.
        match current(|state| !state.context.values().is_none()) {
            true => self.find(),
            false => None,
        }
    }

    fn find(&'static self) -> Option<Arc<T>> {
        let value = current(|state| {
            let values = state.context.values().all();
            let setting = values.iter().find(|set| set.key == self.key())?;
            Some(setting.value.clone())
        });
        value?.downcast().ok()
    }

    fn setting(&'static self, value: T) -> Setting {
        Setting {
            key: self.key(),
            value: Arc::new(value),
        }
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
