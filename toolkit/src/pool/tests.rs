//! What takes two threads: a waiter goes between the moment it is chosen and the one it is served in.

use super::{
    Manager, Pool,
    shared::{Found, Shared},
};
use anyrt_sim::SimRuntime;
use std::{convert::Infallible, sync::Arc};

struct Nothing;

impl Manager for Nothing {
    type Object = ();
    type Error = Infallible;

    async fn create(&self) -> Result<(), Infallible> {
        Ok(())
    }
}

#[test]
fn what_is_granted_to_who_is_gone_comes_back() {
    let pool = Pool::builder(&SimRuntime::new(0), Nothing).max_size(1);
    let pool = pool.build().unwrap();
    let shared: &Arc<Shared<_, _>> = &pool.owner.shared;
    let Ok((Found::Lease(held), _)) = shared.find() else {
        panic!("there is a place");
    };
    let Ok((Found::Nothing(waiting), _)) = shared.find() else {
        panic!("there is one place only");
    };
    let chosen = shared.first_waiter().unwrap();
    drop(waiting);
    // Its place is what is granted.
    std::mem::forget(held);
    shared.grant(chosen, None);
    assert_eq!((pool.stats().live, pool.stats().waiting), (0, 0));
}
