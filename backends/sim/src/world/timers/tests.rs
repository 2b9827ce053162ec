//! The radix heap beside a sorted list.

use super::*;
use crate::choice::Rng;

/// Whoever is woken is known by the task's number.
fn sleeper(no: u32) -> Sleeper {
    let no = TaskNo(no);
    let (key, swaps) = (0, 0);
    Sleeper::Task(Tenant { key, no, swaps })
}

fn no(sleeper: &Sleeper) -> u32 {
    match sleeper {
        Sleeper::Task(tenant) => tenant.no.0,
        Sleeper::Other(_) => unreachable!("all are tasks"),
    }
}

#[test]
fn timers_fire_in_the_order_of_their_times_and_then_of_their_setting() {
    for seed in 0..200 {
        let mut rng = Rng::new(seed);
        let (mut timers, mut model) = (Timers::default(), Vec::new());
        let (mut now, mut made) = (0, 0);
        for _ in 0..400 {
            match rng.below(8) {
                0..4 => {
                    // Near, far, and at the end of time; often several at one time.
                    let spread = [4, 1 << 20, u64::MAX - now][rng.below(3)];
                    let after = 1 + rng.below(spread as usize) as u64;
                    let fires = now.saturating_add(after);
                    let key = timers.set(fires, sleeper(made), None);
                    model.push((fires, made, key));
                    made += 1;
                }
                4..6 if !model.is_empty() => {
                    let (_, who, key) = model.swap_remove(rng.below(model.len()));
                    assert_eq!(timers.remove(key).map(|one| no(&one)), Some(who));
                    assert!(timers.remove(key).is_none(), "it was removed");
                }
                _ => {
                    model.sort_by_key(|(fires, who, _)| (*fires, *who));
                    let first = model.first().map(|(fires, ..)| *fires);
                    assert_eq!(timers.next(), first, "seed {seed}");
                    let Some(next) = first else { continue };
                    now = next;
                    let mut woken = Vec::new();
                    timers.fire(now, |sleeper| woken.push(no(&sleeper)));
                    let due = model.extract_if(.., |(fires, ..)| *fires == now);
                    let due: Vec<_> = due.map(|(_, who, _)| who).collect();
                    assert_eq!(woken, due, "seed {seed}");
                }
            }
            assert_eq!(timers.is_empty(), model.is_empty());
        }
    }
}

#[test]
fn what_was_removed_takes_no_room() {
    let mut timers = Timers::default();
    for n in 0..100_000 {
        let key = timers.set(1_000_000 + n, sleeper(0), None);
        timers.remove(key);
    }
    assert!(timers.keys <= 65, "{} keys", timers.keys);
    assert_eq!(timers.next(), None);
    assert_eq!(timers.keys, 0);
}

#[test]
fn a_key_from_before_the_end_is_nobody_s() {
    let mut timers = Timers::default();
    let old = timers.set(1, sleeper(0), None);
    assert_eq!(timers.clear().len(), 1);
    timers.set(1, sleeper(1), None);
    assert!(timers.remove(old).is_none());
}
