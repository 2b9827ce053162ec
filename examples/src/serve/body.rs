//! The bodies of responses: what is there at once, and files that are read as the client takes them in.

use super::{
    disk::{Answer, Ask, Piece},
    layers::Disk,
    refused::Trouble,
};
use http_body_util::{Either, Full};
use hyper::{
    Response,
    body::{Body, Bytes, Frame, SizeHint},
};
use std::{
    fmt, io,
    path::PathBuf,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll, ready},
};
use tower::ServiceExt;

/// A response.
pub type Page = Response<Either<Full<Bytes>, Pieces>>;

type Reading = Pin<Box<dyn Future<Output = Result<Answer, Trouble>> + Send>>;

/// The pieces of a large file. Between two of them nothing is open: a slow client holds a piece, and no more.
pub struct Pieces {
    disk: Disk,
    ask: Ask,
    /// The last that was read.
    piece: Piece,
    /// Never locked: for `Sync`.
    reading: Option<Mutex<Reading>>,
}

impl Pieces {
    /// A file of which this is the beginning.
    pub fn new(disk: &Disk, path: PathBuf, piece: Piece) -> Self {
        Self {
            disk: disk.clone(),
            ask: Ask { path, at: 0 },
            piece,
            reading: None,
        }
    }

    fn left(&self) -> u64 {
        self.piece.len.saturating_sub(self.ask.at)
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (disk, ask) = (&self.disk, &self.ask);
        let begin = || Mutex::new(Box::pin(disk.clone().oneshot(ask.clone())) as Reading);
        let reading = self.reading.get_or_insert_with(begin);
        let reading = reading.get_mut().unwrap_or_else(PoisonError::into_inner);
        let answer = ready!(reading.as_mut().poll(cx));
        self.reading = None;
        match answer.map_err(io::Error::other)? {
            Answer::File(piece)
                if piece.len == self.piece.len
                    && piece.modified == self.piece.modified
                    && !piece.bytes.is_empty() =>
            {
                self.piece = piece;
                Poll::Ready(Ok(()))
            }
            // The client has half of another file: that must not look whole.
            _ => Poll::Ready(Err(io::Error::other("it was changed meanwhile"))),
        }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.is_end_stream() {
            return Poll::Ready(None);
        }
        if self.piece.bytes.is_empty() {
            ready!(self.poll_piece(cx))?;
        }
        let bytes = std::mem::take(&mut self.piece.bytes);
        self.ask.at += bytes.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.left() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left())
    }
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pieces")
            .field("ask", &self.ask)
            .field("left", &self.left())
            .finish_non_exhaustive()
    }
}
