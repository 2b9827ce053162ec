//! Plants faults in sources, each under a switch, so that one build has them all.

use super::list::Patch;
use crate::tidy::tokens_of;
use std::ops::Range;

/// Stands for the question whether the fault is on.
const QUESTION: &str = "PLANTED";

/// What answers the question, once in the core of the copy.
pub(super) const SWITCH: &str = r#"
#[doc(hidden)]
pub mod planted {
    pub fn is(name: &str) -> bool {
        static ON: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
        ON.get_or_init(|| std::env::var("ANYRT_PLANTED").ok()).as_deref() == Some(name)
    }
}
"#;

/// Where a patch goes.
struct Spot<'a> {
    span: Range<usize>,
    name: &'a str,
    patch: &'a Patch,
}

/// The text with all the patches of this file.
pub(super) fn plant(text: &str, patches: &[(&str, &Patch)]) -> Result<String, String> {
    let mut spots = Vec::new();
    for (name, patch) in patches {
        let span = locate(text, patch).map_err(|error| format!("`{name}`: {error}"))?;
        spots.push(Spot { span, name, patch });
    }
    // The outer before the inner.
    spots.sort_by_key(|spot| (spot.span.start, usize::MAX - spot.span.end));
    render(text, 0..text.len(), &spots)
}

/// The one place of what a patch replaces.
fn locate(text: &str, patch: &Patch) -> Result<Range<usize>, String> {
    let tokens = tokens_of(text)?;
    let brackets = tokens.iter().filter(|one| matches!(&*one.text, "{" | "}"));
    let brackets: Vec<_> = brackets
        .map(|one| (one.text == "{", one.span.byte_range().end))
        .collect();
    let mut range = 0..text.len();
    for anchor in &patch.within {
        let found = find_once(text, range, anchor)?;
        range = found.start..block_end(&brackets, found.start)?;
    }
    find_once(text, range, &patch.find)
}

/// The place where `needle` stands in the range, if that is one; white space does not count.
fn find_once(text: &str, range: Range<usize>, needle: &str) -> Result<Range<usize>, String> {
    let solid = |text: &str| -> Vec<(usize, char)> {
        let all = text.char_indices();
        all.filter(|(_, c)| !c.is_whitespace()).collect()
    };
    let (hay, needle_chars) = (solid(&text[range.clone()]), solid(needle));
    let same = |window: &&[(usize, char)]| {
        let pairs = window.iter().zip(&needle_chars);
        pairs.into_iter().all(|(have, want)| have.1 == want.1)
    };
    let found: Vec<_> = hay
        .windows(needle_chars.len().max(1))
        .filter(same)
        .collect();
    let shown = needle.trim();
    match found.as_slice() {
        [one] => {
            let (first, last) = (one[0], one[one.len() - 1]);
            let start = range.start + first.0;
            Ok(start..range.start + last.0 + last.1.len_utf8())
        }
        found => Err(format!("found {} times, want once: {shown}", found.len())),
    }
}

/// Where the block ends that opens after `from`, by where brackets open and close.
fn block_end(brackets: &[(bool, usize)], from: usize) -> Result<usize, String> {
    let mut depth = 0usize;
    for (opens, end) in brackets.iter().filter(|(_, end)| *end > from) {
        match (opens, depth) {
            (true, _) => depth += 1,
            (false, 0 | 1) => return Ok(*end),
            (false, _) => depth -= 1,
        }
    }
    Err("no block opens there".to_owned())
}

fn render(text: &str, range: Range<usize>, spots: &[Spot<'_>]) -> Result<String, String> {
    let (mut out, mut at, mut rest) = (String::new(), range.start, spots);
    while let [spot, ..] = rest {
        let span = spot.span.clone();
        if span.end > range.end {
            return Err(format!("`{}` overlaps with another", spot.name));
        }
        let same = rest.iter().take_while(|other| other.span == span).count();
        let inside = rest.iter().take_while(|other| other.span.start < span.end);
        let inside = inside.count();
        out += &text[at..span.start];
        let was = render(text, span.clone(), &rest[same..inside])?;
        out += &switched(&was, &rest[..same], inside > same)?;
        at = span.end;
        rest = &rest[inside..];
    }
    out += &text[at..range.end];
    Ok(out)
}

/// What was there, and what takes its place.
fn switched(was: &str, spots: &[Spot<'_>], holds_others: bool) -> Result<String, String> {
    let mut out = was.to_owned();
    for Spot { name, patch, .. } in spots {
        let krate = match patch.file.starts_with("core/") {
            true => "crate",
            false => "::anyrt_core",
        };
        let question = format!("{krate}::planted::is({name:?})");
        let instead = patch.replace.trim();
        if instead.contains(QUESTION) {
            if spots.len() > 1 || holds_others {
                return Err(format!("`{name}` replaces what others change, too"));
            }
            return Ok(instead.replace(QUESTION, &question));
        }
        let either = format!("if {question} {{ {instead} }} else {{ {out} }}");
        let statements = was.trim_end().ends_with([';', '}']);
        out = match statements {
            true => either,
            false => format!("({either})"),
        };
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(within: &[&str], find: &str, replace: &str) -> Patch {
        Patch {
            file: "core/src/x.rs".into(),
            within: within.iter().map(|anchor| (*anchor).to_owned()).collect(),
            find: find.into(),
            replace: replace.into(),
        }
    }

    const TEXT: &str = "fn a() {\n    one(1);\n    two( 2 );\n}\nfn b() {\n    one(1);\n}\n";

    #[test]
    fn a_statement_is_left_out() {
        let planted = plant(TEXT, &[("x", &patch(&[], "two(2);", ""))]).unwrap();
        let line = r#"if crate::planted::is("x") {  } else { two( 2 ); }"#;
        assert_eq!(planted, TEXT.replace("two( 2 );", line));
    }

    #[test]
    fn an_expression_is_put_in_brackets() {
        let planted = plant("f(1 + 2)", &[("x", &patch(&[], "1+2", "3"))]).unwrap();
        assert_eq!(
            planted,
            r#"f((if crate::planted::is("x") { 3 } else { 1 + 2 }))"#
        );
    }

    #[test]
    fn what_is_found_twice_or_never_is_an_error() {
        for find in ["one(1);", "three"] {
            let error = plant(TEXT, &[("x", &patch(&[], find, ""))]).unwrap_err();
            assert!(error.contains("`x`: found"), "{error}");
        }
        let within = patch(&["fn b"], "one(1);", "");
        let planted = plant(TEXT, &[("x", &within)]).unwrap();
        assert!(planted.starts_with("fn a() {\n    one(1);"), "{planted}");
        assert!(plant(TEXT, &[("x", &patch(&["fn b"], "two(2);", ""))]).is_err());
    }

    #[test]
    fn faults_nest_and_share_a_place() {
        let (outer, inner) = (patch(&[], "two(2);", "a();"), patch(&[], "2", "3"));
        let planted = plant(TEXT, &[("x", &inner), ("y", &outer), ("z", &outer)]).unwrap();
        for name in ["x", "y", "z"] {
            assert_eq!(planted.matches(&format!("is({name:?})")).count(), 1);
        }
        assert!(planted.contains(r#"two( (if crate::planted::is("x") { 3 } else { 2 }) );"#));
        let across = patch(&[], "1);two(", "");
        assert!(plant(TEXT, &[("x", &across), ("y", &outer)]).is_err());
    }

    #[test]
    fn a_question_replaces_as_it_is() {
        let guard = patch(&["fn b"], "one(1);", "one(if PLANTED { 7 } else { 1 });");
        let planted = plant(TEXT, &[("x", &guard)]).unwrap();
        assert!(planted.contains(r#"one(if crate::planted::is("x") { 7 } else { 1 });"#));
    }
}
