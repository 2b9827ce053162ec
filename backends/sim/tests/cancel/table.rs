//! A table of operations, each with a test of its cancel safety, and what holds the table against the docs.
//!
//! The tests of the toolkit include this file, too.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Makes a test a row: a file below the sources, an item in it, and the function that tests it.
macro_rules! table {
    ($($file:literal { $($item:literal => $module:ident::$test:ident),+ $(,)? })+) => {
        const TABLE: &[(&str, &str)] = &[$($(($file, $item)),+),+];

        $($(
            #[test]
            fn $test() {
                $module::$test();
            }
        )+)+
    };
}

/// The heading of what an item promises to whoever drops it.
const SECTION: &str = "# Cancel safety";

/// An operation: its file, its name.
type Operation = (String, String);

/// What the docs of a package say of its operations.
#[derive(Debug, Default)]
pub(crate) struct Docs {
    /// Those whose docs have the section.
    documented: BTreeSet<Operation>,
    /// Public ones that are waited for, without it: neither they, nor their trait, nor the future that they
    /// return has it.
    silent: BTreeSet<Operation>,
}

impl Docs {
    /// Reads all sources below a folder.
    pub(crate) fn below(folder: &Path) -> Self {
        let mut items = Vec::new();
        visit(folder, &mut |path| {
            let file = path.strip_prefix(folder).expect("below the folder");
            let text = fs::read_to_string(path).expect("a source");
            items.extend(items_of(&file.display().to_string(), &text));
        });
        Self::of(&items)
    }

    /// All but those of files that begin so.
    #[allow(dead_code, reason = "not every package has such")]
    pub(crate) fn without(mut self, start: &str) -> Self {
        let is_other = |(file, _): &Operation| !file.starts_with(start);
        self.documented.retain(is_other);
        self.silent.retain(is_other);
        self
    }

    fn of(items: &[Item]) -> Self {
        let futures: BTreeMap<_, _> = items
            .iter()
            .filter(|item| item.keyword == "impl")
            .filter_map(|item| item.future().map(|future| (item.at(future), false)))
            .collect();
        let futures = items.iter().filter(|item| item.keyword == "struct").fold(
            futures,
            |mut futures, item| {
                let documented = item.documented;
                futures
                    .entry(item.at(&item.name))
                    .and_modify(|known| *known |= documented);
                futures
            },
        );
        let documented = items.iter().filter(|item| item.documented);
        let silent = items
            .iter()
            .filter(|item| item.is_open && !item.documented && item.is_silent(&futures));
        Self {
            documented: documented.map(Item::operation).collect(),
            silent: silent.map(Item::operation).collect(),
        }
    }

    /// Each operation that the docs speak of is in the table, and there are at least so many; none is
    /// silent, but those that say why.
    pub(crate) fn hold(&self, table: &[(&str, &str)], least: usize, exempt: &[(&str, &str, &str)]) {
        let listed: BTreeSet<Operation> = table.iter().map(operation).collect();
        let exempt = exempt
            .iter()
            .map(|(file, item, _)| operation(&(file, item)));
        let missing: Vec<_> = self.documented.difference(&listed).collect();
        assert!(
            missing.is_empty(),
            "operations without a test of their cancel safety: {missing:?}"
        );
        let gone: Vec<_> = listed.difference(&self.documented).collect();
        assert!(
            gone.is_empty(),
            "tests of what is documented no more: {gone:?}"
        );
        assert_eq!(
            self.silent,
            exempt.collect(),
            "public operations without a section `{SECTION}`, and those that need none"
        );
        let found = self.documented.len();
        assert!(found >= least, "{found} operations");
    }
}

fn operation((file, item): &(&str, &str)) -> Operation {
    (file.to_string(), item.to_string())
}

fn visit(folder: &Path, see: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            visit(&path, see);
        } else {
            see(&path);
        }
    }
}

/// What stands in a source: a function, a type, a trait, an `impl`.
#[derive(Debug)]
struct Item {
    file: String,
    keyword: &'static str,
    name: String,
    /// All up to its body.
    head: String,
    /// Whether its docs have the section.
    documented: bool,
    /// Whether it is `pub`, or a public trait's without the section.
    is_open: bool,
}

impl Item {
    fn operation(&self) -> Operation {
        (self.file.clone(), self.name.clone())
    }

    /// Names are those of a room: others have a `Receiver`, too. Only futures with a name of their own are
    /// returned from elsewhere.
    fn at(&self, name: &str) -> (String, String) {
        let room = match name.ends_with("Future") {
            true => "",
            false => self.file.rsplit_once('/').map_or("", |(room, _)| room),
        };
        (room.to_owned(), name.to_owned())
    }

    /// Of an `impl Future for`, for whom.
    fn future(&self) -> Option<&str> {
        let (_, whom) = self.head.split_once(" Future for ")?;
        let path = whom.split(['<', ' ', '{']).next()?;
        path.rsplit("::").next()
    }

    /// Whether it is waited for, and what it returns says nothing of cancellation either.
    fn is_silent(&self, futures: &BTreeMap<(String, String), bool>) -> bool {
        if self.keyword != "fn" {
            return false;
        }
        let bounds = self.head.find(" where ").unwrap_or(self.head.len());
        let returned = match self.head[..bounds].rsplit_once(") -> ") {
            Some((_, returned)) => returned,
            None => "",
        };
        let named = words(returned).filter_map(|word| futures.get(&self.at(word)));
        let mut named = named.peekable();
        let is_future = returned.contains("Future<Output") || self.head.contains("async fn ");
        match named.peek() {
            Some(_) => !named.any(|documented| *documented),
            None => is_future,
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !(char.is_alphanumeric() || char == '_'))
        .filter(|word| !word.is_empty())
}

const KEYWORDS: &[&str] = &["fn", "struct", "enum", "trait", "macro_rules", "impl"];

/// All items of a source, as rustfmt writes them.
fn items_of(file: &str, text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    // Whether we are in a public trait, and nothing in its own docs holds for all of it.
    let mut in_trait = false;
    let mut documented = false;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let code = line.trim();
        if code.starts_with("///") {
            documented |= code.contains(SECTION);
            continue;
        }
        if code.starts_with("//") || code.starts_with("#[") {
            continue;
        }
        in_trait &= line != "}";
        let mut found = words(code).skip_while(|word| ["pub", "async", "const"].contains(word));
        let keyword = found.next().unwrap_or_default();
        if let Some(keyword) = KEYWORDS.iter().find(|known| **known == keyword) {
            let name = found.next().unwrap_or_default().to_owned();
            let mut head = code.to_owned();
            while !head.contains(['{', ';']) {
                let Some(line) = lines.next() else { break };
                head = format!("{head} {}", line.trim());
            }
            let is_public = code.starts_with("pub ");
            if *keyword == "trait" && line.starts_with("pub ") {
                in_trait = !documented;
            }
            items.push(Item {
                file: file.to_owned(),
                keyword,
                name,
                head,
                documented,
                is_open: is_public || (in_trait && *keyword == "fn"),
            });
        }
        documented = false;
    }
    items
}

/// What the text of one source says.
fn docs_of(text: &str) -> Docs {
    Docs::of(&items_of("room/file.rs", text))
}

fn names(operations: &BTreeSet<Operation>) -> Vec<&str> {
    operations.iter().map(|(_, name)| &**name).collect()
}

#[test]
fn documented_operations_are_found() {
    let docs = docs_of(
        "/// Waits.\n///\n/// # Cancel safety\n/// Safe.\n#[track_caller]\npub async fn wait() {}\n\
         /// # Cancel safety\npub trait Lock {\n    fn lock(&self) -> impl Future<Output = ()>;\n}\n",
    );
    assert_eq!(names(&docs.documented), ["Lock", "wait"]);
    assert!(docs.silent.is_empty(), "{docs:?}");
}

#[test]
fn silent_operations_are_found() {
    let docs = docs_of(
        "/// A wait.\npub struct Wait<'a>(&'a ());\nimpl Future for Wait<'_> {}\n\
         /// # Cancel safety\npub struct Told;\nimpl Future for crate::Told {}\n\
         impl Room {\n    pub async fn one(&self) {}\n    pub fn two(&self) -> Wait<'_> {}\n    \
         pub fn three(\n        &self,\n    ) -> impl Future<Output = ()> + use<'_> {}\n    \
         pub fn told(&self) -> Told {}\n    pub fn no(&self) -> u8 where F: Future<Output = ()> {}\n    \
         pub(crate) async fn hidden() {}\n}\n\
         pub trait Close {\n    fn close(self) -> impl Future<Output = ()>;\n}\n",
    );
    assert_eq!(names(&docs.silent), ["close", "one", "three", "two"]);
}
