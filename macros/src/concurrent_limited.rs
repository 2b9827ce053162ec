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
    Limit(Value),
}

impl ConcurrentLimited {
    pub(crate) fn parse(input: ParseStream<'_>, at: Span) -> syn::Result<(Self, Settings)> {
        let known = &["limit", "by", "key"];
        let (first, mut settings) = Settings::after(input, known, syn::parse::Parse::parse)?;
        let limit: Option<Expr> = first.or(settings.take("limit"));
        let key = settings.take("key");
        let limiter = match (limit, settings.take("by")) {
            (Some(limit), None) => {
                if let Some(key) = key {
                    let problem = "keys want a limiter that has some: `by = self.limiter`";
                    return Err(Error::new_spanned(key, problem));
                }
                Self::Limit(at_least_one("limit", &limit)?)
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
            Self::Limit(limit) => {
                let kept = Kept {
                    what: "a limiter",
                    instead: "by = self.limiter",
                    checked: limit.checked,
                };
                let limit = &limit.tokens;
                let kept = kept.bind(
                    frame,
                    &bound,
                    |rt| quote_spanned!(span=> #krate::Limiter<#rt>),
                    |rt| quote_spanned!(span=> #krate::Limiter::new(&#rt, #limit)),
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
