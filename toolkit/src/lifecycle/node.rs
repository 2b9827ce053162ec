//! Where a subsystem is in the tree.

use crate::{lock::lock, unwind::quietly};
use anyrt_core::{cancel::CancellationToken, join_all, sync::Event};
use std::{
    borrow::Cow,
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, Weak},
};

/// A place in the tree. It is there for as long as its subsystem, a handle of that, or something below it is: the
/// tree does not grow with those that have been.
pub(super) struct Node {
    pub(super) path: Cow<'static, str>,
    pub(super) token: CancellationToken,
    pub(super) ended: Event,
    /// In the order in which they began.
    below: Mutex<Below>,
    /// The one around it, and its number there.
    around: Option<(Arc<Node>, u64)>,
}

#[derive(Default)]
struct Below {
    nodes: BTreeMap<u64, Weak<Node>>,
    begun: u64,
}

impl Node {
    pub(super) fn root(token: CancellationToken) -> Arc<Self> {
        Arc::new(Self::new("".into(), token, None))
    }

    fn new(
        path: Cow<'static, str>,
        token: CancellationToken,
        around: Option<(Arc<Node>, u64)>,
    ) -> Self {
        Self {
            path,
            token,
            ended: Event::new(),
            below: Mutex::default(),
            around,
        }
    }

    pub(super) fn begin(
        self: &Arc<Self>,
        path: Cow<'static, str>,
        token: CancellationToken,
    ) -> Arc<Self> {
        let mut below = lock(&self.below);
        below.begun += 1;
        let number = below.begun;
        let node = Arc::new(Self::new(path, token, Some((self.clone(), number))));
        below.nodes.insert(number, Arc::downgrade(&node));
        node
    }

    fn children(&self) -> Vec<Arc<Self>> {
        let below = lock(&self.below);
        // Kept, all of them: one that is dropped here as the last would want this lock.
        below.nodes.values().filter_map(Weak::upgrade).collect()
    }

    /// Those that have begun since there were so many, and how many there are now.
    fn begun_since(&self, begun: u64) -> (Vec<Arc<Self>>, u64) {
        let below = lock(&self.below);
        let since = below.nodes.range(begun + 1..);
        let since = since.filter_map(|(_, node)| node.upgrade()).collect();
        (since, below.begun)
    }

    /// Stops all that is below, and then each one itself: children before their parents, and those that begin
    /// meanwhile, too. A panic of a waker is that of who waits for the token.
    pub(super) async fn stop_below(self: Arc<Self>) {
        let mut seen = 0;
        loop {
            let begun = self.clone().stop_begun_since(seen).await;
            if begun == seen {
                return;
            }
            seen = begun;
        }
    }

    /// Stops those below that have begun since there were so many, and says how many there were.
    pub(super) fn stop_begun_since(
        self: Arc<Self>,
        seen: u64,
    ) -> Pin<Box<dyn Future<Output = u64> + Send>> {
        Box::pin(async move {
            let (below, begun) = self.begun_since(seen);
            let below = below.into_iter().map(|child| async move {
                child.clone().stop_below().await;
                quietly(|| child.token.cancel_with("its application stops"));
                child.ended.wait().await;
            });
            join_all(below.collect::<Vec<_>>()).await;
            begun
        })
    }

    /// Those that have not ended, from the top down.
    pub(super) fn unended(&self, found: &mut Vec<Cow<'static, str>>) {
        for child in self.children() {
            if !child.ended.is_set() {
                found.push(child.path.clone());
            }
            child.unended(found);
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // A loop: a long chain would overflow the stack.
        let mut up = self.around.take();
        while let Some((around, number)) = up {
            lock(&around.below).nodes.remove(&number);
            up = Arc::into_inner(around).and_then(|mut around| around.around.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::App;
    use anyrt_core::rt::Sleep;
    use anyrt_sim::check;
    use std::{convert::Infallible, time::Duration};

    fn begin(around: &Arc<Node>) -> Arc<Node> {
        around.begin("below".into(), CancellationToken::new())
    }

    #[test]
    fn a_place_is_there_for_as_long_as_somebody_is_in_it_or_below() {
        let root = Node::root(CancellationToken::new());
        let (first, second) = (begin(&root), begin(&root));
        let inner = begin(&first);
        drop((first, second));
        assert_eq!(root.children().len(), 1);
        drop(inner);
        assert!(lock(&root.below).nodes.is_empty());
        let mut deepest = root.clone();
        for _ in 0..100_000 {
            deepest = begin(&deepest);
        }
        drop(deepest);
        assert!(lock(&root.below).nodes.is_empty());
    }

    /// One a connection, say.
    #[test]
    fn subsystems_that_have_ended_leave_nothing() {
        check(20, |rt| async move {
            let rt2 = rt.clone();
            let app = App::new(&rt).run(|app| async move {
                let mut held = Vec::new();
                for n in 0..20 {
                    let spawned = app.spawn("connection", |_| async { Ok::<_, Infallible>(()) });
                    let handle = spawned.expect("it does not stop");
                    // Who has the handle of one has its token.
                    held.extend((n < 3).then_some(handle));
                }
                rt2.sleep(Duration::from_secs(1)).await;
                assert_eq!(lock(&app.node.below).nodes.len(), held.len());
                Ok::<_, Infallible>((app.clone(), held))
            });
            let report = app.await;
            let (app, held) = report.output.expect("it starts");
            for handle in held {
                assert!(handle.subsystem().token().is_cancelled());
            }
            assert!(lock(&app.node.below).nodes.is_empty());
        });
    }

    #[test]
    fn a_token_of_one_that_has_gone_is_cancelled_all_the_same() {
        check(20, |rt| async move {
            let app = App::new(&rt).run(|app| async move {
                let spawned = app.spawn("gone", |me| async move {
                    Ok::<_, Infallible>(me.token().clone())
                });
                let token = spawned.expect("it does not stop").await;
                let token = token.expect("it ends");
                assert!(!token.is_cancelled());
                Ok::<_, Infallible>(token)
            });
            let token = app.await.output.expect("it starts");
            assert!(token.is_cancelled());
        });
    }
}
