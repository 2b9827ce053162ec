//! The line of those who wait, in the order in which they came.
//!
//! ```text
//!  queued ── its turn has come, or will not come in time, or not at all ──▶ decided ── polled ──▶ gone
//!     └────────────────────────────── dropped ────────────────────────────────┴──▶ gone
//! ```
//!
//! Each waiter is polled at the time that was worked out for it when it was polled last, so all are served
//! in time, whoever among them is never polled again. When somebody in the line leaves, only the next and
//! the first are woken, to work out their times anew, for either may be one that is leaked; the others
//! become next or first in time.
//!
//! What passes is counted as it is let through, not at the turn that it was due for: timers are late,
//! and counting the turn would let it through together with the next. Who is later than timers are is taken
//! for gone, and does not make up for its lateness at the expense of those behind.

use super::{bucket::Bucket, error::Refused, quota::Quota};
use anyrt_core::Instant;
use std::{collections::BTreeMap, mem, task::Waker, time::Duration};

/// Who is so late is not coming.
const LATEST: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(super) struct Line {
    bucket: Bucket,
    /// By ticket.
    queued: BTreeMap<u64, Waiter>,
    decided: BTreeMap<u64, Verdict>,
    tickets: u64,
    /// All that ever joined, together. It may wrap: only differences count.
    joined: u64,
    /// Nobody in the line could pass before.
    since: Instant,
}

#[derive(Debug)]
struct Waiter {
    weight: u32,
    /// What had joined before.
    ahead: u64,
    /// A turn that comes then, or later, is not waited for.
    deadline: Instant,
    /// When it will be polled, without being woken.
    alarm: Instant,
    /// Taken when it is woken.
    waker: Option<Waker>,
}

/// What became of a waiter.
#[derive(Debug, Clone, Copy)]
enum Verdict {
    Passed { weight: u32 },
    Refused(Refused),
}

/// A waiter's place, as it is polled.
#[derive(Debug)]
pub(super) enum Place {
    Decided(Result<(), Refused>),
    /// To be polled at that time again.
    Queued(Instant),
}

impl Line {
    pub(super) fn new(quota: Quota) -> Self {
        Self {
            bucket: Bucket::new(quota),
            queued: BTreeMap::new(),
            decided: BTreeMap::new(),
            tickets: 0,
            joined: 0,
            since: Instant::ORIGIN,
        }
    }

    pub(super) fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    pub(super) fn bucket_mut(&mut self) -> &mut Bucket {
        &mut self.bucket
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queued.is_empty()
    }

    pub(super) fn quota(&self) -> Quota {
        self.bucket.quota()
    }

    pub(super) fn waiting(&self) -> usize {
        self.queued.len()
    }

    pub(super) fn available(&self, now: Instant) -> u32 {
        self.bucket.available(now)
    }

    pub(super) fn is_idle(&self, now: Instant) -> bool {
        self.queued.is_empty() && self.decided.is_empty() && self.bucket.is_full(now)
    }

    /// Takes the tokens now, if nobody waits.
    #[inline]
    pub(super) fn pass(
        &mut self,
        now: Instant,
        weight: u32,
        wakers: &mut Vec<Waker>,
    ) -> Result<(), Refused> {
        self.check(weight)?;
        if !self.queued.is_empty() {
            self.serve(now, wakers);
        }
        if self.queued.is_empty() && self.bucket.has(now, u64::from(weight)) {
            self.bucket.take(now, u64::from(weight));
            return Ok(());
        }
        let ready_at = self.due(self.joined, weight);
        Err(Refused::NotYet { ready_at })
    }

    fn check(&self, weight: u32) -> Result<(), Refused> {
        let burst = self.bucket.quota().burst;
        match weight > burst {
            true => Err(Refused::TooHeavy { weight, burst }),
            false => Ok(()),
        }
    }

    /// Joins the line, unless the turn would come at the deadline or later; the waiter has to be polled at once.
    /// The quota may have changed since it found that it has to wait.
    pub(super) fn join(
        &mut self,
        now: Instant,
        weight: u32,
        deadline: Instant,
    ) -> Result<u64, Refused> {
        self.check(weight)?;
        let ready_at = self.due(self.joined, weight);
        if ready_at >= deadline {
            return Err(Refused::NotYet { ready_at });
        }
        if self.queued.is_empty() {
            self.since = now;
        }
        let ticket = self.tickets;
        self.tickets += 1;
        let waiter = Waiter {
            weight,
            ahead: self.joined,
            deadline,
            alarm: Instant::MAX,
            waker: None,
        };
        self.queued.insert(ticket, waiter);
        self.joined = self.joined.wrapping_add(u64::from(weight));
        Ok(ticket)
    }

    /// Looks after a waiter; its waker is exchanged for `waker`.
    pub(super) fn poll(
        &mut self,
        ticket: u64,
        now: Instant,
        waker: &mut Option<Waker>,
        wakers: &mut Vec<Waker>,
    ) -> Place {
        self.serve(now, wakers);
        if let Some(waiter) = self.queued.get(&ticket)
            && self.due(waiter.ahead, waiter.weight) >= waiter.deadline
        {
            // One before it was late, and has moved it back; those in between may be too late, too.
            self.place_anew(wakers);
        }
        if let Some(verdict) = self.decided.remove(&ticket) {
            return Place::Decided(match verdict {
                Verdict::Passed { .. } => Ok(()),
                Verdict::Refused(refused) => Err(refused),
            });
        }
        let waiter = &self.queued[&ticket];
        let alarm = self.due(waiter.ahead, waiter.weight);
        let waiter = self.queued.get_mut(&ticket).expect("it was there above");
        waiter.alarm = alarm;
        mem::swap(&mut waiter.waker, waker);
        Place::Queued(alarm)
    }

    /// A waiter is dropped. What it was given goes back. Returns its waker, to be dropped outside.
    pub(super) fn leave(
        &mut self,
        ticket: u64,
        now: Instant,
        wakers: &mut Vec<Waker>,
    ) -> Option<Waker> {
        let was_first = self.queued.first_key_value().map(|(first, _)| *first) == Some(ticket);
        let left = self.queued.remove(&ticket);
        // Where the first leaves, the line begins with the next, and all are closer to that.
        if let Some(left) = &left
            && !was_first
        {
            let weight = u64::from(left.weight);
            for (_, behind) in self.queued.range_mut(ticket..) {
                behind.ahead = behind.ahead.wrapping_sub(weight);
            }
            self.joined = self.joined.wrapping_sub(weight);
        }
        if was_first {
            self.since = now;
            self.serve(now, wakers);
        }
        self.hurry(ticket, wakers);
        if let Some(Verdict::Passed { weight }) = self.decided.remove(&ticket) {
            self.refund(weight, now, wakers);
        }
        left.and_then(|waiter| waiter.waker)
    }

    pub(super) fn refund(&mut self, weight: u32, now: Instant, wakers: &mut Vec<Waker>) {
        self.serve(now, wakers);
        self.bucket.give_back(u64::from(weight));
        self.since = now;
        self.serve(now, wakers);
        if let Some((&first, _)) = self.queued.first_key_value() {
            self.hurry(first + 1, wakers);
        }
    }

    pub(super) fn set_quota(&mut self, now: Instant, quota: Quota, wakers: &mut Vec<Waker>) {
        self.serve(now, wakers);
        self.bucket.set_quota(now, quota);
        self.since = now;
        self.place_anew(wakers);
        self.serve(now, wakers);
    }

    /// Works out all turns anew, and lets those go that are too heavy now or would be too late. In their order, for
    /// whoever goes makes room for those behind.
    fn place_anew(&mut self, wakers: &mut Vec<Waker>) {
        let burst = self.bucket.quota().burst;
        self.joined = 0;
        for (ticket, mut waiter) in mem::take(&mut self.queued) {
            wakers.extend(waiter.waker.take());
            let weight = waiter.weight;
            let all = self.joined + u64::from(weight);
            let ready_at = self.bucket.due(all);
            let refused = if weight > burst {
                Refused::TooHeavy { weight, burst }
            } else if ready_at >= waiter.deadline {
                Refused::NotYet { ready_at }
            } else {
                waiter.ahead = self.joined;
                self.joined = all;
                self.queued.insert(ticket, waiter);
                continue;
            };
            self.decided.insert(ticket, Verdict::Refused(refused));
        }
    }

    /// Lets those pass whose turn has come, and sees to it that the next is polled in time.
    pub(super) fn serve(&mut self, now: Instant, wakers: &mut Vec<Waker>) {
        while let Some(first) = self.queued.first_entry() {
            let weight = first.get().weight;
            if !self.bucket.has(now, u64::from(weight)) {
                break;
            }
            let turn = self.bucket.due(u64::from(weight)).max(self.since);
            let passes = if now - turn > LATEST { turn } else { now };
            self.bucket.take(passes, u64::from(weight));
            self.since = passes;
            let (ticket, waiter) = first.remove_entry();
            self.decided.insert(ticket, Verdict::Passed { weight });
            wakers.extend(waiter.waker);
        }
        self.hurry(0, wakers);
    }

    /// Sees to it that the next one from a ticket on is polled in time.
    fn hurry(&mut self, from: u64, wakers: &mut Vec<Waker>) {
        let Some((&ticket, next)) = self.queued.range(from..).next() else {
            return;
        };
        if self.due(next.ahead, next.weight) < next.alarm
            && let Some(next) = self.queued.get_mut(&ticket)
        {
            wakers.extend(next.waker.take());
        }
    }

    /// When the turn comes of one who joined after so much.
    fn due(&self, ahead: u64, weight: u32) -> Instant {
        let first = self.queued.first_key_value();
        let first = first.map_or(ahead, |(_, waiter)| waiter.ahead);
        let before = ahead.wrapping_sub(first);
        self.bucket.due(before.saturating_add(u64::from(weight)))
    }
}
