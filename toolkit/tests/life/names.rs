//! The names of pools, batchers and task pools, wherever they are told.

use super::SECOND;
use anyrt_core::rt::Sleep;
use anyrt_sim::{Sim, SimRuntime, check};
use anyrt_toolkit::{
    batch::{BatchError, Batcher},
    pool::{Manager, Pool, PoolBuilder, PoolError},
    workers::{SubmitError, TaskPool},
};
use std::{
    fmt,
    future::{Future, pending},
};

/// Makes the first, and then says what it is told to say.
struct Server(fn() -> Option<&'static str>);

impl Manager for Server {
    type Object = u8;
    type Error = &'static str;

    async fn create(&self) -> Result<u8, &'static str> {
        match (self.0)() {
            None => Ok(7),
            Some("hangs") => pending().await,
            Some(error) => Err(error),
        }
    }

    async fn recycle(&self, _: &mut u8) -> Result<(), &'static str> {
        Ok(())
    }
}

fn db(rt: &SimRuntime, make: fn() -> Option<&'static str>) -> PoolBuilder<SimRuntime, Server> {
    Pool::builder(rt, Server(make)).name("db").max_size(1)
}

#[track_caller]
fn says<E: fmt::Display>(error: &E, text: &str, whole: &str) {
    assert_eq!(
        [error.to_string(), format!("{error:#}")],
        [text.to_owned(), whole.to_owned()]
    );
}

#[test]
fn of_a_pool_in_its_errors() {
    check(5, |rt| async move {
        let pool = db(&rt, || None).wait_timeout(SECOND).build().unwrap();
        let held = pool.get().await.unwrap();
        let late = pool.get().await.unwrap_err();
        assert_eq!(late.name(), Some("db"));
        says(
            &late,
            "pool \"db\": no object came free in time",
            "pool \"db\": no object came free in time: pool wait timed out after 1s (limit: 1s)",
        );
        pool.close();
        let closed = pool.get().await.unwrap_err();
        let text = "pool \"db\": closed";
        says(&closed, text, text);
        drop(held);

        let hangs = db(&rt, || Some("hangs")).create_timeout(SECOND);
        says(
            &hangs.build().unwrap().get().await.unwrap_err(),
            "pool \"db\": no object was made in time",
            "pool \"db\": no object was made in time: pool create timed out after 1s (limit: 1s)",
        );
        let fails = db(&rt, || Some("no host")).build().unwrap();
        says(
            &fails.get().await.unwrap_err(),
            "pool \"db\": the manager could make no object",
            "pool \"db\": the manager could make no object: no host",
        );
        let plain = |says| Pool::builder(&rt, Server(says)).max_size(1);
        let tight = plain(|| None).wait_timeout(SECOND).build().unwrap();
        let _held = tight.get().await.unwrap();
        let hangs = plain(|| Some("hangs")).create_timeout(SECOND);
        let (hangs, fails) = (hangs.build(), plain(|| Some("no host")).build());
        for (pool, text) in [
            (tight, "no object of the pool came free in time"),
            (hangs.unwrap(), "the pool made no object in time"),
            (fails.unwrap(), "the pool's manager could make no object"),
        ] {
            assert_eq!(pool.get().await.unwrap_err().to_string(), text);
        }
        let nameless = plain(|| None).build().unwrap();
        nameless.close();
        let closed = nameless.get().await.unwrap_err();
        assert_eq!(closed, PoolError::Closed { pool: None });
        says(&closed, "the pool is closed", "the pool is closed");
        assert_eq!((closed.name(), nameless.name()), (None, None));
    });
}

#[test]
fn of_a_batcher_in_its_errors() {
    check(20, |rt| async move {
        let load = |keys: Vec<u8>| async move {
            match keys[0] {
                0 => Err("no host"),
                1 => panic!("oh"),
                2 => Ok(vec![]),
                _ => pending().await,
            }
        };
        let names = || {
            let builder = Batcher::<_, u8, u8, _>::builder(&rt, load).name("names");
            builder.build().unwrap()
        };
        let batcher = names();
        let failed = batcher.load(0).await.unwrap_err();
        assert_eq!(failed.name(), Some("names"));
        assert_eq!(failed, failed.clone());
        let text = "batcher \"names\": the load of a batch failed";
        says(&failed, text, &format!("{text}: no host"));
        let text = "batcher \"names\": the load of a batch panicked: oh";
        says(&batcher.load(1).await.unwrap_err(), text, text);
        let text = "batcher \"names\": the load of 1 key returned 0 values";
        says(&batcher.load(2).await.unwrap_err(), text, text);
        batcher.shutdown().await;
        let closed = batcher.load(0).await.unwrap_err();
        let text = "batcher \"names\": closed";
        says(&closed, text, text);

        let aborted = BatchError::<u8>::Aborted {
            batcher: Some("names".into()),
        };
        let text = "batcher \"names\": the load of a batch was aborted";
        says(&aborted, text, text);
        assert_eq!(aborted.name(), Some("names"));
    });
}

#[test]
fn of_a_task_pool_in_its_errors() {
    check(5, |rt| async move {
        let pool = TaskPool::builder(&rt).workers(1).capacity(1);
        let pool = pool.name("thumbnails").build().unwrap();
        let full = loop {
            match pool.try_submit(pending::<()>()) {
                Ok(handle) => drop(handle),
                Err(full) => break full,
            }
        };
        assert_eq!((full.name(), full.is_full()), (Some("thumbnails"), true));
        let text = "task pool \"thumbnails\": no room is left in the queue";
        says(&full, text, text);
        assert_eq!(
            format!("{full:?}"),
            "Full { pool: Some(\"thumbnails\"), .. }"
        );

        let pool = pool.clone();
        let mut shutdown = Box::pin(pool.shutdown());
        assert!(!super::is_ready_now(shutdown.as_mut()).await);
        let closed = pool.submit(full.into_inner()).await.unwrap_err();
        assert_eq!(
            (closed.name(), closed.is_full()),
            (Some("thumbnails"), false)
        );
        let text = "task pool \"thumbnails\": closed";
        says(&closed, text, text);

        let nameless = |job| SubmitError::Closed { pool: None, job };
        says(
            &nameless(1),
            "the task pool is closed",
            "the task pool is closed",
        );
        assert_eq!((nameless(1).name(), nameless(1).into_inner()), (None, 1));
    });
}

#[test]
fn in_debug() {
    check(1, |rt| async move {
        let load = |keys: Vec<u8>| async { Ok::<_, ()>(keys) };
        let batcher = Batcher::builder(&rt, load).name("names");
        let tasks = TaskPool::builder(&rt).name("thumbnails");
        let pool = db(&rt, || None);
        let named = |what: &dyn fmt::Debug, name: &str| {
            let text = format!("{what:?}");
            assert!(text.contains(&format!("name: Some({name:?})")), "{text}");
        };
        named(&batcher, "names");
        named(&tasks, "thumbnails");
        named(&pool, "db");
        let (batcher, tasks, pool) = (batcher.build(), tasks.build(), pool.build());
        let (batcher, tasks, pool) = (batcher.unwrap(), tasks.unwrap(), pool.unwrap());
        named(&batcher, "names");
        named(&tasks, "thumbnails");
        named(&pool, "db");
        assert_eq!(
            (batcher.name(), tasks.name(), pool.name()),
            (Some("names"), Some("thumbnails"), Some("db"))
        );
        let object = pool.get().await.unwrap();
        assert_eq!(
            format!("{object:?}"),
            "Pooled { pool: Some(\"db\"), object: 7 }"
        );
    });
}

#[test]
fn in_what_is_said_of_bad_settings() {
    check(1, |rt| async move {
        let pool = db(&rt, || None).max_size(0).build().unwrap_err();
        let text = "max_size: 0 is not permitted (want: at least 1, for pool \"db\")";
        assert_eq!(pool.to_string(), text);
        let tasks = TaskPool::builder(&rt).workers(0).name("thumbnails").build();
        let text = "workers: 0 is not permitted (want: at least 1, for task pool \"thumbnails\")";
        assert_eq!(tasks.unwrap_err().to_string(), text);
        let batcher = Batcher::builder(&rt, |keys: Vec<u8>| async { Ok::<_, ()>(keys) });
        let batcher = batcher.capacity(1).max_size(2).name("names").build();
        let text =
            "capacity: 1 is not permitted (want: at least `max_size`, 2, for batcher \"names\")";
        assert_eq!(batcher.unwrap_err().to_string(), text);
    });
}

/// What is told of a run that hangs, whose tasks are told by their names.
#[track_caller]
fn tasks<F, Fut>(body: F, names: &[&str])
where
    F: FnOnce(SimRuntime) -> Fut + Send,
    Fut: Future<Output = ()>,
{
    let limit = Sim::new().max_time(SECOND * 60);
    let text = limit.run(4, body).failure.expect("it hangs").to_string();
    for name in names {
        assert!(text.contains(&format!("{name:?}")), "no {name} in:\n{text}");
    }
}

#[test]
fn of_tasks_in_the_background() {
    tasks(
        |rt| async move {
            let pool = db(&rt, || None).min_idle(1).build().unwrap();
            let _nameless = Pool::builder(&rt, Server(|| None)).min_idle(1).build();
            rt.sleep(SECOND).await;
            drop((pool.clone(), pending::<()>().await));
        },
        &["db/keeper", "keeper"],
    );
    tasks(
        |rt| async move {
            let load = |_: Vec<u8>| pending::<Result<Vec<u8>, ()>>();
            let names = Batcher::builder(&rt, load).name("names").build().unwrap();
            names.load(1).await.ok();
        },
        &["names/driver", "names/batch"],
    );
    tasks(
        |rt| async move {
            let pool = TaskPool::builder(&rt).name("thumbnails").workers(1);
            let pool = pool.build().unwrap();
            pool.submit(pending::<()>()).await.unwrap().await.ok();
        },
        &["thumbnails/worker"],
    );
}
