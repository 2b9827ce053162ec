//! Where a round of polls begins: one further than the last. A simulator may draw it instead.
//!
//! A poll that nobody asked for turns a join by one, so any place is one that a program has to bear. Drawn
//! places show in a few runs what would else take as many idle polls, at the right time.

use std::cell::Cell;

/// Draws a number below that.
type Draw = fn(usize) -> usize;

thread_local! {
    static DRAW: Cell<Option<Draw>> = const { Cell::new(None) };
}

/// For simulators: while `poll` runs, each round of polls in this thread but the first of a join begins
/// `draw(places)` places further than it would by itself.
///
/// It concerns the macros, and the joins of up to 30 futures, which poll all of them in each round.
pub fn with_drawn_turns<O>(draw: fn(usize) -> usize, poll: impl FnOnce() -> O) -> O {
    let _around = Restore(DRAW.replace(Some(draw)));
    poll()
}

/// What was there before.
struct Restore(Option<Draw>);

impl Drop for Restore {
    fn drop(&mut self) {
        DRAW.set(self.0);
    }
}

/// The place at which a round over so many places begins. `turn` is 0 before the first one, which
/// begins with the first place.
#[inline]
pub(super) fn begin(turn: &mut usize, places: usize) -> usize {
    let mut first = if *turn < places { *turn } else { 0 };
    if *turn > 0
        && places > 1
        && let Ok(Some(draw)) = DRAW.try_with(Cell::get)
    {
        first = (first + draw(places)) % places;
    }
    *turn = first + 1;
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begins<const N: usize>(turn: &mut usize, places: usize) -> [usize; N] {
        [(); N].map(|()| begin(turn, places))
    }

    #[test]
    fn each_round_begins_one_further() {
        assert_eq!(begins(&mut 0, 3), [0, 1, 2, 0, 1]);
        assert_eq!(begins(&mut 0, 1), [0, 0]);
        assert_eq!(begins(&mut 0, 0), [0, 0]);
    }

    #[test]
    fn all_but_the_first_can_be_drawn() {
        let mut turn = 0;
        with_drawn_turns(
            |places| places - 1,
            || {
                assert_eq!(begins(&mut turn, 3), [0, 0, 0]);
                with_drawn_turns(|_| 1, || assert_eq!(begins(&mut 0, 4), [0, 2, 0]));
                assert_eq!(begins(&mut 0, 2), [0, 0]);
            },
        );
        assert_eq!(begins(&mut turn, 3), [1, 2]);
    }
}
