//! The line of those who wait, in the order in which they came.
//!
//! ```text
//!            its tokens are there            polled
//!  queued ──────────────────────────▶ called ──────▶ gone, with its tokens
//!    │ ▲                                │
//!    │ │ polled                         │ overdue, and those behind it could not come in their turn
//!    │ └────────────────────── missed ◀─┘
//!    │  its turn will not come in time, or not at all
//!    └─────────────────────────────────────▶ refused ──▶ gone, with an error
//!
//!  Whoever is dropped is gone from where it is; tokens are set aside for it no longer.
//! ```
//!
//! Tokens are taken by whoever is polled, at the time of that poll: this is what makes the bound hold at the moments
//! at which callers go on, however late they were. Until then those of all who were called are set aside.
//!
//! Each waiter is polled at the time that was worked out for it when it was polled last, so all are served
//! in time, whoever among them is never polled again. When somebody in the line leaves, all behind it move up, and would
//! be polled too late. The first is woken, to work out its time anew, and each of the others once it is the first, unless the
//! one before it is leaked. So all whose times have changed are woken once they have moved up by [`SLACK`], together.
//!
//! A bucket that is full takes no more, so the tokens of one who does not come can be those that the next would have.
//! Then, once it is [overdue](super::called), it is passed by. Its tokens are spent as of its turn, which moves
//! nobody else's. If it does come, it takes its place again, and waits for others.

use super::{bucket::Bucket, called::Called, error::Refused, quota::Quota};
use anyrt_core::Instant;
use std::{collections::BTreeMap, mem, task::Waker, time::Duration};

/// How late somebody may be polled behind one that is leaked. Each that leaves a long line would wake all of it otherwise.
const SLACK: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(super) struct Line {
    bucket: Bucket,
    /// By ticket, as all of them.
    queued: BTreeMap<u64, Waiter>,
    called: Called,
    missed: BTreeMap<u64, Waiter>,
    refused: BTreeMap<u64, Refused>,
    tickets: u64,
    /// All that ever joined, together. It may wrap: only differences count.
    joined: u64,
    /// How many tokens those in the line have moved up by, at most, since all who would be late were woken.
    moved: u64,
    /// The latest time that somebody came with: threads read the clock before they have the lock.
    now: Instant,
}

#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) weight: u32,
    /// What had joined before.
    ahead: u64,
    /// A turn that comes then, or later, is not waited for.
    deadline: Instant,
    /// When it is to be polled: it was woken, or will be.
    pub(super) alarm: Instant,
    /// Taken when it is woken.
    waker: Option<Waker>,
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
            called: Called::new(),
            missed: BTreeMap::new(),
            refused: BTreeMap::new(),
            tickets: 0,
            joined: 0,
            moved: 0,
            now: Instant::ORIGIN,
        }
    }

    pub(super) fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    pub(super) fn bucket_mut(&mut self) -> &mut Bucket {
        &mut self.bucket
    }

    /// Whether all tokens are for whoever comes.
    pub(super) fn is_empty(&self) -> bool {
        self.queued.is_empty() && self.called.is_empty()
    }

    pub(super) fn quota(&self) -> Quota {
        self.bucket.quota()
    }

    pub(super) fn waiting(&self) -> usize {
        self.queued.len()
    }

    pub(super) fn available(&mut self, now: Instant, wakers: &mut Vec<Waker>) -> u32 {
        self.look(now);
        self.serve(wakers);
        let aside = u32::try_from(self.called.tokens()).unwrap_or(u32::MAX);
        self.bucket.available(self.now).saturating_sub(aside)
    }

    pub(super) fn is_idle(&self, now: Instant) -> bool {
        let nobody = self.is_empty() && self.missed.is_empty() && self.refused.is_empty();
        nobody && self.bucket.is_full(now)
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
        self.look(now);
        let is_there = match self.is_empty() {
            true => self.bucket.has(self.now, u64::from(weight)),
            false => {
                self.serve(wakers);
                self.queued.is_empty() && self.has(weight)
            }
        };
        if is_there {
            self.bucket.take(self.now, u64::from(weight));
            return Ok(());
        }
        let retry_at = self.turn(self.joined, weight);
        Err(Refused::NotYet { retry_at })
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
        self.look(now);
        let retry_at = self.turn(self.joined, weight);
        if retry_at >= deadline {
            return Err(Refused::TooLate { retry_at });
        }
        let ticket = self.tickets;
        self.tickets += 1;
        let waiter = Waiter {
            weight,
            ahead: self.joined,
            deadline,
            alarm: self.now,
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
        self.look(now);
        if let Some(waiter) = self.missed.remove(&ticket) {
            // Those behind it who were called since are not there yet, and it is.
            for (behind, waiter) in self.called.take_from(ticket).into_iter().rev() {
                self.queue_again(behind, waiter);
            }
            self.queue_again(ticket, waiter);
        }
        // It is here, and is not passed by.
        if let Some(waiter) = self.queued.get_mut(&ticket) {
            waiter.alarm = self.now;
        }
        let mut called = self.called.take(ticket);
        if called.is_none() {
            self.serve(wakers);
            if let Some(waiter) = self.queued.get(&ticket)
                && self.turn(waiter.ahead, waiter.weight) >= waiter.deadline
            {
                // One before it was late, and has moved it back; those in between may be too late, too.
                self.place_anew(wakers);
                self.serve(wakers);
            }
            called = self.called.take(ticket);
        }
        if let Some(waiter) = called {
            self.bucket.take(self.now, u64::from(waiter.weight));
            self.serve(wakers);
            return Place::Decided(Ok(()));
        }
        if let Some(error) = self.refused.remove(&ticket) {
            return Place::Decided(Err(error));
        }
        let alarm = self.alarm(&self.queued[&ticket]);
        let waiter = self.queued.get_mut(&ticket).expect("it was there above");
        waiter.alarm = alarm;
        mem::swap(&mut waiter.waker, waker);
        Place::Queued(alarm)
    }

    /// A waiter is dropped. What was set aside for it is for others. Returns its waker, to be dropped outside.
    pub(super) fn leave(
        &mut self,
        ticket: u64,
        now: Instant,
        wakers: &mut Vec<Waker>,
    ) -> Option<Waker> {
        self.look(now);
        self.missed.remove(&ticket);
        self.refused.remove(&ticket);
        if let Some(left) = self.called.take(ticket) {
            self.moved_up(left.weight, wakers);
        }
        let was_first = self.queued.first_key_value().map(|(first, _)| *first) == Some(ticket);
        let left = self.queued.remove(&ticket)?;
        // Where the first leaves, the line begins with the next, and all are closer to that.
        if !was_first {
            let weight = u64::from(left.weight);
            for (_, behind) in self.queued.range_mut(ticket..) {
                behind.ahead = behind.ahead.wrapping_sub(weight);
            }
            self.joined = self.joined.wrapping_sub(weight);
        }
        self.moved_up(left.weight, wakers);
        left.waker
    }

    pub(super) fn refund(&mut self, weight: u32, now: Instant, wakers: &mut Vec<Waker>) {
        self.look(now);
        self.serve(wakers);
        self.bucket.give_back(u64::from(weight));
        self.bucket.fills_not_before(self.now, self.called.tokens());
        self.moved_up(weight, wakers);
    }

    pub(super) fn set_quota(&mut self, now: Instant, quota: Quota, wakers: &mut Vec<Waker>) {
        self.look(now);
        self.serve(wakers);
        self.bucket.set_quota(self.now, quota);
        // What is set aside for them is not theirs yet, and there may be less now.
        let mut called = self.called.take_from(0);
        self.queued.append(&mut called);
        self.place_anew(wakers);
        self.serve(wakers);
    }

    fn look(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.called.look(self.now);
    }

    /// Who was passed by takes its place again.
    fn queue_again(&mut self, ticket: u64, mut waiter: Waiter) {
        let weight = u64::from(waiter.weight);
        let is_first = self.queued.range(..ticket).next_back().is_none();
        let next = self.queued.range(ticket..).next();
        waiter.ahead = next.map_or(self.joined, |(_, next)| next.ahead);
        if is_first && next.is_some() {
            // All others are where they were.
            waiter.ahead = waiter.ahead.wrapping_sub(weight);
        } else {
            for (_, behind) in self.queued.range_mut(ticket..) {
                behind.ahead = behind.ahead.wrapping_add(weight);
            }
            self.joined = self.joined.wrapping_add(weight);
        }
        self.queued.insert(ticket, waiter);
    }

    /// Works out all turns anew, and lets those go that are too heavy now or would be too late. In their order, for
    /// whoever goes makes room for those behind.
    fn place_anew(&mut self, wakers: &mut Vec<Waker>) {
        let burst = self.bucket.quota().burst;
        self.joined = 0;
        self.moved = 0;
        for (ticket, mut waiter) in mem::take(&mut self.queued) {
            waiter.wake(self.now, wakers);
            let weight = waiter.weight;
            let retry_at = self.turn(self.joined, weight);
            let error = if weight > burst {
                Refused::TooHeavy { weight, burst }
            } else if retry_at >= waiter.deadline {
                Refused::TooLate { retry_at }
            } else {
                waiter.ahead = self.joined;
                self.joined += u64::from(weight);
                self.queued.insert(ticket, waiter);
                continue;
            };
            self.refused.insert(ticket, error);
        }
    }

    /// Calls those whose turn has come, and sees to it that the next is polled in time.
    fn serve(&mut self, wakers: &mut Vec<Waker>) {
        while let Some((_, first)) = self.queued.first_key_value()
            && self.has(first.weight)
            && let Some((ticket, mut first)) = self.queued.pop_first()
        {
            first.wake(self.now, wakers);
            // Its turn came then, and not before.
            let turn = first.alarm.min(self.now);
            first.alarm = turn;
            self.bucket.fills_not_before(turn, self.called.tokens());
            self.called.call(ticket, first);
        }
        if self.queued.is_empty() {
            // Those who are not coming keep nobody from passing without the line.
            self.has(self.bucket.quota().burst);
        }
        if let Some((_, first)) = self.queued.first_key_value()
            && self.alarm(first) < first.alarm
            && let Some(mut first) = self.queued.first_entry()
        {
            first.get_mut().wake(self.now, wakers);
        }
    }

    /// Whether so many tokens are there that are not set aside. Those who are overdue are passed by for it, if it
    /// would be so had they come.
    fn has(&mut self, weight: u32) -> bool {
        loop {
            let tokens = self.called.tokens() + u64::from(weight);
            if self.bucket.has(self.now, tokens) {
                return true;
            }
            if self.bucket.due(tokens) > self.now {
                return false;
            }
            let Some((ticket, overdue)) = self.called.take_overdue() else {
                return false;
            };
            self.bucket.take_as_due(u64::from(overdue.weight));
            self.missed.insert(ticket, overdue);
        }
    }

    /// There are so many tokens more for those in the line. Who would be polled too late by more than the slack is woken.
    fn moved_up(&mut self, weight: u32, wakers: &mut Vec<Waker>) {
        self.serve(wakers);
        self.moved = self.moved.saturating_add(weight.into());
        if self.bucket.time(self.moved) < SLACK {
            return;
        }
        self.moved = 0;
        let queued = self.queued.iter();
        let late = queued.filter(|(_, waiter)| self.alarm(waiter) < waiter.alarm);
        let late: Vec<u64> = late.map(|(ticket, _)| *ticket).collect();
        for ticket in late {
            if let Some(waiter) = self.queued.get_mut(&ticket) {
                waiter.wake(self.now, wakers);
            }
        }
    }

    /// When one in the line is to be polled: when its turn comes if nobody is late or, from then on, when those
    /// before it may be overdue.
    fn alarm(&self, waiter: &Waiter) -> Instant {
        let turn = self.bucket.due(self.before(waiter.ahead, waiter.weight));
        match turn > self.now {
            true => turn,
            false => self.called.next_look().min(waiter.deadline),
        }
    }

    /// When the turn comes of one who joined after so much, if those who are late come now.
    fn turn(&self, ahead: u64, weight: u32) -> Instant {
        let tokens = self.before(ahead, weight);
        let turn = self.bucket.due(tokens);
        match turn > self.now {
            true => turn,
            false => self.bucket.due_from(self.now, tokens),
        }
    }

    /// How many tokens are to be taken until such a one has passed.
    fn before(&self, ahead: u64, weight: u32) -> u64 {
        let first = self.queued.first_key_value();
        let first = first.map_or(ahead, |(_, waiter)| waiter.ahead);
        let tokens = ahead.wrapping_sub(first).saturating_add(weight.into());
        tokens.saturating_add(self.called.tokens())
    }
}

impl Waiter {
    fn wake(&mut self, now: Instant, wakers: &mut Vec<Waker>) {
        if let Some(waker) = self.waker.take() {
            self.alarm = self.alarm.min(now);
            wakers.push(waker);
        }
    }
}
