//! What the texts of owners with a name have in common.

use anyrt_core::ConfigError;
use std::{borrow::Cow, fmt, sync::Arc};

/// An owner's name, where it was given one. Errors share it.
pub(crate) type Name = Option<Arc<str>>;

/// What is of that name, `an object of pool "db"`, or of none.
pub(crate) fn titled(what: &str, name: Option<&str>, nameless: &'static str) -> Cow<'static, str> {
    match name {
        Some(name) => format!("{what} \"{name}\"").into(),
        None => nameless.into(),
    }
}

/// The name of an owner's task, as a path: `db/keeper`.
pub(crate) fn task(owner: Option<&str>, task: &'static str) -> Cow<'static, str> {
    match owner {
        Some(owner) => format!("{owner}/{task}").into(),
        None => task.into(),
    }
}

/// Begins an error's text with whose it is, `pool "db": `, where that has a name.
pub(crate) fn begin(f: &mut fmt::Formatter<'_>, what: &str, name: Option<&str>) -> fmt::Result {
    match name {
        Some(name) => write!(f, "{what} \"{name}\": "),
        None => Ok(()),
    }
}

/// Says that what is of that name is closed, where that may have none.
pub(crate) fn closed(f: &mut fmt::Formatter<'_>, what: &str, name: Option<&str>) -> fmt::Result {
    match name {
        Some(name) => write!(f, "{what} \"{name}\": closed"),
        None => write!(f, "the {what} is closed"),
    }
}

/// Says for whom a setting is not permitted.
pub(crate) fn refused(mut error: ConfigError, what: &str, name: Option<&str>) -> ConfigError {
    if let Some(name) = name {
        let whose = format!(", for {what} \"{name}\"");
        error.permitted.to_mut().push_str(&whose);
    }
    error
}
