//! Each check is seen to fail on a planted bad input, and to pass on its good twin.

use super::*;

fn file(path: &str, text: &str) -> File {
    File::new(path, text).unwrap()
}

/// Runs a check on one file.
fn on(check: Check, path: &str, text: &str) -> Vec<String> {
    check(&[file(path, text)])
}

#[track_caller]
fn passes(check: Check, path: &str, text: &str) {
    let problems = on(check, path, text);
    assert!(problems.is_empty(), "{problems:?}");
}

#[track_caller]
fn fails(check: Check, path: &str, text: &str, place: &str) {
    let problems = on(check, path, text);
    assert!(
        problems.len() == 1 && problems[0].starts_with(place),
        "{problems:?}"
    );
}

fn papers(readme: &str) -> Vec<File> {
    let mut files: Vec<File> = [
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        SPEC,
        "a.rs",
    ]
    .map(|path| file(path, ""))
    .into();
    files.push(file("README.md", readme));
    files
}

#[test]
fn a_missing_paper_is_found() {
    assert!(presence(&papers(TEST_COMMAND)).is_empty());
    for index in 0..papers("").len() {
        let mut files = papers(TEST_COMMAND);
        let gone = files.remove(index);
        assert_eq!(presence(&files).len(), 1, "without {}", gone.path);
    }
}

#[test]
fn a_missing_test_command_is_found() {
    assert_eq!(presence(&papers("cargo test --workspace")).len(), 1);
}

#[test]
fn a_missing_header_is_found() {
    passes(headers, "a.rs", "//! A.\n");
    passes(headers, "examples/tests/ui/a.rs", "fn main() {}\n");
    fails(headers, "a.rs", "fn a() {}\n", "a.rs:1:");
    fails(headers, "tests/a.rs", "// A.\n", "tests/a.rs:1:");
    fails(headers, "empty.rs", "", "empty.rs:1:");
}

#[test]
fn a_long_file_is_found() {
    let code = "a();\n".repeat(MAX_CODE_LINES);
    passes(
        sizes,
        "a.rs",
        &format!("//! A.\n\n/* b\nc */\n{code}\n    // d\n"),
    );
    fails(sizes, "a.rs", &format!("{code}a();\n"), "a.rs: 401 lines");
    fails(sizes, "a.rs", &format!("{code}\"\""), "a.rs: 401 lines");
    let docs = code.replacen("a();\n", "/// A.\na();\n\"b\nc\";\n", 1);
    fails(sizes, "a.rs", &docs, "a.rs: 402 lines");
}

#[test]
fn unfinished_code_is_found() {
    passes(
        banned,
        "a.rs",
        "// todo!()\nfn my_todo() {}\nlet a = \"dbg!\";\n/// ```text\n#[expect(ignore)]\nlet ignore = 1;\n",
    );
    for bad in [
        "todo!()",
        "a(unimplemented!())",
        "std::dbg!(a)",
        "#[ignore]",
        "#[ignore = \"slow\"]",
        "# [ ignore ]",
        "#[cfg_attr(windows, ignore)]",
        "#[cfg_attr(windows, ignore = \"slow\")]",
        "/// ```ignore",
        "//! ```rust,ignore",
    ] {
        fails(banned, "a.rs", &format!("fn a() {{}}\n{bad}\n"), "a.rs:2:");
    }
}

#[test]
fn unsafe_outside_its_room_is_found() {
    passes(unsafe_code, "a.rs", "#![forbid(unsafe_code)]\n// unsafe\n");
    let noted = "// SAFETY: no.\nunsafe {}\n";
    fails(unsafe_code, "core/src/a.rs", noted, "core/src/a.rs:2:");
    fails(
        unsafe_code,
        "core/src/b/sync/cell.rs",
        noted,
        "core/src/b/sync/cell.rs:2:",
    );
}

#[test]
fn unsafe_without_a_note_is_found() {
    for good in [
        "// SAFETY: a.\nunsafe {}\n",
        "// SAFETY: a\n// in two lines.\nunsafe {}\n",
        "// SAFETY: a.\n#[inline]\nunsafe impl Send for A {}\n",
        "unsafe {} // SAFETY: a.\n",
        "/// A.\n///\n/// # Safety\n/// B.\npub unsafe fn a() {}\n",
        "// SAFETY: a.\nlet a =\n    unsafe {};\n",
    ] {
        passes(unsafe_code, UNSAFE_ROOMS[0], good);
    }
    for bad in [
        "a();\nunsafe {}\n",
        "// It is safe.\nunsafe {}\n",
        "b(\"// SAFETY:\");\nunsafe {}\n",
    ] {
        fails(
            unsafe_code,
            UNSAFE_ROOMS[0],
            bad,
            &format!("{}:2:", UNSAFE_ROOMS[0]),
        );
    }
    let second = "// SAFETY: a.\nunsafe {}\nunsafe {}\n";
    fails(
        unsafe_code,
        UNSAFE_ROOMS[0],
        second,
        &format!("{}:3:", UNSAFE_ROOMS[0]),
    );
    let apart = "// SAFETY: a.\n\nunsafe {}\n";
    fails(
        unsafe_code,
        UNSAFE_ROOMS[0],
        apart,
        &format!("{}:3:", UNSAFE_ROOMS[0]),
    );
}

#[test]
fn a_clock_a_thread_or_a_seed_of_ones_own_is_found() {
    passes(
        purity,
        "core/src/a.rs",
        "// Instant::now\nrt.now();\nloom::thread::spawn(a);\n",
    );
    passes(purity, "backends/tokio/src/a.rs", "Instant::now();\n");
    for bad in [
        "Instant::now()",
        "Instant ::\n    now()",
        "now(time::Instant::now)",
        "time::SystemTime::now()",
        "std::thread::spawn(a)",
        "std::thread::sleep(a)",
        "thread::Builder::new()",
        "RandomState::new()",
    ] {
        fails(purity, "core/src/a.rs", bad, "core/src/a.rs:1:");
        fails(purity, "toolkit/src/a.rs", bad, "toolkit/src/a.rs:1:");
    }
}

#[test]
fn an_unknown_rule_is_found() {
    // Put together here, so that the check does not find it in this file.
    let unknown = ["QQ", "-1"].concat();
    let known = ["QQ", "-2"].concat();
    let with = |text: String| vec![file(SPEC, &format!("## {known}\n")), file("a.rs", &text)];
    assert!(rule_ids(&with(format!("// *{known}*, UTF-8, RUSTSEC-2025-0052\n"))).is_empty());
    let problems = rule_ids(&with(format!("//! A.\n// *{unknown}*\n")));
    assert!(
        problems.len() == 1 && problems[0].starts_with("a.rs:2:"),
        "{problems:?}"
    );
    assert_eq!(rule_ids(&with(format!("\"{unknown}\""))).len(), 1);
    assert_eq!(rule_ids(&[file(SPEC, "# Rules\n")]).len(), 1);
}

#[test]
fn a_table_that_lacks_a_rule_is_found() {
    let readme = include_str!("../../../../README.md");
    passes(table_of_rules, "README.md", readme);
    let (now, before) = ("(ZZ) | 2/2 |", "(ZZ) | 1/1 |");
    let readme = readme.replace(now, before);
    fails(table_of_rules, "README.md", &readme, "README.md: no row");
}

#[test]
fn a_package_without_lints_is_found() {
    passes(
        lints,
        "a/Cargo.toml",
        "[package]\n[lints]\nworkspace = true\n",
    );
    passes(lints, "benches/Cargo.toml", "[package]\n");
    passes(lints, "Cargo.toml", "[workspace]\n");
    fails(lints, "a/Cargo.toml", "[package]\n", "a/Cargo.toml:");
}

#[test]
fn a_dependency_without_a_reason_is_found() {
    let with = |name: &str| {
        let manifest = format!("[dependencies]\nanyrt-core.workspace = true\n{name} = \"1\"\n");
        let paper = "| `a`, `b` | core | since `c` is slow |\nnot `d`\n";
        vec![
            file("core/Cargo.toml", &manifest),
            file("ARCHITECTURE.md", paper),
        ]
    };
    assert!(dependencies(&with("a")).is_empty());
    assert!(dependencies(&with("b")).is_empty());
    for unknown in ["c", "d", "e"] {
        assert_eq!(dependencies(&with(unknown)).len(), 1, "{unknown}");
    }
}
