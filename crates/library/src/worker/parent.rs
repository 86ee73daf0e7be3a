//! The parent's side: starts children, gives them jobs, and ends those that misbehave.

use super::{Asked, CutPage, Frame, Job, Sandbox, Secret, Spawner};
use crate::extract::About;
use protocol::Fault;
use serde::Serialize;
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Once,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    task::JoinSet,
    time::timeout,
};

/// The longest frame: the text and boxes of the fullest page.
const LONGEST_FRAME: u64 = 32 << 20;
/// The most bytes of a file inside a document that come at once.
const LARGEST_PIECE: u32 = 1 << 20;
/// The largest picture.
const LARGEST_PICTURE: u64 = 96 << 20;
/// How much of what a child said last is kept, in case it dies.
const LAST_WORDS: usize = 4_096;
/// How long a child may take to begin.
const BEGINNING: Duration = Duration::from_secs(20);
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
    spawner: Spawner,
    child: Option<Alive>,
    /// Of the document that is being read: time left, bytes of text so far.
    left: Duration,
    text: u64,
}

/// What comes next of a document that is being read.
#[derive(Debug)]
pub enum Step {
    /// A page.
    Page(CutPage),
    /// A file inside the document begins, at this place in it; `piece` gives its bytes.
    Part(String),
    /// No more; what a person should know, and what the document says of itself.
    Done { notes: Vec<Fault>, about: About },
}

/// What comes next of a file inside the document.
#[derive(Debug)]
pub enum Piece {
    /// Some of its bytes.
    Bytes(Vec<u8>),
    /// No more; whether it is whole.
    End(bool),
}

struct Alive {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    jobs: u32,
    /// A job was sent, and the end of its answer not yet read. Whoever asks next must not take the rest
    /// of that answer for its own: a future that is dropped in the middle leaves this set.
    answering: bool,
    /// Takes what the child says on stderr, so that it never waits for a reader; ends with it.
    words: JoinSet<Vec<u8>>,
}

impl Parent {
    /// Starts no child yet.
    pub fn new(spawner: Spawner) -> Self {
        Self { spawner, child: None, left: Duration::ZERO, text: 0 }
    }

    /// Begins to read a document; `next` gives its pages.
    pub async fn begin(&mut self, asked: Asked) -> Result<(), Trouble> {
        self.left = self.spawner.limits.read_time;
        self.text = 0;
        self.send(&Job::Read(asked)).await
    }

    /// The next page of the document that was begun. Time between calls is not the document's.
    pub async fn next(&mut self) -> Result<Step, Trouble> {
        let began = tokio::time::Instant::now();
        let frame = self.frame(self.left, self.spawner.limits.read_time).await?;
        self.left = self.left.saturating_sub(began.elapsed());
        match frame {
            Frame::Page(page) => {
                if page.looked_at {
                    // It took its own time, and the next one may.
                    self.left = self.left.max(self.spawner.limits.look_time);
                }
                self.text += page.text.len() as u64;
                if self.text > self.spawner.limits.text {
                    self.end().await;
                    return Err(Trouble::Document(crate::faults::too_much_text()));
                }
                match page.page() {
                    Some(page) => Ok(Step::Page(page)),
                    None => Err(self.out_of_step().await),
                }
            }
            Frame::Part { place } => Ok(Step::Part(place)),
            Frame::Done { notes, about } => {
                self.answered();
                Ok(Step::Done { notes, about: about.plausible() })
            }
            Frame::Failed(fault) => Err(self.failed(fault)),
            Frame::Entered(_) | Frame::Picture { .. } | Frame::Bytes { .. } | Frame::PartEnd { .. } => {
                Err(self.out_of_step().await)
            }
        }
    }

    /// The next bytes of the file inside the document that `next` has announced.
    pub async fn piece(&mut self) -> Result<Piece, Trouble> {
        let began = tokio::time::Instant::now();
        let piece = match self.frame(self.left, self.spawner.limits.read_time).await? {
            Frame::Bytes { bytes } if bytes <= LARGEST_PIECE => {
                let mut piece = vec![0; bytes as usize];
                let Some(alive) = &mut self.child else { return Err(self.out_of_step().await) };
                match timeout(self.left, alive.output.read_exact(&mut piece)).await {
                    Ok(Ok(_)) => Piece::Bytes(piece),
                    Ok(Err(_)) => return Err(self.died().await),
                    Err(_) => return Err(self.too_slow(self.spawner.limits.read_time).await),
                }
            }
            Frame::PartEnd { whole } => Piece::End(whole),
            Frame::Failed(fault) => return Err(self.failed(fault)),
            Frame::Bytes { .. }
            | Frame::Entered(_)
            | Frame::Page(_)
            | Frame::Part { .. }
            | Frame::Done { .. }
            | Frame::Picture { .. } => {
                return Err(self.out_of_step().await);
            }
        };
        self.left = self.left.saturating_sub(began.elapsed());
        Ok(piece)
    }

    /// Renders a page as a PNG.
    pub async fn render(
        &mut self,
        path: PathBuf,
        page: u32,
        width: u32,
        password: Option<Secret>,
    ) -> Result<Picture, Trouble> {
        self.send(&Job::Render { path, page, width, password }).await?;
        match self.frame(self.spawner.limits.picture_time, self.spawner.limits.picture_time).await? {
            Frame::Picture { bytes, width, height } if bytes <= LARGEST_PICTURE => {
                let mut png = vec![0; bytes as usize];
                let Some(alive) = &mut self.child else { return Err(self.out_of_step().await) };
                match timeout(self.spawner.limits.picture_time, alive.output.read_exact(&mut png)).await {
                    Ok(Ok(_)) => {
                        self.answered();
                        Ok(Picture { png, width, height })
                    }
                    Ok(Err(_)) => Err(self.died().await),
                    Err(_) => Err(self.too_slow(self.spawner.limits.picture_time).await),
                }
            }
            Frame::Failed(fault) => Err(self.failed(fault)),
            Frame::Picture { .. }
            | Frame::Entered(_)
            | Frame::Page(_)
            | Frame::Part { .. }
            | Frame::Bytes { .. }
            | Frame::PartEnd { .. }
            | Frame::Done { .. } => Err(self.out_of_step().await),
        }
    }

    /// Whether a child is there that can be asked again.
    pub fn is_alive(&self) -> bool {
        self.child.as_ref().is_some_and(|alive| !alive.answering)
    }

    /// The child has answered to the end.
    fn answered(&mut self) {
        if let Some(alive) = &mut self.child {
            alive.answering = false;
        }
    }

    /// The child has answered that it cannot.
    fn failed(&mut self, fault: Fault) -> Trouble {
        self.answered();
        Trouble::Document(fault)
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
        if self.child.as_ref().is_some_and(|alive| alive.answering || alive.jobs >= self.spawner.limits.jobs) {
            self.end().await;
        }
        // A child that died while it was idle is replaced once.
        for _ in 0..2 {
            if self.child.is_none() {
                self.child = Some(self.start().await?);
            }
            let Some(alive) = &mut self.child else { continue };
            alive.jobs += 1;
            alive.answering = true;
            if write(&mut alive.input, job).await.is_ok() {
                return Ok(());
            }
            self.end().await;
        }
        Err(Trouble::Reader(crate::faults::no_worker("it ends at once")))
    }

    async fn start(&self) -> Result<Alive, Trouble> {
        let failed = |reason: String| Trouble::Reader(crate::faults::no_worker(&reason));
        let (program, arguments) = self.spawner.command.split_first().ok_or_else(|| failed("no command".into()))?;
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
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut input), Some(output), Some(errors)) = pipes else {
            return Err(failed("no pipes".into()));
        };
        let mut words = JoinSet::new();
        words.spawn(last_words(errors));
        let Spawner { limits, documents, background, .. } = &self.spawner;
        let enter = Job::Enter { memory: limits.memory, documents: documents.clone(), background: *background };
        write(&mut input, &enter).await.map_err(|e| failed(e.to_string()))?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        let entered = timeout(BEGINNING, (&mut output).take(LONGEST_FRAME).read_line(&mut line)).await;
        match entered.map(|read| read.map(|_| serde_json::from_str(&line))) {
            Ok(Ok(Ok(Frame::Entered(sandbox)))) => tell(sandbox),
            _ => return Err(failed("it does not begin".to_owned())),
        }
        Ok(Alive { child, input, output, jobs: 0, answering: false, words })
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
        // Its last words help; without them the way it ended must do.
        let words = match timeout(DYING, alive.words.join_next()).await {
            Ok(Some(Ok(bytes))) => String::from_utf8_lossy(&bytes).into_owned(),
            Ok(Some(Err(_)) | None) | Err(_) => String::new(),
        };
        let status = match timeout(DYING, alive.child.wait()).await {
            Ok(Ok(status)) => status.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it does not end".into(),
        };
        tracing::warn!(%status, %words, "the extract worker died");
        if words.contains("memory allocation of") || words.to_lowercase().contains("out of memory") {
            return Trouble::Document(crate::faults::too_much_memory(self.spawner.limits.memory));
        }
        Trouble::Document(crate::faults::crashed(&status))
    }
}

/// What a child may know of the environment: where its library is, nothing secret.
const KEPT_ENVIRONMENT: &[&str] = &[
    "ATELIER_PDFIUM",
    "ATELIER_TESSERACT",
    "TESSDATA_PREFIX",
    "HOME",
    "XDG_DATA_HOME",
    "LOCALAPPDATA",
    "SystemRoot",
    "PATH",
    "LD_LIBRARY_PATH",
    "TMPDIR",
];

/// Says once how well the system shuts the readers of documents in.
fn tell(sandbox: Sandbox) {
    static TOLD: Once = Once::new();
    TOLD.call_once(|| match sandbox {
        Sandbox { files: true, calls: true } => tracing::info!("documents are read in a sandbox"),
        Sandbox { files, calls } => {
            tracing::warn!(files, calls, "this system shuts readers of documents in only so far")
        }
    });
}

/// Reads to the end what a child says, and keeps the last of it.
async fn last_words(mut errors: ChildStderr) -> Vec<u8> {
    let (mut kept, mut piece) = (Vec::new(), [0; LAST_WORDS]);
    while let Ok(length @ 1..) = errors.read(&mut piece).await {
        kept.extend_from_slice(&piece[..length]);
        let excess = kept.len().saturating_sub(LAST_WORDS);
        kept.drain(..excess);
    }
    kept
}

async fn write(input: &mut ChildStdin, job: &impl Serialize) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(job)?;
    line.push(b'\n');
    input.write_all(&line).await?;
    input.flush().await
}
