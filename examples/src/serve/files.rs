//! Files as responses.

use super::{
    body::{Page, Pieces},
    disk::{Answer, Piece},
    refused::Refused,
    route,
    store::Store,
    url,
};
use anyrt::Runtime;
use http_body_util::Either;
use hyper::{
    HeaderMap, StatusCode,
    header::{ETAG, HeaderValue, IF_NONE_MATCH, LOCATION, X_CONTENT_TYPE_OPTIONS},
};
use std::{ffi::OsStr, path::Path, time::UNIX_EPOCH};

/// What a directory shows of itself.
const INDEX: &str = "index.html";

/// The file at a path, or what stands for a directory.
///
/// # Errors
/// [`Refused::Nothing`] where there is none, which a path that leads out of the directory is, too.
pub async fn answer<R: Runtime>(
    store: &Store<R>,
    asked: &str,
    headers: &HeaderMap,
) -> Result<Page, Refused> {
    let path = url::path(asked).ok_or(Refused::Nothing)?;
    let is_directory = asked.ends_with('/');
    match store.get(&path).await? {
        Answer::File(piece) if !is_directory => Ok(file(store, &path, piece, headers)),
        Answer::Directory(entries) if is_directory => {
            let index = path.join(INDEX);
            match store.get(&index).await? {
                Answer::File(piece) => Ok(file(store, &index, piece, headers)),
                _ => Ok(route::json(&entries[..])),
            }
        }
        Answer::Directory(_) => moved(&path),
        _ => Err(Refused::Nothing),
    }
}

fn file<R: Runtime>(store: &Store<R>, path: &Path, piece: Piece, headers: &HeaderMap) -> Page {
    let tag = tag(&piece);
    let known = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .any(|known| is_among(&tag, known));
    let whole = piece.bytes.len() as u64 == piece.len;
    let mut page = route::page(kind(path), piece.bytes.clone());
    if known {
        page = route::page(kind(path), "");
        *page.status_mut() = StatusCode::NOT_MODIFIED;
    } else if !whole {
        let pieces = Pieces::new(store.disk(), path.to_owned(), piece);
        *page.body_mut() = Either::Right(pieces);
    }
    let headers = page.headers_mut();
    headers.extend(HeaderValue::try_from(tag).map(|tag| (ETAG, tag)));
    // What it is, the name says: no one is to guess otherwise.
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    page
}

/// Relative links in what a directory shows only work after a slash.
fn moved(path: &Path) -> Result<Page, Refused> {
    let path = path.to_str().ok_or(Refused::Nothing)?;
    let to = format!("/{}/", url::encode(path.trim_end_matches('/')));
    let mut page = route::text(format!("{to}\n"));
    *page.status_mut() = StatusCode::PERMANENT_REDIRECT;
    let to = HeaderValue::try_from(to).map_err(|_| Refused::Nothing)?;
    page.headers_mut().insert(LOCATION, to);
    Ok(page)
}

/// What tells a version of a file from others.
fn tag(piece: &Piece) -> String {
    let changed = piece.modified.duration_since(UNIX_EPOCH);
    let nanos = changed.unwrap_or_default().as_nanos();
    format!("\"{:x}-{nanos:x}\"", piece.len)
}

fn is_among(tag: &str, known: &HeaderValue) -> bool {
    let known = known.to_str().unwrap_or_default();
    let mut tags = known
        .split(',')
        .map(|tag| tag.trim().trim_start_matches("W/"));
    tags.any(|known| known == tag || known == "*")
}

fn kind(path: &Path) -> &'static str {
    match path.extension().and_then(OsStr::to_str).unwrap_or_default() {
        "html" | "htm" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "txt" | "md" | "rs" | "toml" | "lock" | "log" => "text/plain; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "pdf" => "application/pdf",
        "wasm" => "application/wasm",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_among_others() {
        let is_known = |known| is_among("\"a-1\"", &HeaderValue::from_static(known));
        for known in ["\"a-1\"", "*", "W/\"a-1\"", "\"b\", \"a-1\""] {
            assert!(is_known(known), "{known}");
        }
        for other in ["", "\"a\"", "a-1"] {
            assert!(!is_known(other), "{other}");
        }
    }
}
