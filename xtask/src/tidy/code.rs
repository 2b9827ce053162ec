//! Tells code from comments and strings, line by line.

/// The source with each comment replaced by blanks and the inside of each string by quotes.
/// Lines stay where they are, so line numbers hold.
pub(crate) fn code_of(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while let Some(&first) = chars.get(at) {
        let in_word = out.chars().next_back().is_some_and(is_word);
        let (len, fill) = token(&chars[at..], in_word);
        match fill {
            None => out.push(first),
            Some(fill) => {
                out.extend(
                    chars[at..at + len]
                        .iter()
                        .map(|&c| if c == '\n' { c } else { fill }),
                );
            }
        }
        at += len;
    }
    out
}

/// Whether `word` stands in `line` by itself, not as a part of a longer name.
pub(super) fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        !line[..at].chars().next_back().is_some_and(is_word)
            && !line[at + word.len()..].chars().next().is_some_and(is_word)
    })
}

/// The names, keywords and numbers in a text.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| !is_word(c)).filter(|word| !word.is_empty())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of what `rest` starts with, and what replaces it if it is no code.
fn token(rest: &[char], in_word: bool) -> (usize, Option<char>) {
    match rest {
        ['/', '/', ..] => (rest.iter().take_while(|c| **c != '\n').count(), Some(' ')),
        ['/', '*', ..] => (block_comment(rest), Some(' ')),
        ['"', ..] => (string(rest, '"'), Some('"')),
        ['r' | 'b' | 'c', ..] if !in_word => match raw_string(rest) {
            Some(len) => (len, Some('"')),
            None => (1, None),
        },
        // A lifetime has no closing quote; a character literal has one, or an escape.
        ['\'', '\\', ..] | ['\'', _, '\'', ..] => (string(rest, '\''), Some('"')),
        _ => (1, None),
    }
}

fn block_comment(rest: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => {
                depth += 1;
                at += 2;
            }
            ['*', '/', ..] => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    break;
                }
            }
            _ => at += 1,
        }
    }
    at
}

fn string(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            c if c == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of `r"…"`, `br#"…"#` and the like.
fn raw_string(rest: &[char]) -> Option<usize> {
    let start = usize::from(matches!(rest, ['b' | 'c', ..]));
    if rest.get(start) != Some(&'r') {
        return None;
    }
    let hashes = rest[start + 1..].iter().take_while(|c| **c == '#').count();
    let open = start + 1 + hashes;
    if rest.get(open) != Some(&'"') {
        return None;
    }
    let closes = |at: &usize| {
        rest[*at] == '"'
            && rest[at + 1..]
                .iter()
                .take(hashes)
                .filter(|c| **c == '#')
                .count()
                == hashes
    };
    Some(
        (open + 1..rest.len())
            .find(closes)
            .map_or(rest.len(), |at| at + 1 + hashes),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_no_code() {
        for hidden in [
            "// unsafe",
            "/// unsafe",
            "/* a /* unsafe */ unsafe */",
            "let a = \"unsafe \\\" unsafe\";",
            "let a = r#\"unsafe \" unsafe\"#;",
            "let a = br\"unsafe\";",
            "let a = c\"unsafe\";",
            "let a = ('\"', \"unsafe\", '\\'', \"unsafe\");",
        ] {
            assert!(
                !has_word(&code_of(hidden), "unsafe"),
                "{hidden}: {}",
                code_of(hidden)
            );
        }
    }

    #[test]
    fn code_is_code() {
        for shown in [
            "unsafe { }",
            "fn f<'a>(a: &'a str) { unsafe {} } // '",
            "let c = '\"'; unsafe {}",
            "let c = '\\\\'; unsafe {}",
            "let s = \"\\\\\"; unsafe {}",
            "let s = r\"\\\"; unsafe {}",
            "let r#type = 1; unsafe {}",
            "/* */ unsafe {}",
            "1 / 2; unsafe {}",
        ] {
            assert!(
                has_word(&code_of(shown), "unsafe"),
                "{shown}: {}",
                code_of(shown)
            );
        }
    }

    #[test]
    fn words_have_edges() {
        assert!(!has_word("#![deny(unsafe_code)]", "unsafe"));
        assert!(!has_word("not_unsafe", "unsafe"));
        assert!(has_word("(unsafe)", "unsafe"));
    }

    #[test]
    fn lines_stay() {
        let source = "a\n/* b\nc */\n\"d\ne\"\nf";
        assert_eq!(code_of(source).lines().count(), source.lines().count());
        assert!(code_of(source).ends_with("\nf"));
    }
}
