use anyrt::{Elapsed, Runtime, cache::LoadError, limit::RateLimitError};
use std::io;

#[anyrt::timeout("5 sec")]
async fn not_a_duration(rt: &impl Runtime) -> Result<(), Elapsed> {
    Ok(())
}

#[anyrt::timeout]
async fn no_limit(rt: &impl Runtime) -> Result<(), Elapsed> {
    Ok(())
}

#[anyrt::timeout(5)]
async fn no_unit(rt: &impl Runtime) -> Result<(), Elapsed> {
    Ok(())
}

#[anyrt::wait_for(250ms)]
async fn no_quotes(rt: &impl Runtime) -> Result<(), Elapsed> {
    Ok(())
}

#[anyrt::timeout("1s", "slow")]
async fn no_name(rt: &impl Runtime) -> Result<(), Elapsed> {
    Ok(())
}

#[anyrt::timeout("1s", limti = "2s")]
async fn unknown(rt: &impl Runtime) -> Result<(), Elapsed> {
    Ok(())
}

#[anyrt::retry(3)]
async fn three_of_what(rt: &impl Runtime) -> io::Result<()> {
    Ok(())
}

#[anyrt::retry(POLICY)]
async fn unnamed_policy(rt: &impl Runtime) -> io::Result<()> {
    Ok(())
}

#[anyrt::retry(backoff = constant(50))]
async fn fifty_of_what(rt: &impl Runtime) -> io::Result<()> {
    Ok(())
}

#[anyrt::retry(attempts = 0)]
async fn no_attempts(rt: &impl Runtime) -> io::Result<()> {
    Ok(())
}

#[anyrt::retry(backoff = "50ms")]
async fn no_growth(rt: &impl Runtime) -> io::Result<()> {
    Ok(())
}

#[anyrt::retry(backoff = exponential("50ms").factor(0.5))]
async fn shrinking(rt: &impl Runtime) -> io::Result<()> {
    Ok(())
}

#[anyrt::timeout("1s")]
#[anyrt::retry(max_elapsed = "0s")]
async fn no_time(rt: &impl Runtime) -> io::Result<()> {
    Ok(())
}

#[anyrt::retry(policy = POLICY, attempts = 3)]
async fn two_policies(rt: &impl Runtime) -> io::Result<()> {
    Ok(())
}

#[anyrt::rate_limited(100)]
async fn per_what(rt: &anyrt::smol::Smol) -> Result<(), RateLimitError> {
    Ok(())
}

#[anyrt::rate_limited(100 per sec)]
async fn per_unknown(rt: &anyrt::smol::Smol) -> Result<(), RateLimitError> {
    Ok(())
}

#[anyrt::rate_limited(0 per second)]
async fn no_rate(rt: &anyrt::smol::Smol) -> Result<(), RateLimitError> {
    Ok(())
}

#[anyrt::concurrent_limited(0)]
async fn nobody(rt: &anyrt::smol::Smol) -> Result<(), anyrt::cancel::Cancelled> {
    Ok(())
}

#[anyrt::cached(ttl = "60s")]
async fn unbounded(rt: &anyrt::smol::Smol) -> u32 {
    1
}

#[anyrt::cached(10)]
async fn ten_of_what(rt: &anyrt::smol::Smol) -> u32 {
    1
}

#[anyrt::cached(capacity = 10, jitter = 2.0)]
async fn too_much_jitter(rt: &anyrt::smol::Smol) -> Result<u32, LoadError<io::Error>> {
    Ok(1)
}

#[anyrt::cached(capacity = 10, key = n % 10)]
async fn key_of_what_type(rt: &anyrt::smol::Smol, n: u32) -> u32 {
    n
}

#[anyrt::test(seeds = 0)]
async fn no_schedules(rt: impl Runtime) {}

fn main() {}
