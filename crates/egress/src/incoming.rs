//! What comes back: status, headers and a body that is counted and cut when it is no longer allowed.

use crate::{Destination, EgressError, Rules, crossing::Crossing, judge};
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};
use protocol::GateVerdict;
use reqwest::{StatusCode, Url, header::HeaderMap};
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, time::timeout};

/// An answer. Dropping it, or its stream, closes the connection at once.
pub struct Incoming {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) url: Url,
    pub(crate) body: Body,
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming").field("status", &self.status).field("host", &self.body.line.to.to_string()).finish()
    }
}

impl Incoming {
    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The address that answered, after redirects.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The body, piece by piece. After an error it ends.
    pub fn bytes_stream(self) -> impl Stream<Item = Result<Bytes, EgressError>> + Send + Unpin + 'static {
        stream::unfold(Some(self.body), |body| async {
            let mut body = body?;
            match body.next().await {
                Ok(Some(piece)) => Some((Ok(piece), Some(body))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed()
    }

    /// The whole body, if it is no longer than `limit`.
    pub async fn bytes(mut self, limit: u64) -> Result<Bytes, EgressError> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.body.next().await? {
            if (whole.len() + piece.len()) as u64 > limit {
                return Err(EgressError::TooLarge { host: self.body.line.to.to_string(), limit });
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }
}

/// A connection's place in the rules: where it goes, and whether it still may.
pub(crate) struct Line {
    pub(crate) to: Destination,
    pub(crate) rules: watch::Receiver<Arc<Rules>>,
}

impl Line {
    /// Returns when the rules have come to refuse this connection.
    async fn refused(&mut self) -> GateVerdict {
        loop {
            let verdict = judge(&self.rules.borrow_and_update(), &self.to);
            if verdict != GateVerdict::Allowed {
                return verdict;
            }
            if self.rules.changed().await.is_err() {
                // The gate is gone, and with it whoever could allow anything.
                return GateVerdict::Denied;
            }
        }
    }

    /// Waits for `work`, but no longer than `patience` and only while the rules allow it.
    pub(crate) async fn keep<T>(
        &mut self,
        patience: Duration,
        work: impl Future<Output = Result<T, EgressError>>,
    ) -> Result<T, EgressError> {
        let host = self.to.to_string();
        tokio::select! {
            biased;
            verdict = self.refused() => Err(EgressError::Cut { host, verdict }),
            done = timeout(patience, work) => done.unwrap_or(Err(EgressError::Silent { host, after: patience })),
        }
    }
}

pub(crate) struct Body {
    pub(crate) response: reqwest::Response,
    pub(crate) crossing: Arc<Crossing>,
    pub(crate) line: Line,
    pub(crate) patience: Duration,
}

impl Body {
    async fn next(&mut self) -> Result<Option<Bytes>, EgressError> {
        let host = self.line.to.to_string();
        let read = async {
            let piece = self.response.chunk().await;
            piece.map_err(|error| EgressError::Broken { host, reason: reason(error) })
        };
        let piece = self.line.keep(self.patience, read).await?;
        if let Some(piece) = &piece {
            self.crossing.received(piece.len() as u64);
        }
        Ok(piece)
    }
}

/// The innermost cause in words, without the address (it may hold secrets).
pub(crate) fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    // A chain is short; the limit only guards against one that points to itself.
    for _ in 0..16 {
        match cause.source() {
            Some(next) => cause = next,
            None => break,
        }
    }
    cause.to_string()
}
