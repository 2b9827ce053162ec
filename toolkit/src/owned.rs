//! Groups of tasks that are nobody's but their owner's.

use crate::name::titled;
use anyrt_core::{context::Context, group::TaskGroup, rt::Runtime};
use std::convert::Infallible;

pub(crate) type Owned<R> = TaskGroup<R, (), Infallible>;

/// A group that may outlive who makes it, with what `begin` spawns in it (*LC-24*). Its owner is a `kind`, and has that
/// name, or none.
pub(crate) fn group<R: Runtime>(
    rt: &R,
    kind: &'static str,
    name: Option<&str>,
    begin: impl FnOnce(&Owned<R>),
) -> Owned<R> {
    let group = TaskGroup::builder(rt).name(titled(kind, name, kind));
    Context::default().sync_scope(|| {
        let group = group.supervisor().discard().build();
        begin(&group);
        group
    })
}
