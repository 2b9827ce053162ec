//! The tools that checks call.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
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

/// Runs a command that has to succeed.
pub(crate) fn succeed(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?}: {status}")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

/// What a command prints that has to succeed. Where it does not, that is shown.
pub(crate) fn printed(command: &mut Command) -> Result<String, String> {
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("{command:?}: {error}"))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        print!("{stdout}");
        return Err(format!("{command:?}: {}", output.status));
    }
    Ok(stdout)
}

/// The project's files: those that are tracked, or would be after `git add`.
pub(crate) fn files(root: &Path) -> Result<Vec<String>, String> {
    let mut git = Command::new("git");
    git.args("ls-files -z --cached --others --exclude-standard".split(' '));
    let names = printed(git.current_dir(root))?;
    let names = names.split_terminator('\0');
    // One that is deleted, and not yet so in the index, is still listed.
    let names = names.filter(|name| root.join(name).is_file());
    Ok(names.map(str::to_owned).collect())
}

/// Replaces what lies between a file's markers.
pub(crate) fn replace(path: &Path, block: &str, content: &str) -> Result<(), String> {
    let at = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
    let text = fs::read_to_string(path).map_err(|error| at(&error))?;
    let replaced = with_block(&text, block, content).map_err(|problem| at(&problem))?;
    if replaced != text {
        fs::write(path, replaced).map_err(|error| at(&error))?;
        println!("updated {}", path.display());
    }
    Ok(())
}

/// The text, with other content between the markers.
pub(crate) fn with_block(text: &str, block: &str, content: &str) -> Result<String, String> {
    let (begin, end) = (
        format!("<!-- {block}:begin -->"),
        format!("<!-- {block}:end -->"),
    );
    let missing = |marker: &str| format!("there is no `{marker}`");
    let (before, rest) = text.split_once(&begin).ok_or_else(|| missing(&begin))?;
    let (_, after) = rest.split_once(&end).ok_or_else(|| missing(&end))?;
    Ok(format!("{before}{begin}\n{content}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_is_an_error() {
        let cargo = |args: &str| {
            let mut cargo = command(&crate::root());
            cargo.args(args.split(' '));
            cargo
        };
        let unknown = "a-command-that-is-not-there";
        assert!(succeed(&mut cargo(unknown)).is_err());
        assert!(printed(&mut cargo(unknown)).is_err());
        assert!(succeed(&mut Command::new("a-program-that-is-not-there")).is_err());
        assert!(printed(&mut Command::new("a-program-that-is-not-there")).is_err());
        assert_eq!(succeed(&mut cargo("--version")), Ok(()));
        assert!(printed(&mut cargo("--version")).is_ok_and(|text| text.starts_with("cargo ")));
    }

    #[test]
    fn a_block_is_replaced_and_the_rest_kept() {
        let text = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n";
        let replaced = with_block(text, "x", "new\n").unwrap();
        assert_eq!(replaced, "a\n<!-- x:begin -->\nnew\n<!-- x:end -->\nb\n");
        assert_eq!(with_block(&replaced, "x", "new\n").unwrap(), replaced);
        assert!(with_block("no markers", "x", "new").is_err());
    }
}
