//! Operations of each kind are planted, and found.

use super::*;
use crate::tidy::{code::stream_of, items::items_of};

fn of(sources: &[(&str, &str)]) -> Operations {
    let sources: Vec<_> = sources
        .iter()
        .map(|(file, text)| {
            (
                (*file).to_owned(),
                items_of(&stream_of(text).unwrap()).unwrap(),
            )
        })
        .collect();
    Operations::of(&sources)
}

/// The paths of what is silent in one source.
fn silent(text: &str) -> Vec<String> {
    let operations = of(&[("room/file.rs", text)]);
    operations
        .silent
        .into_iter()
        .map(|(_, path)| path)
        .collect()
}

const TOLD: &str = "/// # Cancel safety\n/// Safe.\n";

/// Silent as it is, and not where its docs have the section.
#[track_caller]
fn is_found(path: &str, text: &str) {
    assert_eq!(silent(&text.replace("%", "")), [path], "{text}");
    assert_eq!(silent(&text.replace("%", TOLD)), [""; 0], "{text}");
}

#[test]
fn functions_are_found() {
    is_found("a", "%pub async fn a() {}");
    is_found("a", "%#[inline]\npub async unsafe fn a() {}");
    is_found("a", "%pub fn a() -> impl Future<Output = ()> {}");
    is_found(
        "a",
        "%pub fn a(\n    f: impl FnOnce() -> u8,\n) -> impl Future<Output = u8> + use<> {}",
    );
    is_found(
        "a",
        "%pub fn a() -> Pin<Box<dyn Future<Output = ()> + Send>> {}",
    );
    is_found(
        "a",
        "%pub fn a() -> io::Result<impl std::future::IntoFuture> {}",
    );
    is_found("a", "%pub fn a() -> impl Stream<Item = u8> {}");
    is_found("a", "%pub fn a<F: Future + Send>(future: F) -> F {}");
    is_found(
        "A::a",
        "pub struct A;\nimpl A {\n    %    pub async fn a(&self) {}\n}",
    );
    is_found(
        "a!",
        "%#[macro_export]\nmacro_rules! a {\n    () => {\n        b().await\n    };\n}",
    );
}

#[test]
fn what_is_made_by_a_macro_is_found() {
    is_found("a", "make! {\n    %    pub async fn a() {}\n}");
    is_found(
        "a",
        "macro_rules! make {\n    () => {\n        %        pub async fn a() {}\n    };\n}",
    );
}

#[test]
fn methods_of_traits_are_found() {
    is_found("A::a", "pub trait A {\n    %    async fn a(&self);\n}");
    is_found(
        "A::a",
        "%pub trait A: Sized {\n    fn a(self) -> impl Future<Output = ()> {\n        b()\n    }\n}",
    );
    let timer =
        "pub trait Timer: Future<Output = ()> {}\npub trait A {\n    type Timer: Timer;\n\n    ";
    is_found(
        "A::a",
        &format!("{timer}%    fn a(&self) -> Self::Timer;\n}}"),
    );
    is_found("A::a", &format!("%{timer}fn a(&self) -> Self::Timer;\n}}"));
}

#[test]
fn futures_builders_and_streams_are_found() {
    for awaited in ["Future", "IntoFuture", "Stream", "std::future::IntoFuture"] {
        let text = format!("%pub struct A<'a, T>(&'a T);\nimpl<T> {awaited} for A<'_, T> {{}}\n");
        is_found("A", &text);
        let given = "pub struct A;\nimpl Future for A {}\nimpl B {\n    %    pub fn a(&self) -> Option<A> {}\n}";
        let both = silent(&given.replace('%', ""));
        assert_eq!(both, ["A", "B::a"]);
        assert_eq!(silent(&given.replace('%', TOLD)), [""; 0]);
    }
    let alias = "pub type B = Pin<Box<dyn Future<Output = ()>>>;\npub type A = Option<B>;\n";
    is_found("a", &format!("{alias}%pub fn a() -> A {{}}"));
    let made = "pub struct A;\nimpl Future for A {}\nimpl A {\n    pub fn new() -> Self {}\n}";
    assert_eq!(silent(made), ["A", "A::new"]);
    is_found(
        "A",
        "pin_project! {\n    %    pub struct A {}\n}\nimpl Future for A {}",
    );
}

#[test]
fn what_changes_a_future_is_no_operation() {
    let text = "pub struct A;\nimpl Future for A {}\nimpl A {\n    pub fn named(mut self) -> Self {}\n}\n%pub fn a() -> A {}";
    assert_eq!(silent(&text.replace('%', TOLD)), [""; 0]);
    assert_eq!(silent(&text.replace('%', "")), ["A", "A::named", "a"]);
}

#[test]
fn what_is_not_waited_for_is_not_found() {
    for text in [
        "pub(crate) async fn a() {}",
        "async fn a() {}",
        "trait A {\n    async fn a();\n}",
        "pub fn a<F: Future>(future: F) {}",
        "pub fn a<F: Future>(future: F) -> F::Output {}",
        "pub fn a(f: impl Fn() -> BoxFuture) -> u8 {}",
        "// pub async fn a() {}",
        "const A: &str = \"\npub async fn a() {}\n\";",
        "#[doc(hidden)]\npub async fn a() {}",
        "#[doc(hidden)]\npub mod a {\n    pub async fn a() {}\n}",
        "struct A;\nimpl Future for A {}",
    ] {
        assert_eq!(silent(text), [""; 0], "{text}");
    }
    // Another room's type of that name.
    let other = (
        "other/file.rs",
        "struct A;\nimpl Future for A {}\npub struct B;\nimpl Future for B {}",
    );
    let own = (
        "room/file.rs",
        "pub struct B;\npub fn a() -> A {}\npub fn b() -> B {}",
    );
    let silent = of(&[other, own]).silent;
    assert_eq!(silent.len(), 1, "{silent:?}");
}

#[test]
fn a_trait_speaks_for_those_that_implement_it() {
    let told = format!("{TOLD}pub trait Handle<T>: Future<Output = T> {{}}\n");
    let own = "pub struct Own;\nimpl Future for Own {}\nimpl<T> Handle<T> for Own {}\npub fn spawn() -> Own {}\n";
    let operations = of(&[("a/told.rs", &told), ("b/own.rs", own)]);
    assert!(operations.silent.is_empty(), "{operations:?}");
    let told = &operations.told[&("a/told.rs".to_owned(), "Handle".to_owned())];
    assert!(told.methods.is_empty());
    assert_eq!(told.givers.iter().collect::<Vec<_>>(), ["spawn"]);
}

#[test]
fn a_trait_covers_each_of_its_methods() {
    let text = format!(
        "{TOLD}pub trait Lock {{\n    async fn lock(&self);\n    fn lock_owned(self) -> impl Future;\n    fn get(&self);\n}}"
    );
    let operations = of(&[("a.rs", &text)]);
    let told = &operations.told[&("a.rs".to_owned(), "Lock".to_owned())];
    assert_eq!(
        told.methods.iter().collect::<Vec<_>>(),
        ["lock", "lock_owned"]
    );
}

#[test]
fn two_of_one_name_are_two() {
    let text = "impl A {\n    %    pub async fn a() {}\n}\nimpl B {\n    pub async fn a() {}\n}";
    assert_eq!(silent(&text.replace('%', TOLD)), ["B::a"]);
}

#[test]
fn a_promise_is_the_first_sentence() {
    for (docs, promise) in [
        ("/// # Cancel safety\n/// Safe.", "Safe."),
        (
            "/// A.\n///\n/// # Cancel safety\n/// It goes\n/// on (*ZZ-1*). Later.\n///\n/// # Panics\n/// No.",
            "It goes on (*ZZ-1*).",
        ),
        (
            "/// # Cancel safety\n/// As of [`b`](Self::b), and [c].",
            "As of `b`, and c.",
        ),
    ] {
        let operations = of(&[("a.rs", &format!("{docs}\npub async fn a() {{}}"))]);
        let told = operations.told.into_values().next().expect("it is told");
        assert_eq!(told.promise, promise);
    }
}
