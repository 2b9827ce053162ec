//! `cargo xtask tidy`: what a reader would complain of, and no compiler does.

mod cancel;
mod checks;
mod code;
mod items;

pub(crate) use code::tokens_of;

use crate::tools::{files, replace};
use code::Token;
use proc_macro2::TokenStream;
use std::{cell::OnceCell, fs, path::Path};

/// A file of the project.
pub(crate) struct File {
    /// Relative to the root, with `/`.
    path: String,
    text: String,
    /// Of a source: its tokens, as they nest.
    code: TokenStream,
    /// The same, one after another, once they are asked for.
    tokens: OnceCell<Vec<Token>>,
}

impl File {
    fn new(path: &str, text: &str) -> Result<Self, String> {
        let code = match path.ends_with(".rs") {
            true => code::stream_of(text).map_err(|problem| format!("{path}:{problem}"))?,
            false => TokenStream::new(),
        };
        Ok(Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code,
            tokens: OnceCell::new(),
        })
    }

    fn tokens(&self) -> &[Token] {
        self.tokens.get_or_init(|| code::flat(&self.code))
    }

    /// The places where these tokens stand one after another.
    fn places(&self, wanted: &str) -> impl Iterator<Item = String> {
        let found = code::find(self.tokens(), wanted);
        found.map(|at| format!("{}:{}", self.path, self.tokens()[at].line()))
    }
}

/// Brings up to date what is made from the sources.
pub(crate) fn write(root: &Path) -> Result<(), String> {
    let (table, _) = cancel::made_of(&load(root)?)?;
    replace(&root.join(cancel::PAPER), cancel::BLOCK, &table)
}

/// Runs every check and lists all that they found.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let files = load(root)?;
    let problems: Vec<String> = checks::ALL.iter().flat_map(|check| check(&files)).collect();
    if problems.is_empty() {
        println!("tidy: {} files, {} checks", files.len(), checks::ALL.len());
        return Ok(());
    }
    for problem in &problems {
        eprintln!("{problem}");
    }
    Err(format!("tidy: {} problems", problems.len()))
}

/// Reads the text files.
fn load(root: &Path) -> Result<Vec<File>, String> {
    let is_text = |path: &String| {
        [".rs", ".md", ".toml"]
            .iter()
            .any(|end| path.ends_with(end))
    };
    let paths = files(root)?.into_iter().filter(is_text);
    paths
        .map(|path| match fs::read_to_string(root.join(&path)) {
            Ok(text) => File::new(&path, &text),
            Err(error) => Err(format!("{path}: {error}")),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_found() {
        let files = load(&crate::root()).unwrap();
        for path in [
            "Cargo.toml",
            "README.md",
            "core/src/lib.rs",
            "xtask/src/tidy/mod.rs",
        ] {
            assert!(
                files.iter().any(|file| file.path == path),
                "{path} is not among the files"
            );
        }
    }

    #[test]
    fn outside_a_repository_is_an_error() {
        assert!(load(Path::new("/")).is_err());
    }
}
