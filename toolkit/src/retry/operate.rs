//! What makes the attempts.

/// Which attempt this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    pub(super) number: u32,
}

impl Attempt {
    /// Its number, from 1.
    pub fn number(self) -> u32 {
        self.number
    }

    /// Whether nothing has failed yet.
    pub fn is_first(self) -> bool {
        self.number == 1
    }
}

/// A closure, or what stands for one in a future that has to have a name.
pub trait Operate<Fut> {
    /// The attempt's future.
    fn attempt(&mut self, attempt: Attempt) -> Fut;
}

impl<F: FnMut(Attempt) -> Fut, Fut> Operate<Fut> for F {
    #[inline]
    fn attempt(&mut self, attempt: Attempt) -> Fut {
        self(attempt)
    }
}
