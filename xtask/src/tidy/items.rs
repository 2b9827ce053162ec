//! The items of a source, as rustfmt writes them: functions, types, traits, macros, and what they are in.

use super::code::{code_of, has_word, words};

/// What stands in a source.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// All up to its body; of a macro, with that.
    pub(super) head: String,
    /// The type or the trait that it is in.
    pub(super) owner: Option<String>,
    /// Of a method or a type in an `impl` of a trait, or in a trait: that.
    pub(super) of_trait: Option<String>,
    /// `pub`, an item of a public trait, or an exported macro; and not hidden from the docs.
    pub(super) is_open: bool,
    /// Its docs, without the slashes.
    pub(super) docs: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Fn,
    Struct,
    Enum,
    Trait,
    Impl,
    Type,
    Macro,
    Mod,
}

const KINDS: &[(&str, Kind)] = &[
    ("fn", Kind::Fn),
    ("struct", Kind::Struct),
    ("enum", Kind::Enum),
    ("trait", Kind::Trait),
    ("impl", Kind::Impl),
    ("type", Kind::Type),
    ("macro_rules", Kind::Macro),
    ("mod", Kind::Mod),
];

const QUALIFIERS: &[&str] = &[
    "pub", "async", "const", "unsafe", "default", "extern", "auto",
];

impl Item {
    /// Its name, after that of what it is in.
    pub(super) fn path(&self) -> String {
        match (&self.owner, self.kind) {
            (_, Kind::Macro) => format!("{}!", self.name),
            (Some(owner), _) => format!("{owner}::{}", self.name),
            (None, _) => self.name.clone(),
        }
    }

    /// Of a trait itself; of an `impl`, what for.
    pub(super) fn implements(&self) -> Option<&str> {
        match self.kind {
            Kind::Trait => Some(&self.name),
            Kind::Impl => {
                let (before, _) = self.head.split_once(" for ")?;
                let of = past_generics(before.trim_start_matches("impl")).trim();
                let path = of.split('<').next()?;
                path.rsplit("::").next()
            }
            _ => None,
        }
    }

    /// What a function gives: all after its arrow, without the bounds.
    pub(super) fn output(&self) -> &str {
        let head = &self.head;
        let bounds = head.find(" where ").unwrap_or(head.len());
        let mut depth = 0;
        let mut closed = None;
        // Arrows of closures that it takes stand in parentheses, or in angle brackets before those.
        for (at, c) in head[..bounds].char_indices() {
            match c {
                '(' => depth += 1,
                ')' => {
                    depth -= 1;
                    let rest = &head[at..bounds];
                    if depth == 0 && rest.starts_with(") -> ") && balanced(&head[..at]) {
                        closed = closed.or(Some(at + ") -> ".len()));
                    }
                }
                _ => {}
            }
        }
        let output = closed.map_or("", |at| &head[at..bounds]);
        let output = output.split('{').next().unwrap_or_default();
        output.trim_end_matches([';', ' '])
    }
}

/// Whether all angle brackets are closed, those of arrows apart.
fn balanced(text: &str) -> bool {
    let text = text.replace("->", "");
    text.matches('<').count() == text.matches('>').count()
}

/// Something with braces that we are in.
struct Scope {
    /// How many braces were open before it.
    depth: usize,
    owner: Option<String>,
    of_trait: Option<String>,
    is_open_trait: bool,
    is_hidden: bool,
}

/// All items of a source.
pub(super) fn items_of(text: &str) -> Vec<Item> {
    let code = code_of(text);
    let lines: Vec<(&str, &str)> = text.lines().zip(code.lines()).collect();
    let (mut items, mut scopes, mut docs) = (Vec::new(), Vec::<Scope>::new(), Vec::new());
    let (mut depth, mut at) = (0, 0);
    let (mut is_exported, mut is_hidden) = (false, false);
    while let Some(&(line, code)) = lines.get(at) {
        if let Some(doc) = line.trim().strip_prefix("///") {
            docs.push(doc.trim().to_owned());
            at += 1;
            continue;
        }
        let (first, begun) = (code.trim(), at);
        at += 1;
        if first.starts_with("#[") || (first.is_empty() && !line.trim().is_empty()) {
            is_exported |= first.contains("macro_export");
            is_hidden |= first.contains("doc(hidden)");
            depth = after(depth, code);
            continue;
        }
        let found = kind_of(first);
        let mut head = first.to_owned();
        if let Some((kind, _)) = found {
            while !is_whole(&head) && at < lines.len() {
                head = format!("{head} {}", lines[at].1.trim());
                at += 1;
            }
            let mut item = item_of(kind, head, std::mem::take(&mut docs));
            let scope = scopes.last();
            item.is_open = match kind {
                Kind::Macro => is_exported,
                _ => item.is_open || scope.is_some_and(|scope| scope.is_open_trait),
            };
            is_hidden |= scope.is_some_and(|scope| scope.is_hidden);
            item.is_open &= !is_hidden;
            if matches!(kind, Kind::Fn | Kind::Type) {
                item.owner = scope.and_then(|scope| scope.owner.clone());
                item.of_trait = scope.and_then(|scope| scope.of_trait.clone());
            }
            if matches!(kind, Kind::Impl | Kind::Trait | Kind::Mod) {
                scopes.push(Scope {
                    depth,
                    owner: (kind != Kind::Mod).then(|| item.name.clone()),
                    of_trait: item.implements().map(str::to_owned),
                    is_open_trait: kind == Kind::Trait && item.is_open,
                    is_hidden,
                });
            }
            if kind == Kind::Macro {
                let end = end_of(&lines, begun, depth);
                item.head = lines[begun..end].iter().map(|(_, code)| *code).collect();
            }
            items.push(item);
        }
        (is_exported, is_hidden) = (false, false);
        docs.clear();
        depth = (begun..at).fold(depth, |depth, at| after(depth, lines[at].1));
        while scopes.last().is_some_and(|scope| depth <= scope.depth) {
            scopes.pop();
        }
    }
    items
}

/// What a line begins with, if it begins an item.
fn kind_of(line: &str) -> Option<(Kind, &str)> {
    let mut found = words(line).skip_while(|word| QUALIFIERS.contains(word));
    let keyword = found.next()?;
    // What is `pub(crate)` is nobody's business, but its `impl` is.
    let keyword = match keyword {
        "crate" | "super" | "self" | "in" if line.starts_with("pub(") => {
            found.find(|word| !QUALIFIERS.contains(word))?
        }
        other => other,
    };
    let (_, kind) = KINDS.iter().find(|(known, _)| *known == keyword)?;
    Some((*kind, line))
}

fn item_of(kind: Kind, head: String, docs: Vec<String>) -> Item {
    let name = match kind {
        Kind::Impl => subject(&head).to_owned(),
        _ => {
            let keyword = KINDS.iter().find(|(_, known)| *known == kind);
            let keyword = keyword.map_or("", |(keyword, _)| keyword);
            let mut names = words(&head).skip_while(|word| *word != keyword).skip(1);
            names.next().unwrap_or_default().to_owned()
        }
    };
    Item {
        is_open: head.starts_with("pub "),
        kind,
        name,
        head,
        owner: None,
        of_trait: None,
        docs,
    }
}

/// The type that an `impl` is for.
fn subject(head: &str) -> &str {
    let bounds = head.find(" where ").unwrap_or(head.len());
    let head = &head[..bounds];
    let whom = match head.split_once(" for ") {
        Some((_, whom)) => whom,
        None => past_generics(head.trim_start_matches("impl")),
    };
    let whom = whom.trim().trim_start_matches('&');
    let path = whom.split(['<', ' ', '{']).next();
    path.and_then(|path| path.rsplit("::").next())
        .unwrap_or_default()
}

/// What follows the parameters in angle brackets, if there are any.
pub(super) fn past_generics(text: &str) -> &str {
    if !text.starts_with('<') {
        return text;
    }
    let mut depth = 0;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' if before != '-' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[at + 1..];
        }
        before = c;
    }
    ""
}

/// Whether a head has come to its body, or to its end.
fn is_whole(head: &str) -> bool {
    let mut depth = 0;
    head.chars().any(|c| {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        depth == 0 && matches!(c, '{' | ';')
    })
}

fn after(depth: usize, code: &str) -> usize {
    let (opened, closed) = (code.matches('{').count(), code.matches('}').count());
    (depth + opened).saturating_sub(closed)
}

/// Where a body that begins here has ended.
fn end_of(lines: &[(&str, &str)], begin: usize, depth: usize) -> usize {
    let mut now = depth;
    for (at, (_, code)) in lines.iter().enumerate().skip(begin) {
        now = after(now, code);
        if now <= depth && (code.contains('}') || at > begin) {
            return at + 1;
        }
    }
    lines.len()
}

/// The body of each function of a source, by its name.
pub(super) fn bodies_of(text: &str) -> Vec<(String, String)> {
    let code = code_of(text);
    let lines: Vec<(&str, &str)> = code.lines().map(|line| (line, line)).collect();
    let mut bodies = Vec::new();
    for (at, (line, _)) in lines.iter().enumerate() {
        if has_word(line, "fn")
            && let Some((Kind::Fn, _)) = kind_of(line.trim())
        {
            let item = item_of(Kind::Fn, line.trim().to_owned(), Vec::new());
            let open = lines[at..]
                .iter()
                .position(|(line, _)| line.contains(['{', ';']));
            let end = end_of(&lines, at + open.unwrap_or_default(), 0);
            let body = lines[at..end].iter().map(|(line, _)| format!("{line}\n"));
            bodies.push((item.name, body.collect()));
        }
    }
    bodies
}

#[cfg(test)]
mod tests;
