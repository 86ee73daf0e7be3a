//! How does a model file come from elsewhere, whole or not at all, over connections that break?
//!
//! Bytes go to a hidden part file beside the target, which is kept when the download stops, so
//! that the next try goes on where this one ended. Only a file whose length, SHA-256 and header
//! are right gets its name.

use crate::{
    ModelError,
    files::{self, Shelf},
    gguf, memory,
};
use egress::{EgressError, Errand, Gate, Incoming, Outgoing, StatusCode, Url, header};
use futures::StreamExt;
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    fs::{File, OpenOptions},
    io::{AsyncSeekExt, AsyncWriteExt},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

/// Tries in a row that bring nothing new before it gives up.
const MAX_TRIES: u32 = 6;
/// The longest wait that a server may ask for.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// The largest file that is fetched when nobody says how large it is.
const MAX_BYTES: u64 = 256 << 30;

/// A model file elsewhere.
#[derive(Clone, Debug)]
pub struct Download {
    /// Where it is. Each host on the way, mirrors and redirects included, needs a rule.
    pub url: String,
    /// The id that it gets here.
    pub id: String,
    /// Its SHA-256, hex, where known.
    pub sha256: Option<String>,
    /// Its length, where known.
    pub bytes: Option<u64>,
    /// On whose behalf.
    pub errand: Errand,
    /// The first wait after a failure; it doubles with each one.
    pub backoff: Duration,
}

/// How far a download is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DownloadProgress {
    /// Bytes on this disk.
    pub done: u64,
    /// Bytes in all, where known.
    pub total: Option<u64>,
}

/// Is told how far a download is.
pub type ProgressFn = Arc<dyn Fn(DownloadProgress) + Send + Sync>;

/// What one try came to.
enum Outcome {
    /// The file is complete.
    Whole,
    /// It may work later: after this wait if the server names one.
    Later(Option<Duration>, ModelError),
}

/// A download that runs.
struct Fetch<'a> {
    gate: &'a Gate,
    what: &'a Download,
    url: Url,
    part: PathBuf,
    report: &'a ProgressFn,
    /// What the server said of the file that the part belongs to.
    tag: Option<header::HeaderValue>,
    total: Option<u64>,
    done: u64,
}

/// Fetches a file into the models folder. Stopping it keeps what is there for the next time.
pub(crate) async fn fetch(
    gate: &Gate,
    shelf: Arc<Shelf>,
    what: &Download,
    report: &ProgressFn,
    stop: &CancellationToken,
) -> Result<(), ModelError> {
    let url = Url::parse(&what.url).map_err(|_| ModelError::Invalid { reason: "the address cannot be read".into() })?;
    let target = shelf.target(&what.id)?;
    let part = target.with_file_name(format!(".{}.gguf.download.part", what.id));
    let done = part.metadata().map_or(0, |data| data.len());
    let mut fetch = Fetch { gate, what, url, part, report, tag: None, total: what.bytes, done };
    // Without a hash nothing would show that the rest belongs to the same file.
    if what.sha256.is_none() {
        fetch.begin_anew().await?;
    }
    fetch.run(stop).await?;
    let (part, expected) = (fetch.part.clone(), what.sha256.clone());
    let finish = move || finish(&shelf, &part, &target, expected.as_deref());
    tokio::task::spawn_blocking(finish).await.unwrap_or(Err(ModelError::Closed))
}

impl Fetch<'_> {
    async fn run(&mut self, stop: &CancellationToken) -> Result<(), ModelError> {
        let mut tries = 0;
        loop {
            let before = self.done;
            let outcome = tokio::select! {
                biased;
                () = stop.cancelled() => return Err(ModelError::Stopped),
                outcome = self.attempt() => outcome?,
            };
            let (wait, error) = match outcome {
                Outcome::Whole => return Ok(()),
                Outcome::Later(wait, error) => (wait, error),
            };
            tries = if self.done > before { 1 } else { tries + 1 };
            if tries >= MAX_TRIES {
                return Err(error);
            }
            let wait = wait.unwrap_or(self.what.backoff * 2u32.pow(tries - 1)).min(MAX_WAIT);
            tracing::info!(%error, ?wait, "a download goes on after a wait");
            tokio::select! {
                () = stop.cancelled() => return Err(ModelError::Stopped),
                () = sleep(wait) => {}
            }
        }
    }

    /// One request, from where the part ends.
    async fn attempt(&mut self) -> Result<Outcome, ModelError> {
        if self.total.is_some_and(|total| total == self.done && total > 0) {
            return Ok(Outcome::Whole);
        }
        let mut outgoing = Outgoing::get(self.url.clone()).patience(Duration::from_secs(60));
        if self.done > 0 {
            outgoing = outgoing.header(header::RANGE, text(format!("bytes={}-", self.done))?);
            if let Some(tag) = &self.tag {
                outgoing = outgoing.header(header::IF_RANGE, tag.clone());
            }
        }
        match self.gate.send(&self.what.errand, outgoing).await {
            Err(error) => later(error),
            Ok(answer) => self.take(answer).await,
        }
    }

    async fn take(&mut self, answer: Incoming) -> Result<Outcome, ModelError> {
        let status = answer.status();
        let host = answer.url().host_str().unwrap_or_default().to_owned();
        let refused = |message: &str| ModelError::Server {
            server: host.clone(),
            status: status.as_u16(),
            message: message.to_owned(),
        };
        match status {
            StatusCode::OK => {
                self.begin_anew().await?;
                self.learn(number(&answer, header::CONTENT_LENGTH.as_str()))?;
            }
            StatusCode::PARTIAL_CONTENT => {
                let Some((from, total)) = content_range(&answer) else {
                    return Err(refused("it does not say which part it sends"));
                };
                if from != self.done {
                    self.begin_anew().await?;
                    return Ok(Outcome::Later(
                        Some(Duration::ZERO),
                        refused("it sends another part than was asked for"),
                    ));
                }
                self.learn(total)?;
            }
            StatusCode::RANGE_NOT_SATISFIABLE => {
                // What is here is not a beginning of what is there.
                self.begin_anew().await?;
                return Ok(Outcome::Later(
                    Some(Duration::ZERO),
                    refused("the file there is shorter than what was fetched"),
                ));
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                return Ok(Outcome::Later(retry_after(&answer), refused("it asks to come back later")));
            }
            status if status.is_server_error() => {
                return Ok(Outcome::Later(retry_after(&answer), refused("it has a fault of its own")));
            }
            _ => return Err(refused("it does not give the file out")),
        }
        self.tag = answer.headers().get(header::ETAG).filter(|tag| !tag.as_bytes().starts_with(b"W/")).cloned();
        self.write(answer).await
    }

    /// Appends the body to the part.
    async fn write(&mut self, answer: Incoming) -> Result<Outcome, ModelError> {
        let io = |error: std::io::Error| self.what.io(&self.part, &error);
        let mut file =
            OpenOptions::new().create(true).write(true).truncate(false).open(&self.part).await.map_err(io)?;
        file.seek(std::io::SeekFrom::Start(self.done)).await.map_err(io)?;
        let mut body = answer.bytes_stream();
        let ended = loop {
            let piece = match body.next().await {
                None => break None,
                Some(Err(error)) => break Some(error),
                Some(Ok(piece)) => piece,
            };
            if self.done + piece.len() as u64 > self.total.unwrap_or(MAX_BYTES) {
                let reason = "the server sends more than it said".to_owned();
                return Err(ModelError::Malformed { file: self.what.url.clone(), reason });
            }
            file.write_all(&piece).await.map_err(|error| self.what.io(&self.part, &error))?;
            self.done += piece.len() as u64;
            (self.report)(DownloadProgress { done: self.done, total: self.total });
        };
        let synced = async {
            file.flush().await?;
            file.sync_all().await
        };
        synced.await.map_err(|error: std::io::Error| self.what.io(&self.part, &error))?;
        match ended {
            Some(error) => later(error),
            None if self.total.is_none_or(|total| total == self.done) => Ok(Outcome::Whole),
            None => Ok(Outcome::Later(None, ModelError::BrokeOff { server: self.what.url.clone() })),
        }
    }

    /// Takes in how long the file is, and checks it against what is known and what fits.
    fn learn(&mut self, total: Option<u64>) -> Result<(), ModelError> {
        let Some(told) = total else { return Ok(()) };
        if let Some(known) = self.total.filter(|known| *known != told) {
            let file = self.what.url.clone();
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
        self.total = self.what.bytes;
        match File::create(&self.part).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.what.io(&self.part, &error)),
        }
    }
}

impl Download {
    fn io(&self, part: &Path, error: &std::io::Error) -> ModelError {
        if error.kind() == ErrorKind::StorageFull {
            return ModelError::Disk { file: part.display().to_string(), need: self.bytes.unwrap_or(0), free: 0 };
        }
        ModelError::io(part, error)
    }
}

/// Gives the finished part its name, if it is what it should be. A wrong one is thrown away.
fn finish(shelf: &Shelf, part: &Path, target: &Path, expected: Option<&str>) -> Result<(), ModelError> {
    let read = gguf::read(part).and_then(|_| files::digest(part, |_| Ok(())));
    let checked = read.and_then(|digest| match expected {
        Some(expected) if !expected.eq_ignore_ascii_case(&digest.sha256) => Err(ModelError::Altered {
            file: target.display().to_string(),
            expected: expected.to_owned(),
            actual: digest.sha256,
            starter: false,
        }),
        Some(_) | None => Ok(digest),
    });
    let digest = checked.inspect_err(|_| {
        // If it cannot be removed now, the next try begins anew with it.
        let _ = std::fs::remove_file(part);
    })?;
    files::publish(part, target).map_err(|error| ModelError::io(target, &error))?;
    shelf.hashes().accept(target, digest).map(drop)
}

/// Whether trying again can help.
fn later(error: EgressError) -> Result<Outcome, ModelError> {
    match error {
        EgressError::Unreachable { .. } | EgressError::Silent { .. } | EgressError::Broken { .. } => {
            Ok(Outcome::Later(None, error.into()))
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
