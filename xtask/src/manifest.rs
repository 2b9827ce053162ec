//! What the checks read from a `Cargo.toml`, without a TOML parser, and from `rustc --version`.

/// The lines of a table such as `[features]`, up to the next table.
fn table<'a>(manifest: &'a str, name: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let header = format!("[{name}]");
    manifest
        .lines()
        .map(str::trim)
        .skip_while(move |line| *line != header)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim(), value.trim()))
}

/// The features that a package declares, without `default`.
pub(crate) fn features(manifest: &str) -> Vec<String> {
    table(manifest, "features")
        .map(|(key, _)| key.trim_matches('"').to_owned())
        .filter(|key| key != "default")
        .collect()
}

/// The workspace's `rust-version`.
pub(crate) fn rust_version(manifest: &str) -> Option<&str> {
    table(manifest, "workspace.package")
        .find(|(key, _)| *key == "rust-version")
        .map(|(_, value)| value.trim_matches('"'))
}

/// Whether the package takes its lints from the workspace.
pub(crate) fn inherits_lints(manifest: &str) -> bool {
    table(manifest, "lints").any(|entry| entry == ("workspace", "true"))
}

/// The names in all tables of dependencies: of the workspace, of development, of a target.
pub(crate) fn dependencies(manifest: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    manifest.lines().map(str::trim).filter_map(move |line| {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]");
            return None;
        }
        let key = line.split(['=', '.']).next()?.trim();
        (inside && !key.is_empty() && !key.starts_with('#')).then_some(key)
    })
}

/// Checks that the toolchain is the one the manifest promises, so that passing the checks
/// proves the MSRV, and that the README names it.
pub(crate) fn check_msrv(manifest: &str, rustc: &str, readme: &str) -> Result<(), String> {
    let msrv = rust_version(manifest).ok_or("Cargo.toml has no `rust-version`")?;
    let used = rustc.split_whitespace().nth(1).unwrap_or_default();
    if used != msrv && !used.starts_with(&format!("{msrv}.")) {
        return Err(format!(
            "`rust-version` is {msrv}, but the checks ran on `{rustc}`"
        ));
    }
    let named: Vec<&str> = readme
        .lines()
        .filter(|line| line.contains("MSRV"))
        .collect();
    let right = |line: &&str| {
        line.split(|c: char| !c.is_ascii_digit() && c != '.')
            .any(|word| word.trim_end_matches('.') == msrv)
    };
    if named.is_empty() || !named.iter().all(right) {
        return Err(format!(
            "README.md must name the MSRV, {msrv}, wherever it says MSRV"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "\
[workspace.package]
rust-version = \"1.95\"

[features]
## A comment = with an equals sign.
default = []
tokio = [\"dep:a\"]
async-std = [\"dep:b\"]

[lints]
workspace = true
";

    #[test]
    fn features_are_read() {
        assert_eq!(features(MANIFEST), ["tokio", "async-std"]);
        assert!(features("[package]\nname = \"x\"\n").is_empty());
    }

    #[test]
    fn dependencies_are_read() {
        let manifest = "\
[workspace.dependencies]
a = \"1\"
# b = \"1\"
[package]
c = \"1\"
[dependencies]
d.workspace = true

[target.'cfg(loom)'.dependencies]
e = { version = \"1.0\" }
[lints]
f = true
[dev-dependencies]
g = \"1\"
";
        assert!(dependencies(manifest).eq(["a", "d", "e", "g"]));
    }

    #[test]
    fn lints_are_read() {
        assert!(inherits_lints(MANIFEST));
        assert!(!inherits_lints(
            "[package]\nname = \"x\"\n[dependencies]\nworkspace = true\n"
        ));
    }

    #[test]
    fn msrv_is_the_toolchain_and_the_readme() {
        let readme = "The MSRV is Rust 1.95.";
        assert_eq!(
            check_msrv(MANIFEST, "rustc 1.95.0 (abc 2026-04-01)", readme),
            Ok(())
        );
        for (rustc, readme) in [
            ("rustc 1.96.0 (abc)", readme),
            ("rustc 1.9.5 (abc)", readme),
            ("rustc 1.950.0 (abc)", readme),
            ("", readme),
            ("rustc 1.95.0 (abc)", "The MSRV is Rust 1.94."),
            ("rustc 1.95.0 (abc)", "The MSRV is Rust 11.95."),
            ("rustc 1.95.0 (abc)", "It needs Rust 1.95."),
        ] {
            assert!(
                check_msrv(MANIFEST, rustc, readme).is_err(),
                "{rustc:?} {readme:?}"
            );
        }
        assert!(check_msrv("[package]\n", "rustc 1.95.0 (abc)", readme).is_err());
    }
}
