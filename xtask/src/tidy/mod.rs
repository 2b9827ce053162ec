//! `cargo xtask tidy`: what a reader would complain of, and no compiler does.

mod cancel;
mod checks;
mod code;
mod items;

pub(crate) use code::code_of;

use crate::tools::{files, replace};
use std::{fs, path::Path};

/// A file of the project.
pub(crate) struct File {
    /// Relative to the root, with `/`.
    path: String,
    text: String,
}

/// Brings up to date what is made from the sources.
pub(crate) fn write(root: &Path) -> Result<(), String> {
    let (table, _) = cancel::made_of(&load(root)?);
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
            Ok(text) => Ok(File { path, text }),
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
