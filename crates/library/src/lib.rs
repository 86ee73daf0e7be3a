//! Extract, chunk, index, search, cite: any document in, evidence out.
//!
//! Derived data only: everything here can be computed again from the blobs and the log.

mod again;
mod calendar;
mod check;
mod chunk;
mod cite;
mod config;
mod drift;
mod embedding;
mod error;
mod extract;
mod faults;
mod fidelity;
mod find;
mod import;
mod index;
mod indexing;
mod labels;
mod library;
mod passwords;
mod pictures;
mod power;
mod progress;
mod reading;
mod search;
mod sentences;
mod setback;
mod snippet;
mod standing;
mod unpacking;
mod vectors;
mod view;
mod visit;
mod watch;
mod words;
mod worker;

pub use cite::{
    ANSWERABLE_BY_MEANING, ANSWERABLE_BY_WORDS, Cited, Closest, Passage, Score, asking, asks_figure, cite, closest,
    content_words, folded_words, holds_any, near, nearest, score,
};
pub use config::LibraryConfig;
pub use error::LibraryError;
pub use extract::reader_version;
pub use fidelity::{FormatRead, ReadFile, by_format, fidelity};
pub use index::IndexError;
pub use library::{Embed, Library, LibraryEvent, Rank};
pub use power::Supply;
pub use search::SearchQuery;
pub use watch::{Waits, WatchConfig};
#[doc(hidden)]
pub use worker::read_here;
pub use worker::{Limits, run_worker};
