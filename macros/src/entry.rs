//! `#[main]`: the way in.

use crate::{
    function::{Function, borrowed},
    settings::{Settings, path_of},
};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{
    Error, FnArg, Ident,
    parse::{ParseStream, Parser},
};

pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let function: Function = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let error = error.into_compile_error();
            return quote!(#error #item);
        }
    };
    blocking(args, &function).unwrap_or_else(|error| {
        // One of this name is there all the same, so that this is the only error.
        let (error, name, output) = (
            error.into_compile_error(),
            &function.sig.ident,
            &function.sig.output,
        );
        quote!(#error fn #name() #output { ::core::unreachable!() })
    })
}

fn blocking(args: TokenStream, function: &Function) -> syn::Result<TokenStream> {
    let parse = |input: ParseStream<'_>| Settings::parse(input, &[]);
    let mut settings = parse.parse2(args)?;
    let given = settings.take("rt");
    let krate = path_of(settings.take("crate"))?;
    function.check_async("main")?;
    let rt = Ident::new("rt", Span::mixed_site());
    let mut inputs = function.sig.inputs.iter();
    let (ty, argument) = match (inputs.next(), inputs.next()) {
        (None, None) => (None, None),
        (Some(FnArg::Typed(input)), None) => match borrowed(&input.ty) {
            (ty, true) => (Some(ty), Some(quote!(&#rt))),
            (ty, false) => (Some(ty), Some(quote!(::core::clone::Clone::clone(&#rt)))),
        },
        _ => {
            let problem =
                "nobody gives arguments but the runtime: `async fn main(rt: impl Runtime)`";
            return Err(Error::new(function.sig.paren_token.span.join(), problem));
        }
    };
    let value = match (given, ty) {
        (Some(given), _) => quote!(#given),
        (None, Some(ty)) if !function.is_generic(&ty) => {
            quote!(<#ty as ::core::default::Default>::default())
        }
        (None, _) => quote!(#krate::runtime()),
    };
    let Function {
        attrs,
        vis,
        sig,
        body,
    } = function;
    let (name, output) = (&sig.ident, &sig.output);
    // Docs are the outer one's; what else there is goes with the body.
    let (docs, attrs): (Vec<_>, Vec<_>) =
        attrs.iter().partition(|attr| attr.path().is_ident("doc"));
    Ok(quote! {
        #(#docs)*
        #vis fn #name() #output {
            #(#attrs)*
            #sig #body

            let #rt = #value;
            #krate::BlockOn::block_on(&#rt, #name(#argument))
        }
    })
}
