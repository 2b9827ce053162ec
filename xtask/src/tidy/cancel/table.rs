//! The table, as a reader sees it.

use super::{Operations, Row};
use std::fmt::Write;

/// A table for each package that has operations, and those that have no row.
pub(super) fn of(
    packages: &[(&str, &str, &[&str])],
    operations: &Operations,
    rows: &[Row],
    exempt: &[(&str, &str, &str)],
) -> String {
    let mut text = String::new();
    for (package, folder, _) in packages {
        let own = rows.iter().filter(|row| row.place.0.starts_with(folder));
        let mut own: Vec<_> = own.collect();
        own.sort_by(|one, other| one.place.cmp(&other.place));
        if own.is_empty() {
            continue;
        }
        text +=
            &format!("\n## {package}\n\n| operation | what is promised | test |\n|---|---|---|\n");
        for row in own {
            text += &line(row, operations);
        }
    }
    if !exempt.is_empty() {
        text += "\n## Without a row\n\n| operation | why |\n|---|---|\n";
    }
    for (file, path, reason) in exempt {
        let _ = writeln!(text, "| [`{path}`](../{file}) | {reason} |");
    }
    text + "\n"
}

fn line(row: &Row, operations: &Operations) -> String {
    let (file, path) = &row.place;
    let (module, name) = &row.test;
    let told = operations.told.get(&row.place);
    let promise = told.map_or("", |told| &told.promise).replace('|', "\\|");
    let covers = told
        .into_iter()
        .flat_map(|told| told.methods.iter().chain(&told.givers));
    let covers: Vec<_> = covers.map(|name| format!("`{name}`")).collect();
    let covers = match covers.is_empty() {
        true => String::new(),
        false => format!(": {}", covers.join(", ")),
    };
    let test = &row.file;
    format!("| [`{path}`](../{file}){covers} | {promise} | [`{module}::{name}`](../{test}) |\n")
}
