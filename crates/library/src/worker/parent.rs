//! The parent's side: starts children, gives them jobs, and ends those that misbehave.

use super::{Frame, Job, Limits};
use crate::extract::Page;
use protocol::Fault;
use serde::Serialize;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

/// The longest frame: the text and boxes of the fullest page.
const LONGEST_FRAME: u64 = 96 << 20;
/// The largest picture.
const LARGEST_PICTURE: u64 = 96 << 20;
/// How much of what a child says before it dies is kept.
const LAST_WORDS: u64 = 4_096;
/// How long a dying child may take to say how it died.
const DYING: Duration = Duration::from_secs(2);

/// Why a job gave no result.
#[derive(Debug)]
pub enum Trouble {
    /// The document is at fault.
    Document(Fault),
    /// The reader itself could not run: no fault of the document.
    Reader(Fault),
}

/// A rendered page.
#[derive(Clone, Debug)]
pub struct Picture {
    pub png: Vec<u8>,
    pub width: u32,
    pub height: u32,
}

/// One child process and how to get another. Dropping it ends the child.
pub struct Parent {
    command: Vec<OsString>,
    limits: Limits,
    child: Option<Alive>,
    /// Of the document that is being read: time left, bytes of text so far.
    left: Duration,
    text: u64,
}

/// What comes next of a document that is being read.
#[derive(Debug)]
pub enum Step {
    /// A page.
    Page(Page),
    /// No more; what a person should know.
    Done(Vec<Fault>),
}

struct Alive {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    jobs: u32,
}

impl Parent {
    /// Starts no child yet. `command` is the child's whole command line.
    pub fn new(command: Vec<OsString>, limits: Limits) -> Self {
        Self { command, limits, child: None, left: Duration::ZERO, text: 0 }
    }

    /// Begins to read a document; `next` gives its pages.
    pub async fn begin(&mut self, path: PathBuf, format: &str) -> Result<(), Trouble> {
        self.left = self.limits.read_time;
        self.text = 0;
        self.send(&Job::Read { path, format: format.to_owned() }).await
    }

    /// The next page of the document that was begun. Time between calls is not the document's.
    pub async fn next(&mut self) -> Result<Step, Trouble> {
        let began = tokio::time::Instant::now();
        let frame = self.frame(self.left, self.limits.read_time).await?;
        self.left = self.left.saturating_sub(began.elapsed());
        match frame {
            Frame::Page(page) => {
                self.text += page.text.len() as u64;
                if self.text > self.limits.text {
                    self.end().await;
                    return Err(Trouble::Document(crate::faults::too_much_text()));
                }
                Ok(Step::Page(page.into()))
            }
            Frame::Done(notes) => Ok(Step::Done(notes)),
            Frame::Failed(fault) => Err(Trouble::Document(fault)),
            Frame::Picture { .. } => Err(self.out_of_step().await),
        }
    }

    /// Renders a page as a PNG.
    pub async fn render(&mut self, path: PathBuf, page: u32, width: u32) -> Result<Picture, Trouble> {
        self.send(&Job::Render { path, page, width }).await?;
        match self.frame(self.limits.picture_time, self.limits.picture_time).await? {
            Frame::Picture { bytes, width, height } if bytes <= LARGEST_PICTURE => {
                let mut png = vec![0; bytes as usize];
                let Some(alive) = &mut self.child else { return Err(self.out_of_step().await) };
                match timeout(self.limits.picture_time, alive.output.read_exact(&mut png)).await {
                    Ok(Ok(_)) => Ok(Picture { png, width, height }),
                    Ok(Err(_)) => Err(self.died().await),
                    Err(_) => Err(self.too_slow(self.limits.picture_time).await),
                }
            }
            Frame::Failed(fault) => Err(Trouble::Document(fault)),
            Frame::Picture { .. } | Frame::Page(_) | Frame::Done(_) => Err(self.out_of_step().await),
        }
    }

    /// Ends the child, if there is one.
    pub async fn end(&mut self) {
        if let Some(mut alive) = self.child.take()
            && let Err(error) = alive.child.kill().await
        {
            tracing::debug!(%error, "the extract worker had ended already");
        }
    }

    async fn send(&mut self, job: &Job) -> Result<(), Trouble> {
        if self.child.as_ref().is_some_and(|alive| alive.jobs >= self.limits.jobs) {
            self.end().await;
        }
        // A child that died while it was idle is replaced once.
        for _ in 0..2 {
            if self.child.is_none() {
                self.child = Some(self.start().await?);
            }
            let Some(alive) = &mut self.child else { continue };
            alive.jobs += 1;
            if write(&mut alive.input, job).await.is_ok() {
                return Ok(());
            }
            self.end().await;
        }
        Err(Trouble::Reader(crate::faults::no_worker("it ends at once")))
    }

    async fn start(&self) -> Result<Alive, Trouble> {
        let failed = |reason: String| Trouble::Reader(crate::faults::no_worker(&reason));
        let (program, arguments) = self.command.split_first().ok_or_else(|| failed("no command".into()))?;
        // The owner of the extract worker: the only child process that this crate starts.
        #[allow(clippy::disallowed_methods)]
        let mut command = Command::new(program);
        command.args(arguments).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        for name in KEPT_ENVIRONMENT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let mut child = command.spawn().map_err(|e| failed(format!("{}: {e}", Path::new(program).display())))?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed("no pipes".into()));
        };
        write(&mut input, &Job::Limit { memory: self.limits.memory }).await.map_err(|e| failed(e.to_string()))?;
        Ok(Alive { child, input, output: BufReader::new(output), jobs: 0 })
    }

    async fn frame(&mut self, left: Duration, limit: Duration) -> Result<Frame, Trouble> {
        let Some(alive) = &mut self.child else { return Err(self.out_of_step().await) };
        let mut line = Vec::new();
        let mut output = (&mut alive.output).take(LONGEST_FRAME);
        match timeout(left, output.read_until(b'\n', &mut line)).await {
            Err(_) => Err(self.too_slow(limit).await),
            Ok(Err(_)) | Ok(Ok(0)) => Err(self.died().await),
            Ok(Ok(_)) if line.last() != Some(&b'\n') => Err(self.died().await),
            Ok(Ok(_)) => match serde_json::from_slice(&line) {
                Ok(frame) => Ok(frame),
                Err(_) => Err(self.out_of_step().await),
            },
        }
    }

    async fn too_slow(&mut self, limit: Duration) -> Trouble {
        self.end().await;
        Trouble::Document(crate::faults::too_slow(limit.as_secs()))
    }

    /// The child answered something that was not asked.
    async fn out_of_step(&mut self) -> Trouble {
        self.end().await;
        Trouble::Document(crate::faults::crashed("it answered out of step"))
    }

    /// The child went away: how?
    async fn died(&mut self) -> Trouble {
        let Some(mut alive) = self.child.take() else {
            return Trouble::Document(crate::faults::crashed("it ended"));
        };
        let mut words = String::new();
        if let Some(errors) = alive.child.stderr.take() {
            let mut bytes = Vec::new();
            // Its last words help; without them the way it ended must do.
            if let Ok(Ok(_)) = timeout(DYING, errors.take(LAST_WORDS).read_to_end(&mut bytes)).await {
                words = String::from_utf8_lossy(&bytes).into_owned();
            }
        }
        let status = match timeout(DYING, alive.child.wait()).await {
            Ok(Ok(status)) => status.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it does not end".into(),
        };
        tracing::warn!(%status, %words, "the extract worker died");
        if words.contains("memory allocation of") || words.to_lowercase().contains("out of memory") {
            return Trouble::Document(crate::faults::too_much_memory(self.limits.memory));
        }
        Trouble::Document(crate::faults::crashed(&status))
    }
}

/// What a child may know of the environment: where its library is, nothing secret.
const KEPT_ENVIRONMENT: &[&str] =
    &["ATELIER_PDFIUM", "HOME", "XDG_DATA_HOME", "LOCALAPPDATA", "SystemRoot", "PATH", "LD_LIBRARY_PATH", "TMPDIR"];

async fn write(input: &mut ChildStdin, job: &impl Serialize) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(job)?;
    line.push(b'\n');
    input.write_all(&line).await?;
    input.flush().await
}
