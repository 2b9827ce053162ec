//! Timers and timeouts.

use anyrt_core::rt::Runtime;
use futures_lite::future::{or, poll_once};
use std::{hint::black_box, pin::pin, time::Duration};

const HOUR: Duration = Duration::from_secs(3600);

pub async fn made_tokio(n: u64) {
    for _ in 0..n {
        drop(black_box(tokio::time::sleep(black_box(HOUR))));
    }
}

pub async fn made_smol(n: u64) {
    for _ in 0..n {
        drop(black_box(smol::Timer::after(black_box(HOUR))));
    }
}

pub async fn made_anyrt<R: Runtime>(rt: R, n: u64) {
    for _ in 0..n {
        drop(black_box(rt.sleep(black_box(HOUR))));
    }
}

pub async fn polled_tokio(n: u64) {
    for _ in 0..n {
        let sleep = pin!(tokio::time::sleep(black_box(HOUR)));
        assert!(poll_once(sleep).await.is_none());
    }
}

pub async fn polled_smol(n: u64) {
    for _ in 0..n {
        let sleep = pin!(smol::Timer::after(black_box(HOUR)));
        assert!(poll_once(sleep).await.is_none());
    }
}

pub async fn polled_anyrt<R: Runtime>(rt: R, n: u64) {
    for _ in 0..n {
        let sleep = pin!(rt.sleep(black_box(HOUR)));
        assert!(poll_once(sleep).await.is_none());
    }
}

pub async fn zero_tokio(n: u64) {
    for _ in 0..n {
        tokio::time::sleep(black_box(Duration::ZERO)).await;
    }
}

/// What anyrt promises beyond tokio: a timer that is due lets the others run once.
pub async fn zero_tokio_yield(n: u64) {
    for _ in 0..n {
        tokio::time::sleep(black_box(Duration::ZERO)).await;
        tokio::task::yield_now().await;
    }
}

pub async fn zero_smol(n: u64) {
    for _ in 0..n {
        smol::Timer::after(black_box(Duration::ZERO)).await;
    }
}

pub async fn zero_smol_yield(n: u64) {
    for _ in 0..n {
        smol::Timer::after(black_box(Duration::ZERO)).await;
        smol::future::yield_now().await;
    }
}

pub async fn zero_anyrt<R: Runtime>(rt: R, n: u64) {
    for _ in 0..n {
        rt.sleep(black_box(Duration::ZERO)).await;
    }
}

const SHORT: Duration = Duration::from_micros(100);

pub async fn short_tokio(n: u64) {
    for _ in 0..n {
        tokio::time::sleep(black_box(SHORT)).await;
    }
}

pub async fn short_smol(n: u64) {
    for _ in 0..n {
        smol::Timer::after(black_box(SHORT)).await;
    }
}

pub async fn short_anyrt<R: Runtime>(rt: R, n: u64) {
    for _ in 0..n {
        rt.sleep(black_box(SHORT)).await;
    }
}

pub async fn ready_bare(n: u64) {
    for i in 0..n {
        black_box(async move { black_box(i) }.await);
    }
}

pub async fn ready_tokio(n: u64) {
    for i in 0..n {
        let work = async move { black_box(i) };
        black_box(tokio::time::timeout(black_box(HOUR), work).await).expect("it is ready");
    }
}

/// The timer is made when the work is pending, so never.
pub async fn ready_or(n: u64) {
    for i in 0..n {
        let limit = black_box(HOUR);
        let work = async move { Some(black_box(i)) };
        let timer = async move {
            smol::Timer::after(limit).await;
            None
        };
        black_box(or(work, timer).await).expect("it is ready");
    }
}

pub async fn ready_anyrt<R: Runtime>(rt: R, n: u64) {
    for i in 0..n {
        let work = async move { black_box(i) };
        black_box(rt.timeout(black_box(HOUR), work).await).expect("it is ready");
    }
}
