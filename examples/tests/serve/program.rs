//! The program: what it prints and refuses, and how it ends at Ctrl-C.

use super::{client::Client, write};
use anyrt_examples::runtime::NAMES;
use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
};
use tempfile::tempdir;

fn serve(arguments: &[&str]) -> Child {
    let mut program = Command::new(env!("CARGO_BIN_EXE_serve"));
    program
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    program.spawn().expect("the program runs")
}

#[test]
fn ctrl_c_ends_it_in_order() {
    let dir = tempdir().expect("a directory");
    write(dir.path(), "a", "served");
    let path = dir.path().to_str().expect("a path of text");
    for runtime in NAMES {
        let mut child = serve(&[path, "--listen", "127.0.0.1:0", "--runtime", runtime]);
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        out.read_line(&mut line).expect("a line");
        let address = line
            .trim()
            .strip_prefix("http://")
            .and_then(|at| at.strip_suffix('/'));
        let mut client = Client::new(address.expect("an address").parse().expect("an address"));
        // By then it listens to signals, too.
        assert_eq!(client.get("/a").text(), "served", "{runtime}");
        let kill = format!("kill -s INT {}", child.id());
        let killed = Command::new("sh").args(["-c", &kill]).status();
        assert!(killed.expect("a shell").success());
        assert!(client.is_over(), "{runtime}");
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{runtime}: {output:?}");
        let mut rest = String::new();
        out.read_to_string(&mut rest).expect("text");
        assert_eq!(rest, "", "{runtime}");
    }
}

#[test]
fn it_refuses_what_cannot_be_right() {
    let dir = tempdir().expect("a directory");
    write(dir.path(), "a", "served");
    let path = dir.path().to_str().expect("a path of text");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("an address").to_string();
    let file = format!("{path}/a");
    for (arguments, told) in [
        (&["/no/such/dir"][..], "/no/such/dir: "),
        (&[&*file], "ot a directory"),
        (&[path, "--listen", &taken], &*taken),
        (&[path, "--rate", "0"], "--rate"),
        (&[path, "--connections", "0"], "--connections"),
    ] {
        let arguments = [arguments, &["--runtime", "own"]].concat();
        let output = serve(&arguments).wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains(told), "{arguments:?}: {error}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}
