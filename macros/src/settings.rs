//! Settings between the parentheses: `name = value`, and what a literal among them may be.

use crate::duration;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use std::{str::FromStr, time::Duration};
use syn::{
    Error, Expr, ExprLit, Ident, Lit, Path, Token, Type,
    ext::IdentExt,
    parse::{Parse, ParseStream},
    parse_quote,
    spanned::Spanned,
};

/// Those that all attributes have.
const COMMON: &[&str] = &["rt", "crate"];

/// What was set by name.
pub(crate) struct Settings {
    values: Vec<Setting>,
}

struct Setting {
    name: Ident,
    /// `key: Type = value`.
    ty: Option<Type>,
    value: Expr,
}

impl Parse for Setting {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if !is_named(input) {
            return Err(input.error("settings have names: write `name = value`"));
        }
        let name = input.call(Ident::parse_any)?;
        let ty = match input.peek(Token![:]) {
            true => {
                input.parse::<Token![:]>()?;
                Some(input.parse()?)
            }
            false => None,
        };
        input.parse::<Token![=]>()?;
        let value = input.parse()?;
        Ok(Self { name, ty, value })
    }
}

/// Whether a named setting comes next, and not a value.
pub(crate) fn is_named(input: ParseStream<'_>) -> bool {
    let assigned = input.peek2(Token![=]) && !input.peek2(Token![==]);
    let typed = input.peek2(Token![:]) && !input.peek2(Token![::]);
    input.peek(Ident::peek_any) && (assigned || typed)
}

impl Settings {
    /// Reads all of them. A value without a name, if one comes first, is taken for the first that is known.
    pub(crate) fn parse(input: ParseStream<'_>, known: &[&str]) -> syn::Result<Self> {
        if let Some(first) = known.first()
            && input.peek(Lit)
        {
            let value: Expr = input.parse()?;
            let shown = value.to_token_stream();
            let problem = format!("settings have names: write `{first} = {shown}`");
            return Err(Error::new(value.span(), problem));
        }
        Self::parse_rest(input, known)
    }

    fn parse_rest(input: ParseStream<'_>, known: &[&str]) -> syn::Result<Self> {
        let settings = input.parse_terminated(Setting::parse, Token![,])?;
        let mut values: Vec<Setting> = Vec::new();
        for setting in settings {
            let name = &setting.name;
            let is_it = |one: &str| *name == one;
            if !known.iter().chain(COMMON).any(|one| is_it(one)) {
                let known: Vec<_> = known
                    .iter()
                    .chain(COMMON)
                    .map(|one| format!("`{one}`"))
                    .collect();
                let problem = format!(
                    "there is no setting `{name}` (there are: {})",
                    known.join(", ")
                );
                return Err(Error::new(name.span(), problem));
            }
            if values.iter().any(|other| other.name == *name) {
                return Err(Error::new(name.span(), format!("`{name}` is set twice")));
            }
            if setting.ty.is_some() && *name != "key" {
                let problem = format!("only a `key` has a type: `{name} = ..`");
                return Err(Error::new(name.span(), problem));
            }
            values.push(setting);
        }
        Ok(Self { values })
    }

    /// Reads what comes first without a name, by `parse`, if it is there, and then the named ones.
    pub(crate) fn after<T>(
        input: ParseStream<'_>,
        known: &[&str],
        parse: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
    ) -> syn::Result<(Option<T>, Self)> {
        let first = match input.is_empty() || is_named(input) {
            true => None,
            false => {
                let first = parse(input)?;
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
                Some(first)
            }
        };
        Ok((first, Self::parse_rest(input, known)?))
    }

    /// A value.
    pub(crate) fn take(&mut self, name: &str) -> Option<Expr> {
        self.take_typed(name).map(|(_, value)| value)
    }

    /// A value, and its type where that was given.
    pub(crate) fn take_typed(&mut self, name: &str) -> Option<(Option<Type>, Expr)> {
        let at = self.values.iter().position(|one| one.name == name)?;
        let Setting { ty, value, .. } = self.values.remove(at);
        Some((ty, value))
    }

    /// That nothing is left, for `instead` says all of it.
    pub(crate) fn check_none_beside(&self, instead: &str) -> syn::Result<()> {
        match self
            .values
            .iter()
            .find(|one| !COMMON.iter().any(|name| one.name == name))
        {
            None => Ok(()),
            Some(Setting { name, .. }) => {
                let problem =
                    format!("with `{instead}` there is nothing to set: leave out `{name}`");
                Err(Error::new(name.span(), problem))
            }
        }
    }
}

/// The path of the facade.
pub(crate) fn path_of(krate: Option<Expr>) -> syn::Result<Path> {
    match krate {
        None => Ok(parse_quote!(::anyrt)),
        Some(Expr::Path(path)) => Ok(path.path),
        Some(other) => Err(Error::new(other.span(), "`crate` is a path")),
    }
}

/// A value of a setting, and whether it is known to be permitted.
pub(crate) struct Value {
    pub(crate) tokens: TokenStream,
    /// Else it is for the program to find out, in a `ConfigError`.
    pub(crate) checked: bool,
}

impl Value {
    /// A value as it is written.
    pub(crate) fn of(value: &Expr, checked: bool) -> Self {
        Self {
            tokens: value.to_token_stream(),
            checked,
        }
    }
}

/// A literal.
fn literal(value: &Expr) -> Option<&Lit> {
    match value {
        Expr::Lit(ExprLit { lit, .. }) => Some(lit),
        _ => None,
    }
}

/// A number.
fn number<N: FromStr>(value: &Expr) -> Option<N> {
    match literal(value)? {
        Lit::Int(int) => int.base10_digits().parse().ok(),
        Lit::Float(float) => float.base10_digits().parse().ok(),
        _ => None,
    }
}

/// A number of which `holds`, or an expression.
pub(crate) fn number_that<N: FromStr>(
    name: &str,
    value: &Expr,
    permitted: &str,
    holds: impl FnOnce(N) -> bool,
) -> syn::Result<Value> {
    let number = number::<N>(value);
    let checked = number.is_some();
    match number.is_none_or(holds) {
        true => Ok(Value::of(value, checked)),
        false => {
            let shown = value.to_token_stream();
            let problem = format!("{name}: {shown} is not permitted (want: {permitted})");
            Err(Error::new(value.span(), problem))
        }
    }
}

/// A number that is not 0, or an expression.
pub(crate) fn at_least_one(name: &str, value: &Expr) -> syn::Result<Value> {
    number_that(name, value, "at least 1", |number: u128| number != 0)
}

/// A duration in words, or an expression.
pub(crate) fn duration(value: &Expr) -> syn::Result<Value> {
    let text = match literal(value) {
        Some(Lit::Str(text)) => text,
        Some(Lit::Int(number)) => return Err(duration::wants_quotes(number)),
        _ => return Ok(Value::of(value, false)),
    };
    let duration = duration::parse(text)?;
    let (secs, nanos) = (duration.as_secs(), duration.subsec_nanos());
    Ok(Value {
        tokens: quote!(::core::time::Duration::new(#secs, #nanos)),
        checked: true,
    })
}

/// A duration in words that is not zero, or an expression.
pub(crate) fn more_than_zero(name: &str, value: &Expr) -> syn::Result<Value> {
    if let Some(Lit::Str(text)) = literal(value)
        && duration::parse(text)? == Duration::ZERO
    {
        let problem = format!("{name}: 0ns is not permitted (want: more than zero)");
        return Err(Error::new(text.span(), problem));
    }
    duration(value)
}
