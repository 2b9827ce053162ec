use anyrt::{Elapsed, Runtime, limit::RateLimitError, smol::Smol};
use std::io;

#[anyrt::timeout("5s")]
fn not_async(rt: &impl Runtime) -> Result<(), Elapsed> {
    Ok(())
}

#[anyrt::timeout("5s")]
async fn nothing(rt: &impl Runtime) {}

#[anyrt::timeout("5s")]
async fn nameless(rt: &impl Runtime) -> Result<impl Iterator<Item = u32>, Elapsed> {
    Ok(0..3)
}

trait Service {
    #[anyrt::timeout("5s")]
    async fn bodiless(&self) -> Result<(), Elapsed>;
}

#[anyrt::rate_limited(100 per second)]
async fn generic<R: Runtime>(rt: &R) -> Result<(), RateLimitError> {
    Ok(())
}

#[anyrt::cached(capacity = 10)]
async fn generic_key<K: Clone>(rt: &Smol, key: K) -> u32 {
    1
}

#[anyrt::cached(capacity = 10)]
async fn generic_body<T>(rt: &Smol) -> &'static str {
    std::any::type_name::<T>()
}

#[anyrt::cached(capacity = 10)]
async fn of_a_number<const N: u32>(rt: &Smol, factor: u32) -> u32 {
    factor * N
}

#[anyrt::cached(capacity = 10, key: u32 = number.to_owned().into())]
async fn of_any_number(rt: &Smol, number: &(impl Into<u32> + Clone)) -> u32 {
    1
}

#[anyrt::cached(capacity = 10)]
async fn hidden_error(rt: &Smol) -> io::Result<u32> {
    Ok(1)
}

#[anyrt::cached(capacity = 10)]
async fn pattern(rt: &Smol, (a, b): (u32, u32)) -> u32 {
    a + b
}

struct Client;

impl Client {
    #[anyrt::cached(capacity = 10)]
    async fn of_all_clients(&self, id: u32) -> u32 {
        id
    }

    #[anyrt::cached(capacity = 10, key: u32 = id)]
    async fn with_a_key(&self, id: u32) -> u32 {
        id
    }

    #[anyrt::cached(capacity = 10)]
    async fn of_what_client(id: u32) -> String {
        format!("{id} {}", std::any::type_name::<Self>())
    }

    #[anyrt::concurrent_limited(10, rt = self.rt)]
    async fn of_what_runtime(&self) -> Result<(), anyrt::cancel::Cancelled> {
        Ok(())
    }
}

#[anyrt::test]
async fn without_a_runtime() {}

#[anyrt::test]
async fn of_one_runtime(rt: Smol) {}

#[anyrt::main]
async fn main(rt: Smol, arguments: Vec<String>) {}
