//! The items of a source: functions, types, traits, macros, and what they are in. What macros are made of counts.

mod macros;

use super::code::names;
use macros::expanded;
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    Attribute, Expr, ExprLit, Generics, Ident, ImplItem, Lit, Meta, Path, ReceiverKind, ReturnType,
    Signature, TraitItem, Type, Visibility, WherePredicate,
};

/// What stands in a source.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// The type or the trait that it is in.
    pub(super) owner: Option<String>,
    /// Of a trait, and of an `impl` of one: the trait. Of what is in there: that, too.
    pub(super) of_trait: Option<String>,
    /// `pub`, at least in a part of the package.
    pub(super) is_pub: bool,
    /// `pub`, an item of a public trait, or an exported macro; and not hidden from the docs.
    pub(super) is_open: bool,
    /// An `async fn`, or a macro with an `await` in it.
    pub(super) is_async: bool,
    /// A method that takes itself.
    pub(super) consumes: bool,
    /// What a function gives.
    pub(super) output: String,
    /// What a trait asks for, an alias stands for, or has to be true of the parameter that a function gives.
    pub(super) bounds: String,
    /// Its docs, line by line.
    pub(super) docs: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Fn,
    Struct,
    Enum,
    Trait,
    Impl,
    Type,
    Macro,
}

impl Item {
    /// Its name, after that of what it is in.
    pub(super) fn path(&self) -> String {
        match (&self.owner, self.kind) {
            (_, Kind::Macro) => format!("{}!", self.name),
            (Some(owner), _) => format!("{owner}::{}", self.name),
            (None, _) => self.name.clone(),
        }
    }
}

/// All items of a source.
pub(super) fn items_of(code: &TokenStream) -> Result<Vec<Item>, String> {
    let file = syn::parse2::<syn::File>(code.clone()).map_err(|error| {
        let line = error.span().start().line;
        format!("{line}: {error}")
    })?;
    let mut found = Vec::new();
    Scope::default().all(file.items, &mut found);
    Ok(found)
}

/// What items are in.
#[derive(Debug, Default)]
struct Scope {
    owner: Option<String>,
    of_trait: Option<String>,
    is_open_trait: bool,
    is_hidden: bool,
}

impl Scope {
    fn all(&self, items: Vec<syn::Item>, found: &mut Vec<Item>) {
        for item in items {
            self.one(item, found);
        }
    }

    fn one(&self, item: syn::Item, found: &mut Vec<Item>) {
        match item {
            syn::Item::Fn(item) => found.push(self.function(&item.attrs, &item.vis, &item.sig)),
            syn::Item::Struct(item) => {
                found.push(self.item(Kind::Struct, &item.attrs, &item.vis, &item.ident));
            }
            syn::Item::Enum(item) => {
                found.push(self.item(Kind::Enum, &item.attrs, &item.vis, &item.ident));
            }
            syn::Item::Type(item) => {
                let alias = self.item(Kind::Type, &item.attrs, &item.vis, &item.ident);
                found.push(Item {
                    bounds: text(&item.ty),
                    ..alias
                });
            }
            syn::Item::Mod(item) => {
                let inside = Self {
                    is_hidden: self.is_hidden || is_hidden(&item.attrs),
                    ..Self::default()
                };
                inside.all(
                    item.content.map(|(_, items)| items).unwrap_or_default(),
                    found,
                );
            }
            syn::Item::Macro(item) => {
                if let Some(name) = &item.ident {
                    let is_exported = item
                        .attrs
                        .iter()
                        .any(|one| one.path().is_ident("macro_export"));
                    let is_async = names(item.mac.tokens.clone()).contains("await");
                    let it = self.item(Kind::Macro, &item.attrs, &Visibility::Inherited, name);
                    let is_open = is_exported && !is_hidden(&item.attrs);
                    found.push(Item {
                        is_open,
                        is_async,
                        ..it
                    });
                }
                self.all(expanded(item.mac.tokens), found);
            }
            syn::Item::Trait(item) => self.a_trait(item, found),
            syn::Item::Impl(item) => self.an_impl(item, found),
            _ => {}
        }
    }

    fn a_trait(&self, item: syn::ItemTrait, found: &mut Vec<Item>) {
        let mut it = self.item(Kind::Trait, &item.attrs, &item.vis, &item.ident);
        it.bounds = text(&item.supertraits);
        it.of_trait = Some(it.name.clone());
        let inside = Self {
            owner: Some(it.name.clone()),
            of_trait: Some(it.name.clone()),
            is_open_trait: it.is_open,
            is_hidden: self.is_hidden || is_hidden(&item.attrs),
        };
        found.push(it);
        for item in item.items {
            match item {
                TraitItem::Fn(item) => {
                    found.push(inside.function(&item.attrs, &Visibility::Inherited, &item.sig));
                }
                TraitItem::Type(item) => {
                    let it =
                        inside.item(Kind::Type, &item.attrs, &Visibility::Inherited, &item.ident);
                    found.push(Item {
                        bounds: text(&item.bounds),
                        ..it
                    });
                }
                _ => {}
            }
        }
    }

    fn an_impl(&self, item: syn::ItemImpl, found: &mut Vec<Item>) {
        let name = subject(&item.self_ty);
        let of_trait = item.trait_.as_ref().map(|(path, _)| last(path));
        let inside = Self {
            owner: Some(name.clone()),
            of_trait: of_trait.clone(),
            is_open_trait: false,
            is_hidden: self.is_hidden || is_hidden(&item.attrs),
        };
        let it = self.named(Kind::Impl, &item.attrs, &Visibility::Inherited, name);
        found.push(Item {
            of_trait,
            owner: None,
            ..it
        });
        for item in item.items {
            match item {
                ImplItem::Fn(item) => {
                    found.push(inside.function(&item.attrs, &item.vis, &item.sig));
                }
                ImplItem::Type(item) => {
                    let it = inside.item(Kind::Type, &item.attrs, &item.vis, &item.ident);
                    found.push(Item {
                        bounds: text(&item.ty),
                        ..it
                    });
                }
                ImplItem::Macro(item) => inside.all(expanded(item.mac.tokens), found),
                _ => {}
            }
        }
    }

    fn function(&self, attrs: &[Attribute], vis: &Visibility, sig: &Signature) -> Item {
        let output = match &sig.output {
            ReturnType::Default => String::new(),
            ReturnType::Type(_, output) => text(output),
        };
        let receiver = sig.receiver().map(|one| &one.kind);
        Item {
            is_async: sig.asyncness.is_some(),
            consumes: matches!(receiver, Some(ReceiverKind::Value)),
            bounds: bounds_of(&sig.generics, &output),
            output,
            ..self.item(Kind::Fn, attrs, vis, &sig.ident)
        }
    }

    fn item(&self, kind: Kind, attrs: &[Attribute], vis: &Visibility, name: &Ident) -> Item {
        self.named(kind, attrs, vis, name.to_string())
    }

    fn named(&self, kind: Kind, attrs: &[Attribute], vis: &Visibility, name: String) -> Item {
        let is_open = matches!(vis, Visibility::Public(_)) || self.is_open_trait;
        Item {
            kind,
            name,
            owner: self.owner.clone(),
            of_trait: self.of_trait.clone(),
            is_pub: !matches!(vis, Visibility::Inherited),
            is_open: is_open && !self.is_hidden && !is_hidden(attrs),
            is_async: false,
            consumes: false,
            output: String::new(),
            bounds: String::new(),
            docs: attrs.iter().filter_map(doc).collect(),
        }
    }
}

/// The code of something, with paths in one piece.
fn text(code: &impl ToTokens) -> String {
    code.to_token_stream().to_string().replace(" :: ", "::")
}

fn last(path: &Path) -> String {
    path.segments
        .last()
        .map_or_else(String::new, |one| one.ident.to_string())
}

/// The type that an `impl` is for.
fn subject(of: &Type) -> String {
    match of {
        Type::Path(one) => last(&one.path),
        Type::Reference(one) => subject(&one.elem),
        other => text(other),
    }
}

/// What has to be true of a type parameter.
fn bounds_of(generics: &Generics, parameter: &str) -> String {
    let inline = generics.type_params().filter(|one| one.ident == parameter);
    let inline = inline
        .filter(|one| !one.bounds.is_empty())
        .map(|one| text(&one.bounds));
    let clauses = generics.where_clause.iter().flat_map(|one| &one.predicates);
    let after = clauses.filter_map(|one| match one {
        WherePredicate::Type(one) if text(&one.bounded_ty) == parameter => Some(text(&one.bounds)),
        _ => None,
    });
    inline.chain(after).collect::<Vec<_>>().join(" + ")
}

/// A line of docs.
fn doc(attr: &Attribute) -> Option<String> {
    let Meta::NameValue(meta) = &attr.meta else {
        return None;
    };
    match &meta.value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(line),
            ..
        }) if meta.path.is_ident("doc") => Some(line.value().trim().to_owned()),
        _ => None,
    }
}

fn is_hidden(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|one| match &one.meta {
        Meta::List(list) => {
            list.path.is_ident("doc") && names(list.tokens.clone()).contains("hidden")
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests;
