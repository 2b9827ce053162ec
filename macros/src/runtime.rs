//! Where the runtime comes from: an argument named `rt`, a setting, or the default.

use crate::function::{Function, borrowed, name_of};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Expr, Ident, Path, Type, spanned::Spanned};

/// Where the runtime comes from.
pub(crate) enum Source {
    /// `rt = value`.
    Given(Expr),
    /// An argument, of this type or a reference to it.
    Argument {
        name: Ident,
        ty: Type,
        is_reference: bool,
    },
    /// The default runtime.
    Default,
}

impl Source {
    pub(crate) fn of(function: &Function, given: Option<Expr>) -> Self {
        if let Some(given) = given {
            return Self::Given(given);
        }
        let mut named = function
            .arguments()
            .filter_map(|(pat, ty)| Some((name_of(pat)?, ty)));
        let Some((name, ty)) = named.find(|(name, _)| *name == "rt") else {
            return Self::Default;
        };
        let (ty, is_reference) = borrowed(ty);
        Self::Argument {
            name: name.clone(),
            ty: ty.clone(),
            is_reference,
        }
    }

    /// A statement that binds `runtime` to a reference to it.
    pub(crate) fn bind(&self, runtime: &Ident, krate: &Path) -> TokenStream {
        match self {
            // The body may move what it is a part of.
            Self::Given(value) => {
                quote!(let #runtime = &::core::clone::Clone::clone(&(#value));)
            }
            Self::Argument {
                name,
                is_reference: true,
                ..
            } => quote!(let #runtime = &*#name;),
            // The body may move the argument.
            Self::Argument { name, .. } => {
                quote!(let #runtime = &::core::clone::Clone::clone(&#name);)
            }
            Self::Default => quote!(let #runtime = &#krate::runtime();),
        }
    }

    /// A statement that uses the argument, of which only the type may be of use.
    pub(crate) fn mention(&self) -> TokenStream {
        match self {
            Self::Argument { name, .. } => quote!(let _ = &#name;),
            _ => TokenStream::new(),
        }
    }

    /// Its type, and a value that lasts as long as the process: that type's default. A caller's value would not
    /// do, for the next caller may have another one. Else, where and why there is none.
    pub(crate) fn of_process(
        &self,
        function: &Function,
        krate: &Path,
    ) -> Result<(TokenStream, TokenStream), (Span, &'static str)> {
        match self {
            Self::Given(value) => Err((value.span(), "an expression's cannot be seen")),
            Self::Argument { ty, .. } if function.is_generic(ty) => {
                Err((ty.span(), "this one is generic"))
            }
            Self::Argument { ty, .. } => {
                let value = quote!(<#ty as ::core::default::Default>::default());
                Ok((quote!(#ty), value))
            }
            Self::Default => Ok((quote!(#krate::DefaultRuntime), quote!(#krate::runtime()))),
        }
    }
}
