//! Finds a text in all files, level by level of the tree, many at a time, through the cache. Directories are searched
//! where they are, and not where links lead to them: those may be in themselves.

use super::{
    Server,
    disk::{Answer, PIECE},
    refused::Refused,
};
use anyrt::{Runtime, map_concurrent};
use serde::Serialize;
use std::{path::PathBuf, sync::Arc};

/// So many lines are found, at most.
const MOST: usize = 100;
/// So much is shown of each.
const SHOWN: usize = 200;

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct Found {
    /// The lines, in the order of their paths, those of a directory before those below it.
    pub lines: Vec<Line>,
    /// Whether there may be more.
    pub more: bool,
    /// How many files were looked at.
    pub files: usize,
    /// How many were not, for they are too large, or no text.
    pub skipped: usize,
}

/// A line that has the text in it.
#[derive(Debug, Serialize)]
pub struct Line {
    /// The file.
    pub path: String,
    /// Counted from 1.
    pub line: usize,
    /// The beginning of it.
    pub text: String,
}

/// Where to look.
struct Place {
    path: PathBuf,
    /// What is below it is looked at, too.
    directory: bool,
}

/// What is at a path, as far as it is of use here.
enum Looked {
    Lines(Vec<Line>),
    Below(Vec<Place>),
    Skipped,
}

/// Searches; the request's timeout ends it where that takes too long.
///
/// # Errors
/// [`Refused::Disk`]: half of what there is must not look whole.
pub async fn search<R: Runtime>(server: &Arc<Server<R>>, text: String) -> Result<Found, Refused> {
    let (mut found, text) = (Found::default(), Arc::<str>::from(text));
    let mut level = vec![Place {
        path: PathBuf::new(),
        directory: true,
    }];
    while !level.is_empty() && !found.more {
        let look = |place| look(server.clone(), place, text.clone());
        let mut looked = map_concurrent(&server.rt, level, look).ordered();
        let mut below = Vec::new();
        while let Some(one) = looked.next().await {
            let one = one.map_err(|error| error.into_error().unwrap_or(Refused::TooBusy))?;
            match one {
                Looked::Below(places) => below.extend(places),
                Looked::Skipped => found.skipped += 1,
                Looked::Lines(lines) => {
                    found.files += 1;
                    found.lines.extend(lines);
                }
            }
            if found.lines.len() > MOST {
                found.lines.truncate(MOST);
                found.more = true;
                break;
            }
        }
        level = below;
    }
    Ok(found)
}

async fn look<R: Runtime>(
    server: Arc<Server<R>>,
    Place { path, directory }: Place,
    text: Arc<str>,
) -> Result<Looked, Refused> {
    Ok(match server.store.get(&path).await? {
        Answer::Directory(_) if !directory => Looked::Below(Vec::new()),
        Answer::Directory(entries) => {
            let below = entries.iter().map(|entry| Place {
                path: path.join(&entry.name),
                directory: entry.directory,
            });
            Looked::Below(below.collect())
        }
        Answer::File(piece) if piece.len <= PIECE => match std::str::from_utf8(&piece.bytes) {
            Ok(content) => Looked::Lines(lines_with(&text, content, &path.to_string_lossy())),
            Err(_) => Looked::Skipped,
        },
        Answer::File(_) | Answer::Nothing => Looked::Skipped,
    })
}

/// One more than are shown, by which it is known that there are more.
fn lines_with(text: &str, content: &str, path: &str) -> Vec<Line> {
    let lines = (1..).zip(content.lines());
    let lines = lines.filter(|(_, line)| line.contains(text));
    let found = lines.take(MOST + 1).map(|(number, line)| Line {
        path: path.to_owned(),
        line: number,
        text: line.chars().take(SHOWN).collect(),
    });
    found.collect()
}
