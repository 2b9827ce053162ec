//! `#[cached]`.

use anyrt::{AsyncCache, cache::LoadError, prelude::*};
use std::{
    convert::Infallible,
    io,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

/// A client whose clones share what they have.
#[derive(Clone)]
struct Users<R: Runtime> {
    rt: R,
    names: AsyncCache<R, (u64, String), String, Arc<io::Error>>,
    ages: AsyncCache<R, u64, u32, io::Error>,
    counts: AsyncCache<R, (), u32>,
    queries: Arc<AtomicU32>,
}

impl<R: Runtime> Users<R> {
    fn new(rt: &R) -> Self {
        Self {
            rt: rt.clone(),
            names: AsyncCache::builder(rt)
                .fallible()
                .capacity(9)
                .build()
                .unwrap(),
            ages: AsyncCache::builder(rt)
                .fallible()
                .capacity(9)
                .build()
                .unwrap(),
            counts: AsyncCache::builder(rt).capacity(9).build().unwrap(),
            queries: Arc::default(),
        }
    }

    async fn query(&self) -> u32 {
        self.rt.sleep(Duration::from_millis(1)).await;
        self.queries.fetch_add(1, SeqCst)
    }

    /// Two arguments are a tuple.
    #[anyrt::cached(in = self.names)]
    async fn name(&self, id: u64, lang: &str) -> Result<String, Arc<io::Error>> {
        self.query().await;
        match lang {
            "" => Err(io::Error::other("no language").into()),
            _ => Ok(format!("{id} in {lang}")),
        }
    }

    /// The cache is a field, and the argument something else, whatever they are called.
    #[anyrt::cached(in = self.names)]
    async fn first(&self, id: u64, names: &str) -> Result<String, Arc<io::Error>> {
        Ok(format!(
            "{id}: {}",
            names.split(' ').next().unwrap_or(names)
        ))
    }

    /// One is a key as it is.
    #[anyrt::cached(in = self.ages)]
    async fn age(&self, id: u64) -> Result<u32, LoadError<io::Error>> {
        let query = self.query().await;
        if id == 0 {
            return Err(io::Error::other("nobody"));
        }
        Ok(query)
    }

    /// None are no key.
    #[anyrt::cached(in = self.counts)]
    async fn count(&self) -> u32 {
        self.query().await
    }

    #[anyrt::cached(in = self.ages, key = id % 10)]
    async fn age_of_shard(self: Arc<Self>, id: u64) -> Result<u32, LoadError<io::Error>> {
        Ok(self.query().await)
    }
}

#[anyrt::test(seeds = 30)]
async fn a_value_is_loaded_once(rt: impl Runtime) {
    let users = Users::new(&rt);
    let (one, two) = anyrt::join!(users.name(1, "de"), users.name(1, "de"));
    assert_eq!(one.unwrap(), "1 in de");
    assert_eq!(two.unwrap(), "1 in de");
    assert_eq!(users.queries.load(SeqCst), 1);
    assert_eq!(users.name(1, "fr").await.unwrap(), "1 in fr");
    assert_eq!(users.names.len(), 2);
    users.names.remove(&(1, "de".to_owned()));
    users.name(1, "de").await.unwrap();
    assert_eq!(users.queries.load(SeqCst), 3);
}

#[anyrt::test(seeds = 30)]
async fn an_error_is_everybodys_and_not_kept(rt: impl Runtime) {
    let users = Users::new(&rt);
    let (one, two) = anyrt::join!(users.name(1, ""), users.name(1, ""));
    assert!(Arc::ptr_eq(&one.unwrap_err(), &two.unwrap_err()));
    let error = users.age(0).await.unwrap_err();
    assert_eq!(error.error().unwrap().to_string(), "nobody");
    users.age(0).await.unwrap_err();
    assert_eq!(users.queries.load(SeqCst), 3);
}

#[anyrt::test(seeds = 30)]
async fn keys_are_what_they_are_said_to_be(rt: impl Runtime) {
    let users = Users::new(&rt);
    assert_eq!(users.count().await, 0);
    assert_eq!(users.count().await, 0);
    assert_eq!(users.counts.get(&()), Some(0));
    assert_eq!(users.age(7).await.unwrap(), 1);
    assert_eq!(users.ages.get(&7), Some(1));
    let users = Arc::new(users);
    assert_eq!(users.clone().age_of_shard(17).await.unwrap(), 1);
    assert_eq!(users.age_of_shard(18).await.unwrap(), 2);
}

#[anyrt::test(seeds = 30)]
async fn an_argument_is_a_part_of_the_key_whatever_its_name(rt: impl Runtime) {
    let users = Users::new(&rt);
    assert_eq!(users.first(1, "Ada Byron").await.unwrap(), "1: Ada");
    assert_eq!(users.first(1, "Augusta Ada").await.unwrap(), "1: Augusta");
}

/// What stands at the function holds for its body, too, wherever that is put.
mod attributes {
    #![deny(non_snake_case, unfulfilled_lint_expectations, unused_variables)]

    use anyrt::{AsyncCache, prelude::*};

    #[derive(Clone)]
    struct Numbers<R: Runtime> {
        cache: AsyncCache<R, u32, u32>,
    }

    impl<R: Runtime> Numbers<R> {
        #[anyrt::cached(in = self.cache)]
        #[allow(non_snake_case)]
        #[expect(unused_variables, reason = "both are for the test")]
        async fn number(&self, N: u32) -> u32 {
            let unused = 1;
            7
        }

        #[anyrt::cached(in = self.cache)]
        #[cfg(any())]
        async fn number(&self, n: Missing) -> u32 {
            missing(n)
        }
    }

    #[anyrt::test(seeds = 1)]
    async fn lints_and_conditions_are_the_bodys(rt: impl Runtime) {
        let cache = AsyncCache::builder(&rt).capacity(1).build().unwrap();
        assert_eq!(Numbers { cache }.number(1).await, 7);
    }
}

#[anyrt::cached(in = cache)]
async fn panics<R: Runtime>(rt: &R, cache: &AsyncCache<R, (), u32, Infallible>) -> u32 {
    rt.sleep(Duration::ZERO).await;
    panic!("out of luck");
}

#[anyrt::cached(in = *cache)]
async fn generic<R, K>(rt: &R, cache: &AsyncCache<R, K, K>, key: K) -> K
where
    R: Runtime,
    K: Clone + Eq + std::hash::Hash + Send + Sync + 'static,
{
    rt.sleep(Duration::ZERO).await;
    key
}

#[cfg(feature = "sim")]
#[test]
fn who_goes_away_leaves_the_load_to_the_others() {
    anyrt::sim::check_cancel(
        |rt| async move { Users::new(&rt) },
        |_, users| async move { users.name(1, "de").await.unwrap() },
        |_, users| async move { assert_eq!(users.name(1, "de").await.unwrap(), "1 in de") },
    );
}

/// Caches in statics: of a runtime with a name.
#[cfg(feature = "smol")]
mod kept {
    use anyrt::{ConfigError, prelude::*, smol::Smol};
    use std::{
        sync::atomic::{AtomicU32, Ordering::SeqCst},
        time::Duration,
    };

    static LOADS: AtomicU32 = AtomicU32::new(0);

    #[anyrt::cached(
        capacity = 100,
        ttl = "1h",
        idle = Duration::from_secs(60 * 60),
        stale_for = "1h",
        jitter = 0.1,
        max_refreshes = 2,
    )]
    async fn doubled(rt: &Smol, mut n: u32, unit: &str) -> Result<String, ConfigError> {
        rt.sleep(Duration::ZERO).await;
        LOADS.fetch_add(1, SeqCst);
        n *= 2;
        Ok(format!("{n} {unit}"))
    }

    #[anyrt::cached(capacity = 1, ttl = Duration::ZERO)]
    async fn never(rt: &Smol) -> Result<u32, ConfigError> {
        Ok(1)
    }

    #[anyrt::cached(capacity = 100, key: usize = words.len())]
    async fn of_length(rt: Smol, words: &[&'static str]) -> Option<&'static str> {
        words.first().copied()
    }

    #[test]
    fn a_cache_is_kept_from_call_to_call() {
        let rt = Smol::default();
        rt.block_on(async {
            for _ in 0..3 {
                assert_eq!(doubled(&rt, 2, "m").await.unwrap(), "4 m");
            }
            assert_eq!(LOADS.load(SeqCst), 1);
            assert_eq!(of_length(rt.clone(), &["a"]).await, Some("a"));
            assert_eq!(of_length(rt.clone(), &["b"]).await, Some("a"));
            assert_eq!(of_length(rt.clone(), &[]).await, None);
            assert_eq!(never(&rt).await.unwrap_err().field, "ttl");
        });
    }
}

#[anyrt::test(seeds = 30)]
#[should_panic(expected = "out of luck")]
async fn a_panic_goes_on(rt: impl Runtime) {
    let cache = AsyncCache::builder(&rt).capacity(1).build().unwrap();
    panics(&rt, &cache).await;
}

#[anyrt::test(seeds = 30)]
async fn generic_functions_are_given_a_cache(rt: impl Runtime) {
    let cache = AsyncCache::builder(&rt).capacity(1).build().unwrap();
    assert_eq!(generic(&rt, &cache, 7).await, 7);
    assert_eq!(cache.get(&7), Some(7));
}
