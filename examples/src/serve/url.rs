//! What clients write into the first line of a request.

use std::path::{Component, Path, PathBuf};

/// Without its percent signs, if that is text.
pub fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                let digits = digits.map(|digit| char::from(digit).to_digit(16));
                let [high, low] = [digits[0]?, digits[1]?];
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// A name or a text as it has to be in a path.
pub fn encode(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'/' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    encoded.collect()
}

/// The path below the directory that is served, unless it leads out of it, or to what begins with a dot.
///
/// It is taken apart after decoding, so `%2e%2e%2f` is what it stands for.
pub fn path(path: &str) -> Option<PathBuf> {
    let decoded = decode(path)?;
    let below = decoded.strip_prefix('/')?;
    if below.contains(['\0', '\\']) || below.split('/').any(|name| name.starts_with('.')) {
        return None;
    }
    // An empty name would be a path from the root, and a drive's letter one to elsewhere.
    let path = Path::new(below);
    let names = path.components().map(|part| match part {
        Component::Normal(name) => Some(name),
        _ => None,
    });
    // Put together anew: `a/` and `a` are one key for a cache, and must be one for the system, too.
    names.collect()
}

/// The value of a field of a query.
pub fn field(query: &str, name: &str) -> Option<String> {
    let fields = query.split('&').filter_map(|field| field.split_once('='));
    let (_, value) = fields.into_iter().find(|(key, _)| *key == name)?;
    decode(&value.replace('+', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        let inside = [
            ("/", ""),
            ("/a/b", "a/b"),
            ("/%61%2Fb/", "a/b"),
            ("/a//b", "a/b"),
        ];
        for (given, wanted) in inside {
            let found = path(given).map(PathBuf::into_os_string);
            assert_eq!(found, Some(wanted.into()), "{given}");
        }
        for outside in [
            "",
            "a",
            "/..",
            "/a/../b",
            "/%2e%2e/b",
            "/%2e%2e%2fb",
            "/..%2f",
            "/a/.git",
            "/.",
            "//etc",
            "/a%00",
            "/a%5c..%5cb",
            "/%",
            "/%4",
            "/%zz",
            "/%ff",
            "*",
        ] {
            assert_eq!(path(outside), None, "{outside}");
        }
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        for text in ["a b", "ä/%2F?&#", "x-y_z.~"] {
            assert_eq!(decode(&encode(text)).as_deref(), Some(text));
        }
        assert_eq!(encode("ä b"), "%C3%A4%20b");
    }

    #[test]
    fn fields_are_found() {
        let query = "a=1&q=two+words%21&q=other&empty=";
        assert_eq!(field(query, "q").as_deref(), Some("two words!"));
        assert_eq!(field(query, "empty").as_deref(), Some(""));
        assert_eq!((field(query, "b"), field("q=%", "q")), (None, None));
    }
}
