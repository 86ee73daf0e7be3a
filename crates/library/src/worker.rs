//! How a file is read without trusting it: parsers run in a child process with limits.
//!
//! The parent writes one job per line (JSON) to the child's stdin; the child answers with one frame
//! per line on stdout, a picture's bytes right after its frame. A child that crashes, takes too long
//! or too much memory is replaced; only the document it was reading fails.

mod child;
mod limits;
mod parent;

pub use child::run_worker;
pub use parent::{Parent, Step, Trouble};

use crate::extract::{Heading, Page, WordBox};
use base64::{Engine, engine::general_purpose::STANDARD};
use protocol::Fault;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, time::Duration};

/// What a child process may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Address space, in bytes (where the system can limit it).
    pub memory: u64,
    /// Time for one document.
    pub read_time: Duration,
    /// Time for one picture.
    pub picture_time: Duration,
    /// Bytes of text in one document.
    pub text: u64,
    /// A new child after so many jobs: what a parser leaks goes with it.
    pub jobs: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 1 << 30,
            read_time: Duration::from_secs(120),
            picture_time: Duration::from_secs(20),
            text: 64 << 20,
            jobs: 200,
        }
    }
}

/// What the child is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
enum Job {
    /// Limits for itself; the first line.
    Limit { memory: u64 },
    /// A document's pages.
    Read { path: PathBuf, format: String },
    /// A page as a picture.
    Render { path: PathBuf, page: u32, width: u32 },
}

/// What the child answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Frame {
    /// A page; more follow.
    Page(PageFrame),
    /// All pages were sent; what a person should know.
    Done(Vec<Fault>),
    /// The job failed.
    Failed(Fault),
    /// A picture: so many bytes of PNG follow.
    Picture { bytes: u64, width: u32, height: u32 },
}

#[derive(Debug, Serialize, Deserialize)]
struct PageFrame {
    number: u32,
    text: String,
    width: f32,
    height: f32,
    boxes: String,
    headings: Vec<Heading>,
}

impl From<Page> for PageFrame {
    fn from(page: Page) -> Self {
        Self {
            number: page.number,
            text: page.text,
            width: page.width,
            height: page.height,
            boxes: STANDARD.encode(WordBox::pack(&page.words)),
            headings: page.headings,
        }
    }
}

impl From<PageFrame> for Page {
    fn from(frame: PageFrame) -> Self {
        Self {
            number: frame.number,
            text: frame.text,
            width: frame.width,
            height: frame.height,
            words: WordBox::unpack(&STANDARD.decode(frame.boxes).unwrap_or_default()),
            headings: frame.headings,
        }
    }
}
