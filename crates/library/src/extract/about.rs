//! What does a document say of itself: who wrote it, and when?
//!
//! To add a format: a function here or in its own file, and a line in [`ABOUT`]. What cannot be read says
//! nothing: the text of the document has been read by then, and is worth more than these.

mod office;
mod web;

use super::{mail, msg, pdf, tidy};
use crate::calendar;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The longest author that is kept, in chars.
const LONGEST_AUTHOR: usize = 200;
/// A document that says it was written before or after is wrong: clocks that were never set begin in 1970,
/// 1980 or 1904, and 1601.
const PLAUSIBLE: std::ops::Range<i64> = -2_208_988_800_000..4_102_444_800_000;

/// What a document says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Who wrote it; several stand side by side with a semicolon.
    pub author: Option<String>,
    /// When it was sent or last written, in Unix milliseconds.
    pub dated: Option<i64>,
}

impl About {
    /// Of what a file says as text; of several dates the first that is one.
    fn of<'a>(authors: impl IntoIterator<Item = &'a str>, dates: impl IntoIterator<Item = &'a str>) -> Self {
        let mut all: Vec<&str> = Vec::new();
        for author in authors.into_iter().map(str::trim).filter(|author| !author.is_empty()) {
            if !all.contains(&author) {
                all.push(author);
            }
        }
        let dated = dates.into_iter().find_map(calendar::instant);
        Self { author: Some(all.join("; ")), dated }.plausible()
    }

    /// Without what cannot be: the file is one that nobody has looked at.
    pub fn plausible(self) -> Self {
        let author = self.author.map(|author| tidy(&author).split_whitespace().collect::<Vec<_>>().join(" "));
        let author = author.map(|author| author.chars().take(LONGEST_AUTHOR).collect::<String>());
        Self {
            author: author.filter(|author| author.chars().any(char::is_alphanumeric)),
            dated: self.dated.filter(|dated| *dated != 0 && PLAUSIBLE.contains(dated)),
        }
    }
}

/// Reads what a file says of itself; its password is for those that have one.
type Read = fn(&Path, Option<&str>) -> Option<About>;

/// The formats that say something.
const ABOUT: &[(&[&str], Read)] = &[
    (&["pdf"], pdf::about),
    (&["docx", "xlsx", "pptx"], |path, _| office::open_xml(path)),
    (&["odt", "ods", "odp"], |path, _| office::open_document(path)),
    (&["doc", "xls", "ppt"], |path, _| office::compound(path)),
    (&["epub"], |path, _| web::book(path)),
    (&["html"], |path, _| web::page(path)),
    (&["eml"], |path, _| mail::about(path)),
    (&["msg"], |path, _| msg::about(path)),
];

/// What a file of this format says of itself.
pub fn about(format: &str, path: &Path, password: Option<&str>) -> About {
    let read = ABOUT.iter().find(|(formats, _)| formats.contains(&format)).map(|(_, read)| *read);
    read.and_then(|read| read(path, password)).unwrap_or_default().plausible()
}

/// What a message says of itself: who sent it, and when.
pub fn of_message(from: &str, date: &str) -> About {
    About::of([from], [date])
}

/// What PDF says: the author, and when it was made.
pub fn of_pdf(author: Option<&str>, created: Option<&str>, changed: Option<&str>) -> About {
    About::of(author, created.into_iter().chain(changed))
}

#[cfg(test)]
mod tests;
