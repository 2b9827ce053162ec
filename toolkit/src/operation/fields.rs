//! What is known of an operation beside its name.

use std::fmt::{self, Display};

/// The fields of an [`Operation`](super::Operation): `()`, or some and [one more](With).
///
/// They are kept as they are, each in its own type, and formatted only where somebody listens: an operation
/// that nobody watches allocates nothing for them.
pub trait Fields {
    /// How many there are.
    const COUNT: usize;

    /// Shows each of them, in the order in which they were added.
    fn each(&self, visit: &mut dyn FnMut(&'static str, &dyn Display));
}

impl Fields for () {
    const COUNT: usize = 0;

    fn each(&self, _: &mut dyn FnMut(&'static str, &dyn Display)) {}
}

/// Fields, and one more.
#[derive(Debug, Clone)]
pub struct With<L, V> {
    pub(super) others: L,
    pub(super) key: &'static str,
    pub(super) value: V,
}

impl<L: Fields, V: Display> Fields for With<L, V> {
    const COUNT: usize = L::COUNT + 1;

    fn each(&self, visit: &mut dyn FnMut(&'static str, &dyn Display)) {
        self.others.each(visit);
        visit(self.key, &self.value);
    }
}

/// The fields as strings.
pub(super) fn rendered<L: Fields>(fields: &L) -> Vec<(&'static str, String)> {
    let mut all = Vec::with_capacity(L::COUNT);
    fields.each(&mut |key, value| all.push((key, value.to_string())));
    all
}

/// The fields in one line.
#[cfg_attr(not(feature = "tracing"), allow(dead_code))]
pub(super) struct Line<'a, L>(pub(super) &'a L);

impl<L: Fields> Display for Line<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut outcome = Ok(());
        let mut space = "";
        self.0.each(&mut |key, value| {
            outcome = outcome.and_then(|()| write!(f, "{space}{key}={value}"));
            space = " ";
        });
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order() {
        let one = With {
            others: (),
            key: "url",
            value: "/home",
        };
        let two = With {
            others: one,
            key: "attempt",
            value: 2,
        };
        assert_eq!(
            rendered(&two),
            [("url", "/home".to_owned()), ("attempt", "2".to_owned())]
        );
        assert_eq!(Line(&two).to_string(), "url=/home attempt=2");
        assert_eq!(Line(&()).to_string(), "");
    }
}
