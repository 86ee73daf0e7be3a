//! How a file is read without trusting it: parsers run in a child process with limits.
//!
//! The parent writes one job per line (JSON) to the child's stdin; the child answers with one frame
//! per line on stdout, a picture's bytes right after its frame. A child that crashes, takes too long
//! or too much memory is replaced; only the document it was reading fails.

mod child;
mod here;
pub(crate) mod limits;
mod parent;
mod sandbox;

pub use child::run_worker;
pub use here::read_here;
pub use parent::{Parent, Picture, Piece, Step, Trouble};
pub use sandbox::Sandbox;

use crate::{
    chunk::Chunk,
    extract::{About, Page, WordBox},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use protocol::{Block, Fault, Span};
use serde::{Deserialize, Serialize};
use std::{ffi::OsString, path::PathBuf, time::Duration};

/// What a child process may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Address space, in bytes (where the system can limit it).
    pub memory: u64,
    /// Time for one document: to read it and to cut it into passages.
    pub read_time: Duration,
    /// Time that a page whose picture is looked at for text may take.
    pub look_time: Duration,
    /// Time for one picture.
    pub picture_time: Duration,
    /// Bytes of text in one document.
    pub text: u64,
    /// A new child after so many jobs: what a parser leaks goes with it.
    pub jobs: u32,
}

/// What a child process is and may do.
#[derive(Clone, Debug)]
pub struct Spawner {
    /// Its whole command line.
    pub command: Vec<OsString>,
    /// What it may use.
    pub limits: Limits,
    /// The files and folders that it may read.
    pub documents: Vec<PathBuf>,
    /// Whether nobody waits for it: other programs go first.
    pub background: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 1 << 30,
            read_time: Duration::from_secs(120),
            look_time: Duration::from_secs(60),
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
    /// Its limits, the files and folders that it may read, whether other programs go first; the first line.
    Enter { memory: u64, documents: Vec<PathBuf>, background: bool },
    /// A document's pages, and the files in it.
    Read(Asked),
    /// A page as a picture.
    Render { path: PathBuf, page: u32, width: u32, password: Option<Secret> },
}

/// A document that the child is asked to read.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Asked {
    /// Its file.
    pub path: PathBuf,
    /// Its format.
    pub format: String,
    /// Whether the files in it are wanted too.
    pub parts: bool,
    /// Its password, where it has one that is known.
    pub password: Option<Secret>,
}

/// What nobody may see, in no message and no log.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// What the child answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Frame {
    /// It has taken its limits; which walls stand around it.
    Entered(Sandbox),
    /// A page; more follow.
    Page(PageFrame),
    /// A file inside the document begins; the place where it lies in there.
    Part { place: String },
    /// So many bytes of that file follow.
    Bytes { bytes: u32 },
    /// That file ends; whether it is whole.
    PartEnd { whole: bool },
    /// All pages were sent; what a person should know, and what the document says of itself.
    Done { notes: Vec<Fault>, about: About },
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
    label: Option<String>,
    blocks: Vec<Block>,
    columns: Vec<String>,
    /// Whether its picture was looked at for text.
    looked_at: bool,
    chunks: Vec<Chunk>,
}

/// A page that was read and cut into passages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CutPage {
    /// Its number, from 1.
    pub number: u32,
    /// Its text.
    pub text: String,
    /// Its width in points; 0 where the format has no fixed layout.
    pub width: f32,
    /// Its height in points.
    pub height: f32,
    /// Where its words lie, packed.
    pub boxes: Vec<u8>,
    /// What people call it.
    pub label: Option<String>,
    /// What its text consists of.
    pub blocks: Vec<Block>,
    /// The header cells of the table that it begins in the middle of.
    pub columns: Vec<String>,
    /// Its passages, in the order of the text.
    pub chunks: Vec<Chunk>,
}

impl PageFrame {
    fn new(page: Page, chunks: Vec<Chunk>) -> Self {
        Self {
            number: page.number,
            boxes: STANDARD.encode(WordBox::pack(&page.words)),
            text: page.text,
            width: page.width,
            height: page.height,
            label: page.label,
            blocks: page.blocks,
            columns: page.columns,
            looked_at: page.looked_at,
            chunks,
        }
    }

    /// The page; None where it contradicts itself: the child has met a file that nobody has looked at.
    fn page(self) -> Option<CutPage> {
        let boxes = STANDARD.decode(self.boxes).ok()?;
        let length = self.text.chars().count() as u32;
        let stands = in_order(self.chunks.iter().map(|chunk| chunk.span), length)
            && in_order(self.blocks.iter().map(|block| block.span), length);
        stands.then_some(CutPage {
            number: self.number,
            text: self.text,
            width: self.width,
            height: self.height,
            boxes,
            label: self.label,
            blocks: self.blocks,
            columns: self.columns,
            chunks: self.chunks,
        })
    }
}

/// Whether stretches of a text of this length follow each other.
fn in_order(mut spans: impl Iterator<Item = Span>, length: u32) -> bool {
    let mut at = 0;
    spans.all(|span| {
        let fits = at <= span.start && span.start < span.end;
        at = span.end;
        fits
    }) && at <= length
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::BlockKind;

    #[test]
    fn a_page_that_contradicts_itself_is_none() {
        for (spans, stands) in [
            (&[(0, 2), (2, 5)][..], true),
            (&[], true),
            (&[(0, 2), (1, 5)], false),
            (&[(3, 3)], false),
            (&[(0, 6)], false),
        ] {
            let chunk = |(start, end)| Chunk { span: Span { start, end }, ..Chunk::default() };
            let chunks: Vec<Chunk> = spans.iter().copied().map(chunk).collect();
            let frame = PageFrame::new(Page { text: "äbcde".into(), ..Page::default() }, chunks);
            assert_eq!(frame.page().is_some(), stands, "{spans:?}");
            let block = |(start, end)| Block { span: Span { start, end }, kind: BlockKind::Paragraph };
            let blocks: Vec<Block> = spans.iter().copied().map(block).collect();
            let frame = PageFrame::new(Page { text: "äbcde".into(), blocks, ..Page::default() }, Vec::new());
            assert_eq!(frame.page().is_some(), stands, "{spans:?}");
        }
    }
}
