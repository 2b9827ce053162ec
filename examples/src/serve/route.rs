//! Which request is for what.

use super::{Server, body::Page, files, refused::Refused, search, stats::Figures, url};
use anyrt::Runtime;
use http_body_util::{Either, Full};
use hyper::{
    Method, Request, Response,
    body::{Body, Bytes},
    header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue},
};
use serde::Serialize;
use std::sync::Arc;

/// What is below is the server's own, and no file.
const OWN: &str = "/-/";

/// What a request is called among the operations: few names, whatever clients ask for.
pub fn name(path: &str) -> &'static str {
    match path.strip_prefix(OWN) {
        None => "file",
        Some("search") => "search",
        Some("stats" | "metrics") => "stats",
        Some(_) => "nothing",
    }
}

/// Answers.
///
/// # Errors
/// A [`Refused`], which is a response, too.
pub async fn answer<R: Runtime, B: Body>(
    server: Arc<Server<R>>,
    request: Request<B>,
) -> Result<Page, Refused> {
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return Err(Refused::Method);
    }
    let (path, query) = (request.uri().path(), request.uri().query());
    match path.strip_prefix(OWN) {
        None => files::answer(&server.store, path, request.headers()).await,
        Some("search") => {
            let text = url::field(query.unwrap_or_default(), "q");
            let text = text.filter(|text| !text.is_empty());
            let text = text.ok_or(Refused::Bad("it takes a text to search for: ?q="))?;
            Ok(json(&search::search(&server, text).await?))
        }
        Some("stats") => Ok(json(&Figures::of(&server))),
        Some("metrics") => Ok(text(Figures::of(&server).to_string())),
        Some(_) => Err(Refused::Nothing),
    }
}

/// A response of that type.
pub fn page(kind: &'static str, content: impl Into<Bytes>) -> Page {
    let mut page = Response::new(Either::Left(Full::new(content.into())));
    let kind = HeaderValue::from_static(kind);
    page.headers_mut().insert(CONTENT_TYPE, kind);
    page
}

/// A text that is made for this request.
pub fn text(content: String) -> Page {
    fresh(page("text/plain; charset=utf-8", content))
}

/// A value that is made for this request.
///
/// # Panics
/// Where it cannot be JSON: a map whose keys are no texts.
pub fn json(value: &(impl Serialize + ?Sized)) -> Page {
    let content = serde_json::to_vec_pretty(value);
    fresh(page(
        "application/json",
        content.expect("its keys are texts"),
    ))
}

fn fresh(mut page: Page) -> Page {
    let no_store = HeaderValue::from_static("no-store");
    page.headers_mut().insert(CACHE_CONTROL, no_store);
    page
}
