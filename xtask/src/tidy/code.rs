//! Sources as tokens: comments and docs are none, and a string is one.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use std::{collections::BTreeSet, str::FromStr};

/// A name, a literal, a bracket, or a character of an operator.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) span: Span,
}

impl Token {
    /// Where it begins, counted from 1.
    pub(super) fn line(&self) -> usize {
        self.span.start().line
    }
}

/// All tokens of a source, one after another.
pub(crate) fn tokens_of(source: &str) -> Result<Vec<Token>, String> {
    Ok(flat(&stream_of(source)?))
}

/// All tokens of a source, those in brackets within these.
pub(super) fn stream_of(source: &str) -> Result<TokenStream, String> {
    TokenStream::from_str(source).map_err(|error| {
        let line = error.span().start().line;
        format!("{line}: {error}")
    })
}

pub(super) fn flat(stream: &TokenStream) -> Vec<Token> {
    let mut tokens = Vec::new();
    flatten(stream.clone(), &mut tokens);
    tokens
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    let mut trees = stream.into_iter();
    while let Some(tree) = trees.next() {
        let span = tree.span();
        match tree {
            // Docs are `#[doc = ".."]`, or `#![..]`, where each token spans the whole comment.
            TokenTree::Punct(sign) if sign.as_char() == '#' && span.byte_range().len() > 1 => {
                trees.find(|tree| matches!(tree, TokenTree::Group(_)));
            }
            TokenTree::Group(group) => {
                let (open, close) = brackets(group.delimiter());
                tokens.push(token(open, group.span_open()));
                flatten(group.stream(), tokens);
                tokens.push(token(close, group.span_close()));
            }
            other => tokens.push(token(&other.to_string(), span)),
        }
    }
}

fn token(text: &str, span: Span) -> Token {
    let text = text.to_owned();
    Token { text, span }
}

fn brackets(delimiter: Delimiter) -> (&'static str, &'static str) {
    match delimiter {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::None => ("", ""),
    }
}

/// Where these tokens, parted by blanks, stand one after another.
pub(super) fn find(tokens: &[Token], wanted: &str) -> impl Iterator<Item = usize> {
    let wanted: Vec<&str> = wanted.split(' ').collect();
    let all = tokens.iter().enumerate();
    all.filter_map(move |(at, one)| {
        let here = || tokens[at..].iter().map(|one| &*one.text).take(wanted.len());
        (one.text == wanted[0] && here().eq(wanted.iter().copied())).then_some(at)
    })
}

/// Whether `word` stands in a text by itself, not as a part of a longer name.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    words(text).any(|one| one == word)
}

/// The names, keywords and numbers in a text.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.split(move |c| !is_word(c))
        .filter(|word| !word.is_empty())
}

/// The names that each function of a source has in it, by its own.
pub(super) fn functions_of(code: TokenStream) -> Vec<(String, BTreeSet<String>)> {
    let trees: Vec<TokenTree> = code.into_iter().collect();
    let mut functions = Vec::new();
    for (at, tree) in trees.iter().enumerate() {
        match (tree, trees.get(at + 1)) {
            (TokenTree::Group(group), _) => functions.extend(functions_of(group.stream())),
            (TokenTree::Ident(keyword), Some(TokenTree::Ident(name))) if keyword == "fn" => {
                let is_end = |tree: &TokenTree| match tree {
                    TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                    TokenTree::Punct(one) => one.as_char() == ';',
                    _ => false,
                };
                let end = trees[at..]
                    .iter()
                    .position(is_end)
                    .map_or(trees.len(), |end| at + end + 1);
                functions.push((
                    name.to_string(),
                    names(trees[at..end].iter().cloned().collect()),
                ));
            }
            _ => {}
        }
    }
    functions
}

/// All names and keywords.
pub(super) fn names(code: TokenStream) -> BTreeSet<String> {
    let names = code.into_iter().flat_map(|tree| match tree {
        TokenTree::Ident(name) => BTreeSet::from([name.to_string()]),
        TokenTree::Group(group) => names(group.stream()),
        _ => BTreeSet::new(),
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(source: &str, wanted: &str) -> bool {
        find(&tokens_of(source).unwrap(), wanted).next().is_some()
    }

    #[test]
    fn comments_and_strings_are_no_code() {
        for hidden in [
            "// unsafe",
            "/// unsafe",
            "//! unsafe",
            "/** unsafe */",
            "/* a /* unsafe */ unsafe */",
            "let a = \"unsafe \\\" unsafe\";",
            "let a = r#\"unsafe \" unsafe\"#;",
            "let a = br\"unsafe\";",
            "let a = c\"unsafe\";",
            "let a = ('\"', \"unsafe\", '\\'', \"unsafe\");",
        ] {
            assert!(!has(hidden, "unsafe"), "{hidden}");
        }
    }

    #[test]
    fn code_is_code() {
        for shown in [
            "unsafe { }",
            "/// A.\nunsafe { }",
            "fn f<'a>(a: &'a str) { unsafe {} } // '",
            "let c = '\"'; unsafe {}",
            "let c = '\\\\'; unsafe {}",
            "let s = \"\\\\\"; unsafe {}",
            "a![b(unsafe {})]",
        ] {
            assert!(has(shown, "unsafe"), "{shown}");
        }
        assert!(!has("my_unsafe unsafe_code r#unsafe", "unsafe"));
    }

    #[test]
    fn names_in_a_row_are_found_wherever_they_break() {
        for broken in ["a::b()", "a ::\n    b", "x(a::b)"] {
            assert!(has(broken, "a : : b"), "{broken}");
        }
        assert!(!has("a(b::c)", "a : : b"));
        assert!(!has("a", "a : : b"));
    }

    #[test]
    fn lines_are_counted() {
        let tokens = tokens_of("//! é\n\n/// B\na\n\"b\nc\"\n").unwrap();
        let lines: Vec<_> = tokens.iter().map(Token::line).collect();
        assert_eq!(lines, [4, 5]);
        assert_eq!(tokens[0].span.byte_range(), 14..15);
    }

    #[test]
    fn what_is_no_rust_is_an_error() {
        assert!(tokens_of("a\n}").unwrap_err().starts_with("2:"));
    }

    #[test]
    fn functions_end_with_their_brace() {
        let text = "fn a() {\n    b();\n}\npub fn b(\n    x: u8,\n) {\n    c!(x)\n}\nmake! { fn d() { \"e\"; } }";
        let functions = functions_of(stream_of(text).unwrap());
        let names = |at: usize| {
            functions[at]
                .1
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
        };
        assert_eq!(functions.len(), 3);
        assert_eq!(names(0), ["a", "b", "fn"]);
        assert_eq!(names(1), ["b", "c", "fn", "u8", "x"]);
        assert_eq!(names(2), ["d", "fn"]);
    }
}
