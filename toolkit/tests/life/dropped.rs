//! Applications that are dropped.

use super::{Count, SECOND, draw};
use anyrt_core::{
    cancel::shield,
    group::TaskGroup,
    rt::{Sleep, Timeout},
    task::yield_now,
};
use anyrt_sim::{check, sometimes};
use anyrt_toolkit::lifecycle::App;
use std::{convert::Infallible, error::Error, future::pending};

type BoxError = Box<dyn Error + Send + Sync>;

/// Dropped at any time, in whatever phase: nothing is cleaned up before the subsystems are gone, and a group around
/// it waits for both.
#[test]
fn a_dropped_one_cleans_up_after_its_subsystems() {
    check(400, |rt| async move {
        let (live, too_soon, cleaned) = <(Count, Count, Count)>::default();
        let group = TaskGroup::<_, (), Infallible>::new(&rt);
        let (rt2, live2, too_soon2, cleaned2) =
            (rt.clone(), live.clone(), too_soon.clone(), cleaned.clone());
        let app = App::new(&rt).grace(2 * SECOND).run(|app| async move {
            let look = live2.clone();
            app.defer("look", move || async move {
                too_soon2.set(too_soon2.get() + look.get());
                yield_now().await;
                cleaned2.up();
                Ok::<_, Infallible>(())
            });
            for name in ["shielded", "plain"] {
                let (rt3, live3) = (rt2.clone(), live2.clone());
                app.spawn(name, move |_| async move {
                    let _live = live3.held();
                    if name == "shielded" {
                        shield(rt3.sleep(5 * SECOND)).await;
                    }
                    pending::<Result<(), BoxError>>().await
                })?;
            }
            rt2.sleep(SECOND).await;
            app.request_shutdown("enough");
            Ok::<_, BoxError>(())
        });
        let (rt2, after) = (rt.clone(), SECOND * draw(&rt, 6) as u32);
        let given_up = async move {
            let dropped = rt2.timeout(after, app).await.is_err();
            sometimes!(dropped, "it is dropped");
            Ok(())
        };
        group.spawn(given_up).unwrap();
        group.join().await.unwrap();
        assert_eq!((live.get(), too_soon.get(), cleaned.get()), (0, 0, 1));
    });
}
