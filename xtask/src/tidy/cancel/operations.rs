//! Finds what is waited for, and what its docs promise to whoever drops it.

use crate::tidy::{
    code::{has_word, words},
    items::{Item, Kind},
};
use std::collections::{BTreeMap, BTreeSet};

/// The heading of what an item promises to whoever drops it.
pub(super) const SECTION: &str = "# Cancel safety";

/// The traits of what is waited for.
const AWAITED: &[&str] = &["Future", "IntoFuture", "Stream"];

/// An item, by its file and its path in there.
pub(super) type Place = (String, String);

/// All public operations.
#[derive(Debug, Default)]
pub(super) struct Operations {
    /// Items whose docs have the section: what it promises, and the operations beside that it holds for.
    pub(super) told: BTreeMap<Place, Told>,
    /// Operations for which none does: neither their own, nor their trait's, nor that of what they return.
    pub(super) silent: BTreeSet<Place>,
}

#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) promise: String,
    /// Methods of the trait: each waits in its own way.
    pub(super) methods: BTreeSet<String>,
    /// Functions that return the type: one is as good as another.
    pub(super) givers: BTreeSet<String>,
}

/// An item, and the file that it is in.
struct Found<'a> {
    file: &'a str,
    item: &'a Item,
}

impl Found<'_> {
    fn place(&self) -> Place {
        (self.file.to_owned(), self.item.path())
    }

    fn room(&self) -> &str {
        room(self.file)
    }

    fn promise(&self) -> Option<String> {
        let docs = &self.item.docs;
        let at = docs.iter().position(|line| line == SECTION)?;
        let section = docs[at + 1..]
            .iter()
            .take_while(|line| !line.starts_with('#'));
        let text = section.map(String::as_str).collect::<Vec<_>>().join(" ");
        let text = plain(text.trim());
        Some(match text.split_once(". ") {
            Some((first, _)) => format!("{first}."),
            None => text,
        })
    }

    /// A type, a trait or an alias, as others name it; those of an `impl` are what its trait says.
    fn is_named(&self) -> bool {
        match self.item.kind {
            Kind::Struct | Kind::Enum | Kind::Trait => true,
            Kind::Type => self.item.owner == self.item.of_trait,
            _ => false,
        }
    }

    /// Whether others can name it.
    fn is_shared(&self) -> bool {
        self.item.is_open || self.item.is_pub
    }
}

fn room(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(room, _)| room)
}

/// Without the targets of links, which lead nowhere from elsewhere.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let Some((name, after)) = after.split_once(']') else {
            break;
        };
        plain.push_str(before);
        plain.push_str(name);
        rest = match after
            .strip_prefix('(')
            .and_then(|link| link.split_once(')'))
        {
            Some((_, after)) => after,
            None => after,
        };
        // `scope()` is written so to be told from the macro.
    }
    plain + rest
}

/// Names that stand for something that is waited for.
struct Names<'a> {
    found: &'a [Found<'a>],
    /// By their names: all types, traits and aliases.
    types: BTreeMap<&'a str, Vec<&'a Found<'a>>>,
    /// Where those are that are waited for.
    awaited: BTreeSet<Place>,
}

impl<'a> Names<'a> {
    fn of(found: &'a [Found<'a>]) -> Self {
        let impls = found.iter().filter(|one| one.item.kind == Kind::Impl);
        let impls = impls.filter(|one| one.item.of_trait.as_deref().is_some_and(is_awaited));
        let implementors: BTreeSet<_> = impls.map(|one| (one.room(), &*one.item.name)).collect();
        let mut names = Self {
            found,
            types: BTreeMap::new(),
            awaited: BTreeSet::new(),
        };
        for one in found.iter().filter(|one| one.is_named()) {
            names.types.entry(&one.item.name).or_default().push(one);
            if implementors.contains(&(one.room(), &*one.item.name)) {
                names.awaited.insert(one.place());
            }
        }
        // An alias of an alias is found in the second round.
        for _ in 0..2 {
            let more = found.iter().filter(|one| one.is_named());
            let more = more.filter(|one| {
                let stands_for = &one.item.bounds;
                words(stands_for).any(is_awaited) || !names.in_text(stands_for, one).is_empty()
            });
            let more: Vec<_> = more.map(Found::place).collect();
            names.awaited.extend(more);
        }
        names
    }

    /// Those in a text that are waited for. A name means its own room's type, if that has one.
    fn in_text(&self, text: &str, from: &Found<'_>) -> Vec<&'a Found<'a>> {
        let paths = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | ':')));
        // `Stream` is the trait, whatever else a trait calls its own.
        let own = paths
            .filter(|path| !path.starts_with("std::"))
            .flat_map(words)
            .filter(|word| !is_awaited(word));
        let named = own.flat_map(|word| {
            let types = self.types.get(word).map_or(&[][..], Vec::as_slice);
            let is_here = types.iter().any(|one| one.room() == from.room());
            let meant = move |one: &&&Found<'_>| match is_here {
                true => one.room() == from.room(),
                false => one.is_shared(),
            };
            types.iter().filter(meant)
        });
        named
            .filter(|one| self.awaited.contains(&one.place()))
            .copied()
            .collect()
    }

    /// Items whose docs hold for a type: itself, the traits that it implements, and what it stands for.
    fn promises(&self, one: &Found<'_>, depth: usize) -> Vec<Place> {
        let mut promises = vec![one.place()];
        if depth == 0 {
            return promises;
        }
        let of = self.found.iter().filter(|other| other.room() == one.room());
        let of =
            of.filter(|other| other.item.kind == Kind::Impl && other.item.name == one.item.name);
        let traits = of.filter_map(|other| other.item.of_trait.as_deref());
        let text = traits
            .chain([&*one.item.bounds])
            .collect::<Vec<_>>()
            .join(" ");
        for other in self.in_text(&text, one) {
            promises.extend(self.promises(other, depth - 1));
        }
        // A type that an implementation gives to its trait is what the trait's methods speak of.
        let given = self
            .found
            .iter()
            .filter(|other| other.item.kind == Kind::Type);
        let given = given.filter(|other| has_word(&other.item.bounds, &one.item.name));
        let traits = given.filter_map(|other| other.item.of_trait.as_deref());
        let traits: BTreeSet<&str> = traits.collect();
        let methods = self
            .found
            .iter()
            .filter(|other| other.item.kind == Kind::Fn);
        let methods = methods.filter(|other| {
            let of_trait = other.item.of_trait.as_deref();
            of_trait.is_some_and(|name| traits.contains(name))
                && of_trait == other.item.owner.as_deref()
        });
        promises.extend(methods.map(Found::place));
        promises
    }
}

fn is_awaited(name: &str) -> bool {
    AWAITED.contains(&name)
}

impl Operations {
    /// What all sources have. Files are named from the root on.
    pub(super) fn of(sources: &[(String, Vec<Item>)]) -> Self {
        let found: Vec<Found<'_>> = sources
            .iter()
            .flat_map(|(file, items)| items.iter().map(move |item| Found { file, item }))
            .collect();
        let names = Names::of(&found);
        let told = found.iter().filter_map(|one| {
            let told = Told {
                promise: one.promise()?,
                ..Told::default()
            };
            Some((one.place(), told))
        });
        let mut operations = Self {
            told: told.collect(),
            silent: BTreeSet::new(),
        };
        // Types that somebody gives whose docs say what becomes of them.
        let mut given = BTreeSet::new();
        let mut changes = Vec::new();
        for one in found.iter().filter(|one| one.item.kind == Kind::Fn) {
            let Some(gives) = awaited_by(one, &names) else {
                continue;
            };
            let is_told = |place: &Place| operations.told.contains_key(place);
            let own = is_told(&one.place());
            let owner = owner(one, &found).filter(is_told);
            let promises = gives.iter().flat_map(|one| names.promises(one, 3));
            let coverer = owner.clone().or_else(|| promises.into_iter().find(is_told));
            if own || coverer.is_some() {
                given.extend(gives.iter().map(|one| one.place()));
            }
            if own || !one.item.is_open {
                continue;
            }
            let name = one.item.name.clone();
            match coverer.and_then(|place| operations.told.get_mut(&place)) {
                Some(told) if owner.is_some() => drop(told.methods.insert(name)),
                Some(told) => drop(told.givers.insert(name)),
                None if gives_itself(one) => changes.push((one, gives)),
                None => drop(operations.silent.insert(one.place())),
            }
        }
        for (one, gives) in changes {
            if !gives.iter().any(|one| given.contains(&one.place())) {
                operations.silent.insert(one.place());
            }
        }
        let types = names.types.values().flatten().filter(|one| {
            matches!(one.item.kind, Kind::Struct | Kind::Enum)
                && names.awaited.contains(&one.place())
        });
        let macros = found.iter().filter(|one| one.item.kind == Kind::Macro);
        let macros = macros.filter(|one| one.item.is_async);
        for one in types.copied().chain(macros).filter(|one| one.item.is_open) {
            let mut promises = names.promises(one, 3).into_iter();
            let is_told = promises.any(|place| operations.told.contains_key(&place));
            if !is_told && !given.contains(&one.place()) {
                operations.silent.insert(one.place());
            }
        }
        operations
    }
}

/// A method that takes itself and gives itself, such as one that names a future: no operation of its own.
fn gives_itself(one: &Found<'_>) -> bool {
    one.item.consumes && has_word(&one.item.output, "Self")
}

/// The trait that a method is in.
fn owner(one: &Found<'_>, found: &[Found<'_>]) -> Option<Place> {
    let name = one.item.owner.as_ref()?;
    let mut owners = found.iter().filter(|other| other.file == one.file);
    let owner = owners.find(|other| other.item.kind == Kind::Trait && other.item.name == *name)?;
    Some(owner.place())
}

/// What a function gives that is waited for, and has a name; `None` where it gives nothing of the kind.
fn awaited_by<'a>(one: &Found<'_>, names: &Names<'a>) -> Option<Vec<&'a Found<'a>>> {
    let item = one.item;
    let output = &item.output;
    let mut gives = names.in_text(output, one);
    if has_word(output, "Self") && !output.contains("Self::") {
        gives.extend(names.in_text(item.owner.as_deref().unwrap_or_default(), one));
    }
    let is_bare = words(output).chain(words(&item.bounds)).any(is_awaited);
    (item.is_async || is_bare || !gives.is_empty()).then_some(gives)
}

#[cfg(test)]
mod tests;
