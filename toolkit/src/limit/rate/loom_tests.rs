//! Those who pass, beside one who has the line's lock, in every interleaving.

use super::{bucket::Bucket, quota::Quota, turnstile::Turnstile};
use anyrt_core::Instant;
use loom::{
    model::Builder,
    sync::{Arc, Mutex},
    thread,
};
use std::time::Duration;

struct Limiter {
    turnstile: Turnstile,
    line: Mutex<Bucket>,
}

/// All happens at once.
const NOW: Instant = Instant::from_nanos(1 << 40);

impl Limiter {
    fn new(quota: Quota) -> Arc<Self> {
        let limiter = Self {
            turnstile: Turnstile::new(),
            line: Mutex::new(Bucket::new(quota)),
        };
        limiter.change(|_| ());
        Arc::new(limiter)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Bucket) -> T) -> T {
        let mut bucket = self.line.lock().expect("no panic");
        if let Some(full) = self.turnstile.shut() {
            bucket.set_full(full);
        }
        let output = change(&mut bucket);
        self.turnstile.open(&bucket, NOW);
        output
    }

    fn pass(&self, weight: u32) -> bool {
        match self.turnstile.pass(NOW, weight) {
            Some(passed) => passed.is_ok(),
            None => self.change(|bucket| {
                let fits = weight <= bucket.quota().burst;
                let has = fits && bucket.has(NOW, weight.into());
                if has {
                    bucket.take(NOW, weight.into());
                }
                has
            }),
        }
    }
}

fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

#[test]
fn loom_a_token_is_taken_once() {
    check(|| {
        let limiter = Limiter::new(Quota::per_second(1));
        let other = limiter.clone();
        let other = thread::spawn(move || other.pass(1));
        let mine = limiter.pass(1);
        assert!(mine != other.join().expect("no panic"));
    });
}

#[test]
fn loom_no_token_is_lost_or_made_in_the_line() {
    check(|| {
        let limiter = Limiter::new(Quota::per_second(2));
        limiter.change(|bucket| bucket.take(NOW, 1));
        let other = limiter.clone();
        let other = thread::spawn(move || other.pass(1));
        // The one that was taken before comes back.
        limiter.change(|bucket| bucket.give_back(1));
        let passed = u32::from(other.join().expect("no panic"));
        let left = limiter.change(|bucket| bucket.available(NOW));
        assert_eq!((passed, left), (1, 1));
    });
}

#[test]
fn loom_who_passes_does_so_by_one_quota() {
    check(|| {
        let limiter = Limiter::new(Quota::per_second(2));
        let other = limiter.clone();
        let other = thread::spawn(move || other.pass(2));
        // Tokens of half the time, and no room for two: who comes after that is too heavy.
        limiter.change(|bucket| bucket.set_quota(NOW, Quota::per_second(4).burst(1)));
        let passed = other.join().expect("no panic");
        let missing = limiter.change(|bucket| bucket.due(1)) - NOW;
        let millis = if passed { 500 } else { 0 };
        assert_eq!(missing.as_millis(), millis, "passed: {passed}");
    });
}

#[test]
fn loom_who_is_denied_was_so_by_one_quota() {
    check(|| {
        let limiter = Limiter::new(Quota::per_second(4));
        limiter.change(|bucket| bucket.take(NOW, 2));
        let other = limiter.clone();
        let other = thread::spawn(move || other.pass(1));
        // Either leaves two of four; of the one's time for that, the other has too little for a third.
        let faster = Quota::new(4, Duration::from_millis(600));
        limiter.change(|bucket| bucket.set_quota(NOW, faster));
        assert!(other.join().expect("no panic"));
    });
}

/// Who opens it anew is not the one who shut it: waiters came in between.
#[test]
fn loom_a_time_is_of_one_quota_though_another_had_shut_it() {
    check(|| {
        let limiter = Limiter::new(Quota::per_second(1).burst(2));
        limiter.change(|bucket| bucket.take(NOW, 2));
        let denied = limiter.clone();
        let denied = thread::spawn(move || denied.turnstile.pass(NOW, 1));
        // As somebody joins the line.
        if let Some(full) = limiter.turnstile.shut() {
            limiter.line.lock().expect("no panic").set_full(full);
        }
        let other = limiter.clone();
        let slower = Quota::new(1, Duration::from_secs(3)).burst(1);
        let other = thread::spawn(move || other.change(|bucket| bucket.set_quota(NOW, slower)));
        let denied = denied.join().expect("no panic");
        other.join().expect("no panic");
        if let Some(denied) = denied {
            let secs = (denied.expect_err("there was no token") - NOW).as_secs();
            assert!(secs == 1 || secs == 6, "{secs} is of neither quota");
        }
    });
}
