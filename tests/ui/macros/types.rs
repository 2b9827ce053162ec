use anyrt::{Elapsed, Runtime};
use std::io;

struct Refused;

type Seven = u32;

#[anyrt::timeout("5s")]
async fn no_result(rt: &impl Runtime) -> u32 {
    7
}

/// It might be one.
#[anyrt::timeout("5s")]
async fn no_result_by_another_name(rt: &impl Runtime) -> Seven {
    7
}

#[anyrt::retry(attempts = 5)]
async fn no_result_of_a_retry(rt: &impl Runtime) -> Option<u32> {
    None
}

#[anyrt::timeout("5s")]
async fn no_conversion(rt: &impl Runtime) -> Result<u32, Refused> {
    Ok(7)
}

#[anyrt::timeout("5s")]
async fn another_type(rt: &impl Runtime) -> Result<u32, Elapsed> {
    Ok("seven")
}

async fn send(request: String) -> io::Result<usize> {
    Ok(request.len())
}

#[anyrt::retry(attempts = 5)]
async fn moved(rt: &impl Runtime, request: String) -> io::Result<usize> {
    send(request).await
}

fn main() {}
