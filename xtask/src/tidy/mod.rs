//! `cargo xtask tidy`: what a reader would complain of, and no compiler does.

mod checks;
mod code;

pub(crate) use code::code_of;

use std::{fs, io, path::Path, process::Command};

/// A file of the project.
pub(crate) struct File {
    /// Relative to the root, with `/`.
    path: String,
    text: String,
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

/// Reads the text files that are tracked, or would be after `git add`.
fn load(root: &Path) -> Result<Vec<File>, String> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .map_err(|error| format!("git ls-files: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "git ls-files: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    let mut files = Vec::new();
    for path in String::from_utf8_lossy(&output.stdout).split_terminator('\0') {
        if !path.ends_with(".rs") && !path.ends_with(".md") && !path.ends_with(".toml") {
            continue;
        }
        match fs::read_to_string(root.join(path)) {
            Ok(text) => files.push(File {
                path: path.to_owned(),
                text,
            }),
            // Deleted, and not yet staged as such.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("{path}: {error}")),
        }
    }
    Ok(files)
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
