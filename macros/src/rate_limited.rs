//! `#[rate_limited]`: how often calls begin.

use crate::{
    kept::Kept,
    settings::{Settings, Value, at_least_one, more_than_zero},
    stack::{Frame, Layer},
};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Error, Expr, Ident, parse::ParseStream};

const PERIODS: &[(&str, u64)] = &[
    ("second", 1),
    ("minute", 60),
    ("hour", 60 * 60),
    ("day", 24 * 60 * 60),
];

pub(crate) struct RateLimited {
    limiter: Source,
    weight: Option<Expr>,
}

enum Source {
    By(Expr),
    Quota {
        count: Value,
        period: Value,
        burst: Option<Value>,
        name: Option<Expr>,
    },
}

/// `count per period`.
fn quota(input: ParseStream<'_>, at: Span) -> syn::Result<(Value, Value)> {
    let count = at_least_one("rate", &input.parse()?)?;
    let per: Option<Ident> = input.parse()?;
    if per.is_none_or(|per| per != "per") || input.is_empty() {
        let problem = "per what? Write `100 per second`, or `100 per \"10s\"`";
        return Err(Error::new(at, problem));
    }
    let period: Expr = input.parse()?;
    let shown = period.to_token_stream().to_string();
    let period = match PERIODS.iter().find(|(name, _)| *name == shown) {
        Some((_, secs)) => Value {
            tokens: quote!(::core::time::Duration::from_secs(#secs)),
            checked: true,
        },
        None if is_lowercase(&period) => {
            let names = PERIODS.iter().map(|(name, _)| format!("`{name}`"));
            let problem = format!(
                "there is no period `{shown}` (there are: {}, and words, such as `\"10s\"`)",
                names.collect::<Vec<_>>().join(", ")
            );
            return Err(Error::new_spanned(period, problem));
        }
        None => more_than_zero("period", &period)?,
    };
    Ok((count, period))
}

/// Whether this is a name that no constant has. A variable is none that the limiter could see.
fn is_lowercase(period: &Expr) -> bool {
    let Expr::Path(path) = period else {
        return false;
    };
    let name = path.path.get_ident();
    name.is_some_and(|name| name.to_string().chars().all(char::is_lowercase))
}

impl RateLimited {
    pub(crate) fn parse(input: ParseStream<'_>, at: Span) -> syn::Result<(Self, Settings)> {
        let (quota, mut settings) =
            Settings::after(input, &["burst", "weight", "by", "name"], |input| {
                quota(input, at)
            })?;
        let weight = settings.take("weight");
        let by = settings.take("by");
        let limiter = match (quota, by) {
            (Some((count, period)), None) => {
                let burst = settings.take("burst");
                let burst = burst
                    .map(|burst| at_least_one("burst", &burst))
                    .transpose()?;
                Source::Quota {
                    count,
                    period,
                    burst,
                    name: settings.take("name"),
                }
            }
            (None, Some(by)) => {
                settings.check_none_beside("by")?;
                Source::By(by)
            }
            (None, None) => {
                let problem =
                    "how often? Write `100 per second`, or give a limiter: `by = self.limiter`";
                return Err(Error::new(at, problem));
            }
            (Some(_), Some(by)) => {
                return Err(Error::new_spanned(by, "the limiter has a quota of its own"));
            }
        };
        Ok((Self { limiter, weight }, settings))
    }
}

impl Layer for RateLimited {
    fn wrap(&self, frame: &Frame<'_>, body: TokenStream) -> syn::Result<TokenStream> {
        let Frame { krate, span, .. } = *frame;
        let acquire = match &self.weight {
            Some(weight) => quote_spanned!(span=> acquire_many(#weight)),
            None => quote_spanned!(span=> acquire()),
        };
        let bound = frame.ident("limiter");
        let (kept, limiter) = match &self.limiter {
            Source::By(by) => (None, quote!((#by))),
            Source::Quota {
                count,
                period,
                burst,
                name,
            } => {
                let values = [Some(count), Some(period), burst.as_ref()];
                let kept = Kept {
                    what: "a limiter",
                    instead: "by = self.limiter",
                    checked: values.into_iter().flatten().all(|value| value.checked),
                };
                let (count, period) = (&count.tokens, &period.tokens);
                let burst = burst.as_ref().map(|burst| &burst.tokens);
                let burst = burst.map(|burst| quote!(.burst(#burst)));
                let quota =
                    quote_spanned!(span=> #krate::limit::Quota::new(#count, #period) #burst);
                let name = frame.label(name.as_ref());
                let kept = kept.bind(
                    frame,
                    &bound,
                    |rt| quote_spanned!(span=> #krate::RateLimiter<#rt>),
                    |rt| {
                        quote_spanned! {span=>
                            #krate::RateLimiter::new(&#rt, #quota).map(|limiter| limiter.named(#name))
                        }
                    },
                )?;
                (Some(kept), quote!(#bound))
            }
        };
        Ok(quote_spanned! {span=> {
            #kept
            #limiter.#acquire.await?;
            #body
        }})
    }
}
