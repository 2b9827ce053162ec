//! Items that are hard to tell.

use super::*;

fn paths(text: &str) -> Vec<(String, bool)> {
    let items = items_of(text).into_iter();
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
        ("Hidden::inner", false),
        ("Open", true),
        ("Open::b", true),
        ("Shut", false),
        ("Shut::c", false),
        ("Vec", false),
        ("d", true),
    ];
    let expected = expected.map(|(path, is_open)| (path.to_owned(), is_open));
    assert_eq!(paths(text), expected);
    assert_eq!(items_of(text)[4].docs, ["# Docs"]);
}

#[test]
fn what_a_function_gives_is_after_its_last_arrow() {
    for (head, output) in [
        ("fn a() {", ""),
        ("fn a() -> u8 {", "u8"),
        ("fn a(f: impl Fn() -> u8) {", ""),
        ("fn a<F: Fn(u8) -> u8>(f: F) {", ""),
        ("fn a<F: Fn(u8) -> u8>(f: F) -> Wait<F>;", "Wait<F>"),
        ("fn a() -> Wait<impl Fn() -> u8> {", "Wait<impl Fn() -> u8>"),
        ("fn a<F>() -> F where F: Fn() -> u8 {", "F"),
    ] {
        assert_eq!(items_of(head)[0].output(), output, "{head}");
    }
}

#[test]
fn macros_have_their_bodies() {
    let text = "#[macro_export]\nmacro_rules! go {\n    ($a:expr) => {\n        $a.await\n    };\n}\nfn b() {}\n";
    let items = items_of(text);
    assert_eq!((items[0].path().as_str(), items[0].is_open), ("go!", true));
    assert!(has_word(&items[0].head, "await"));
    assert_eq!(items[1].path(), "b");
}

#[test]
fn bodies_end_with_their_brace() {
    let bodies = bodies_of("fn a() {\n    b();\n}\npub fn b(\n    x: u8,\n) {\n    c!(x)\n}\n");
    assert_eq!(bodies.len(), 2);
    assert!(bodies[0].1.contains("b()") && !bodies[0].1.contains("c!"));
    assert!(bodies[1].1.contains("c!"));
}
