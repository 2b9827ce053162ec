//! Items that are hard to tell.

use super::*;
use crate::tidy::code::stream_of;

fn items(text: &str) -> Vec<Item> {
    items_of(&stream_of(text).unwrap()).unwrap()
}

fn paths(text: &str) -> Vec<(String, bool)> {
    let items = items(text).into_iter();
    items.map(|item| (item.path(), item.is_open)).collect()
}

#[test]
fn items_know_what_they_are_in() {
    let text = "\
pub(crate) struct Hidden;
impl<F: Fn() -> u8> Hidden {
    pub fn a(
        &self,
        list: [u8; 4],
    ) -> u8 {
        fn inner() {}
        0
    }
}
/// # Docs
#[must_use]
pub trait Open: Sized {
    async fn b(&self);
}
trait Shut {
    fn c();
}
impl<T> crate::Open for &Vec<T> {}
pub unsafe fn d() {}
";
    let expected = [
        ("Hidden", false),
        ("Hidden", false),
        ("Hidden::a", true),
        ("Open", true),
        ("Open::b", true),
        ("Shut", false),
        ("Shut::c", false),
        ("Vec", false),
        ("d", true),
    ];
    let expected = expected.map(|(path, is_open)| (path.to_owned(), is_open));
    assert_eq!(paths(text), expected);
    assert_eq!(items(text)[3].docs, ["# Docs"]);
}

#[test]
fn what_a_function_gives_is_after_its_last_arrow() {
    for (head, output) in [
        ("fn a() {}", ""),
        ("fn a() -> u8 {}", "u8"),
        ("fn a(f: impl Fn() -> u8) {}", ""),
        ("fn a<F: Fn(u8) -> u8>(f: F) {}", ""),
        (
            "fn a<F: Fn(u8) -> u8>(f: F) -> a::Wait<F> {}",
            "a::Wait < F >",
        ),
        ("fn a<F>() -> F where F: Fn() -> u8 {}", "F"),
    ] {
        assert_eq!(items(head)[0].output, output, "{head}");
    }
}

#[test]
fn what_is_asked_for_is_known() {
    for (item, bounds) in [
        ("fn a<F: Future>(f: F) -> F {}", "Future"),
        ("fn a<F>(f: F) -> F where F: Future {}", "Future"),
        ("fn a<F: Future>(f: F) {}", ""),
        ("trait A: Future {}", "Future"),
        ("type A = Pin<Future>;", "Pin < Future >"),
    ] {
        assert_eq!(items(item)[0].bounds, bounds, "{item}");
    }
}

#[test]
fn macros_have_their_bodies() {
    let text = "#[macro_export]\nmacro_rules! go {\n    ($a:expr) => {\n        $a.await\n    };\n}\nfn b() {}\n";
    let items = items(text);
    assert_eq!((items[0].path().as_str(), items[0].is_open), ("go!", true));
    assert!(items[0].is_async && !items[1].is_async);
    assert_eq!(items[1].path(), "b");
}

#[test]
fn what_a_macro_makes_is_an_item() {
    for text in [
        "make! { pub fn a() {} }",
        "make! { made: { pub fn a() {} } }",
        "make! { outer! { pub fn a() {} } }",
        "macro_rules! make { () => { pub fn a() {} } }",
        "macro_rules! make { ($($arg:ident: $ty:ty),*) => { pub fn a($($arg: $ty),*) -> $crate::A {} } }",
        "macro_rules! make { ($(#[$docs:meta])* $a:ident) => { $(#[$docs])* pub fn a() { $a } } }",
    ] {
        assert!(paths(text).contains(&("a".to_owned(), true)), "{text}");
    }
}

#[test]
fn what_is_no_rust_is_an_error() {
    let error = items_of(&stream_of("fn a() {}\nfn fn").unwrap()).unwrap_err();
    assert!(error.starts_with("2:"), "{error}");
}
