//! The body of an answer on the wire: whole, or broken off in the middle.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// Long enough for what was written to leave before the connection is closed.
const PAUSE: Duration = Duration::from_millis(50);

/// A body.
pub(crate) enum Payload {
    /// All of it.
    Whole(Option<Bytes>),
    /// A part of it, and then the end of the connection.
    Cut(Option<Bytes>, Pin<Box<Sleep>>),
}

impl Payload {
    pub(crate) fn whole(body: Vec<u8>) -> Self {
        Self::Whole(Some(Bytes::from(body)))
    }

    /// The first half of a body.
    pub(crate) fn half(mut body: Vec<u8>) -> Self {
        body.truncate(body.len() / 2);
        Self::Cut(Some(Bytes::from(body)), Box::pin(sleep(PAUSE)))
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut *self {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Cut(bytes, pause) => match bytes.take() {
                Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                None => pause
                    .as_mut()
                    .poll(context)
                    .map(|()| Some(Err(io::Error::other("this answer was to be broken off")))),
            },
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Cut(..) => SizeHint::default(),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.as_ref().is_none_or(Bytes::is_empty))
    }
}
