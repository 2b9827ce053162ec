//! The programs: what they print, and how they end.

use super::{everything, runtimes};
use anyrt_examples::runtime::NAMES;
use std::{
    ffi::OsStr,
    process::{Command, Output},
};

fn program(path: &str, arguments: &[&OsStr]) -> Output {
    Command::new(path)
        .args(arguments)
        .output()
        .expect("the program starts")
}

fn dupes(arguments: &[&OsStr]) -> Output {
    let runtime = [OsStr::new("--runtime"), OsStr::new(runtimes()[0])];
    program(env!("CARGO_BIN_EXE_dupes"), &[&runtime, arguments].concat())
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

#[test]
fn threads_print_the_same() {
    let tree = everything();
    for arguments in [&[][..], &["--json"], &["--quiet", "--min-size=0"]] {
        let arguments: Vec<&OsStr> = arguments
            .iter()
            .map(OsStr::new)
            .chain([tree.path().as_os_str()])
            .collect();
        let threads = program(env!("CARGO_BIN_EXE_dupes-threads"), &arguments);
        let tasks = dupes(&arguments);
        assert_eq!(
            (threads.status.code(), tasks.status.code()),
            (Some(0), Some(0))
        );
        assert_eq!(threads.stdout, tasks.stdout);
        assert_eq!(
            stderr(&threads).replace("dupes-threads: ", "dupes: "),
            stderr(&tasks)
        );
    }
}

#[test]
fn json_loses_no_name() {
    let tree = everything();
    let output = dupes(&[OsStr::new("--json"), tree.path().as_os_str()]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let files: Vec<&serde_json::Value> = json["groups"]
        .as_array()
        .expect("groups")
        .iter()
        .flat_map(|group| group["files"].as_array().expect("files"))
        .collect();
    let prefix = tree.path().to_str().expect("UTF-8");
    let escaped = |name: &str| serde_json::json!(format!(r"{prefix}/a/{name}"));
    for name in [r"na\xefve", r"na\xffve"] {
        let found = files
            .iter()
            .find(|file| file["path_escaped"] == escaped(name));
        let found = found.unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(found["path"], escaped("na\u{fffd}ve"));
    }
    let plain = files
        .iter()
        .find(|file| file["path"] == escaped("new\nline"));
    assert!(
        plain
            .expect("the name with a newline")
            .get("path_escaped")
            .is_none()
    );
    let text = String::from_utf8(dupes(&[tree.path().as_os_str()]).stdout).expect("UTF-8");
    assert!(
        text.contains("/a/new\\nline\n") && text.contains("/a/na\u{fffd}ve\n"),
        "{text}"
    );
}

#[test]
fn a_root_that_fails_is_survived_unless_all_do() {
    let tree = everything();
    let missing = tree.path().join("missing");
    let one = dupes(&[tree.path().as_os_str(), missing.as_os_str()]);
    assert_eq!(one.status.code(), Some(0), "{}", stderr(&one));
    assert!(stderr(&one).contains("missing: cannot be searched: No such file"));
    assert!(
        stderr(&one).contains("dupes: 3 warnings\n"),
        "{}",
        stderr(&one)
    );
    let all = dupes(&[missing.as_os_str(), tree.path().join("a/pipe").as_os_str()]);
    assert_eq!(all.status.code(), Some(1));
    assert!(
        stderr(&all).contains("dupes: error: nothing could be searched"),
        "{}",
        stderr(&all)
    );
    assert!(all.stdout.is_empty());
}

#[test]
fn mistakes_are_explained() {
    let explained = |arguments: &[&str], what: &str| {
        let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        let output = program(env!("CARGO_BIN_EXE_dupes"), &arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(
            stderr(&output).contains(what),
            "{arguments:?}: {}",
            stderr(&output)
        );
    };
    explained(&[], "<DIR>");
    for seconds in ["-1", "nan", "inf", "-inf"] {
        explained(
            &["--timeout", seconds, "."],
            "want: finite and not negative",
        );
    }
    explained(&["--timeout", "soon", "."], "invalid float");
    explained(&["--jobs", "0", "."], "0 is not in 1..=256");
    explained(
        &["--runtime", "fax", "."],
        "there is no runtime \"fax\" in this build, which has",
    );
    if NAMES.is_empty() {
        explained(
            &["."],
            "no runtime was compiled in: build with one (features: tokio, smol",
        );
    }
}
