//! Settings that are refused, as rows: `what was tried => field, value, what would be permitted;`.

use anyrt_core::ConfigError;

pub(crate) const SOME: &str = "at least 1";
pub(crate) const TIME: &str = "more than zero";

/// Each is refused, and told in full.
macro_rules! refused {
    ($($tried:expr => $field:expr, $value:expr, $permitted:expr;)*) => {
        $($crate::kit::refused::told($tried, $field, $value, $permitted);)*
    };
}
pub(crate) use refused;

#[track_caller]
pub(crate) fn told<T>(tried: Result<T, ConfigError>, field: &str, value: &str, permitted: &str) {
    let error = tried.map(drop).expect_err("it is refused");
    let told = (error.field, &*error.value, &*error.permitted);
    assert_eq!(told, (field, value, permitted));
}
