//! More than the burst, in chunks that it permits.

use super::{AcquireRate, RateLimitError, RateLimiter, error::Refused};
use anyrt_core::{Instant, context::Context, rt::Runtime, task::yield_now};
use std::{panic::Location, time::Duration};

/// So many chunks are taken until others run, though none of them had to wait.
const STREAK: u32 = 128;

/// Waits until all of it has passed, chunk by chunk.
pub(super) async fn acquire<R: Runtime>(
    limiter: &RateLimiter<R>,
    weight: u64,
    place: &'static Location<'static>,
) -> Result<(), RateLimitError> {
    in_time(limiter, weight)?;
    let mut taken = Taken { limiter, weight: 0 };
    let mut streak = 0;
    while taken.weight < weight {
        if streak == STREAK {
            streak = 0;
            yield_now().await;
        }
        streak += 1;
        let left = u32::try_from(weight - taken.weight).unwrap_or(u32::MAX);
        let chunk = left.min(limiter.quota().burst);
        match AcquireRate::new(limiter, chunk, place).await {
            Ok(()) => taken.weight += u64::from(chunk),
            // The burst has shrunk meanwhile.
            Err(RateLimitError::TooHeavy { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    taken.weight = 0;
    Ok(())
}

/// No chunk is taken where the last one could not come before the deadline, though nobody else came.
fn in_time<R: Runtime>(limiter: &RateLimiter<R>, weight: u64) -> Result<(), RateLimitError> {
    let (quota, Some(deadline)) = (limiter.quota(), Context::current().deadline()) else {
        return Ok(());
    };
    let missing = weight.saturating_sub(limiter.available().into());
    let nanos = quota.period.as_nanos().saturating_mul(missing.into()) / u128::from(quota.count);
    let wait = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
    let retry_at: Instant = limiter.inner.rt.now() + wait;
    match retry_at < deadline {
        true => Ok(()),
        false => Err(limiter.inner.refusal(Refused::TooLate { retry_at })),
    }
}

/// What was taken so far: given back, unless all of it is.
struct Taken<'a, R: Runtime> {
    limiter: &'a RateLimiter<R>,
    weight: u64,
}

impl<R: Runtime> Drop for Taken<'_, R> {
    fn drop(&mut self) {
        if self.weight > 0 {
            // The bucket holds no more than that.
            self.limiter
                .refund(u32::try_from(self.weight).unwrap_or(u32::MAX));
        }
    }
}
