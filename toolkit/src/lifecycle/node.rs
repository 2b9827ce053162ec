//! Where a subsystem is in the tree, and when it is its turn to stop.
//!
//! A subtree is over once its subsystem has ended, and all that is below that. Each node counts those below it that
//! are not over; it is its turn when there are none. All of it in loops: a subsystem that goes on in one below
//! itself, again and again, makes a tree of any depth.

use crate::lock::lock;
use anyrt_core::cancel::CancellationToken;
use std::{
    borrow::Cow,
    collections::BTreeMap,
    mem,
    sync::{Arc, Mutex, Weak},
};

/// A place in the tree. It is there for as long as its subsystem, a handle of that, or something below it is: the
/// tree does not grow with those that have been.
pub(super) struct Node {
    pub(super) path: Cow<'static, str>,
    pub(super) token: CancellationToken,
    stand: Mutex<Stand>,
    /// The one around it, and its number there.
    around: Option<(Arc<Node>, u64)>,
}

/// Changed under the application's lock, but for the nodes that go: of several places none is half way.
#[derive(Default)]
struct Stand {
    /// In the order in which they began.
    below: BTreeMap<u64, Weak<Node>>,
    begun: u64,
    /// How many of them are not over.
    open: usize,
    ended: bool,
    /// It is to stop when it is its turn.
    stops: bool,
}

impl Stand {
    fn is_over(&self) -> bool {
        self.ended && self.open == 0
    }
}

impl Node {
    pub(super) fn root(token: CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            path: "".into(),
            token,
            stand: Mutex::default(),
            around: None,
        })
    }

    /// Begins one below it, and says whether that is to stop at once.
    pub(super) fn begin(
        self: &Arc<Self>,
        path: Cow<'static, str>,
        token: CancellationToken,
    ) -> (Arc<Self>, bool) {
        let (node, stops) = {
            let mut stand = lock(&self.stand);
            stand.begun += 1;
            let (number, stops) = (stand.begun, stand.stops);
            let node = Arc::new(Self {
                path,
                token,
                stand: Mutex::new(Stand {
                    stops,
                    ..Stand::default()
                }),
                around: Some((self.clone(), number)),
            });
            stand.below.insert(number, Arc::downgrade(&node));
            (node, stops)
        };
        // What was over is so no more, up to where something else goes on.
        let mut up = &node.around;
        while let Some((around, _)) = up {
            let mut stand = lock(&around.stand);
            let was_over = stand.is_over();
            stand.open += 1;
            if !was_over {
                break;
            }
            up = &around.around;
        }
        (node, stops)
    }

    /// Its subsystem has ended. Gives those whose turn it is to stop now.
    pub(super) fn end(self: &Arc<Self>) -> Vec<Arc<Self>> {
        let mut turn = Vec::new();
        let mut over = {
            let mut stand = lock(&self.stand);
            stand.ended = true;
            stand.is_over()
        };
        let mut up = &self.around;
        while over && let Some((around, _)) = up {
            let mut stand = lock(&around.stand);
            stand.open -= 1;
            if stand.open == 0 && stand.stops {
                turn.push(around.clone());
            }
            over = stand.is_over();
            up = &around.around;
        }
        turn
    }

    /// Stops all that is below it, children before their parents, and those that begin below these meanwhile, too.
    /// Gives those whose turn it is now.
    pub(super) fn stop_below(&self) -> Vec<Arc<Self>> {
        let mut turn = Vec::new();
        let mut found = self.children();
        let mut at = 0;
        while let Some(node) = found.get(at).cloned() {
            at += 1;
            let open = {
                let mut stand = lock(&node.stand);
                if mem::replace(&mut stand.stops, true) {
                    continue;
                }
                stand.open
            };
            found.extend(node.children());
            if open == 0 {
                turn.push(node);
            }
        }
        turn
    }

    /// Those that have not ended, from the top down.
    pub(super) fn unended(&self, late: &mut Vec<Cow<'static, str>>) {
        let mut left = self.children();
        left.reverse();
        while let Some(node) = left.pop() {
            if !lock(&node.stand).ended {
                late.push(node.path.clone());
            }
            left.extend(node.children().into_iter().rev());
        }
    }

    fn children(&self) -> Vec<Arc<Self>> {
        let stand = lock(&self.stand);
        // Kept, all of them: one that is dropped here as the last would want this lock.
        stand.below.values().filter_map(Weak::upgrade).collect()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // A loop: a long chain would overflow the stack.
        let mut up = self.around.take();
        while let Some((around, number)) = up {
            lock(&around.stand).below.remove(&number);
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
        around.begin("below".into(), CancellationToken::new()).0
    }

    #[test]
    fn a_place_is_there_for_as_long_as_somebody_is_in_it_or_below() {
        let root = Node::root(CancellationToken::new());
        let (first, second) = (begin(&root), begin(&root));
        let inner = begin(&first);
        drop((first, second));
        assert_eq!(root.children().len(), 1);
        drop(inner);
        assert!(lock(&root.stand).below.is_empty());
        let mut deepest = root.clone();
        for _ in 0..100_000 {
            deepest = begin(&deepest);
        }
        drop(deepest);
        assert!(lock(&root.stand).below.is_empty());
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
                assert_eq!(lock(&app.node.stand).below.len(), held.len());
                Ok::<_, Infallible>((app.clone(), held))
            });
            let report = app.await;
            let (app, held) = report.output.expect("it starts");
            for handle in held {
                assert!(handle.subsystem().token().is_cancelled());
            }
            assert!(lock(&app.node.stand).below.is_empty());
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
