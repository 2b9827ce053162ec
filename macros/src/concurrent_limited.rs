//! `#[concurrent_limited]`: how many calls run at once.

use crate::{
    kept::Kept,
    settings::{Settings, Value, at_least_one},
    stack::{Frame, Layer},
};
use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Error, Expr, parse::ParseStream};

pub(crate) enum ConcurrentLimited {
    By {
        limiter: Box<Expr>,
        key: Option<Box<Expr>>,
    },
    Limit {
        limit: Value,
        name: Option<Expr>,
    },
}

impl ConcurrentLimited {
    pub(crate) fn parse(input: ParseStream<'_>, at: Span) -> syn::Result<(Self, Settings)> {
        let known = &["limit", "by", "key", "name"];
        let (first, mut settings) = Settings::after(input, known, syn::parse::Parse::parse)?;
        let limit: Option<Expr> = first.or(settings.take("limit"));
        let key = settings.take("key");
        let limiter = match (limit, settings.take("by")) {
            (Some(limit), None) => {
                if let Some(key) = key {
                    let problem = "keys want a limiter that has some: `by = self.limiter`";
                    return Err(Error::new_spanned(key, problem));
                }
                Self::Limit {
                    limit: at_least_one("limit", &limit)?,
                    name: settings.take("name"),
                }
            }
            (None, Some(limiter)) => {
                settings.check_none_beside("by")?;
                Self::By {
                    limiter: Box::new(limiter),
                    key: key.map(Box::new),
                }
            }
            (None, None) => {
                let problem = "how many? Write a number, or give a limiter: `by = self.limiter`";
                return Err(Error::new(at, problem));
            }
            (Some(_), Some(by)) => {
                return Err(Error::new_spanned(by, "the limiter has a limit of its own"));
            }
        };
        Ok((limiter, settings))
    }
}

impl Layer for ConcurrentLimited {
    fn wrap(&self, frame: &Frame<'_>, body: TokenStream) -> syn::Result<TokenStream> {
        let Frame { krate, span, .. } = *frame;
        let (bound, guard) = (frame.ident("limiter"), frame.ident("_slot"));
        let (kept, limiter) = match self {
            Self::By { limiter, .. } => (None, quote_spanned!(span=> (#limiter))),
            Self::Limit { limit, name } => {
                let kept = Kept {
                    what: "a limiter",
                    instead: "by = self.limiter",
                    checked: limit.checked,
                };
                let (limit, name) = (&limit.tokens, frame.label(name.as_ref()));
                let kept = kept.bind(
                    frame,
                    &bound,
                    |rt| quote_spanned!(span=> #krate::Limiter<#rt>),
                    |rt| {
                        quote_spanned! {span=>
                            #krate::Limiter::new(&#rt, #limit).map(|limiter| limiter.named(#name))
                        }
                    },
                )?;
                (Some(kept), quote_spanned!(span=> #bound))
            }
        };
        let acquire = match self {
            Self::By { key: Some(key), .. } => quote_spanned!(span=> acquire_for(#key)),
            _ => quote_spanned!(span=> acquire()),
        };
        Ok(quote_spanned! {span=> {
            #kept
            let #guard = #limiter.#acquire.await?;
            #body
        }})
    }
}

#[cfg(test)]
mod tests {
    use crate::stack::{Kind, expand};
    use quote::quote;

    /// No error has it, and reports are a simulator's, whose runtime no static can have.
    #[test]
    fn the_limiter_is_named() {
        let function = quote!(
            async fn page(rt: &Smol) -> Result<(), Cancelled> {
                Ok(())
            }
        );
        for (settings, name) in [(quote!(8), "page"), (quote!(8, name = "pages"), "pages")] {
            let made = expand(Kind::ConcurrentLimited, settings, function.clone()).to_string();
            assert!(made.contains(&format!("named ({name:?})")), "{made}");
        }
    }
}
