//! What is kept from call to call, in a static of the function.

use crate::stack::Frame;
use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Error, Ident};

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
    /// A statement that binds `name` to a reference to what is in a static.
    ///
    /// `ty` and `made` are its type, and what makes it, or fails with a `ConfigError`, from the type of a runtime and
    /// a value.
    pub(crate) fn bind(
        &self,
        frame: &Frame<'_>,
        name: &Ident,
        ty: impl FnOnce(&TokenStream) -> TokenStream,
        made: impl FnOnce(&TokenStream) -> TokenStream,
    ) -> syn::Result<TokenStream> {
        let Frame { krate, span, .. } = *frame;
        let (rt, value) = frame
            .source
            .of_process(frame.function, krate)
            .map_err(|(at, why)| self.refused(frame.attribute, at, why))?;
        let mention = frame.source.mention();
        let (mut ty, mut made) = (ty(&rt), made(&value));
        let mut kept = quote_spanned!(span=> &*__KEPT);
        if self.checked {
            made = quote_spanned!(span=> #made.expect("the settings are permitted"));
        } else {
            ty = quote_spanned!(span=> ::core::result::Result<#ty, #krate::ConfigError>);
            kept = quote_spanned!(span=> (#kept).as_ref().map_err(::core::clone::Clone::clone)?);
        }
        // In a block of its own: the body's names are not the static's.
        Ok(quote_spanned! {span=>
            #mention
            let #name = {
                static __KEPT: ::std::sync::LazyLock<#ty> = ::std::sync::LazyLock::new(|| #made);
                #kept
            };
        })
    }

    /// That it cannot be kept here.
    pub(crate) fn refused(&self, attribute: &str, at: Span, why: &str) -> Error {
        let Self { what, instead, .. } = self;
        let problem = format!(
            "`#[{attribute}]` keeps {what} in a static, for which the runtime's type has to be known, and {why}: \
             give {what} of your own, `{instead}`"
        );
        Error::new(at, problem)
    }
}
