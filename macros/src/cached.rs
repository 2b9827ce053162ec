//! `#[cached]`: what was loaded once is kept.

use crate::{
    arguments::{Argument, arguments, load},
    function::{Function, has_ident, has_variable, parameters, result},
    kept::Kept,
    settings::{Settings, Value, at_least_one, duration, more_than_zero, number_that},
    stack::{Frame, Layer},
};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Error, Expr, Ident, Type, parse::ParseStream, parse_quote, spanned::Spanned};

/// The settings of a cache.
const RULES: &[&str] = &[
    "capacity",
    "ttl",
    "idle",
    "stale_for",
    "errors_for",
    "max_refreshes",
    "jitter",
];
const KEPT: &str = "a cache";
const INSTEAD: &str = "in = self.cache";

pub(crate) struct Cached {
    cache: Source,
    key: Option<(Option<Type>, Expr)>,
}

enum Source {
    In(Expr),
    Rules {
        rules: Vec<(&'static str, Value)>,
        name: Option<Expr>,
    },
}

impl Cached {
    pub(crate) fn parse(input: ParseStream<'_>, at: Span) -> syn::Result<(Self, Settings)> {
        let known: Vec<_> = RULES
            .iter()
            .chain(&["key", "in", "name"])
            .copied()
            .collect();
        let mut settings = Settings::parse(input, &known)?;
        let key = settings.take_typed("key");
        let cache = match settings.take("in") {
            Some(cache) => {
                settings.check_none_beside("in")?;
                Source::In(cache)
            }
            None => {
                let rules = RULES
                    .iter()
                    .filter_map(|rule| Some((*rule, settings.take(rule)?)));
                let rules = rules.map(|(rule, value)| Ok((rule, checked_rule(rule, &value)?)));
                Source::Rules {
                    rules: rules.collect::<syn::Result<_>>()?,
                    name: settings.take("name"),
                }
            }
        };
        if let Source::Rules { rules, .. } = &cache
            && rules.iter().all(|(rule, _)| *rule != "capacity")
        {
            let problem = "how many values? Set a `capacity`, or give a cache: `in = self.cache`";
            return Err(Error::new(at, problem));
        }
        Ok((Self { cache, key }, settings))
    }

    /// The key, and its type where that is known.
    fn key(&self, arguments: &[Argument<'_>]) -> (TokenStream, Option<TokenStream>) {
        if let Some((ty, key)) = &self.key {
            return (
                key.to_token_stream(),
                ty.as_ref().map(ToTokens::to_token_stream),
            );
        }
        // Neither is the runtime a part of it, nor what says in which cache it is looked up.
        let is_part = |argument: &&Argument<'_>| match &self.cache {
            _ if argument.name == "rt" => false,
            Source::In(cache) => !has_variable(cache, argument.name),
            Source::Rules { .. } => true,
        };
        let parts = || arguments.iter().filter(is_part);
        let (keys, types) = (
            parts().map(Argument::owned),
            parts().map(Argument::owned_type),
        );
        match parts().count() {
            // One is a key as it is, so that others can look it up without a tuple.
            1 => (quote!(#(#keys)*), Some(quote!(#(#types)*))),
            _ => (quote!((#(#keys),*)), Some(quote!((#(#types),*)))),
        }
    }
}

fn checked_rule(rule: &str, value: &Expr) -> syn::Result<Value> {
    match rule {
        "ttl" | "idle" => more_than_zero(rule, value),
        "stale_for" | "errors_for" => Ok(Value {
            // A literal cannot be wrong, and neither can anything else.
            checked: true,
            ..duration(value)?
        }),
        "max_refreshes" => at_least_one(rule, value),
        "jitter" => number_that(rule, value, "from 0 to 1", |part: f64| {
            (0.0..=1.0).contains(&part)
        }),
        _ => Ok(Value::of(value, true)),
    }
}

/// What a function returns.
enum Returns<'a> {
    /// A value.
    Value(&'a Type),
    /// A value or an error.
    Own(&'a Type, &'a Type),
    /// A value, or what became of its load.
    Whole(&'a Type, &'a Type),
}

impl<'a> Returns<'a> {
    fn of(output: &'a Type) -> Self {
        let Some((value, error)) = result(output) else {
            return Self::Value(output);
        };
        match parameters(error, "LoadError").as_deref() {
            Some([error]) => Self::Whole(value, error),
            _ => Self::Own(value, error),
        }
    }
}

/// Whether a type is named as if it were a `Result` whose error cannot be seen.
fn hides_its_error(output: &Type) -> bool {
    let Type::Path(path) = output else {
        return false;
    };
    let last = path.path.segments.last();
    last.is_some_and(|last| last.ident.to_string().ends_with("Result")) && result(output).is_none()
}

impl Layer for Cached {
    fn inner(&self, output: &Type) -> Type {
        match Returns::of(output) {
            Returns::Whole(value, error) => parse_quote!(::core::result::Result<#value, #error>),
            _ => output.clone(),
        }
    }

    fn wrap(&self, frame: &Frame<'_>, body: TokenStream) -> syn::Result<TokenStream> {
        let Frame {
            function,
            output,
            span,
            ..
        } = *frame;
        if hides_its_error(output) {
            let problem = "errors are kept apart from values: write the type out, `Result<T, E>`";
            return Err(Error::new(output.span(), problem));
        }
        let returns = Returns::of(output);
        let arguments = arguments(function)?;
        let (key, key_type) = self.key(&arguments);
        let (bound, looked_up) = (frame.ident("cache"), frame.ident("key"));
        let (kept, cache) = match &self.cache {
            Source::In(cache) => (frame.source.mention(), quote!((#cache))),
            Source::Rules { rules, name } => {
                self.check_static(function, key_type.as_ref(), &body)?;
                let kept = kept(frame, &bound, rules, name.as_ref(), &returns, key_type)?;
                (kept, quote!(#bound))
            }
        };
        let load = load(frame, &arguments, body)?;
        let (get, own) = got(frame, &returns);
        Ok(quote_spanned! {span=> {
            #kept
            let #looked_up = #key;
            #cache.#get(&#looked_up, #load).await #own
        }})
    }
}

/// The method that loads, and what comes after its `await`.
fn got(frame: &Frame<'_>, returns: &Returns<'_>) -> (TokenStream, Option<TokenStream>) {
    let Frame { span, .. } = *frame;
    let error = frame.ident("error");
    let get = match returns {
        Returns::Value(_) => "get_or_load",
        Returns::Own(..) | Returns::Whole(..) => "get_or_try_load",
    };
    let own = match returns {
        Returns::Whole(..) => None,
        Returns::Value(_) => {
            Some(quote_spanned!(span=> .unwrap_or_else(|#error| match *#error.resume() {})))
        }
        Returns::Own(..) => Some(quote_spanned! {span=>
            .map_err(|#error| ::std::sync::Arc::unwrap_or_clone(#error.resume()))
        }),
    };
    (Ident::new(get, span).to_token_stream(), own)
}

impl Cached {
    /// That one cache can be there for all callers of the function. A static in a generic function is one for all its
    /// types, and a value of one of them would be given out as another's.
    fn check_static(
        &self,
        function: &Function,
        key: Option<&TokenStream>,
        body: &TokenStream,
    ) -> syn::Result<()> {
        let refused = |at: Span, why: &str| {
            let problem = format!(
                "`#[cached]` keeps one cache for the function, and {why}: give {KEPT} of your own, `{INSTEAD}`"
            );
            Err(Error::new(at, problem))
        };
        let sig = &function.sig;
        if let Some(receiver) = sig.receiver() {
            let why = "what it returns may differ with `self`, and with the parameters of its type";
            return refused(receiver.self_token.span, why);
        }
        if function.has_instances() {
            let why = "what it returns may differ with these types, for it is generic";
            return refused(sig.ident.span(), why);
        }
        // The parameters of an `impl` around it cannot be seen; this stands for them.
        let is_self = |ident: &Ident| ident == "Self";
        if has_ident(sig, &is_self) || has_ident(body, &is_self) {
            let why = "what it returns may differ with `Self`, which it names";
            return refused(sig.ident.span(), why);
        }
        match (key, &self.key) {
            (None, Some((_, key))) => {
                let problem = "a key of its own has a type: `key: Type = ..`";
                Err(Error::new(key.span(), problem))
            }
            _ => Ok(()),
        }
    }
}

/// Binds the cache in a static.
fn kept(
    frame: &Frame<'_>,
    bound: &Ident,
    rules: &[(&str, Value)],
    name: Option<&Expr>,
    returns: &Returns<'_>,
    key: Option<TokenStream>,
) -> syn::Result<TokenStream> {
    let Frame { krate, span, .. } = *frame;
    let kept = Kept {
        what: KEPT,
        instead: INSTEAD,
        checked: rules.iter().all(|(_, value)| value.checked),
    };
    let name = frame.label(name);
    let calls = rules.iter().map(|(rule, value)| {
        let (rule, value) = (Ident::new(rule, span), &value.tokens);
        quote_spanned!(span=> .#rule(#value))
    });
    let (value, error) = match returns {
        Returns::Value(value) => (value, None),
        Returns::Own(value, error) | Returns::Whole(value, error) => (value, Some(error)),
    };
    let fallible = error.map(|error| quote_spanned!(span=> .fallible::<#error>()));
    let error = error.map(|error| quote!(, #error));
    kept.bind(
        frame,
        bound,
        |rt| quote_spanned!(span=> #krate::AsyncCache<#rt, #key, #value #error>),
        |rt| {
            quote_spanned! {span=>
                #krate::AsyncCache::builder(&#rt) #fallible .name(#name) #(#calls)* .build()
            }
        },
    )
}
