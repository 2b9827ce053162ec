//! What nothing can be faster than.

use std::{
    hint::black_box,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::*},
    },
    time::Instant,
};

pub async fn fetch_add(n: u64) {
    let count = AtomicU64::new(0);
    for _ in 0..n {
        black_box(&count).fetch_add(1, AcqRel);
    }
}

pub async fn compare_and_swap(n: u64) {
    let count = AtomicU64::new(0);
    for i in 0..n {
        black_box(black_box(&count).compare_exchange(i, i + 1, AcqRel, Relaxed)).ok();
    }
}

/// What any lock needs that can be taken and given back.
pub async fn two_compare_and_swaps(n: u64) {
    let lock = AtomicU64::new(0);
    for _ in 0..n {
        let lock = black_box(&lock);
        black_box(lock.compare_exchange(0, 1, Acquire, Relaxed)).ok();
        black_box(lock.compare_exchange(1, 0, Release, Relaxed)).ok();
    }
}

pub async fn arc_clone(n: u64) {
    let shared = Arc::new(0_u64);
    for _ in 0..n {
        drop(black_box(black_box(&shared).clone()));
    }
}

pub async fn box_64(n: u64) {
    for _ in 0..n {
        drop(black_box(Box::new([0_u64; 8])));
    }
}

pub async fn instant_now(n: u64) {
    for _ in 0..n {
        black_box(Instant::now());
    }
}

pub async fn std_mutex(n: u64) {
    let lock = Mutex::new(0_u64);
    for _ in 0..n {
        *black_box(&lock).lock().expect("nothing panics") += 1;
    }
}
