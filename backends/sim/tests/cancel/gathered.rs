//! `gather` and its family: no task outlives whoever gave it up.

use crate::kit::{Count, later, nobody_stays};
use anyrt_core::{
    gather::{gather, hedge, map_concurrent, map_concurrent_stream, race, race_ok},
    rt::{Lock, Receiver, Runtime, Sender},
    sync::FifoMutex,
};
use anyrt_sim::check_cancel;
use std::{sync::Arc, time::Duration};

pub(crate) fn gathered() {
    nobody_stays(|rt, count| async move {
        let outputs = gather(&rt, [count.trial(&rt), count.trial(&rt)]).await;
        assert_eq!(outputs.unwrap().len(), 2);
    });
}

pub(crate) fn gathered_settled() {
    nobody_stays(|rt, count| async move {
        let outputs = gather(&rt, [count.trial(&rt), count.trial(&rt)]).settled();
        assert_eq!(outputs.await.len(), 2);
    });
}

pub(crate) fn mapped() {
    nobody_stays(|rt, count| async move {
        let work = {
            let (rt, count) = (rt.clone(), count.clone());
            move |_| count.trial(&rt)
        };
        let mut outputs = map_concurrent(&rt, 0..3, work);
        while let Some(output) = outputs.next().await {
            output.unwrap();
        }
    });
}

pub(crate) fn mapped_stream() {
    nobody_stays(|rt, count| async move {
        let (sender, receiver) = rt.channel(1).unwrap();
        later(&rt, move || _ = sender.try_send(()));
        let items = receiver.into_stream();
        let outputs = map_concurrent_stream(&rt, items, |()| count.trial(&rt));
        assert_eq!(outputs.collect().await.unwrap(), [1]);
    });
}

/// `next` can be dropped and called again.
pub(crate) fn map_next() {
    check_cancel(
        |rt| async move {
            let count = Count::default();
            let work = {
                let (rt, count) = (rt.clone(), count.clone());
                move |_| count.trial(&rt)
            };
            let outputs = Box::pin(map_concurrent(&rt, 0..3, work).limit(2).unwrap());
            (Arc::new(FifoMutex::new((outputs, 0))), count)
        },
        |_, (outputs, _)| async move {
            let mut outputs = outputs.lock().await;
            let (outputs, seen) = &mut *outputs;
            if let Some(output) = outputs.next().await {
                output.unwrap();
                *seen += 1;
            }
        },
        |rt, (outputs, count)| async move {
            let mut outputs = outputs.lock().await;
            let (outputs, seen) = &mut *outputs;
            while let Some(output) = outputs.next().await {
                output.unwrap();
                *seen += 1;
            }
            assert_eq!(*seen, 3);
            count.gone(&rt).await;
        },
    );
}

pub(crate) fn map_collect() {
    nobody_stays(|rt, count| async move {
        let work = {
            let (rt, count) = (rt.clone(), count.clone());
            move |_| count.trial(&rt)
        };
        assert_eq!(
            map_concurrent(&rt, 0..3, work)
                .collect()
                .await
                .unwrap()
                .len(),
            3
        );
    });
}

pub(crate) fn raced() {
    nobody_stays(|rt, count| async move {
        race(&rt, [count.work(&rt), count.work(&rt)])
            .unwrap()
            .await
            .unwrap();
    });
}

pub(crate) fn raced_ok() {
    nobody_stays(|rt, count| async move {
        race_ok(&rt, [count.trial(&rt), count.trial(&rt)])
            .unwrap()
            .await
            .unwrap();
    });
}

pub(crate) fn hedged() {
    nobody_stays(|rt, count| async move {
        let attempt = |_| count.trial(&rt);
        hedge(&rt, 3, Duration::from_millis(1), attempt)
            .unwrap()
            .await
            .unwrap();
    });
}
