//! `#[test]`: one test a backend.

use crate::{
    function::{Function, borrowed, has_ident},
    settings::{Settings, at_least_one, path_of},
};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Attribute, Error, FnArg, Ident, Path, parse::Parser, spanned::Spanned};

/// The schedules that the simulator tries.
const SEEDS: u64 = 100;

pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    tests_of(args, item.clone()).unwrap_or_else(|error| {
        let error = error.into_compile_error();
        quote!(#error #[allow(unused)] #item)
    })
}

fn tests_of(args: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut settings = Parser::parse2(
        |input: syn::parse::ParseStream<'_>| Settings::parse(input, &["seeds"]),
        args,
    )?;
    let seeds = match settings.take("seeds") {
        Some(seeds) => at_least_one("seeds", &seeds)?.tokens,
        None => quote!(#SEEDS),
    };
    if let Some(rt) = settings.take("rt") {
        let problem = "the runtimes are those of the features that are on";
        return Err(Error::new(rt.span(), problem));
    }
    let krate = path_of(settings.take("crate"))?;
    let mut function: Function = syn::parse2(item)?;
    function.check_async("test")?;
    let is_reference = check_runtime(&function)?;
    let is_for_tests = |attr: &Attribute| {
        ["ignore", "should_panic"]
            .iter()
            .any(|name| attr.path().is_ident(name))
    };
    let (for_tests, attrs) = function.attrs.drain(..).partition(is_for_tests);
    function.attrs = attrs;
    Ok(tests(&function, &krate, &seeds, is_reference, for_tests))
}

/// That it runs on any runtime; and whether it borrows that.
fn check_runtime(function: &Function) -> syn::Result<bool> {
    let want = "one test is made for each backend: take the runtime, `rt: impl Runtime`";
    let mut inputs = function.sig.inputs.iter();
    let (Some(FnArg::Typed(input)), None) = (inputs.next(), inputs.next()) else {
        return Err(Error::new(function.sig.paren_token.span.join(), want));
    };
    let (ty, is_reference) = borrowed(&input.ty);
    match function.is_generic(ty) && !has_ident(ty, &|ident| ident == "Self") {
        true => Ok(is_reference),
        false => Err(Error::new(input.ty.span(), want)),
    }
}

/// The function, and beside it a module of its name with the tests.
fn tests(
    function: &Function,
    krate: &Path,
    seeds: &TokenStream,
    is_reference: bool,
    attrs: Vec<Attribute>,
) -> TokenStream {
    let name = &function.sig.ident;
    let rt = Ident::new("rt", Span::mixed_site());
    let argument = if is_reference {
        quote!(&#rt)
    } else {
        quote!(#rt)
    };
    // An error fails the test by a panic: so it does on the simulator, and under `should_panic`.
    let unwrap = function
        .output()
        .map(|_| quote!(::core::result::Result::unwrap));
    quote! {
        #[cfg(test)]
        #function

        #[cfg(test)]
        mod #name {
            async fn run(#rt: impl #krate::Runtime) {
                #unwrap(super::#name(#argument).await)
            }

            #krate::__tests! { run, #seeds, #(#attrs)* }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(args: TokenStream, item: TokenStream) -> String {
        tests_of(args, item).expect("it is permitted").to_string()
    }

    #[test]
    fn attributes_of_tests_go_to_the_tests_and_others_stay() {
        // As a text, for what is ignored in this file is looked for.
        let item = r##"
            /// Docs.
            #[should_panic(expected = "x")]
            #[ignore = "slow"]
            #[allow(unused)]
            async fn name(rt: impl Runtime) {}
        "##;
        let expanded = expanded(quote!(seeds = 7), item.parse().expect("they are tokens"));
        let (function, module) = expanded.split_once("mod name").expect("there is a module");
        assert!(
            function.contains("allow (unused)") && function.contains("Docs"),
            "{expanded}"
        );
        assert!(!function.contains("should_panic"), "{expanded}");
        let tests =
            "__tests ! { run , 7 , # [should_panic (expected = \"x\")] # [ignore = \"slow\"] }";
        assert!(module.contains(tests), "{expanded}");
    }

    #[test]
    fn any_runtime_is_any_generic_type() {
        let none = TokenStream::new;
        for item in [
            quote!(
                async fn f(rt: impl Runtime) {}
            ),
            quote!(
                async fn f(rt: &impl Runtime) {}
            ),
            quote!(
                async fn f<R: Runtime>(rt: R) {}
            ),
            quote!(
                async fn f<R>(rt: &R)
                where
                    R: Runtime,
                {
                }
            ),
        ] {
            assert!(tests_of(none(), item.clone()).is_ok(), "{item}");
        }
        for item in [
            quote!(
                async fn f() {}
            ),
            quote!(
                async fn f(rt: Tokio) {}
            ),
            quote!(
                async fn f(rt: impl Runtime, n: u32) {}
            ),
            quote!(
                fn f(rt: impl Runtime) {}
            ),
        ] {
            assert!(tests_of(none(), item.clone()).is_err(), "{item}");
        }
    }

    #[test]
    fn no_seeds_test_nothing() {
        let error = tests_of(
            quote!(seeds = 0),
            quote!(
                async fn f(rt: impl Runtime) {}
            ),
        );
        assert!(
            error
                .expect_err("refused")
                .to_string()
                .contains("at least 1")
        );
    }

    /// The hidden macro takes no more than it is given.
    #[test]
    fn another_crate_may_be_named() {
        let expanded = expanded(
            quote!(crate = my::anyrt),
            quote!(
                async fn f(rt: impl Runtime) {}
            ),
        );
        assert!(expanded.contains("my :: anyrt :: __tests !"), "{expanded}");
    }
}
