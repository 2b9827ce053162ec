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
        let (kept, slot) = match self {
            Self::By { limiter, key: None } => (
                TokenStream::new(),
                quote_spanned!(span=> (#limiter).acquire()),
            ),
            Self::By {
                limiter,
                key: Some(key),
            } => (
                TokenStream::new(),
                quote_spanned!(span=> (#limiter).acquire_for(#key)),
            ),
            Self::Limit(limit) => {
                let kept = Kept {
                    what: "a limiter",
                    instead: "by = self.limiter",
                    checked: limit.checked,
                };
                let limit = &limit.tokens;
                let (kept, limiter) = kept.in_static(
                    frame,
                    |rt| quote_spanned!(span=> #krate::Limiter<#rt>),
                    |rt| quote_spanned!(span=> #krate::Limiter::new(&#rt, #limit)),
                )?;
                (kept, quote_spanned!(span=> #limiter.acquire()))
            }
        };
        let guard = frame.ident("_slot");
        Ok(quote_spanned! {span=> {
            #kept
            let #guard = #slot.await?;
            #body
        }})
    }
}
