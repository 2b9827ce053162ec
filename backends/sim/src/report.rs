//! What a check that failed says: why, and how to see it again.

use crate::{replay, replay::Replay, sim::Run};
use std::{borrow::Cow, env, ffi::OsStr, fmt, fs, path::PathBuf};

pub(crate) struct Report<'a> {
    replay: &'a Replay,
    seeds: u64,
    run: &'a Run,
}

/// Where pages and long replays go.
const FOLDER: &str = "ANYRT_SIM_FOLDER";

/// Without one of the caller's, one for each package: two that have tests of the same name do not share it.
fn folder() -> PathBuf {
    if let Some(folder) = env::var_os(FOLDER) {
        return folder.into();
    }
    let package = env::var_os("CARGO_PKG_NAME");
    let package = package.unwrap_or_else(|| {
        let program = env::current_exe().ok();
        let name = program.as_deref().and_then(|path| path.file_stem());
        name.unwrap_or(OsStr::new("tests")).to_owned()
    });
    env::temp_dir().join("anyrt-sim").join(package)
}

/// A replay that is longer than this goes into a file.
const LINE: usize = 400;

impl<'a> Report<'a> {
    pub(crate) fn new(replay: &'a Replay, seeds: u64, run: &'a Run) -> Self {
        Self { replay, seeds, run }
    }

    /// Keeps something beside the others of its kind; `None` where that is impossible.
    fn keep(&self, extension: &str, text: &str) -> Option<PathBuf> {
        let folder = folder();
        let test = self
            .replay
            .test()
            .replace(|char: char| !char.is_ascii_alphanumeric(), "-");
        let path = folder.join(format!("{test}-{}.{extension}", self.replay.seed));
        fs::create_dir_all(&folder).ok()?;
        fs::write(&path, text).ok()?;
        Some(path)
    }

    fn again(&self) -> String {
        let replay = self.replay.to_string();
        if replay.len() > LINE
            && let Some(path) = self.keep("replay", &replay)
        {
            return again(&format!("@{}", path.display()), self.replay.test());
        }
        again(&replay, self.replay.test())
    }
}

/// How a run of that test is seen again.
pub(crate) fn again(replay: &str, test: &str) -> String {
    let variable = format!("{}={}", replay::VARIABLE, quoted(replay));
    let begin = "See it again, with its timeline:";
    if test == replay::MAIN {
        return format!("{begin} run the same program again with\n  {variable}");
    }
    let package = env::var("CARGO_PKG_NAME").map(|name| format!(" -p {name}"));
    let package = package.unwrap_or_default();
    let test = quoted(test);
    format!("{begin}\n  {variable} cargo test{package} {test} -- --exact --nocapture")
}

/// As a shell takes for one word.
fn quoted(text: &str) -> Cow<'_, str> {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "_-+=:,./@%".contains(char);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.into(),
        false => format!("'{}'", text.replace('\'', r"'\''")).into(),
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seed, seeds) = (self.replay.seed, self.seeds);
        write!(f, "seed {seed} of {seeds}{}", self.run.story())?;
        let steps = match self.run.steps {
            1 => "1 step".to_owned(),
            steps => format!("{steps} steps"),
        };
        let surprises = match self.replay.surprises() {
            0 => "no choice that is".to_owned(),
            1 => "1 choice that is".to_owned(),
            surprises => format!("{surprises} choices that are"),
        };
        write!(
            f,
            "\n\n{steps}, with {surprises} not the first in line. {}",
            self.again()
        )?;
        let title = format!("{}, seed {seed}", self.replay.test());
        if let Some(path) = self.keep("html", &self.run.to_html(&title)) {
            write!(f, "\nor look at it:\n  {}", path.display())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_split_is_quoted() {
        assert_eq!(quoted("v1:2:3:ff:4=5,6=7:a::b"), "v1:2:3:ff:4=5,6=7:a::b");
        assert_eq!(quoted("@/my folder/x"), "'@/my folder/x'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
        let text = again("7", "src/lib.rs - f (line 3)");
        assert!(
            text.contains(" 'src/lib.rs - f (line 3)' -- --exact"),
            "{text}"
        );
    }

    #[test]
    fn a_program_that_is_no_test_is_run_again() {
        let text = "See it again, with its timeline: run the same program again with\n  ANYRT_SIM_REPLAY=7";
        assert_eq!(again("7", replay::MAIN), text);
    }
}
