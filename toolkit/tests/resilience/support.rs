//! What the tests share beside the kit: what a quota permits, a clock that starts late.

use anyrt_core::{
    Instant, delegate,
    rt::{Clock, Entropy, Runtime, Sleep, Spawn, SpawnBlocking, Timer},
};
use anyrt_sim::SimRuntime;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

pub(crate) use crate::kit::{MS, SECOND as SEC, at, cut_after, panic_of, panics_of, poll_once};
pub(crate) const ZERO: Duration = Duration::ZERO;

/// Panics where more began in any window than the quota permits. The log has when each began, and its weight.
pub(crate) fn assert_windows(log: &[(Instant, u32)], burst: u32, token: Duration) {
    for (first, (from, _)) in log.iter().enumerate() {
        let mut begun = 0;
        for (to, weight) in &log[first..] {
            begun += u128::from(*weight);
            let share = u128::from(burst) + (*to - *from).as_nanos() / token.as_nanos();
            let window = *to - *from;
            assert!(begun <= share, "{begun} of {share} in {window:?}: {log:?}");
        }
    }
}

/// A simulated runtime whose clock has run for long already.
#[derive(Debug, Clone)]
pub(crate) struct Late {
    inner: SimRuntime,
    lead: Duration,
}

impl Late {
    /// One whose clock stands this long before the end of time.
    pub(crate) fn before_the_end(inner: &SimRuntime, left: Duration) -> Self {
        let lead = Instant::MAX - left - inner.now();
        let inner = inner.clone();
        Self { inner, lead }
    }
}

impl Clock for Late {
    fn now(&self) -> Instant {
        self.inner.now() + self.lead
    }

    fn wall_time(&self) -> SystemTime {
        self.inner.wall_time()
    }
}

pub(crate) struct LateTimer {
    inner: Pin<Box<<SimRuntime as Sleep>::Timer>>,
    deadline: Instant,
    lead: Duration,
}

fn inner_deadline(deadline: Instant, lead: Duration) -> Instant {
    match deadline {
        Instant::MAX => Instant::MAX,
        deadline => deadline - lead,
    }
}

impl Future for LateTimer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.inner.as_mut().poll(cx)
    }
}

impl Timer for LateTimer {
    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn is_elapsed(&self) -> bool {
        self.inner.is_elapsed()
    }

    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        let lead = self.lead;
        self.deadline = deadline;
        self.inner.as_mut().reset(inner_deadline(deadline, lead));
    }
}

impl Sleep for Late {
    type Timer = LateTimer;

    fn sleep_until(&self, deadline: Instant) -> LateTimer {
        let lead = self.lead;
        LateTimer {
            inner: Box::pin(self.inner.sleep_until(inner_deadline(deadline, lead))),
            deadline,
            lead,
        }
    }
}

impl Spawn for Late {
    delegate!(Spawn => inner: SimRuntime);
}

impl SpawnBlocking for Late {
    delegate!(SpawnBlocking => inner: SimRuntime);
}

impl Entropy for Late {
    delegate!(Entropy => inner: SimRuntime);
}

impl Runtime for Late {
    delegate!(Runtime => inner: SimRuntime, except name);

    fn name(&self) -> &'static str {
        "late"
    }
}
