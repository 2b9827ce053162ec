//! Operations as spans and events; the room's page documents their names.

use super::{
    fields::{Fields, Line},
    outcome::Outcome,
};
use std::{borrow::Cow, time::Duration};
use tracing::{Level, Span, event, field, level_filters::LevelFilter, span};

const TARGET: &str = "anyrt::operation";

/// Whether there is a subscriber that wants anything at all. An event may be wanted where the span is not, so
/// the span's own level decides nothing.
#[inline]
pub(super) fn is_on() -> bool {
    LevelFilter::current() != LevelFilter::OFF
}

#[derive(Clone)]
pub(super) struct Trace {
    span: Span,
    name: Cow<'static, str>,
}

impl Trace {
    /// The parent is what the thread is in, as for any span. A task of its own, polled in no span, goes on in
    /// the operation that it inherited.
    #[expect(
        clippy::ptr_arg,
        reason = "a clone of one that is static allocates nothing"
    )]
    pub(super) fn begin<L: Fields>(
        name: &Cow<'static, str>,
        fields: &L,
        around: Option<&Self>,
    ) -> Self {
        let parent = Span::current().id();
        let parent = parent.or_else(|| around.and_then(|outer| outer.span.id()));
        let span = span!(
            target: TARGET,
            parent: parent,
            Level::INFO,
            "operation",
            name = &**name,
            fields = (L::COUNT > 0).then(|| field::display(Line(fields))),
            outcome = field::Empty,
        );
        let name = name.clone();
        Self { span, name }
    }

    pub(super) fn within<O>(&self, act: impl FnOnce() -> O) -> O {
        self.span.in_scope(act)
    }

    pub(super) fn end(&self, duration: Duration, outcome: &Outcome) {
        let name = &*self.name;
        let seconds = duration.as_secs_f64();
        let word = outcome.as_str();
        self.span.record("outcome", word);
        self.span.in_scope(|| match outcome {
            Outcome::Success | Outcome::Cancelled => {
                event!(target: TARGET, Level::DEBUG, name, outcome = word, seconds);
            }
            Outcome::Error(error) => {
                event!(target: TARGET, Level::WARN, name, outcome = word, seconds, error);
            }
            Outcome::Panicked(panic) => {
                event!(target: TARGET, Level::ERROR, name, outcome = word, seconds, error = panic);
            }
        });
    }
}
