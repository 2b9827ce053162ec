//! A copy of the workspace, with all faults planted, and its build.

use super::{list::Entry, plant};
use crate::tools::{command, files, succeed, target};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The program that runs rules on a mutant.
const PROGRAM: &str = "mutant";

/// Copies, plants and builds; gives the path of the program.
pub(super) fn build(root: &Path, entries: &[&Entry]) -> Result<PathBuf, String> {
    let scratch = target(root).join("mutants");
    let copy = scratch.join("workspace");
    copy_planted(root, &copy, entries)?;
    let mut cargo = command(&copy);
    cargo
        .args([
            "build",
            "--quiet",
            "--package",
            "anyrt-conformance-programs",
        ])
        .args(["--bin", PROGRAM])
        .env("CARGO_TARGET_DIR", scratch.join("target"))
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        // Code with faults has unused variables, and worse.
        .env("RUSTFLAGS", "--cap-lints=allow")
        .env_remove("CARGO_MANIFEST_DIR");
    succeed(&mut cargo)
        .map_err(|error| format!("the copy in {} does not build: {error}", copy.display()))?;
    Ok(scratch.join("target/debug").join(PROGRAM))
}

/// Writes what differs only, so that the next build is a short one.
fn copy_planted(root: &Path, copy: &Path, entries: &[&Entry]) -> Result<(), String> {
    let mut patches: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for entry in entries {
        for patch in entry.place.patches() {
            let file = patches.entry(patch.file.as_str()).or_default();
            file.push((entry.name.as_str(), patch));
        }
    }
    let files = tracked(root)?;
    if let Some(file) = patches
        .keys()
        .find(|file| !files.iter().any(|one| one == *file))
    {
        return Err(format!("there is no {file}"));
    }
    forget_others(copy, &files)?;
    for file in &files {
        let content = fs::read(root.join(file)).map_err(|error| format!("{file}: {error}"))?;
        let content = match patches.get(file.as_str()) {
            Some(patches) => {
                let text = String::from_utf8_lossy(&content);
                let planted = plant::plant(&text, patches);
                let planted = planted.map_err(|error| format!("{file}: {error}"))?;
                planted.into_bytes()
            }
            None => content,
        };
        let content = match file.as_str() {
            "core/src/lib.rs" => [content, plant::SWITCH.as_bytes().to_vec()].concat(),
            _ => content,
        };
        let path = copy.join(file);
        if fs::read(&path).ok().as_ref() != Some(&content) {
            let folder = path.parent().unwrap_or(copy);
            fs::create_dir_all(folder)
                .and_then(|()| fs::write(&path, content))
                .map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    Ok(())
}

/// Removes what was copied before, and is no file of the project any more: it could be one of the copy's
/// packages or programs.
fn forget_others(copy: &Path, files: &[String]) -> Result<(), String> {
    let list = copy.with_extension("files");
    let before = fs::read_to_string(&list).unwrap_or_default();
    for gone in before
        .lines()
        .filter(|file| !files.iter().any(|one| one == file))
    {
        // Where it is not there, there is nothing to do.
        fs::remove_file(copy.join(gone)).ok();
    }
    let folder = copy.parent().unwrap_or(copy);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&list, files.join("\n")))
        .map_err(|error| format!("{}: {error}", list.display()))
}

/// The files of the project, without the benchmarks, a workspace of their own.
fn tracked(root: &Path) -> Result<Vec<String>, String> {
    let mut files = files(root)?;
    files.retain(|name| !name.starts_with("benches/"));
    Ok(files)
}
