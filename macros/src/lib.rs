//! The attributes of anyrt.

mod arguments;
mod backoff;
mod cached;
mod concurrent_limited;
mod duration;
mod entry;
mod function;
mod kept;
mod rate_limited;
mod retry;
mod runtime;
mod settings;
mod stack;
mod test;
mod timeout;

use proc_macro::TokenStream;
use stack::{Kind, expand};

/// T.
#[proc_macro_attribute]
pub fn timeout(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(Kind::Timeout, args.into(), item.into()).into()
}

/// W.
#[proc_macro_attribute]
pub fn wait_for(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(Kind::WaitFor, args.into(), item.into()).into()
}

/// R.
#[proc_macro_attribute]
pub fn retry(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(Kind::Retry, args.into(), item.into()).into()
}

/// R.
#[proc_macro_attribute]
pub fn rate_limited(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(Kind::RateLimited, args.into(), item.into()).into()
}

/// C.
#[proc_macro_attribute]
pub fn concurrent_limited(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(Kind::ConcurrentLimited, args.into(), item.into()).into()
}

/// C.
#[proc_macro_attribute]
pub fn cached(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(Kind::Cached, args.into(), item.into()).into()
}

/// T.
#[proc_macro_attribute]
pub fn test(args: TokenStream, item: TokenStream) -> TokenStream {
    or_error(test::expand(args.into(), item.clone().into()), item)
}

/// M.
#[proc_macro_attribute]
pub fn main(args: TokenStream, item: TokenStream) -> TokenStream {
    or_error(entry::expand(args.into(), item.clone().into()), item)
}

/// What was made, or the error and what was there.
fn or_error(made: syn::Result<proc_macro2::TokenStream>, item: TokenStream) -> TokenStream {
    made.map_or_else(
        |error| {
            [error.into_compile_error().into(), item]
                .into_iter()
                .collect()
        },
        Into::into,
    )
}
