use anyrt::{Elapsed, limit::RateLimitError};

#[anyrt::timeout("5s")]
async fn which_runtime() -> Result<(), Elapsed> {
    Ok(())
}

#[anyrt::rate_limited(100 per second)]
async fn which_clock() -> Result<(), RateLimitError> {
    Ok(())
}

fn main() {}
