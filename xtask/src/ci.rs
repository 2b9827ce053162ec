//! `cargo xtask ci`: every check, in order, up to the first that fails.

use crate::{
    manifest, mutants, tidy,
    tools::{self, printed, succeed, target},
};
use std::{env, fs, path::Path, process::Command, time::Instant};

/// A named check.
type Step<'a> = (String, Box<dyn Fn() -> Result<(), String> + 'a>);

/// Runs all steps and prints what each took; the error names the step that failed.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let steps = steps(root)?;
    let count = steps.len();
    for (index, (name, step)) in steps.iter().enumerate() {
        println!("\n[{}/{count}] {name}", index + 1);
        let start = Instant::now();
        let outcome = step();
        let secs = start.elapsed().as_secs_f64();
        match outcome {
            Ok(()) => println!("[{}/{count}] {name}: ok, {secs:.1} s", index + 1),
            Err(error) => {
                return Err(format!(
                    "xtask ci: step `{name}` failed after {secs:.1} s: {error}"
                ));
            }
        }
    }
    println!("\nxtask ci: all {count} steps passed");
    Ok(())
}

fn steps(root: &Path) -> Result<Vec<Step<'_>>, String> {
    let mut steps: Vec<Step<'_>> = vec![
        ("msrv".to_owned(), Box::new(move || msrv(root))),
        (
            "fmt".to_owned(),
            Box::new(move || cargo(root, "fmt --all --check")),
        ),
        ("tidy".to_owned(), Box::new(move || tidy::run(root))),
        clippy(root, "--workspace --all-features"),
    ];
    // Features only add: each alone, none, and all together must hold up.
    let mut facade = feature_sets(root, "Cargo.toml")?;
    facade.push(ONE_BACKEND.to_owned());
    let toolkit = feature_sets(root, "toolkit/Cargo.toml")?;
    let examples = feature_sets(root, "examples/Cargo.toml")?;
    for set in &facade {
        steps.push(clippy(root, &format!("-p anyrt {set}")));
    }
    for set in &toolkit {
        steps.push(clippy(root, &format!("-p anyrt-toolkit {set}")));
    }
    for set in &examples {
        steps.push(clippy(root, &format!("-p anyrt-examples {set}")));
    }
    steps.push(("rustdoc".to_owned(), Box::new(move || rustdoc(root))));
    // All features together are what `cargo test --workspace --all-features` runs.
    for set in facade.iter().filter(|set| *set != ALL) {
        let args = format!("test -p anyrt {set}");
        steps.push((args.clone(), Box::new(move || cargo(root, &args))));
    }
    steps.push(("loom".to_owned(), Box::new(move || loom(root))));
    steps.push((
        "mutants".to_owned(),
        Box::new(move || mutants::run(root, &["--full".to_owned()])),
    ));
    Ok(steps)
}

const ALL: &str = "--all-features";
/// What attributes do by default they do with one backend, which no set of one feature has.
const ONE_BACKEND: &str = "--no-default-features --features macros,toolkit,smol";

/// The flags for no feature, each alone, and all.
fn feature_sets(root: &Path, path: &str) -> Result<Vec<String>, String> {
    let features = manifest::features(&read(root, path)?);
    if features.is_empty() {
        return Err(format!(
            "{path}: no features found, so nothing would be checked"
        ));
    }
    let mut sets = vec!["--no-default-features".to_owned()];
    sets.extend(
        features
            .iter()
            .map(|one| format!("--no-default-features --features {one}")),
    );
    sets.push(ALL.to_owned());
    Ok(sets)
}

fn clippy<'a>(root: &'a Path, selection: &str) -> Step<'a> {
    let args = format!("clippy {selection} --all-targets -- -D warnings");
    (
        format!("clippy {selection}"),
        Box::new(move || cargo(root, &args)),
    )
}

fn rustdoc(root: &Path) -> Result<(), String> {
    let mut command = cargo_command(root, "doc --workspace --all-features --no-deps");
    command.env("RUSTDOCFLAGS", with_flag("RUSTDOCFLAGS", "-D warnings"));
    succeed(&mut command)
}

/// Runs the model-checked tests, which exist only under a flag. The toolkit's is one of its own: what its tests depend
/// on does not build under the other.
fn loom(root: &Path) -> Result<(), String> {
    loom_of(root, "anyrt-core", "loom")?;
    loom_of(root, "anyrt-toolkit", "anyrt_loom")
}

fn loom_of(root: &Path, package: &str, flag: &str) -> Result<(), String> {
    let mut command = cargo_command(root, &format!("test -p {package} --release --lib loom"));
    command
        .env(
            "RUSTFLAGS",
            with_flag("RUSTFLAGS", &format!("--cfg {flag}")),
        )
        // The flag would rebuild everything in the common directory, back and forth.
        .env("CARGO_TARGET_DIR", target(root).join(flag));
    let stdout = printed(&mut command)?;
    print!("{stdout}");
    match passed(&stdout) {
        0 => Err("no test ran; a filter that matches nothing must not pass".to_owned()),
        _ => Ok(()),
    }
}

/// The number of tests that passed, by the test harness's own account.
fn passed(stdout: &str) -> usize {
    stdout
        .lines()
        .filter_map(|line| {
            line.strip_prefix("test result: ok. ")?
                .split_once(" passed")
        })
        .filter_map(|(count, _)| count.parse::<usize>().ok())
        .sum()
}

fn msrv(root: &Path) -> Result<(), String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = printed(Command::new(rustc).arg("--version").current_dir(root))?;
    manifest::check_msrv(
        &read(root, "Cargo.toml")?,
        version.trim(),
        &read(root, "README.md")?,
    )
}

fn cargo(root: &Path, args: &str) -> Result<(), String> {
    succeed(&mut cargo_command(root, args))
}

fn cargo_command(root: &Path, args: &str) -> Command {
    let mut command = tools::command(root);
    command.args(args.split_whitespace());
    command
}

/// The flags of a variable, and one more.
fn with_flag(variable: &str, flag: &str) -> String {
    format!("{} {flag}", env::var(variable).unwrap_or_default())
        .trim()
        .to_owned()
}

fn read(root: &Path, path: &str) -> Result<String, String> {
    fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_that_ran_are_counted() {
        let none = "running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 9 filtered";
        assert_eq!(passed(none), 0);
        assert_eq!(passed(""), 0);
        assert_eq!(
            passed("test result: ok. 3 passed; 0 failed\ntest result: ok. 12 passed;"),
            15
        );
    }

    #[test]
    fn each_feature_is_a_set_of_its_own() {
        let sets = feature_sets(&crate::root(), "Cargo.toml").unwrap();
        for set in [
            "--no-default-features",
            "--no-default-features --features tokio",
            ALL,
        ] {
            assert!(
                sets.iter().any(|one| one == set),
                "{set} is not in {sets:?}"
            );
        }
    }

    #[test]
    fn a_manifest_without_features_is_an_error() {
        assert!(feature_sets(&crate::root(), "xtask/Cargo.toml").is_err());
    }
}
