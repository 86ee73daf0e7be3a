//! How does one file come over a connection that breaks?

use super::{
    Piece, Proof, io,
    patience::{Patience, Try},
};
use crate::{ModelError, memory};
use egress::{EgressError, Errand, Gate, Incoming, Outgoing, StatusCode, Url, header};
use futures::StreamExt;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    fs::{File, OpenOptions},
    io::{AsyncSeekExt, AsyncWriteExt},
};
use tokio_util::sync::CancellationToken;

/// The largest file that is fetched when nobody says how large it is.
const MAX_BYTES: u64 = 256 << 30;
/// How long a server may stay silent.
const SILENCE: Duration = Duration::from_secs(60);

/// Is told how many bytes of the file are here, and how many there are.
pub(super) type Report<'a> = &'a (dyn Fn(u64, Option<u64>) + Sync);

/// A file that is on its way.
struct Fetch<'a> {
    gate: &'a Gate,
    errand: &'a Errand,
    url: Url,
    part: PathBuf,
    report: Report<'a>,
    /// What the server said of the file that the part belongs to.
    tag: Option<header::HeaderValue>,
    known: Option<u64>,
    total: Option<u64>,
    done: u64,
}

/// An address that can be read.
pub(super) fn address(url: &str) -> Result<Url, ModelError> {
    Url::parse(url).map_err(|_| ModelError::Invalid { reason: "the address cannot be read".into() })
}

/// Fetches what is missing of a piece into its part in `folder`. Stopping keeps what is there.
pub(super) async fn fetch(
    gate: &Gate,
    errand: &Errand,
    piece: &Piece,
    folder: &Path,
    backoff: Duration,
    report: Report<'_>,
    stop: &CancellationToken,
) -> Result<(), ModelError> {
    let (url, part) = (address(&piece.url)?, piece.part(folder));
    let done = part.metadata().map_or(0, |data| data.len());
    let mut fetch = Fetch { gate, errand, url, part, report, tag: None, known: piece.bytes, total: piece.bytes, done };
    // Without a proof nothing would show that the rest belongs to the same file.
    if piece.proof == Proof::Nothing || piece.bytes.is_some_and(|bytes| done > bytes) {
        fetch.begin_anew().await?;
    }
    fetch.run(backoff, stop).await
}

impl Fetch<'_> {
    async fn run(&mut self, backoff: Duration, stop: &CancellationToken) -> Result<(), ModelError> {
        let mut patience = Patience::new(backoff);
        loop {
            let before = self.done;
            let tried = tokio::select! {
                biased;
                () = stop.cancelled() => return Err(ModelError::Stopped),
                tried = self.attempt() => tried?,
            };
            match tried {
                Try::Done(()) => return Ok(()),
                Try::Later(wait, error) => patience.wait(self.done > before, wait, error, stop).await?,
            }
        }
    }

    /// One request, from where the part ends.
    async fn attempt(&mut self) -> Result<Try<()>, ModelError> {
        if self.total.is_some_and(|total| total == self.done && total > 0) {
            return Ok(Try::Done(()));
        }
        let mut outgoing = Outgoing::get(self.url.clone()).patience(SILENCE);
        if self.done > 0 {
            outgoing = outgoing.header(header::RANGE, text(format!("bytes={}-", self.done))?);
            if let Some(tag) = &self.tag {
                outgoing = outgoing.header(header::IF_RANGE, tag.clone());
            }
        }
        match self.gate.send(self.errand, outgoing).await {
            Err(error) => later(error),
            Ok(answer) => self.take(answer).await,
        }
    }

    async fn take(&mut self, answer: Incoming) -> Result<Try<()>, ModelError> {
        let status = answer.status();
        match status {
            StatusCode::OK => {
                self.begin_anew().await?;
                self.learn(number(&answer, header::CONTENT_LENGTH.as_str()))?;
            }
            StatusCode::PARTIAL_CONTENT => {
                let Some((from, total)) = content_range(&answer) else {
                    return Err(refused(&answer, "it does not say which part it sends"));
                };
                if from != self.done {
                    self.begin_anew().await?;
                    return Ok(Try::Later(
                        Some(Duration::ZERO),
                        refused(&answer, "it sends another part than was asked for"),
                    ));
                }
                self.learn(total)?;
            }
            StatusCode::RANGE_NOT_SATISFIABLE => {
                // What is here is not a beginning of what is there.
                self.begin_anew().await?;
                return Ok(Try::Later(
                    Some(Duration::ZERO),
                    refused(&answer, "the file there is shorter than what was fetched"),
                ));
            }
            status => return refusal(&answer, status),
        }
        self.tag = answer.headers().get(header::ETAG).filter(|tag| !tag.as_bytes().starts_with(b"W/")).cloned();
        self.write(answer).await
    }

    /// Appends the body to the part.
    async fn write(&mut self, answer: Incoming) -> Result<Try<()>, ModelError> {
        let need = self.total.unwrap_or(0);
        let part = self.part.clone();
        let fail = |error: std::io::Error| io(&part, need, &error);
        let mut file =
            OpenOptions::new().create(true).write(true).truncate(false).open(&self.part).await.map_err(fail)?;
        file.seek(std::io::SeekFrom::Start(self.done)).await.map_err(fail)?;
        let mut body = answer.bytes_stream();
        let ended = loop {
            let bytes = match body.next().await {
                None => break None,
                Some(Err(error)) => break Some(error),
                Some(Ok(bytes)) => bytes,
            };
            if self.done + bytes.len() as u64 > self.total.unwrap_or(MAX_BYTES) {
                let reason = "the server sends more than it said".to_owned();
                return Err(ModelError::Malformed { file: self.url.to_string(), reason });
            }
            file.write_all(&bytes).await.map_err(fail)?;
            self.done += bytes.len() as u64;
            (self.report)(self.done, self.total);
        };
        let synced = async {
            file.flush().await?;
            file.sync_all().await
        };
        synced.await.map_err(fail)?;
        match ended {
            Some(error) => later(error),
            None if self.total.is_none_or(|total| total == self.done) => Ok(Try::Done(())),
            None => Ok(Try::Later(None, ModelError::BrokeOff { server: self.url.to_string() })),
        }
    }

    /// Takes in how long the file is, and checks it against what is known and what fits.
    fn learn(&mut self, total: Option<u64>) -> Result<(), ModelError> {
        let Some(told) = total else { return Ok(()) };
        if let Some(known) = self.total.filter(|known| *known != told) {
            let file = self.url.to_string();
            return Err(ModelError::Malformed { file, reason: format!("it has {told} bytes there, not {known}") });
        }
        let need = told.saturating_sub(self.done);
        let free = memory::disk_free(&self.part);
        if told > MAX_BYTES || (free != 0 && need > free) {
            return Err(ModelError::Disk { file: self.part.display().to_string(), need, free });
        }
        self.total = Some(told);
        Ok(())
    }

    async fn begin_anew(&mut self) -> Result<(), ModelError> {
        self.done = 0;
        self.tag = None;
        self.total = self.known;
        File::create(&self.part).await.map(drop).map_err(|error| io(&self.part, self.known.unwrap_or(0), &error))
    }
}

/// What an answer without the file means: whether it may come later.
pub(super) fn refusal<T>(answer: &Incoming, status: StatusCode) -> Result<Try<T>, ModelError> {
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
            Ok(Try::Later(retry_after(answer), refused(answer, "it asks to come back later")))
        }
        status if status.is_server_error() => {
            Ok(Try::Later(retry_after(answer), refused(answer, "it has a fault of its own")))
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Err(refused(answer, "it gives the file out only to people who have accepted the maker's terms there"))
        }
        StatusCode::NOT_FOUND => Err(refused(answer, "the file is not there")),
        _ => Err(refused(answer, "it does not give the file out")),
    }
}

fn refused(answer: &Incoming, message: &str) -> ModelError {
    ModelError::Hub {
        host: answer.url().host_str().unwrap_or_default().to_owned(),
        status: answer.status().as_u16(),
        message: message.to_owned(),
    }
}

/// Whether trying again can help.
pub(super) fn later<T>(error: EgressError) -> Result<Try<T>, ModelError> {
    match error {
        EgressError::Unreachable { .. } | EgressError::Silent { .. } | EgressError::Broken { .. } => {
            Ok(Try::Later(None, error.into()))
        }
        EgressError::Refused { .. }
        | EgressError::Cut { .. }
        | EgressError::Ledger { .. }
        | EgressError::Address { .. }
        | EgressError::Redirect { .. }
        | EgressError::TooLarge { .. } => Err(error.into()),
    }
}

fn text(value: String) -> Result<header::HeaderValue, ModelError> {
    header::HeaderValue::try_from(value).map_err(|error| ModelError::Invalid { reason: error.to_string() })
}

fn number(answer: &Incoming, name: &str) -> Option<u64> {
    answer.headers().get(name)?.to_str().ok()?.trim().parse().ok()
}

/// `bytes 5-9/10` as 5 and 10.
fn content_range(answer: &Incoming) -> Option<(u64, Option<u64>)> {
    let value = answer.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let from = range.split_once('-')?.0.trim().parse().ok()?;
    Some((from, total.trim().parse().ok()))
}

/// The seconds that a server asks to wait. Dates are not read: our own wait will do.
fn retry_after(answer: &Incoming) -> Option<Duration> {
    number(answer, header::RETRY_AFTER.as_str()).map(Duration::from_secs)
}
