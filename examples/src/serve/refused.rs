//! Why a request has no answer but a status.

use super::{body::Page, route};
use anyrt::{
    Elapsed, cancel::Cancelled, limit::RateLimitError, resilience::Open, retry::RetryError,
    tower::LayerError,
};
use hyper::{StatusCode, header};
use std::{error::Error, fmt, io, sync::Arc};
use tower::BoxError;

/// Why a request has no answer.
#[derive(Debug, Clone)]
pub enum Refused {
    /// There is nothing at the path.
    Nothing,
    /// What was asked for makes no sense.
    Bad(&'static str),
    /// Only what is there can be asked for.
    Method,
    /// By the client's rate limit.
    TooOften,
    /// By the limit of requests at once, or because the server stops.
    TooBusy,
    /// By the request's timeout.
    TooSlow,
    /// By the disk.
    Disk(Arc<Trouble>),
}

impl Refused {
    /// What the client is told.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Nothing => StatusCode::NOT_FOUND,
            Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooOften => StatusCode::TOO_MANY_REQUESTS,
            Self::TooBusy => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooSlow => StatusCode::GATEWAY_TIMEOUT,
            Self::Disk(trouble) => match **trouble {
                Trouble::Open(_) | Trouble::Stopped => StatusCode::SERVICE_UNAVAILABLE,
                Trouble::TooSlow => StatusCode::GATEWAY_TIMEOUT,
                Trouble::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
            },
        }
    }

    /// The response that says so.
    pub fn into_page(self) -> Page {
        let status = self.status();
        let mut page = route::text(format!("{self}\n"));
        *page.status_mut() = status;
        let headers = page.headers_mut();
        let again_later = [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
        ];
        if again_later.contains(&status) {
            headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        if let Self::Method = self {
            headers.insert(header::ALLOW, header::HeaderValue::from_static("GET, HEAD"));
        }
        page
    }

    /// What `load_shed` gives: what was refused below it, or, by itself, this.
    pub fn shed_as(self) -> impl Fn(BoxError) -> Self + Clone {
        move |error| match error.downcast::<Self>() {
            Ok(refused) => *refused,
            Err(_) => self.clone(),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "there is nothing",
            Self::Bad(what) => what,
            Self::Method => "only GET and HEAD",
            Self::TooOften => "too many requests of this client",
            Self::TooBusy => "too many requests",
            Self::TooSlow => "it takes too long",
            // What exactly is for those who run the server.
            Self::Disk(trouble) => match **trouble {
                Trouble::Open(_) => "the disk is left alone, for it failed",
                Trouble::Stopped => "the server stops",
                Trouble::TooSlow => "the disk takes too long",
                Trouble::Failed(_) => "the disk fails",
            },
        })
    }
}

impl Error for Refused {}

/// The errors of a stack nest as its layers do: one that is a layer's own becomes what stands for it.
impl<L: Into<Self>> From<LayerError<L, Self>> for Refused {
    fn from(error: LayerError<L, Self>) -> Self {
        match error {
            LayerError::Layer(own) => own.into(),
            LayerError::Inner(refused) => refused,
        }
    }
}

impl From<RateLimitError> for Refused {
    fn from(_: RateLimitError) -> Self {
        Self::TooOften
    }
}

impl From<Cancelled> for Refused {
    fn from(_: Cancelled) -> Self {
        Self::TooBusy
    }
}

impl From<Elapsed> for Refused {
    fn from(_: Elapsed) -> Self {
        Self::TooSlow
    }
}

/// Why there is nothing from the disk.
#[derive(Debug)]
pub enum Trouble {
    /// It failed before, and is not asked.
    Open(Open),
    /// It takes too long.
    TooSlow,
    /// It fails, however often it is asked.
    Failed(io::Error),
    /// Whoever asked was cancelled.
    Stopped,
}

/// What an attempt fails with, below the retries.
type Attempt = LayerError<Elapsed, LayerError<Cancelled, io::Error>>;

impl From<LayerError<Open, LayerError<RetryError<Attempt>, Attempt>>> for Trouble {
    fn from(error: LayerError<Open, LayerError<RetryError<Attempt>, Attempt>>) -> Self {
        let attempt = match error {
            LayerError::Layer(open) => return Self::Open(open),
            LayerError::Inner(LayerError::Layer(gave_up)) => gave_up.into_last(),
            LayerError::Inner(LayerError::Inner(attempt)) => Some(attempt),
        };
        match attempt {
            None | Some(LayerError::Layer(_)) => Self::TooSlow,
            Some(LayerError::Inner(LayerError::Layer(_))) => Self::Stopped,
            Some(LayerError::Inner(LayerError::Inner(error))) => Self::Failed(error),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(open) => open.fmt(f),
            Self::TooSlow => f.write_str("it took too long"),
            Self::Failed(error) => error.fmt(f),
            Self::Stopped => f.write_str("cancelled"),
        }
    }
}

impl Error for Trouble {}
