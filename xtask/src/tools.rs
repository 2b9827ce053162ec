//! The tools that checks call.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// The cargo that runs this program, so that one toolchain does every step.
pub(crate) fn command(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// Where that cargo puts what it builds.
pub(crate) fn target(root: &Path) -> PathBuf {
    root.join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// The project's files: those that are tracked, or would be after `git add`.
pub(crate) fn files(root: &Path) -> Result<Vec<String>, String> {
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
        let problem = String::from_utf8_lossy(&output.stderr);
        return Err(format!("git ls-files: {problem}"));
    }
    let names = String::from_utf8_lossy(&output.stdout);
    let names = names.split_terminator('\0');
    // One that is deleted, and not yet so in the index, is still listed.
    let names = names.filter(|name| root.join(name).is_file());
    Ok(names.map(str::to_owned).collect())
}
