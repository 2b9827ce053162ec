//! Layers of tower: tower's own, on tokio, and anyrt's on the same.

use crate::{case, cases::Cases, ops::layers::*};
use anyrt::tokio::Tokio;

/// All of them.
pub const CASES: &[Cases] = &[
    (
        "A layer that limits the time of a call",
        &[
            case!("layer, timeout, tower", "errors are boxed", timeout_tower),
            case!("layer, timeout, anyrt", "", 1.9, |n| timeout_anyrt(
                Tokio::default(),
                n
            )),
            case!("layer, timeout, no layer", "floor", none),
        ],
    ),
    (
        "A layer that limits the rate of calls",
        &[
            case!(
                "layer, rate, tower",
                "of one service, which cannot be cloned; a window after the other",
                rate_tower
            ),
            case!("layer, rate, anyrt", "of all clones", 2.9, |n| rate_anyrt(
                Tokio::default(),
                n
            )),
        ],
    ),
    (
        "A layer that limits how many calls there are at once",
        &[
            case!(
                "layer, concurrency, tower",
                "no keys, a fixed limit",
                concurrency_tower
            ),
            case!("layer, concurrency, anyrt", "", 0.8, |n| concurrency_anyrt(
                Tokio::default(),
                n
            )),
        ],
    ),
    (
        "A layer that calls again",
        &[
            case!(
                "layer, again, tower",
                "the policy is one's own: here three attempts and no wait",
                retry_tower
            ),
            // The retry itself is most of it; the policy is counted, for the response may outlive the service.
            case!("layer, again, anyrt", "", 2.8, |n| retry_anyrt(
                Tokio::default(),
                n
            )),
        ],
    ),
];
