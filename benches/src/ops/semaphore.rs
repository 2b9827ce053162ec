//! A permit that is free.

use anyrt_core::{
    rt::{Runtime, Semaphore},
    sync::FifoSemaphore,
};
use std::hint::black_box;

pub async fn fifo(n: u64) {
    let slots = FifoSemaphore::new(4).expect("4 is allowed");
    for _ in 0..n {
        drop(black_box(black_box(&slots).acquire().await));
    }
}

pub async fn through_the_trait<R: Runtime>(rt: R, n: u64) {
    let slots = rt.semaphore(4).expect("4 is allowed");
    for _ in 0..n {
        drop(black_box(black_box(&slots).acquire().await));
    }
}

pub async fn tokio(n: u64) {
    let slots = tokio::sync::Semaphore::new(4);
    for _ in 0..n {
        drop(black_box(black_box(&slots).acquire().await));
    }
}

pub async fn async_lock(n: u64) {
    let slots = async_lock::Semaphore::new(4);
    for _ in 0..n {
        drop(black_box(black_box(&slots).acquire().await));
    }
}
