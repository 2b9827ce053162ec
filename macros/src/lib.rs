//! The attributes of [anyrt](https://docs.rs/anyrt), for those who depend on `anyrt` with its feature
//! `macros`.
//!
//! | attribute | does what `anyrt` has as | adds to the function's errors |
//! |---|---|---|
//! | [`#[timeout]`](macro@timeout) | `rt.timeout(..)` | `Elapsed` |
//! | [`#[wait_for]`](macro@wait_for) | `wait_for(&rt, ..)` | `Elapsed` |
//! | [`#[retry]`](macro@retry) | `retry(&rt, ..)` | `Elapsed`, under a limit of time |
//! | [`#[rate_limited]`](macro@rate_limited) | `RateLimiter` | `RateLimitError` |
//! | [`#[concurrent_limited]`](macro@concurrent_limited) | `Limiter` | `Cancelled` |
//! | [`#[cached]`](macro@cached) | `AsyncCache` | nothing |
//! | [`#[test]`](macro@test) | `block_on`, `sim::check` | |
//! | [`#[main]`](macro@main) | `block_on` | |
//!
//! They expand to what a person would write with the public API. Their docs show it.
//!
//! ```
//! use anyrt::{Elapsed, Runtime};
//! use std::io;
//!
//! # async fn get(_: &str) -> io::Result<String> { Ok(String::new()) }
//! /// A second for each of five attempts, and ten seconds for all of them.
//! #[anyrt::timeout("10s")]
//! #[anyrt::retry(attempts = 5, backoff = exponential("50ms").max_delay("2s").full_jitter())]
//! #[anyrt::timeout("1s")]
//! async fn fetch(rt: &impl Runtime, url: &str) -> io::Result<String> {
//!     get(url).await
//! }
//! ```
//!
//! # The function
//! It is an `async fn`: free, or a method, generic or not, in an `impl` of a trait or not. Its signature
//! stays as it is, and its errors are converted as by `?`: where an attribute adds an error, the function
//! returns a `Result<T, E>` with `E: From<that error>`. (`Elapsed` converts to an `io::Error`, and all of
//! them to a `Box<dyn Error>`.) The type that it returns has to have a name: `impl Trait` is refused.
//!
//! # Several of them
//! The first is outermost, as it reads. It takes all others along that are written by their own names, with
//! or without `anyrt::`. One that was renamed by an import is expanded by itself, and comes outside of those.
//!
//! # The runtime
//! - An argument named `rt`, a value or a reference;
//! - else `rt = self.runtime`, at one of the function's attributes, for all of them: a place or a value of
//!   the runtime's type, not a reference to one (`rt = *reference`);
//! - else the default runtime, where one backend is on.
//!
//! # Settings
//! Durations are words, such as `"250ms"` or `"1m 30s"` (`ns`, `us`, `ms`, `s`, `m` or `min`, `h`, `d`), or
//! expressions of a `Duration`. All other settings are expressions, too. They see the arguments and `self`;
//! those of what is kept in a static do not.
//!
//! A literal that is not permitted does not compile. Other values are checked by the call, whose error is
//! then a `ConfigError`. So the function's own error has to be `From<ConfigError>` where an expression stands
//! for a number or a duration that has to be more than zero, and where a backoff is not written in short.
//!
//! `crate = path` says where `anyrt` is, if not at `::anyrt`.
//!
//! # What is kept from call to call
//! A limiter or a cache lies in a static, one for the function, and uses the default value of the runtime's
//! type, for it outlives every caller: that type must have a name, and a `Default`. Where it has none, as in
//! code that is generic over the runtime or runs on the simulator, give one of your own: `by = self.limiter`,
//! `in = self.cache`.

mod arguments;
mod backoff;
mod cached;
mod concurrent_limited;
mod duration;
mod entry;
mod function;
mod kept;
mod rate_limited;
mod retry;
mod runtime;
mod settings;
mod stack;
mod test;
mod timeout;

use proc_macro::TokenStream;
use stack::{Kind, expand};

/// Gives each call of a function a limit of time. What all attributes have in common is on the first page
/// of `anyrt-macros`.
///
/// | setting | |
/// |---|---|
/// | the first, or `limit` | a duration, or an expression of one; of an `Option` of one, where `None` is no limit |
/// | `name` | for the error, instead of the function's |
///
/// ```
/// use anyrt::{Elapsed, Runtime};
/// use std::time::Duration;
///
/// #[anyrt::timeout("5s")]
/// async fn answer(rt: &impl Runtime) -> Result<u32, Elapsed> {
///     Ok(42)
/// }
///
/// struct Client<R> {
///     rt: R,
///     limit: Duration,
/// }
///
/// impl<R: Runtime> Client<R> {
///     #[anyrt::timeout(self.limit, rt = self.rt, name = "the client's answer")]
///     async fn answer(&self) -> Result<u32, Elapsed> {
///         Ok(42)
///     }
/// }
/// ```
///
/// The first of them is:
///
/// ```
/// # use anyrt::{Elapsed, Runtime, Timeout};
/// # use std::time::Duration;
/// async fn answer(rt: &impl Runtime) -> Result<u32, Elapsed> {
///     rt.timeout(Duration::from_secs(5), async { Ok(42) }).named("answer").await?
/// }
/// ```
///
/// # Errors
/// `E: From<Elapsed>`. No limit is refused, zero included: it ends what does not end at once.
///
/// # Cancel safety
/// As safe as the function's body.
#[proc_macro_attribute]
pub fn timeout(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(Kind::Timeout, args.into(), item.into()).into()
}

/// Gives each call of a function a limit of time, and tells the body its deadline. As
/// [`timeout`](macro@timeout) in all else.
///
/// What knows its deadline can end before: a retry begins no wait that would be cut short, a rate limiter
/// refuses at once. It costs a look at the clock a call.
///
/// ```
/// use anyrt::Runtime;
/// use std::io;
///
/// # async fn get(_: &str) -> io::Result<String> { Ok(String::new()) }
/// /// The last attempt's error comes before the limit, if no other can be made in time.
/// #[anyrt::wait_for("10s")]
/// #[anyrt::retry(attempts = None, backoff = exponential("100ms"))]
/// async fn fetch(rt: &impl Runtime, url: &str) -> io::Result<String> {
///     get(url).await
/// }
/// ```
///
/// Without the retry it is:
///
/// ```
/// # use anyrt::{Runtime, wait_for};
/// # use std::{io, time::Duration};
/// # async fn get(_: &str) -> io::Result<String> { Ok(String::new()) }
/// async fn fetch(rt: &impl Runtime, url: &str) -> io::Result<String> {
///     wait_for(rt, Duration::from_secs(10), async { get(url).await }).named("fetch").await?
/// }
/// ```
///
/// # Errors
/// `E: From<Elapsed>`. No limit is refused, zero included: it ends what does not end at once.
///
/// # Cancel safety
/// As safe as the function's body.
#[proc_macro_attribute]
pub fn wait_for(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(Kind::WaitFor, args.into(), item.into()).into()
}

/// Calls a function's body again where it fails. What all attributes have in common is on the first
/// page of `anyrt-macros`.
///
/// | setting | |
/// |---|---|
/// | `attempts` | the most that are made, the first included: 3 unless set, `None` for no limit |
/// | `backoff` | a `Backoff`, or in short `exponential("50ms").max_delay("2s").full_jitter()` |
/// | `max_elapsed`, `attempt_timeout` | limits of time, for all attempts and for each |
/// | `when`, `retry_after` | functions of the error: whether to try again, and when |
/// | `budget` | a `RetryBudget` that calls share |
/// | `on_retry`, `on_give_up` | hooks |
/// | `policy` | a `Retry`, instead of all of these |
/// | `name` | for errors, instead of the function's |
///
/// A backoff in short is a constructor of `Backoff`, with the calls that come after it.
///
/// ```
/// use anyrt::{Runtime, retry::{Retry, RetryError}};
/// use std::io;
///
/// # async fn get(_: &str) -> io::Result<String> { Ok(String::new()) }
/// fn is_busy(error: &io::Error) -> bool {
///     error.kind() == io::ErrorKind::WouldBlock
/// }
///
/// #[anyrt::retry(attempts = 5, backoff = constant("50ms"), when = is_busy)]
/// async fn fetch(rt: &impl Runtime, url: &str) -> io::Result<String> {
///     get(url).await
/// }
///
/// struct Client<R> {
///     rt: R,
///     policy: Retry<io::Error>,
/// }
///
/// impl<R: Runtime> Client<R> {
///     /// The caller gets all there is to know.
///     #[anyrt::retry(policy = self.policy, rt = self.rt)]
///     async fn fetch(&self, url: &str) -> Result<String, RetryError<io::Error>> {
///         get(url).await
///     }
/// }
/// ```
///
/// The first of them is:
///
/// ```
/// # use anyrt::{Runtime, retry, retry::{AttemptError, Backoff, Retry}};
/// # use std::{io, time::Duration};
/// # async fn get(_: &str) -> io::Result<String> { Ok(String::new()) }
/// # fn is_busy(_: &io::Error) -> bool { true }
/// async fn fetch(rt: &impl Runtime, url: &str) -> io::Result<String> {
///     let policy = Retry::builder()
///         .attempts(5)
///         .backoff(Backoff::constant(Duration::from_millis(50)))
///         .when(is_busy)
///         .build()
///         .expect("the settings are permitted");
///     let outcome = retry(rt, &policy, |_| async { get(url).await }).named("fetch").await;
///     outcome.map_err(|error| match error.into_inner().last {
///         AttemptError::Failed(error) => error,
///         AttemptError::TimedOut(_) => unreachable!(), // Or its `From`, under a limit of time.
///     })
/// }
/// ```
///
/// So a policy is made at each call: a few allocations, which `policy` saves. It is a place or a value, not a
/// reference (`policy = *POLICY`, of a `static POLICY: LazyLock<Retry<E>>`).
///
/// # The body
/// It runs several times, so it borrows the arguments: it cannot move them, nor change them. Where it has to
/// give one away, it clones it; rustc says where.
///
/// # Errors
/// The function's own error is that of the last attempt; under `max_elapsed`, `attempt_timeout` or a
/// `policy`, which may have them, it is `From<Elapsed>`. Where the signature has a `RetryError<E>`, that is
/// what the caller gets, and the body returns a `Result<T, E>`.
///
/// `E: From<ConfigError>` where an expression stands for `attempts` or a limit of time, and where the backoff is
/// not in short or its factor an expression: a bad value is found by the call. A `ConfigError` has no place in a
/// `RetryError`, so the settings are literals then, or a `policy`.
///
/// # Cancel safety
/// As safe as the function's body.
#[proc_macro_attribute]
pub fn retry(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(Kind::Retry, args.into(), item.into()).into()
}

/// Limits how often calls of a function begin: each waits for its turn. What all attributes have in common is
/// on the first page of `anyrt-macros`.
///
/// | setting | |
/// |---|---|
/// | the first | `100 per second`, `5 per minute`, `1000 per hour`, `1 per day`, `20 per "10s"` |
/// | `burst` | how many may come at once: as many as there are in a period unless set |
/// | `weight` | how many a call counts as, an expression of the arguments |
/// | `name` | the limiter's, for errors and reports, instead of the function's |
/// | `by` | a `RateLimiter`, instead of a rate; `limiters.key(&tenant)` is one |
///
/// ```
/// use anyrt::{RateLimiter, Runtime, limit::RateLimitError, smol::Smol};
///
/// # async fn send(_: &str) {}
/// #[anyrt::rate_limited(100 per second, burst = 20)]
/// async fn mail(rt: &Smol, to: &str) -> Result<(), RateLimitError> {
///     send(to).await;
///     Ok(())
/// }
///
/// struct Mailer<R> {
///     limiter: RateLimiter<R>,
/// }
///
/// impl<R: Runtime> Mailer<R> {
///     #[anyrt::rate_limited(by = self.limiter, weight = to.len() as u32)]
///     async fn mail_all(&self, to: &[&str]) -> Result<(), RateLimitError> {
///         for to in to {
///             send(to).await;
///         }
///         Ok(())
///     }
/// }
/// ```
///
/// The first of them is:
///
/// ```
/// # use anyrt::{RateLimiter, limit::{Quota, RateLimitError}, smol::Smol};
/// # use std::{sync::LazyLock, time::Duration};
/// # async fn send(_: &str) {}
/// async fn mail(rt: &Smol, to: &str) -> Result<(), RateLimitError> {
///     static LIMITER: LazyLock<RateLimiter<Smol>> = LazyLock::new(|| {
///         let quota = Quota::new(100, Duration::from_secs(1)).burst(20);
///         let limiter = RateLimiter::new(&Smol::default(), quota);
///         limiter.expect("the settings are permitted").named("mail")
///     });
///     LIMITER.acquire().await?;
///     send(to).await;
///     Ok(())
/// }
/// ```
///
/// # One for all types
/// Without `by`, it is one limiter for the function: all callers share it, whatever their `self` is, and whatever the
/// types are where the function, or the `impl` around it, is generic.
///
/// # Errors
/// `E: From<RateLimitError>`; and `E: From<ConfigError>` where an expression stands for a number or a period: a bad
/// value is found by the call.
///
/// # Cancel safety
/// A call that is dropped before its turn takes nothing; then it is as safe as the function's body.
#[proc_macro_attribute]
pub fn rate_limited(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(Kind::RateLimited, args.into(), item.into()).into()
}

/// Limits how many calls of a function run at once: each waits for a slot. What all attributes have in common
/// is on the first page of `anyrt-macros`.
///
/// | setting | |
/// |---|---|
/// | the first, or `limit` | how many |
/// | `name` | the limiter's, for reports, instead of the function's |
/// | `by` | a `Limiter`, instead of a number |
/// | `key` | whose slot of that limiter, an expression of the arguments |
///
/// ```
/// use anyrt::{Limiter, Runtime, cancel::Cancelled, smol::Smol};
///
/// # async fn render(_: u32) {}
/// #[anyrt::concurrent_limited(8)]
/// async fn page(rt: &Smol, number: u32) -> Result<(), Cancelled> {
///     render(number).await;
///     Ok(())
/// }
///
/// struct Service<R> {
///     limiter: Limiter<R, String>,
/// }
///
/// impl<R: Runtime> Service<R> {
///     #[anyrt::concurrent_limited(by = self.limiter, key = tenant.to_owned())]
///     async fn page(&self, tenant: &str, number: u32) -> Result<(), Cancelled> {
///         render(number).await;
///         Ok(())
///     }
/// }
/// ```
///
/// The first of them is:
///
/// ```
/// # use anyrt::{Limiter, cancel::Cancelled, smol::Smol};
/// # use std::sync::LazyLock;
/// # async fn render(_: u32) {}
/// async fn page(rt: &Smol, number: u32) -> Result<(), Cancelled> {
///     static LIMITER: LazyLock<Limiter<Smol>> = LazyLock::new(|| {
///         let limiter = Limiter::new(&Smol::default(), 8);
///         limiter.expect("the settings are permitted").named("page")
///     });
///     let _slot = LIMITER.acquire().await?;
///     render(number).await;
///     Ok(())
/// }
/// ```
///
/// # One for all types
/// Without `by`, it is one limiter for the function: all callers share it, whatever their `self` is, and whatever the
/// types are where the function, or the `impl` around it, is generic.
///
/// # Errors
/// `E: From<Cancelled>`: a call that waits ends with the context's token. And `E: From<ConfigError>` where an
/// expression stands for the number: a bad value is found by the call.
///
/// # Cancel safety
/// A call that is dropped gives its place or its slot back; else it is as safe as the function's body.
#[proc_macro_attribute]
pub fn concurrent_limited(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(Kind::ConcurrentLimited, args.into(), item.into()).into()
}

/// Keeps what a function returns, by its arguments; calls that overlap share one run of the body. What all
/// attributes have in common is on the first page of `anyrt-macros`.
///
/// | setting | |
/// |---|---|
/// | `capacity` | how many values are kept; it has to be set |
/// | `ttl`, `idle`, `stale_for`, `errors_for` | durations, as those of a `CacheBuilder` |
/// | `jitter`, `max_refreshes` | numbers, as those of a `CacheBuilder` |
/// | `key` | an expression of the arguments, with its type: `key: u64 = user.id` |
/// | `in` | an `AsyncCache`, instead of all of these but the key, which needs no type then |
/// | `name` | the cache's, instead of the function's |
///
/// ```
/// use anyrt::{AsyncCache, Runtime, cache::LoadError, smol::Smol};
/// use std::{io, sync::Arc};
///
/// # #[derive(Clone)] struct User;
/// # async fn query(_: u64) -> io::Result<User> { Ok(User) }
/// #[anyrt::cached(capacity = 10_000, ttl = "60s", stale_for = "10m")]
/// async fn user(rt: &Smol, id: u64) -> Result<User, LoadError<io::Error>> {
///     query(id).await
/// }
///
/// #[derive(Clone)]
/// struct Users<R: Runtime> {
///     cache: AsyncCache<R, u64, User, Arc<io::Error>>,
/// }
///
/// impl<R: Runtime> Users<R> {
///     #[anyrt::cached(in = self.cache)]
///     async fn user(&self, id: u64) -> Result<User, Arc<io::Error>> {
///         Ok(query(id).await?)
///     }
///
///     fn renamed(&self, id: u64) {
///         self.cache.remove(&id);
///     }
/// }
/// ```
///
/// The first of them is:
///
/// ```
/// # use anyrt::{AsyncCache, cache::LoadError, smol::Smol};
/// # use std::{io, sync::LazyLock, time::Duration};
/// # #[derive(Clone)] struct User;
/// # async fn query(_: u64) -> io::Result<User> { Ok(User) }
/// async fn user(rt: &Smol, id: u64) -> Result<User, LoadError<io::Error>> {
///     static CACHE: LazyLock<AsyncCache<Smol, u64, User, io::Error>> = LazyLock::new(|| {
///         AsyncCache::builder(&Smol::default())
///             .fallible()
///             .name("user")
///             .capacity(10_000)
///             .ttl(Duration::from_secs(60))
///             .stale_for(Duration::from_secs(600))
///             .build()
///             .expect("the settings are permitted")
///     });
///     let key = id.clone();
///     let rt = rt.clone();
///     CACHE.get_or_try_load(&key, move |_| async move {
///         let rt = &rt;
///         query(id).await
///     }).await
/// }
/// ```
///
/// The second has its body in a method of its own, which is called on a clone of `self`; so it is for methods
/// of types, not of traits. Levels of lints and conditions (`cfg`) that follow the attribute are that method's,
/// too, where an `expect` finds what it expects.
///
/// # The key
/// All arguments but `self`, `rt` and those that `in` names: one as it is, several as a tuple. They are
/// cloned; of a reference it is the `ToOwned`. What `in` names are its variables: in `in = self.names`, an
/// argument called `names` is not among them. As `self` is no part of the key, a method needs a cache of its
/// `self`'s.
///
/// # One for all types
/// Without `in`, a function has one cache, and a generic one has it for all its types together: a value of one
/// of them would be given out as another's. So what has parameters of types or constants, takes `self`, or names
/// `Self`, is refused without an `in`. An `impl<T>` around the function cannot be seen: where the body depends
/// on that `T`, give it a cache of its own.
///
/// # The body
/// It runs for all who wait, and goes on where the caller that began it goes away. So it owns what it works
/// with, which is `Send + 'static`: what the caller lent is copied when there is something to load, `self`
/// and `rt` included. It sees no caller's token, deadline or values.
///
/// # Errors
/// An error of the body is not kept, and all who waited for it get it. So the `E` of a `Result<T, E>` is
/// `Clone`; an `Arc` makes one of any error. Or the signature has a `LoadError<E>`, and the body returns a
/// `Result<T, E>`. The type of the error has to be visible: `io::Result<T>` is written out as `Result<T,
/// io::Error>`. What is no `Result` is a value, `None` included.
///
/// `E: From<ConfigError>` where an expression stands for `ttl`, `idle`, `jitter` or `max_refreshes`: a bad
/// value is found by the call. Those of what returns no `Result`, or has a `LoadError`, are literals.
///
/// # Panics
/// Where the body panics, all who wait for it do; so they do where it waits for itself. With a `LoadError` in
/// the signature that is the error instead.
///
/// # Cancel safety
/// Dropping a call loses nothing: the next one that waits goes on with the body where it stands. With the
/// last one, the body is dropped.
#[proc_macro_attribute]
pub fn cached(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(Kind::Cached, args.into(), item.into()).into()
}

/// Makes tests of an async function: one for each of `anyrt`'s backends that is on, and one on the simulator
/// under many schedules, with the feature `sim`.
///
/// | setting | |
/// |---|---|
/// | `seeds` | how many schedules the simulator tries: 100 unless set |
///
/// ```
/// use anyrt::prelude::*;
///
/// #[anyrt::test]
/// async fn a_task_has_an_output(rt: impl Runtime) {
///     assert_eq!(rt.spawn(async { 42 }).await.unwrap(), 42);
/// }
///
/// #[anyrt::test(seeds = 1_000)]
/// async fn a_number_is_parsed<R: Runtime>(rt: &R) -> Result<(), std::num::ParseIntError> {
///     let parsed = rt.spawn(async { "42".parse() });
///     assert_eq!(parsed.await.unwrap(), Ok(42));
///     Ok(())
/// }
/// # fn main() {}
/// ```
///
/// The tests are called `a_task_has_an_output::tokio`, `::smol`, `::async_std` and `::sim`. Where no backend
/// is on, that is an error: a test that runs nowhere would pass. With the features `smol` and `sim`, the
/// first of them is:
///
/// ```
/// # use anyrt::prelude::*;
/// #[cfg(test)]
/// async fn a_task_has_an_output(rt: impl Runtime) {
///     assert_eq!(rt.spawn(async { 42 }).await.unwrap(), 42);
/// }
///
/// #[cfg(test)]
/// mod a_task_has_an_output {
///     #[test]
///     fn smol() {
///         let rt = anyrt::smol::Smol::default();
///         anyrt::BlockOn::block_on(&rt, super::a_task_has_an_output(rt.clone()));
///     }
///
///     #[test]
///     fn sim() {
///         anyrt::sim::check(100, super::a_task_has_an_output);
///     }
/// }
/// # fn main() {}
/// ```
///
/// The function takes any runtime, as a value or a reference, and stands in a module, not in another
/// function. It returns nothing, or a `Result` whose error fails the test. `#[ignore]` and `#[should_panic]`
/// go to the tests; other attributes stay with the function.
#[expect(
    clippy::test_attr_in_doctest,
    reason = "it shows what a test expands to"
)]
#[proc_macro_attribute]
pub fn test(args: TokenStream, item: TokenStream) -> TokenStream {
    test::expand(args.into(), item.into()).into()
}

/// Runs an async `main` on a runtime, until it is done.
///
/// | setting | |
/// |---|---|
/// | `rt` | an expression of the runtime |
///
/// ```
/// use anyrt::{prelude::*, smol::Smol};
///
/// #[anyrt::main]
/// async fn main(rt: Smol) -> Result<(), std::num::ParseIntError> {
///     let parsed = rt.spawn(async { "42".parse() });
///     assert_eq!(parsed.await.unwrap(), Ok(42));
///     Ok(())
/// }
/// ```
///
/// It is:
///
/// ```
/// # use anyrt::{prelude::*, smol::Smol};
/// fn main() -> Result<(), std::num::ParseIntError> {
///     async fn main(rt: Smol) -> Result<(), std::num::ParseIntError> {
///         // …
/// #       let _ = rt;
/// #       Ok(())
///     }
///     let rt = Smol::default();
///     rt.block_on(main(rt.clone()))
/// }
/// ```
///
/// The runtime is what `rt` says, or else the default value of the argument's type. Where that is `impl
/// Runtime`, or there is no argument, it is the default runtime, where one backend is on. A function with an
/// argument gets it, as a value or a reference.
///
/// # Panics
/// With the function's panic; and when it is called inside a task.
#[proc_macro_attribute]
pub fn main(args: TokenStream, item: TokenStream) -> TokenStream {
    entry::expand(args.into(), item.into()).into()
}
