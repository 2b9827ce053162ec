//! A disk that waits and fails as it is told to.

use anyrt_examples::serve::disk::{Answer, Ask, PIECE, Piece, Source};
use std::{
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    time::SystemTime,
};

/// Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    /// Reads that have begun.
    begun: usize,
    /// So many of the next reads fail.
    failing: usize,
    /// Reads of `/gate` wait while it is not.
    is_open: bool,
}

impl Disk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().expect("no panic under it")
    }

    pub(crate) fn fail(&self, times: usize) {
        self.state().failing = times;
    }

    pub(crate) fn begun(&self) -> usize {
        self.state().begun
    }

    /// Lets all reads go on.
    pub(crate) fn open(&self) {
        self.state().is_open = true;
        self.0.1.notify_all();
    }

    /// Until so many reads have begun.
    pub(crate) fn wait_for(&self, begun: usize) {
        let state = self.state();
        drop(
            self.0
                .1
                .wait_while(state, |state| state.begun < begun)
                .expect("no panic"),
        );
    }
}

/// What is at `/large`: more than any socket takes in.
pub(crate) const LARGE: u64 = 1 << 40;

impl Source for Disk {
    fn read(&self, ask: &Ask) -> io::Result<Answer> {
        let mut state = self.state();
        state.begun += 1;
        self.0.1.notify_all();
        if state.failing > 0 {
            state.failing -= 1;
            return Err(io::Error::other("failed on purpose"));
        }
        let len = match ask.path.to_str() {
            Some("gate") => {
                drop(
                    self.0
                        .1
                        .wait_while(state, |state| !state.is_open)
                        .expect("no panic"),
                );
                4
            }
            Some("large") => LARGE,
            Some("three") => 3 * PIECE,
            _ => 4,
        };
        let bytes = vec![b'x'; (len - ask.at).min(PIECE) as usize];
        Ok(Answer::File(Piece {
            bytes: bytes.into(),
            len,
            modified: SystemTime::UNIX_EPOCH,
        }))
    }
}
