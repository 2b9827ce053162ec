//! What a check that failed says: why, and how to see it again.

use crate::{replay, replay::Replay, sim::Run};
use std::{env, fmt, fs, path::PathBuf};

pub(crate) struct Report<'a> {
    replay: &'a Replay,
    seeds: u64,
    case: &'a str,
    run: &'a Run,
}

/// A replay that is longer than this goes into a file.
const LINE: usize = 400;

impl<'a> Report<'a> {
    pub(crate) fn new(replay: &'a Replay, seeds: u64, case: &'a str, run: &'a Run) -> Self {
        Self {
            replay,
            seeds,
            case,
            run,
        }
    }

    /// Keeps something beside the others of its kind; `None` where that is impossible.
    fn keep(&self, extension: &str, text: &str) -> Option<PathBuf> {
        let folder = env::temp_dir().join("anyrt-sim");
        let test = self
            .replay
            .test()
            .replace(|char: char| !char.is_ascii_alphanumeric(), "-");
        let path = folder.join(format!("{test}-{}.{extension}", self.replay.seed));
        fs::create_dir_all(&folder).ok()?;
        fs::write(&path, text).ok()?;
        Some(path)
    }

    fn command(&self) -> String {
        let mut replay = self.replay.to_string();
        if replay.len() > LINE
            && let Some(path) = self.keep("replay", &replay)
        {
            replay = format!("@{}", path.display());
        }
        let package = env::var("CARGO_PKG_NAME").map(|name| format!(" -p {name}"));
        let package = package.unwrap_or_default();
        let test = match self.replay.test() {
            // libtest runs a single thread's tests on the main one, whose name says nothing.
            "main" => String::new(),
            test => format!(" {test} -- --exact --nocapture"),
        };
        format!("{}={replay} cargo test{package}{test}", replay::VARIABLE)
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seed, seeds) = (self.replay.seed, self.seeds);
        write!(f, "seed {seed} of {seeds}{}: ", self.case)?;
        if let Some(failure) = &self.run.failure {
            write!(f, "{failure}")?;
        }
        let (steps, surprises) = (self.run.steps, self.replay.surprises());
        write!(
            f,
            "\n\n{steps} steps, with {surprises} choices that are not the first in line. See it again, with its timeline:\n  {}",
            self.command()
        )?;
        let title = format!("{}, seed {seed}", self.replay.test());
        if let Some(path) = self.keep("html", &self.run.to_html(&title)) {
            write!(f, "\nor look at it:\n  {}", path.display())?;
        }
        Ok(())
    }
}
