//! A lock that nobody else wants.

use anyrt_core::{
    rt::{Lock, Runtime},
    sync::FifoMutex,
};
use std::hint::black_box;

pub async fn fifo(n: u64) {
    let lock = FifoMutex::new(0_u64);
    for _ in 0..n {
        *black_box(&lock).lock().await += 1;
    }
}

pub async fn through_the_trait<R: Runtime>(rt: R, n: u64) {
    let lock = rt.lock(0_u64);
    for _ in 0..n {
        *black_box(&lock).lock().await += 1;
    }
}

pub async fn tokio(n: u64) {
    let lock = tokio::sync::Mutex::new(0_u64);
    for _ in 0..n {
        *black_box(&lock).lock().await += 1;
    }
}

pub async fn async_lock(n: u64) {
    let lock = async_lock::Mutex::new(0_u64);
    for _ in 0..n {
        *black_box(&lock).lock().await += 1;
    }
}

pub async fn futures(n: u64) {
    let lock = futures_util::lock::Mutex::new(0_u64);
    for _ in 0..n {
        *black_box(&lock).lock().await += 1;
    }
}
