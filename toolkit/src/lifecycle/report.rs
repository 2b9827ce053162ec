//! How an application came to its end.

use crate::resource::{Befell, CloseError, source_of};
use anyrt_core::{error::BoxError, group::Cause};
use std::{borrow::Cow, error::Error, fmt};

/// What became of an [`App`](super::App): what its start-up returned, why it stopped, who failed, who was late,
/// what was not cleaned up.
#[must_use = "it says what failed"]
#[non_exhaustive]
pub struct Report<T = ()> {
    /// What the start-up returned, where it came to its end.
    pub output: Option<T>,
    /// Why it stopped: of several reasons, the first.
    pub stopped_for: StopReason,
    /// What became of the start-up, where it failed or panicked. One that was late, or ended as it was asked to, has
    /// no output, and nothing here.
    pub startup: Option<Cause<BoxError>>,
    /// The subsystems that failed, in the order in which they did. Who gave up for the stop, with an error that
    /// [says so](super::Subsystem::spawn), did not.
    pub failures: Vec<SubsystemError>,
    /// The subsystems that had not stopped when the grace was over, or once somebody insisted, and were
    /// aborted; the start-up among them.
    pub late: Vec<Cow<'static, str>>,
    /// Who ended the grace for these before its time: the signal, or the reason of an
    /// [`abort`](super::Subsystem::abort).
    pub aborted_by: Option<Cow<'static, str>>,
    /// The clean-up that failed, in the order of closing.
    pub closes: Vec<CloseError>,
    /// How many were not cleaned up, for somebody insisted in the middle of that.
    pub abandoned: usize,
}

/// Why an application stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// Nothing was left to do.
    Finished,
    /// It was asked to: by a signal, by itself, or by the token around it.
    Requested(Cow<'static, str>),
    /// The start-up failed or panicked.
    StartupFailed,
    /// This subsystem failed or panicked.
    Failed(Cow<'static, str>),
}

/// A subsystem that failed.
#[derive(Debug)]
#[non_exhaustive]
pub struct SubsystemError {
    /// Its name, after those of the subsystems around it: `http/sessions`.
    pub path: Cow<'static, str>,
    /// What happened.
    pub cause: Cause<BoxError>,
}

impl<T> Report<T> {
    /// Whether nothing failed, nobody was late, and all was cleaned up.
    pub fn is_clean(&self) -> bool {
        self.startup.is_none()
            && self.failures.is_empty()
            && self.late.is_empty()
            && self.closes.is_empty()
            && self.abandoned == 0
    }

    /// What the start-up returned: for `main`, and for `?`.
    ///
    /// # Errors
    /// Itself, unless it is [clean](Self::is_clean).
    pub fn into_result(mut self) -> Result<T, Box<Self>> {
        match self.output.take() {
            Some(output) if self.is_clean() => Ok(output),
            output => Err(Box::new(Self { output, ..self })),
        }
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished => f.write_str("nothing was left to do"),
            Self::Requested(reason) => f.write_str(reason),
            Self::StartupFailed => f.write_str("the start-up failed"),
            Self::Failed(path) => write!(f, "{path} failed"),
        }
    }
}

impl fmt::Display for SubsystemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Befell(&self.path, &self.cause).fmt(f)
    }
}

impl Error for SubsystemError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        source_of(&self.cause)
    }
}

impl<T> fmt::Display for Report<T> {
    /// A line for each thing that is to be said, with all sources: [`chain`](anyrt_core::error::chain()) adds none, and
    /// what else prints the sources of an error need not print these.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stopped: {}", self.stopped_for)?;
        if let Some(cause) = &self.startup {
            write!(f, "\n{:#}", Befell("the start-up", cause))?;
        }
        for failure in &self.failures {
            write!(f, "\n{failure:#}")?;
        }
        for late in &self.late {
            match &self.aborted_by {
                Some(reason) => write!(f, "\n{late}: aborted ({reason})")?,
                None => write!(f, "\n{late}: late, and aborted")?,
            }
        }
        for close in &self.closes {
            write!(f, "\n{close:#}")?;
        }
        if self.abandoned > 0 {
            write!(f, "\n{} not cleaned up", self.abandoned)?;
        }
        Ok(())
    }
}

/// As `Display`: it is what `fn main() -> Result<(), Box<dyn Error>>` prints. `{:#?}` has the fields.
impl<T> fmt::Debug for Report<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return fmt::Display::fmt(self, f);
        }
        f.debug_struct("Report")
            .field("output", &self.output.as_ref().map(|_| format_args!("..")))
            .field("stopped_for", &self.stopped_for)
            .field("startup", &self.startup)
            .field("failures", &self.failures)
            .field("late", &self.late)
            .field("aborted_by", &self.aborted_by)
            .field("closes", &self.closes)
            .field("abandoned", &self.abandoned)
            .finish()
    }
}

impl<T> Error for Report<T> {
    /// That of what failed first: the start-up, a subsystem, or the clean-up.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let startup = self.startup.as_ref().and_then(source_of);
        let failure = self.failures.first().map(|error| error as _);
        let close = self.closes.first().map(|error| error as _);
        startup.or(failure).or(close)
    }
}
