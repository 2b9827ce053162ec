//! Serves the lines of a large text by the words in them, through a cache, on any runtime.
//!
//! ```text
//!  clients × N ── word ──▶ AsyncCache ── miss ──▶ spawn_blocking: the lines, from the disk
//!   (a task each)           one load a word, whoever asks meanwhile
//! ```
//!
//! Which word a client asks for follows Zipf's law, as most of what people ask for does: a few words
//! are wanted all the time, and most hardly ever.

pub mod index;

use crate::wordcache::index::Index;
use anyrt::{
    AsyncCache, ConfigError, Runtime, TaskError,
    cache::{CacheStats, LoadError},
    gather,
};
use std::{error::Error, fmt, io, path::PathBuf, sync::Arc, time::Duration};

/// The lines that a word is in, the first few of them.
pub type Lines = Arc<[String]>;
type Cache<R> = AsyncCache<R, String, Lines, io::Error>;

/// What to serve, to whom.
#[derive(Debug, Clone)]
pub struct Options {
    /// The text.
    pub path: PathBuf,
    /// How many clients ask at once: at least 1.
    pub clients: usize,
    /// How often each of them does.
    pub requests: usize,
    /// How many words the cache has room for.
    pub capacity: u64,
    /// How unequal words are: 0 is not at all.
    pub exponent: f64,
}

/// What came of it.
#[derive(Debug)]
pub struct Served {
    /// How many different words there are.
    pub words: usize,
    /// How long each request took, sorted.
    pub times: Vec<Duration>,
    /// How long all of them took.
    pub took: Duration,
    /// What the cache did.
    pub stats: CacheStats,
}

impl Served {
    /// The time that this part of the requests took at most: 0.5 is the median.
    pub fn percentile(&self, part: f64) -> Duration {
        let last = self.times.len().saturating_sub(1);
        let at = (part * last as f64).round() as usize;
        self.times.get(at).copied().unwrap_or_default()
    }
}

/// Why nothing was served.
#[derive(Debug)]
pub enum ServeError {
    /// The text cannot be read, or has no words.
    Text(io::Error),
    /// A setting cannot be used.
    Config(ConfigError),
    /// The first client that failed; the others have been given up.
    Client(TaskError<LoadError<io::Error>>),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(error) => write!(f, "the text cannot be read: {error}"),
            Self::Config(error) => error.fmt(f),
            Self::Client(error) => error.fmt(f),
        }
    }
}

impl Error for ServeError {}

/// Serves all requests of all clients.
///
/// # Errors
/// A [`ServeError`] if the text cannot be read, before or while it is served.
pub async fn serve<R: Runtime>(rt: &R, options: Options) -> Result<Served, ServeError> {
    let path = options.path.clone();
    let built = rt.spawn_blocking(move || Index::build(path)).await;
    let index = built.unwrap_or_else(|error| Err(io::Error::other(error)));
    let index = Arc::new(index.map_err(ServeError::Text)?);
    let cache = AsyncCache::builder(rt)
        .fallible()
        .name("words")
        .capacity(options.capacity)
        .build()
        .map_err(ServeError::Config)?;
    let ranks = Arc::new(Zipf::new(index.words(), options.exponent));
    let start = rt.now();
    let clients = (0..options.clients).map(|_| {
        let (rt, cache) = (rt.clone(), cache.clone());
        client(rt, cache, index.clone(), ranks.clone(), options.requests)
    });
    let times = gather(rt, clients).await.map_err(ServeError::Client)?;
    let took = rt.now() - start;
    let mut times = times.concat();
    times.sort_unstable();
    Ok(Served {
        words: index.words(),
        times,
        took,
        stats: cache.stats(),
    })
}

/// Asks, waits, asks again.
async fn client<R: Runtime>(
    rt: R,
    cache: Cache<R>,
    index: Arc<Index>,
    ranks: Arc<Zipf>,
    requests: usize,
) -> Result<Vec<Duration>, LoadError<io::Error>> {
    let mut times = Vec::with_capacity(requests);
    for _ in 0..requests {
        let word = index.word(ranks.draw(rt.random_u64()));
        let start = rt.now();
        let (workers, index) = (rt.clone(), index.clone());
        // Called for a miss only, and only by one of those who miss together.
        let load = |word: String| async move {
            let read = workers
                .spawn_blocking(move || index.lines_with(&word))
                .await;
            read.unwrap_or_else(|error| Err(io::Error::other(error)))
        };
        cache.get_or_try_load(word, load).await?;
        times.push(rt.now() - start);
    }
    Ok(times)
}

/// Ranks by Zipf's law.
#[derive(Debug)]
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(ranks: usize, exponent: f64) -> Self {
        let mut sum = 0.0;
        let weight = |rank: usize| {
            sum += (rank as f64).powf(-exponent);
            sum
        };
        Self((1..=ranks).map(weight).collect())
    }

    fn draw(&self, bits: u64) -> usize {
        let all = self.0.last().copied().unwrap_or_default();
        // 53 bits fill a float between 0 and 1.
        let at = (bits >> 11) as f64 / (1_u64 << 53) as f64 * all;
        let rank = self.0.partition_point(|sum| *sum <= at);
        rank.min(self.0.len().saturating_sub(1))
    }
}
