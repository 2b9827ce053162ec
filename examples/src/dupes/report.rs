//! The report: as text or as JSON, the same byte for byte for the same files.

use crate::{
    dupes::{Findings, Group, file::Found},
    text::{amount, shown},
};
use serde::Serialize;
use std::{
    fmt::{Display, Write as _},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// A path's bytes, in ASCII and UTF-8: `\xff` for a byte that is not UTF-8, `\\` for `\`.
pub fn escaped(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(&chunk.valid().replace('\\', r"\\"));
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(text, r"\x{byte:02x}");
        }
    }
    text
}

/// Bytes for people.
pub fn bytes(count: u64) -> impl Display {
    indicatif::BinaryBytes(count)
}

fn hex(digest: &[u8; 32]) -> impl Display {
    blake3::Hash::from_bytes(*digest).to_hex()
}

fn wasted(groups: &[Group]) -> u64 {
    groups
        .iter()
        .fold(0, |sum, group| sum.saturating_add(group.wasted()))
}

fn superfluous(groups: &[Group]) -> usize {
    groups.iter().map(|group| group.files.len() - 1).sum()
}

/// Writes the report for people.
///
/// # Errors
/// Those of writing.
pub fn text(findings: &Findings, out: &mut impl Write) -> io::Result<()> {
    for group in &findings.groups {
        let Group {
            size,
            digest,
            files,
        } = group;
        let (each, wasted) = (bytes(*size), bytes(group.wasted()));
        writeln!(
            out,
            "{wasted} wasted: {} files of {each}, blake3 {}",
            files.len(),
            hex(digest)
        )?;
        for file in files {
            writeln!(out, "  {}", shown(&file.path()))?;
            for link in &file.links {
                writeln!(out, "    hard link: {}", shown(link))?;
            }
        }
        writeln!(out)?;
    }
    let wasted = wasted(&findings.groups);
    writeln!(
        out,
        "total: {}, {}, {} ({}) wasted, {} looked at",
        amount(findings.groups.len() as u64, "group"),
        amount(superfluous(&findings.groups) as u64, "superfluous file"),
        amount(wasted, "byte"),
        bytes(wasted),
        amount(findings.files, "file"),
    )
}

/// Writes the report for programs.
///
/// A path that is not UTF-8 has, besides `path`, a field `path_escaped` that loses nothing:
/// see [`escaped`].
///
/// # Errors
/// Those of writing.
pub fn json(findings: &Findings, out: &mut impl Write) -> io::Result<()> {
    let report = JsonReport {
        groups: findings.groups.iter().map(JsonGroup::new).collect(),
        total: JsonTotal {
            groups: findings.groups.len(),
            superfluous_files: superfluous(&findings.groups),
            wasted_bytes: wasted(&findings.groups),
            files: findings.files,
            files_below_min_size: findings.small,
            warnings: findings.warnings(),
        },
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

#[derive(Serialize)]
struct JsonReport {
    groups: Vec<JsonGroup>,
    total: JsonTotal,
}

#[derive(Serialize)]
struct JsonTotal {
    groups: usize,
    superfluous_files: usize,
    wasted_bytes: u64,
    files: u64,
    files_below_min_size: u64,
    warnings: usize,
}

#[derive(Serialize)]
struct JsonGroup {
    size: u64,
    wasted: u64,
    blake3: String,
    files: Vec<JsonFile>,
}

impl JsonGroup {
    fn new(group: &Group) -> Self {
        Self {
            size: group.size,
            wasted: group.wasted(),
            blake3: hex(&group.digest).to_string(),
            files: group.files.iter().map(|file| JsonFile::new(file)).collect(),
        }
    }
}

#[derive(Serialize)]
struct JsonFile {
    #[serde(flatten)]
    path: JsonPath,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hard_links: Vec<JsonPath>,
}

impl JsonFile {
    fn new(file: &Found) -> Self {
        let hard_links = file
            .links
            .iter()
            .map(|link| JsonPath::new(link.clone()))
            .collect();
        Self {
            path: JsonPath::new(file.path()),
            hard_links,
        }
    }
}

#[derive(Serialize)]
struct JsonPath {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_escaped: Option<String>,
}

impl JsonPath {
    fn new(path: PathBuf) -> Self {
        match path.into_os_string().into_string() {
            Ok(path) => Self {
                path,
                path_escaped: None,
            },
            Err(path) => Self {
                path: path.to_string_lossy().into_owned(),
                path_escaped: Some(escaped(Path::new(&path))),
            },
        }
    }
}
