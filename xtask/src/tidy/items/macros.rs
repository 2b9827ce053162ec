//! What macros are given, and made of.

use proc_macro2::{Group, TokenStream, TokenTree};

/// The items that a macro is given, or makes: all of it, or what is in its brackets, as far as that is items.
pub(super) fn expanded(tokens: TokenStream) -> Vec<syn::Item> {
    let plain = plain(tokens);
    match syn::parse2::<syn::File>(plain.clone()) {
        Ok(file) => file.items,
        Err(_) => plain
            .into_iter()
            .filter_map(|tree| match tree {
                TokenTree::Group(group) => Some(expanded(group.stream())),
                _ => None,
            })
            .flatten()
            .collect(),
    }
}

/// Without what only macros have: a `$name` is a name, and what is repeated is there once.
fn plain(tokens: TokenStream) -> TokenStream {
    let is = |tree: &TokenTree, chars: &str| matches!(tree, TokenTree::Punct(one) if chars.contains(one.as_char()));
    let mut trees = tokens.into_iter();
    let mut out = TokenStream::new();
    while let Some(tree) = trees.next() {
        match tree {
            TokenTree::Punct(one) if one.as_char() == '$' => match trees.next() {
                Some(TokenTree::Group(group)) => {
                    out.extend(plain(group.stream()));
                    // A separator may stand before the sign.
                    trees.find(|tree| is(tree, "*+?"));
                }
                name => out.extend(name),
            },
            TokenTree::Group(group) => {
                let inside = plain(group.stream());
                out.extend([TokenTree::from(Group::new(group.delimiter(), inside))]);
            }
            other => out.extend([other]),
        }
    }
    out
}
