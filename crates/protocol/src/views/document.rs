//! Documents and their import.

use crate::*;
use serde::{Deserialize, Serialize};

/// A document of the library.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DocumentView {
    /// The id.
    pub id: DocumentId,
    /// The file's name.
    pub name: String,
    /// Where it came from.
    pub origin: String,
    /// The format as two to four letters: `pdf`, `docx`, `xlsx`, `md`.
    pub format: String,
    /// Size of the file.
    pub bytes: u64,
    /// BLAKE3 of the file, hex.
    pub hash: String,
    /// Pages; 0 until read.
    pub pages: u32,
    /// Passages; 0 until indexed.
    pub passages: u32,
    /// The main language as ISO 639-1, where one was told.
    pub language: Option<String>,
    /// Who wrote it, where it says so itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The date that it gives itself, in Unix milliseconds: when it was sent or last written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dated: Option<i64>,
    /// When it was added.
    pub added_at: i64,
    /// How far it is.
    pub state: DocumentState,
    /// What a person should know of how it was read: pages without text, pages left out.
    #[serde(default)]
    pub notes: Vec<Fault>,
    /// Whether an earlier version of its reader read it: read again, its pages may say more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub earlier: bool,
    /// The document that it came in, a message or an archive; it goes with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<DocumentId>,
    /// What people call it by, in alphabetical order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

/// How far a document is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum DocumentState {
    /// Waits to be read.
    Waiting,
    /// Its text is being read.
    Reading,
    /// Its passages are being indexed.
    Indexing {
        /// Passages done.
        done: u32,
        /// Passages in all.
        total: u32,
    },
    /// Searchable. `meaning` is false while no embedding model has seen it.
    Ready {
        /// Whether it is found by meaning too.
        meaning: bool,
    },
    /// Not readable; the file itself is unchanged.
    Failed {
        /// Why, and what to do.
        fault: Fault,
    },
}

/// What an import would do or has begun.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct ImportPlan {
    /// Files that will be read.
    pub files: u32,
    /// Their size.
    pub bytes: u64,
    /// Files by format, most first.
    pub formats: Vec<FormatCount>,
    /// Files that are already here, unchanged.
    pub known: u32,
    /// Files left out, with the reason.
    pub left_out: Vec<LeftOutFile>,
    /// How many more were left out than are listed.
    #[serde(default)]
    pub more_left_out: u32,
    /// What is passed over in folders by design.
    #[serde(default)]
    pub passed_over: PassedOver,
    /// The documents, once the import has begun, known ones included.
    pub documents: Vec<DocumentId>,
}

/// Entries of folders that an import does not look into, counted. One that a person names is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedOver {
    /// Hidden files and folders.
    pub hidden: u32,
    /// Links to folders, and links that lead nowhere.
    pub links: u32,
    /// Folders of programs and of the system.
    pub system: u32,
    /// What an ignore file of a watched folder names.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub ignored: u32,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// How many files of a format.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FormatCount {
    /// The format.
    pub format: String,
    /// How many.
    pub count: u32,
}

/// A file that is not imported, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeftOutFile {
    /// Its path.
    pub path: String,
    /// Why.
    pub fault: Fault,
}

impl ImportPlan {
    /// How many files are left out, listed or not.
    pub fn all_left_out(&self) -> u32 {
        u32::try_from(self.left_out.len()).unwrap_or(u32::MAX).saturating_add(self.more_left_out)
    }
}

/// Where the import is.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct ImportProgress {
    /// Documents of the running import: done, being read, waiting.
    pub total: u32,
    /// Done, well or not.
    pub done: u32,
    /// Of these, failed.
    pub failed: u32,
    /// The document being read.
    pub current: Option<String>,
    /// Whether a person paused it.
    pub paused: bool,
    /// Milliseconds that the rest may take, from the measured rate; None while unknown. While
    /// documents are read it is the time for reading them, then the time for the rest of the passages.
    pub left_ms: Option<u64>,
    /// Passages that the embedding model has read since it began.
    #[serde(default)]
    pub embedded: u32,
    /// Passages that it has read or still has to.
    #[serde(default)]
    pub passages: u32,
    /// Why no document can be read now, where that is no document's fault. It is tried again by itself.
    #[serde(default)]
    pub stopped: Option<Fault>,
}
