//! Arguments of what is cached, and the load that owns them.
//!
//! A load outlives the caller that began it, where others wait for it. So it borrows nothing: what the caller has
//! borrowed it has a copy of, made where there is something to load.

use crate::{
    function::{Function, borrowed, has_ident, name_of},
    stack::Frame,
};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{
    Attribute, Error, Ident, Receiver, ReceiverKind, Type, ext::IdentExt, parse_quote,
    spanned::Spanned,
};

/// An argument that is not `self`.
pub(crate) struct Argument<'a> {
    pub(crate) name: &'a Ident,
    /// The type, without the `&` that it may have.
    ty: &'a Type,
    is_reference: bool,
}

/// All of them.
pub(crate) fn arguments(function: &Function) -> syn::Result<Vec<Argument<'_>>> {
    let arguments = function.arguments().map(|(pat, ty)| {
        let Some(name) = name_of(pat) else {
            let problem = "give the argument a name: `#[cached]` makes a key of it";
            return Err(Error::new(pat.span(), problem));
        };
        if matches!(ty, Type::Reference(reference) if reference.mutability.is_some()) {
            let problem = "what is loaded for others, too, cannot change what is one caller's";
            return Err(Error::new(ty.span(), problem));
        }
        let (ty, is_reference) = borrowed(ty);
        Ok(Argument {
            name,
            ty,
            is_reference,
        })
    });
    arguments.collect()
}

impl Argument<'_> {
    /// A copy of one's own.
    pub(crate) fn owned(&self) -> TokenStream {
        let name = self.name;
        match self.is_reference {
            true => quote!(::std::borrow::ToOwned::to_owned(#name)),
            false => quote!(::core::clone::Clone::clone(&#name)),
        }
    }

    /// The type of that.
    pub(crate) fn owned_type(&self) -> TokenStream {
        let ty = self.ty;
        match self.is_reference {
            true => quote!(<#ty as ::std::borrow::ToOwned>::Owned),
            false => quote!(#ty),
        }
    }

    /// Before the load: what is borrowed is copied.
    fn copy(&self) -> Option<TokenStream> {
        let (name, owned) = (self.name, self.owned());
        self.is_reference.then(|| quote!(let #name = #owned;))
    }

    /// In the load: what was borrowed is a reference again.
    fn lend(&self) -> Option<TokenStream> {
        let (name, ty) = (self.name, self.ty);
        let lent = match has_ident(ty, &|ident| ident == "impl") {
            true => quote!(let #name = &#name;),
            false => quote!(let #name: &#ty = ::core::borrow::Borrow::borrow(&#name);),
        };
        self.is_reference
            .then(|| quote!(#[allow(unused_variables)] #lent))
    }
}

/// What makes the load: a closure, after what it needs.
pub(crate) fn load(
    frame: &Frame<'_>,
    arguments: &[Argument<'_>],
    body: TokenStream,
) -> syn::Result<TokenStream> {
    let span = frame.span;
    let copies = arguments.iter().filter_map(Argument::copy);
    let lends = arguments.iter().filter_map(Argument::lend);
    let (bound, copied, body) = match frame.function.sig.receiver() {
        Some(receiver) => {
            let (this, own) = (frame.ident("this"), frame.ident("own"));
            let is_reference = is_reference(receiver)?;
            let lend = is_reference.then(|| quote!(&));
            let borrow = (!is_reference).then(|| quote!(&));
            (
                Some(quote_spanned!(span=> let #this = #borrow self;)),
                Some(quote_spanned!(span=> let #own = ::core::clone::Clone::clone(#this);)),
                method(frame, arguments, &quote!(#lend #own), &body),
            )
        }
        None => (None, None, frame.typed(&body)),
    };
    Ok(quote_spanned! {span=> {
        #bound
        move |_| {
            #copied
            #(#copies)*
            async move {
                #(#lends)*
                #body
            }
        }
    }})
}

/// Whether `self` is borrowed.
fn is_reference(receiver: &Receiver) -> syn::Result<bool> {
    let mutability = match &receiver.kind {
        ReceiverKind::Reference(_, _, mutability) => mutability.as_ref(),
        ReceiverKind::Typed(_, ty) => match &**ty {
            Type::Reference(reference) => reference.mutability.as_ref(),
            _ => return Ok(false),
        },
        _ => return Ok(false),
    };
    match mutability {
        None => Ok(true),
        Some(_) => {
            let problem = "what is loaded for others, too, takes `&self`";
            Err(Error::new(receiver.span(), problem))
        }
    }
}

/// Puts the body into a method of its own, for `self` is a name that cannot be given to a copy. Gives the call.
fn method(
    frame: &Frame<'_>,
    arguments: &[Argument<'_>],
    this: &TokenStream,
    body: &TokenStream,
) -> TokenStream {
    let Frame { inner, span, .. } = *frame;
    let mut sig = frame.function.sig.clone();
    sig.ident = Ident::new(&format!("__{}_uncached", sig.ident.unraw()), span);
    sig.output = parse_quote!(-> #inner);
    let name = &sig.ident;
    let names = arguments.iter().map(|argument| argument.name);
    let call = quote_spanned!(span=> Self::#name(#this, #(#names),*).await);
    let attrs = frame
        .function
        .attrs
        .iter()
        .filter(|attr| is_of_the_body(attr));
    // What is part of the key alone has been used.
    frame.beside.borrow_mut().push(quote! {
        #[doc(hidden)]
        #[allow(unused_variables)]
        #(#attrs)*
        #sig { #body }
    });
    call
}

/// Whether an attribute is about the body, too: a lint's level, or whether there is a body at all.
fn is_of_the_body(attr: &Attribute) -> bool {
    let names = ["allow", "cfg", "deny", "expect", "forbid", "warn"];
    names.iter().any(|name| attr.path().is_ident(name))
}
