//! Backoffs in short: `exponential("50ms").max_delay("2s").full_jitter()`.

use crate::settings::{Value, duration, number_that};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Error, Expr, ExprLit, Ident, Lit, Path, spanned::Spanned};

/// The functions of `Backoff` that such an expression can begin with.
const GROWTHS: &[&str] = &[
    "none",
    "constant",
    "linear",
    "exponential",
    "fibonacci",
    "decorrelated",
];

/// A backoff in short, or an expression of one.
pub(crate) fn backoff(value: &Expr, krate: &Path) -> syn::Result<Value> {
    if let Expr::Lit(ExprLit {
        lit: Lit::Str(text),
        ..
    }) = value
    {
        let text = text.token();
        let problem = format!("say how it grows: `constant({text})`, `exponential({text})`, …");
        return Err(Error::new(value.span(), problem));
    }
    Ok(short(value, krate)?.unwrap_or_else(|| Value::of(value, false)))
}

fn short(value: &Expr, krate: &Path) -> syn::Result<Option<Value>> {
    match value {
        Expr::Call(call) => {
            let Some(growth) = growth(&call.func) else {
                return Ok(None);
            };
            let (args, _) = arguments(None, call.args.iter())?;
            // Else those of the user's functions that have these names would be what is meant.
            let growth = Ident::new(
                &growth.to_string(),
                Span::call_site().located_at(growth.span()),
            );
            Ok(Some(Value {
                tokens: quote!(#krate::retry::Backoff::#growth(#args)),
                checked: true,
            }))
        }
        Expr::MethodCall(call) => {
            let Some(Value { tokens, checked }) = short(&call.receiver, krate)? else {
                return Ok(None);
            };
            let method = &call.method;
            let (args, known) = arguments(Some(method), call.args.iter())?;
            Ok(Some(Value {
                tokens: quote!(#tokens.#method(#args)),
                checked: checked && known,
            }))
        }
        _ => Ok(None),
    }
}

fn growth(function: &Expr) -> Option<&Ident> {
    let Expr::Path(path) = function else {
        return None;
    };
    let ident = path.path.get_ident()?;
    GROWTHS
        .iter()
        .any(|growth| ident == growth)
        .then_some(ident)
}

/// Arguments, durations in words among them; and whether they are known to be permitted. A factor alone may not be.
fn arguments<'a>(
    method: Option<&Ident>,
    args: impl Iterator<Item = &'a Expr>,
) -> syn::Result<(TokenStream, bool)> {
    let mut known = true;
    let mut tokens = Vec::new();
    for arg in args {
        let value = if method.is_some_and(|method| method == "factor") {
            let permitted = "finite, and not less than 1";
            let value = number_that("factor", arg, permitted, |factor: f64| {
                factor.is_finite() && factor >= 1.0
            })?;
            known &= value.checked;
            value
        } else {
            duration(arg)?
        };
        tokens.push(value.tokens);
    }
    Ok((quote!(#(#tokens),*), known))
}
