//! The same requests over real sockets, on each runtime of this build: what is served, and what each layer refuses.

#[path = "serve/adapt.rs"]
mod adapt;
#[path = "serve/client.rs"]
mod client;
#[path = "serve/disk.rs"]
mod disk;
#[path = "serve/ends.rs"]
mod ends;
#[path = "serve/layers.rs"]
mod layers;
#[path = "serve/program.rs"]
mod program;
#[path = "serve/server.rs"]
mod server;

use anyrt_examples::serve::{
    Options,
    disk::{Dir, PIECE},
};
use client::Client;
use server::{on_each, quick};
use std::{fs, path::Path};
use tempfile::{TempDir, tempdir};

fn write(dir: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().expect("below the directory")).expect("a directory");
    fs::write(path, content).expect("a file");
}

fn tree() -> TempDir {
    let dir = tempdir().expect("a directory");
    let large: Vec<u8> = (0..3 * PIECE + 1000).map(|n| (n % 251) as u8).collect();
    for (path, content) in [
        ("a.txt", &b"one\ntwo needles\n"[..]),
        ("large.bin", &large),
        ("whole.bin", &large[..PIECE as usize]),
        ("empty", b""),
        ("site/index.html", b"<p>needle"),
        ("site/style.css", b"p {}"),
        ("list/\u{e4} b", b"named"),
        ("list/z/deep.md", b"a\nb\nneedle"),
        (".hidden/secret", b"needle"),
        ("list/.secret", b"needle"),
    ] {
        write(dir.path(), path, content);
    }
    dir
}

#[test]
fn files_are_served_the_same_on_each_runtime() {
    let tree = tree();
    let large = fs::read(tree.path().join("large.bin")).expect("a file");
    on_each(
        Options::default,
        || Dir::open(tree.path()).expect("a directory"),
        |runtime, server| {
            let mut client = Client::new(server.address);
            let page = client.get("/a.txt");
            assert_eq!(page.status, 200, "{runtime}");
            assert_eq!(page.text(), "one\ntwo needles\n", "{runtime}");
            assert_eq!(
                page.header("content-type"),
                Some("text/plain; charset=utf-8")
            );
            assert_eq!(page.header("content-length"), Some("16"));
            let tag = page.header("etag").expect("a tag").to_owned();
            // All of it over one connection.
            assert!(client.get("/large.bin").body == large, "{runtime}");
            assert!(
                client.get("/whole.bin").body == large[..PIECE as usize],
                "{runtime}"
            );
            assert_eq!(client.get("/empty").body, b"", "{runtime}");
            assert_eq!(client.get("/site/").text(), "<p>needle", "{runtime}");
            assert_eq!(client.get("/list/%C3%A4%20b").text(), "named", "{runtime}");
            let listed = client.get("/list/");
            let listed: serde_json::Value = serde_json::from_slice(&listed.body).expect("JSON");
            let wanted = serde_json::json!([
                { "name": "z", "directory": true },
                { "name": "\u{e4} b", "directory": false },
            ]);
            assert_eq!(listed, wanted, "{runtime}");
            let moved = client.get("/site");
            assert_eq!(
                (moved.status, moved.header("location")),
                (308, Some("/site/"))
            );
            let same = client.ask("GET", "/a.txt", &[("if-none-match", &tag)]);
            assert_eq!((same.status, same.body.len()), (304, 0), "{runtime}");
            for path in ["/large.bin", "/a.txt"] {
                let head = client.ask("HEAD", path, &[]);
                let length = fs::metadata(tree.path().join(&path[1..]))
                    .expect("a file")
                    .len();
                assert_eq!(
                    head.header("content-length"),
                    Some(&*length.to_string()),
                    "{path}"
                );
            }
        },
    );
}

#[test]
fn what_is_not_to_be_had_is_refused() {
    let tree = tree();
    let outside = tempdir().expect("a directory");
    write(outside.path(), "secret", "outside");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(outside.path(), tree.path().join("out")).expect("a link");
        std::os::unix::fs::symlink("a.txt", tree.path().join("link")).expect("a link");
        let pipe = std::process::Command::new("mkfifo")
            .arg(tree.path().join("pipe"))
            .status();
        assert!(pipe.expect("mkfifo is installed").success());
    }
    on_each(
        Options::default,
        || Dir::open(tree.path()).expect("a directory"),
        |runtime, server| {
            let mut client = Client::new(server.address);
            for path in [
                "/none",
                "/a.txt/",
                "/a.txt/b",
                "/../a.txt",
                "/%2e%2e/secret",
                "/..%2fsecret",
                "/.hidden/secret",
                "/list/.secret",
                "/%00",
                "/%ff",
                "/out/secret",
                "/pipe",
                "/-/none",
            ] {
                let page = client.get(path);
                assert_eq!(
                    (page.status, page.text()),
                    (404, "there is nothing\n".into()),
                    "{runtime}: {path}"
                );
            }
            #[cfg(unix)]
            assert_eq!(client.get("/link").text(), "one\ntwo needles\n");
            assert_eq!(client.get("/-/search").status, 400, "{runtime}");
            assert_eq!(client.get("/-/search?q=").status, 400, "{runtime}");
            let posted = client.ask("POST", "/a.txt", &[]);
            assert_eq!(
                (posted.status, posted.header("allow")),
                (405, Some("GET, HEAD")),
                "{runtime}"
            );
            // What is no HTTP, or too long, is the end of that connection, and of no other.
            for (sent, status) in [
                ("no http\r\n\r\n".to_owned(), 400),
                (
                    format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(20_000)),
                    431,
                ),
            ] {
                let mut other = Client::new(server.address);
                other.send(&sent);
                assert_eq!(other.answer(false).status, status, "{runtime}");
                assert!(other.is_over(), "{runtime}");
            }
            assert_eq!(client.get("/a.txt").status, 200, "{runtime}");
        },
    );
}

#[test]
fn texts_are_found_in_all_files() {
    let tree = tree();
    // Each once: a directory is not searched again where a link leads to it, which may be in itself.
    #[cfg(unix)]
    std::os::unix::fs::symlink("..", tree.path().join("list/again")).expect("a link");
    on_each(
        Options::default,
        || Dir::open(tree.path()).expect("a directory"),
        |runtime, server| {
            let mut client = Client::new(server.address);
            let mut found = client.json("/-/search?q=needle");
            let lines = found["lines"].as_array().expect("lines").iter();
            let lines: Vec<_> = lines
                .map(|line| format!("{}:{}", line["path"], line["line"]))
                .collect();
            let wanted = [
                "\"a.txt\":2",
                "\"site/index.html\":1",
                "\"list/z/deep.md\":3",
            ];
            assert_eq!(lines, wanted, "{runtime}");
            assert_eq!(
                (&found["more"], &found["files"]),
                (&false.into(), &6.into()),
                "{runtime}"
            );
            assert_eq!(found["skipped"], 2, "{runtime}: {found}");
            found = client.json("/-/search?q=two+needles%0A");
            assert_eq!(found["lines"], serde_json::json!([]), "{runtime}");

            let figures = client.json("/-/stats");
            assert_eq!(figures["connections"], 1, "{runtime}");
            assert_eq!(figures["requests"], 1, "{runtime}");
            let cache = &figures["cache"];
            assert!(cache["hits"].as_u64() >= Some(8), "{runtime}: {cache}");
            assert_eq!(cache["misses"], cache["loads"], "{runtime}: {cache}");
            let metrics = client.get("/-/metrics").text();
            for line in [
                "serve_operations_total{name=\"search\",outcome=\"success\"} 2",
                "serve_breaker_open 0",
                "serve_connections 1",
                "# TYPE serve_cache_hits_total counter",
            ] {
                assert!(
                    metrics.lines().any(|found| found == line),
                    "{line}: {metrics}"
                );
            }
        },
    );
}

/// What a search finds is bounded.
#[test]
fn too_many_lines_are_said_to_be_more() {
    let dir = tempdir().expect("a directory");
    write(dir.path(), "many", "x\n".repeat(500));
    on_each(
        quick,
        || Dir::open(dir.path()).expect("a directory"),
        |runtime, server| {
            let found = Client::new(server.address).json("/-/search?q=x");
            let lines = found["lines"].as_array().expect("lines").len();
            assert_eq!((lines, &found["more"]), (100, &true.into()), "{runtime}");
        },
    );
}
