//! The function that an attribute is on.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Attribute, Error, Expr, ExprPath, FnArg, GenericArgument, Ident, Pat, PatIdent, PathArguments,
    ReturnType, Signature, Token, Type, Visibility,
    ext::IdentExt,
    parse::{Parse, ParseStream},
    spanned::Spanned,
    visit::Visit,
};

/// A function, of whose body nothing has to be known.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let sig: Signature = input.parse()?;
        if input.peek(Token![;]) {
            let problem = "a function without a body has nothing to be wrapped: put the attribute \
                           on the one that has it";
            return Err(Error::new(sig.ident.span(), problem));
        }
        let body = input.parse()?;
        Ok(Self {
            attrs,
            vis,
            sig,
            body,
        })
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self {
            attrs,
            vis,
            sig,
            body,
        } = self;
        tokens.extend(quote!(#(#attrs)* #vis #sig #body));
    }
}

impl Function {
    /// That it is async: of a future that a plain function returns there is no body to wrap.
    pub(crate) fn check_async(&self, attribute: &str) -> syn::Result<()> {
        if self.sig.asyncness.is_some() {
            return Ok(());
        }
        let problem = format!("`#[{attribute}]` needs an `async fn`");
        Err(Error::new(self.sig.fn_token.span, problem))
    }

    /// The body, to stand in another block: with braces that are the macro's, or a body on one line would be told that
    /// they are too many.
    pub(crate) fn wrapped_body(&self) -> Group {
        let mut body = self.body.clone();
        body.set_span(Span::call_site().located_at(body.span()));
        body
    }

    /// The type that is written after the arrow, if there is one.
    pub(crate) fn output(&self) -> Option<&Type> {
        match &self.sig.output {
            ReturnType::Default => None,
            ReturnType::Type(_, output) => Some(output),
        }
    }

    /// Its arguments without `self`.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = (&Pat, &Type)> {
        self.sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(typed) => Some((&*typed.pat, &*typed.ty)),
            FnArg::Receiver(_) => None,
        })
    }

    /// Whether there are several of it: of types or constants. (Lifetimes make no difference to a value.)
    pub(crate) fn has_instances(&self) -> bool {
        let generics = &self.sig.generics;
        generics.type_params().next().is_some()
            || generics.const_params().next().is_some()
            || self
                .arguments()
                .any(|(_, ty)| has_ident(ty, &|ident| ident == "impl"))
    }

    /// Whether these tokens name something generic: a parameter of the function, `impl Trait`, or `Self`,
    /// which may be. (Parameters of an `impl` around it cannot be seen.)
    pub(crate) fn is_generic(&self, tokens: &impl ToTokens) -> bool {
        has_ident(tokens, &|ident| {
            let params = || self.sig.generics.type_params();
            ident == "impl" || ident == "Self" || params().any(|param| param.ident == *ident)
        })
    }
}

/// A type without the `&` that it may have, and whether it has one.
pub(crate) fn borrowed(ty: &Type) -> (&Type, bool) {
    match ty {
        Type::Reference(reference) => (&reference.elem, true),
        ty => (ty, false),
    }
}

/// The name that an argument's pattern binds, where it is no more than a name.
pub(crate) fn name_of(pat: &Pat) -> Option<&Ident> {
    match pat {
        Pat::Ident(PatIdent {
            ident,
            subpat: None,
            by_ref: None,
            ..
        }) => Some(ident),
        _ => None,
    }
}

/// Whether an identifier of which `is_it` holds is among these tokens, at any depth.
pub(crate) fn has_ident(tokens: &impl ToTokens, is_it: &dyn Fn(&Ident) -> bool) -> bool {
    tokens
        .to_token_stream()
        .into_iter()
        .any(|token| match token {
            TokenTree::Ident(ident) => is_it(&ident),
            TokenTree::Group(group) => has_ident(&group.stream(), is_it),
            _ => false,
        })
}

/// Whether an expression names this variable. What it calls a field, a method or a module is something else.
pub(crate) fn has_variable(value: &Expr, name: &Ident) -> bool {
    struct Finder<'a> {
        name: &'a Ident,
        found: bool,
    }
    impl<'ast> Visit<'ast> for Finder<'_> {
        fn visit_expr_path(&mut self, path: &'ast ExprPath) {
            self.found |= path.qself.is_none() && path.path.is_ident(self.name);
        }
    }
    let mut finder = Finder { name, found: false };
    finder.visit_expr(value);
    finder.found
}

/// The parameters of a type whose last name is `name`: the `T` and `E` of `Result<T, E>`.
pub(crate) fn parameters<'a>(ty: &'a Type, name: &str) -> Option<Vec<&'a Type>> {
    let Type::Path(path) = ty else {
        return None;
    };
    let last = path.path.segments.last()?;
    if last.ident.unraw() != name {
        return None;
    }
    let PathArguments::AngleBracketed(given) = &last.arguments else {
        return Some(Vec::new());
    };
    let types = given.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    Some(types.collect())
}

/// `T` and `E`, where a type is written as `Result<T, E>`.
pub(crate) fn result(ty: &Type) -> Option<(&Type, &Type)> {
    match parameters(ty, "Result")?[..] {
        [value, error] => Some((value, error)),
        _ => None,
    }
}

/// Whether a type is known not to be a `Result`. Of most names that is not known: they may stand for one.
pub(crate) fn is_no_result(ty: &Type) -> bool {
    const OTHERS: &[&str] = &[
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16",
        "u32", "u64", "u128", "usize", "Box", "Option", "String", "Vec",
    ];
    match ty {
        Type::Path(path) if path.qself.is_none() => {
            let mut segments = path.path.segments.iter();
            matches!((segments.next(), segments.next()), (Some(only), None)
                if OTHERS.iter().any(|name| only.ident == name))
        }
        Type::Array(_) | Type::Ptr(_) | Type::Reference(_) | Type::Slice(_) | Type::Tuple(_) => {
            true
        }
        _ => false,
    }
}

/// A place that errors and lints find in the user's file, for tokens that are the macro's own.
pub(crate) fn located(at: &impl Spanned) -> Span {
    Span::call_site().located_at(at.span())
}
