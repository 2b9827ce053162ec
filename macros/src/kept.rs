//! What is kept from call to call, in a static of the function.

use crate::stack::Frame;
use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::Error;

/// What an attribute keeps.
pub(crate) struct Kept {
    /// `a limiter`, for errors.
    pub(crate) what: &'static str,
    /// How it is given instead.
    pub(crate) instead: &'static str,
    /// What makes it cannot fail.
    pub(crate) checked: bool,
}

impl Kept {
    /// A static, and an expression that borrows what is in it.
    ///
    /// `ty` and `made` are its type, and what makes it, or fails with a `ConfigError`, from the type of a runtime and
    /// a value.
    pub(crate) fn in_static(
        &self,
        frame: &Frame<'_>,
        ty: impl FnOnce(&TokenStream) -> TokenStream,
        made: impl FnOnce(&TokenStream) -> TokenStream,
    ) -> syn::Result<(TokenStream, TokenStream)> {
        let Frame { krate, span, .. } = *frame;
        let (rt, value) = frame
            .source
            .of_process(frame.function, krate)
            .map_err(|(at, why)| self.refused(frame.attribute, at, why))?;
        let name = frame.ident("KEPT");
        let mention = frame.source.mention();
        let (ty, made) = (ty(&rt), made(&value));
        Ok(match self.checked {
            true => (
                quote_spanned! {span=>
                    #mention
                    static #name: ::std::sync::LazyLock<#ty> = ::std::sync::LazyLock::new(|| {
                        ::core::result::Result::expect(#made, "the settings are permitted")
                    });
                },
                quote_spanned!(span=> #name),
            ),
            false => (
                quote_spanned! {span=>
                    #mention
                    static #name: ::std::sync::LazyLock<
                        ::core::result::Result<#ty, #krate::ConfigError>,
                    > = ::std::sync::LazyLock::new(|| #made);
                },
                quote_spanned! {span=>
                    ::core::result::Result::map_err(
                        ::core::result::Result::as_ref(&*#name),
                        ::core::clone::Clone::clone,
                    )?
                },
            ),
        })
    }

    /// That it cannot be kept here.
    pub(crate) fn refused(&self, attribute: &str, at: proc_macro2::Span, why: &str) -> Error {
        let Self { what, instead, .. } = self;
        let problem = format!(
            "`#[{attribute}]` keeps {what} in a static, for which the runtime's type has to be known, and {why}: \
             give {what} of your own, `{instead}`"
        );
        Error::new(at, problem)
    }
}
