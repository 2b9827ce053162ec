//! `#[retry]`: attempts.

use crate::{
    backoff::backoff,
    function::{parameters, result},
    settings::{Settings, Value, at_least_one, more_than_zero},
    stack::{Frame, Layer},
};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, Ident, Path, Type, parse::ParseStream, parse_quote};

/// The settings of a policy.
const RULES: &[&str] = &[
    "attempts",
    "backoff",
    "max_elapsed",
    "attempt_timeout",
    "when",
    "retry_after",
    "budget",
    "on_retry",
    "on_give_up",
];

pub(crate) struct Retry {
    policy: Policy,
    name: Option<Expr>,
}

enum Policy {
    Given(Expr),
    /// Calls of its builder.
    Rules(Vec<(&'static str, Expr)>),
}

impl Retry {
    pub(crate) fn parse(input: ParseStream<'_>) -> syn::Result<(Self, Settings)> {
        let known: Vec<_> = RULES.iter().chain(&["policy", "name"]).copied().collect();
        let mut settings = Settings::parse(input, &known)?;
        let name = settings.take("name");
        let policy = match settings.take("policy") {
            Some(policy) => {
                settings.check_none_beside("policy")?;
                Policy::Given(policy)
            }
            None => {
                let rules = RULES
                    .iter()
                    .filter_map(|rule| Some((*rule, settings.take(rule)?)));
                Policy::Rules(rules.collect())
            }
        };
        Ok((Self { policy, name }, settings))
    }

    /// An attempt, or all of them, may end with their limit.
    fn is_limited(&self) -> bool {
        match &self.policy {
            Policy::Given(_) => true,
            Policy::Rules(rules) => rules
                .iter()
                .any(|(rule, _)| ["max_elapsed", "attempt_timeout"].contains(rule)),
        }
    }
}

/// The error of an attempt, where the function's own is a `RetryError` of it.
fn whole(output: &Type) -> Option<(&Type, &Type)> {
    let (value, error) = result(output)?;
    match parameters(error, "RetryError")?[..] {
        [error] => Some((value, error)),
        _ => None,
    }
}

impl Layer for Retry {
    fn inner(&self, output: &Type) -> Type {
        match whole(output) {
            Some((value, error)) => parse_quote!(::core::result::Result<#value, #error>),
            None => output.clone(),
        }
    }

    fn wrap(&self, frame: &Frame<'_>, body: TokenStream) -> syn::Result<TokenStream> {
        let Frame { krate, span, .. } = *frame;
        let (runtime, policy) = (frame.ident("runtime"), frame.ident("policy"));
        let bind = frame.source.bind(&runtime, krate);
        let built = match &self.policy {
            Policy::Given(given) => quote!(&(#given)),
            Policy::Rules(rules) => {
                let built = built(frame, rules)?;
                quote_spanned!(span=> &#built)
            }
        };
        let name = frame.label(self.name.as_ref());
        let attempt = frame.future(&body);
        let own = whole(frame.output)
            .is_none()
            .then(|| own(frame, self.is_limited()));
        Ok(quote_spanned! {span=> {
            #bind
            let #policy = #built;
            #krate::retry(#runtime, #policy, |_| #attempt).named(#name).await #own
        }})
    }
}

/// Makes the last attempt's error of a `RetryError`.
fn own(frame: &Frame<'_>, is_limited: bool) -> TokenStream {
    let Frame { krate, span, .. } = *frame;
    let (error, elapsed) = (frame.ident("error"), frame.ident("elapsed"));
    let timed_out = match is_limited {
        true => quote_spanned!(span=> ::core::convert::From::from(#elapsed)),
        false => quote_spanned!(span=> ::core::unreachable!("no limit, but {}", #elapsed)),
    };
    quote_spanned! {span=>
        .map_err(|#error| match #error.into_inner().last {
            #krate::retry::AttemptError::Failed(#error) => #error,
            #krate::retry::AttemptError::TimedOut(#elapsed) => #timed_out,
        })
    }
}

/// A policy of these rules.
fn built(frame: &Frame<'_>, rules: &[(&str, Expr)]) -> syn::Result<TokenStream> {
    let Frame { krate, span, .. } = *frame;
    let error = result(frame.inner).map_or_else(|| quote!(_), |(_, error)| error.to_token_stream());
    let mut calls = TokenStream::new();
    let mut checked = true;
    for (rule, value) in rules {
        let set = checked_rule(rule, value, krate)?;
        checked &= set.checked;
        let (rule, value) = (Ident::new(rule, span), set.tokens);
        calls.extend(quote_spanned!(span=> .#rule(#value)));
    }
    let outcome = match checked {
        true => quote_spanned!(span=> .expect("the settings are permitted")),
        false => quote_spanned!(span=> ?),
    };
    Ok(quote_spanned!(span=> #krate::Retry::<#error>::builder() #calls .build() #outcome))
}

fn checked_rule(rule: &str, value: &Expr, krate: &Path) -> syn::Result<Value> {
    match rule {
        "attempts" if is_none(value) => Ok(Value::of(value, true)),
        "attempts" => at_least_one(rule, value),
        "backoff" => backoff(value, krate),
        "max_elapsed" | "attempt_timeout" => more_than_zero(rule, value),
        "budget" => Ok(Value {
            tokens: quote!(&(#value)),
            checked: true,
        }),
        _ => Ok(Value::of(value, true)),
    }
}

/// Whether this is `None`, which sets no limit.
fn is_none(value: &Expr) -> bool {
    matches!(value, Expr::Path(path) if path.path.is_ident("None"))
}
