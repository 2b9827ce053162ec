//! What wraps a function: all attributes that stand above it, the first one outermost.
//!
//! The compiler hands the function to the first attribute, the others still on it. Left to themselves they would
//! be expanded one after the other, and the last one, not the first, would be outermost. So the first takes all.

use crate::{
    cached::Cached,
    concurrent_limited::ConcurrentLimited,
    function::{Function, has_ident, is_no_result, located},
    rate_limited::RateLimited,
    retry::Retry,
    runtime::Source,
    settings::{Settings, path_of},
    timeout::Timeout,
};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use std::cell::RefCell;
use syn::{
    Attribute, Error, Expr, Ident, Meta, Path, Type,
    ext::IdentExt,
    parse::{ParseStream, Parser},
    spanned::Spanned,
};

/// An attribute that wraps.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Timeout,
    WaitFor,
    Retry,
    RateLimited,
    ConcurrentLimited,
    Cached,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::Timeout,
        Self::WaitFor,
        Self::Retry,
        Self::RateLimited,
        Self::ConcurrentLimited,
        Self::Cached,
    ];

    /// The one that a path names: by its own name, with or without the crate's.
    fn of(path: &Path) -> Option<Self> {
        let segments: Vec<_> = path
            .segments
            .iter()
            .map(|one| one.ident.to_string())
            .collect();
        let name = match &segments[..] {
            [name] => name,
            [krate, name] if krate == "anyrt" => name,
            _ => return None,
        };
        Self::ALL.iter().copied().find(|kind| name == kind.name())
    }

    fn name(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::WaitFor => "wait_for",
            Self::Retry => "retry",
            Self::RateLimited => "rate_limited",
            Self::ConcurrentLimited => "concurrent_limited",
            Self::Cached => "cached",
        }
    }

    fn parse(self, input: ParseStream<'_>, at: Span) -> syn::Result<(Box<dyn Layer>, Settings)> {
        Ok(match self {
            Self::Timeout | Self::WaitFor => boxed(Timeout::parse(input, at, self)?),
            Self::Retry => boxed(Retry::parse(input)?),
            Self::RateLimited => boxed(RateLimited::parse(input, at)?),
            Self::ConcurrentLimited => boxed(ConcurrentLimited::parse(input, at)?),
            Self::Cached => boxed(Cached::parse(input, at)?),
        })
    }
}

fn boxed<L: Layer + 'static>((layer, rest): (L, Settings)) -> (Box<dyn Layer>, Settings) {
    (Box::new(layer), rest)
}

/// What an attribute does.
pub(crate) trait Layer {
    /// What the body returns, where that is not what the wrapped one does.
    fn inner(&self, output: &Type) -> Type {
        output.clone()
    }

    /// A block that runs the body, which is a block, too.
    fn wrap(&self, frame: &Frame<'_>, body: TokenStream) -> syn::Result<TokenStream>;
}

/// What is around a layer.
pub(crate) struct Frame<'a> {
    pub(crate) attribute: &'static str,
    /// Of the attribute.
    pub(crate) span: Span,
    pub(crate) function: &'a Function,
    pub(crate) source: &'a Source,
    pub(crate) krate: &'a Path,
    /// What the wrapped body returns, and what the body does.
    pub(crate) output: &'a Type,
    pub(crate) inner: &'a Type,
    /// The body runs more than once.
    pub(crate) repeats: bool,
    /// Functions beside this one.
    pub(crate) beside: &'a RefCell<Vec<TokenStream>>,
}

impl Frame<'_> {
    /// A name that the body cannot see.
    pub(crate) fn ident(&self, name: &str) -> Ident {
        Ident::new(name, Span::mixed_site().located_at(self.span))
    }

    /// The name that errors have: the one that was set, or the function's.
    pub(crate) fn label(&self, set: Option<&Expr>) -> TokenStream {
        let name = self.function.sig.ident.unraw().to_string();
        set.map_or_else(|| quote!(#name), ToTokens::to_token_stream)
    }

    /// The body as a future. It owns the arguments, as the function's does, unless others are made of them.
    pub(crate) fn future(&self, body: &TokenStream) -> TokenStream {
        let typed = self.typed(body);
        let owns = (!self.repeats).then(|| quote!(move));
        quote!(async #owns { #typed })
    }

    /// The body, for a future.
    ///
    /// An async block cannot say what it returns, so that coercions in `return`s and in the last expression would be
    /// lost: a `return` that is never reached says it first.
    pub(crate) fn typed(&self, body: &TokenStream) -> TokenStream {
        let Self { inner, span, .. } = self;
        let output = self.ident("output");
        // Where the type is wrong, the place to look at is the type.
        let never = quote_spanned!(located(inner)=> let #output: #inner = loop {};);
        quote_spanned! {*span=>
            #[allow(unreachable_code, clippy::all)]
            if false {
                #never
                return #output;
            }
            #body
        }
    }
}

/// Wraps an item in an attribute, and in those that follow.
pub(crate) fn expand(kind: Kind, args: TokenStream, item: TokenStream) -> TokenStream {
    let mut function: Function = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let error = error.into_compile_error();
            return quote!(#error #item);
        }
    };
    let (others, attrs): (Vec<_>, Vec<_>) = function
        .attrs
        .drain(..)
        .partition(|attr| Kind::of(attr.path()).is_some());
    function.attrs = attrs;
    wrapped(kind, args, &others, &function).unwrap_or_else(|error| {
        // The function is there all the same, so that this is the only error.
        let error = error.into_compile_error();
        quote!(#error #[allow(unused)] #function)
    })
}

fn wrapped(
    kind: Kind,
    args: TokenStream,
    others: &[Attribute],
    function: &Function,
) -> syn::Result<TokenStream> {
    function.check_async(kind.name())?;
    let output = output(kind, function)?;
    let first = (kind, Span::call_site(), args);
    let others = others.iter().map(|attr| {
        let kind = Kind::of(attr.path()).unwrap_or(kind);
        let args = match &attr.meta {
            Meta::Path(_) => TokenStream::new(),
            Meta::List(list) => list.tokens.clone(),
            Meta::NameValue(pair) => {
                let problem = format!("settings lie in parentheses: `#[{}(..)]`", kind.name());
                return Err(Error::new(pair.eq_token.span(), problem));
            }
        };
        Ok((kind, located(attr.path()), args))
    });
    let mut layers: Vec<(Kind, Span, Box<dyn Layer>)> = Vec::new();
    let (mut rt, mut krate) = (None, None);
    for attached in std::iter::once(Ok(first)).chain(others) {
        let (kind, span, args) = attached?;
        if kind == Kind::Cached && layers.iter().any(|(other, ..)| *other == kind) {
            return Err(Error::new(span, "a function is cached once"));
        }
        let parse = |input: ParseStream<'_>| kind.parse(input, span);
        let (layer, mut common) = parse.parse2(args)?;
        rt = rt.or(common.take("rt"));
        krate = krate.or(common.take("crate"));
        layers.push((kind, span, layer));
    }
    let krate = path_of(krate)?;
    let source = Source::of(function, rt);
    let mut outputs = vec![output];
    for (_, _, layer) in &layers {
        let inner = outputs.last().map(|output| layer.inner(output));
        outputs.extend(inner);
    }
    let beside = RefCell::new(Vec::new());
    let mut body = function.wrapped_body().to_token_stream();
    let repeated = layers.iter().position(|(kind, ..)| *kind == Kind::Retry);
    let frames = layers.iter().zip(outputs.windows(2)).enumerate();
    for (at, ((kind, span, layer), types)) in frames.rev() {
        let frame = Frame {
            attribute: kind.name(),
            span: *span,
            function,
            source: &source,
            krate: &krate,
            output: &types[0],
            inner: &types[1],
            repeats: repeated.is_some_and(|retry| retry <= at),
            beside: &beside,
        };
        body = layer.wrap(&frame, body)?;
    }
    let Function { vis, sig, .. } = function;
    let beside = beside.into_inner();
    let mut attrs = function.attrs.clone();
    if !beside.is_empty() {
        attrs.iter_mut().for_each(allow_what_is_expected);
    }
    Ok(quote!(#(#attrs)* #vis #sig #body #(#beside)*))
}

/// Makes an `allow` of an `expect`: what is expected is found where the body is, in the function beside.
fn allow_what_is_expected(attr: &mut Attribute) {
    if let Meta::List(list) = &mut attr.meta
        && list.path.is_ident("expect")
    {
        list.path = Ident::new("allow", list.path.span()).into();
    }
}

/// What the function returns.
fn output(kind: Kind, function: &Function) -> syn::Result<Type> {
    let name = kind.name();
    let wants_result =
        || format!("`#[{name}]` needs a function that returns a `Result`, for its own errors");
    let Some(output) = function.output() else {
        let problem = match kind {
            Kind::Cached => "`#[cached]` needs a function that returns what is kept".to_owned(),
            _ => wants_result(),
        };
        return Err(Error::new(function.sig.ident.span(), problem));
    };
    if kind != Kind::Cached && is_no_result(output) {
        return Err(Error::new(output.span(), wants_result()));
    }
    if has_ident(output, &|ident| ident == "impl") {
        let problem = format!("`#[{name}]` needs a type with a name here, and not `impl Trait`");
        return Err(Error::new(output.span(), problem));
    }
    Ok(output.clone())
}
