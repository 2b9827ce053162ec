//! What the compiler says to common mistakes, pinned. With all features on, for the compiler lists the
//! runtimes that it knows.

#[cfg(all(
    feature = "tokio",
    feature = "smol",
    feature = "async-std",
    feature = "sim"
))]
#[test]
fn mistakes_get_readable_errors() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

#[cfg(all(
    feature = "macros",
    feature = "toolkit",
    feature = "tokio",
    feature = "smol",
    feature = "async-std",
    feature = "sim"
))]
#[test]
fn mistakes_with_attributes_do_too() {
    trybuild::TestCases::new().compile_fail("tests/ui/macros/*.rs");
}

/// A test that runs nowhere is none.
#[cfg(all(
    feature = "macros",
    not(any(
        feature = "tokio",
        feature = "smol",
        feature = "async-std",
        feature = "sim"
    ))
))]
#[test]
fn a_test_wants_a_backend() {
    trybuild::TestCases::new().compile_fail("tests/ui/nowhere/*.rs");
}
