//! `#[timeout]` and `#[wait_for]`: limits of time.

use crate::{
    settings::{Settings, Value, duration},
    stack::{Frame, Kind, Layer},
};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Error, Expr, parse::ParseStream};

pub(crate) struct Timeout {
    /// The body is told its deadline.
    tells: bool,
    limit: Value,
    name: Option<Expr>,
}

impl Timeout {
    pub(crate) fn parse(
        input: ParseStream<'_>,
        at: Span,
        kind: Kind,
    ) -> syn::Result<(Self, Settings)> {
        let (first, mut settings) =
            Settings::after(input, &["limit", "name"], syn::parse::Parse::parse)?;
        let limit = match (first, settings.take("limit")) {
            (Some(limit), None) | (None, Some(limit)) => limit,
            (None, None) => {
                let problem =
                    "how long? Write a duration, such as `\"5s\"`, or an expression of one";
                return Err(Error::new(at, problem));
            }
            (Some(_), Some(limit)) => {
                let problem = "the limit is set twice";
                return Err(Error::new_spanned(limit, problem));
            }
        };
        let timeout = Self {
            tells: kind == Kind::WaitFor,
            limit: duration(&limit)?,
            name: settings.take("name"),
        };
        Ok((timeout, settings))
    }
}

impl Layer for Timeout {
    fn wrap(&self, frame: &Frame<'_>, body: TokenStream) -> syn::Result<TokenStream> {
        let Frame { krate, span, .. } = *frame;
        let limit = &self.limit.tokens;
        let runtime = frame.ident("runtime");
        let bind = frame.source.bind(&runtime, krate);
        let name = frame.label(self.name.as_ref());
        let work = frame.future(&body);
        let function = match self.tells {
            true => quote!(#krate::wait_for),
            false => quote!(#krate::Timeout::timeout),
        };
        Ok(quote_spanned! {span=> {
            #bind
            #function(#runtime, #limit, #work).named(#name).await?
        }})
    }
}
