//! Books (EPUB): chapters in their reading order, each a page with its title; no script runs, nothing is
//! loaded.
//!
//! The package's XML is read by the HTML parser, after elements without content were opened out: it forgives
//! what books get wrong and expands no entities of their own.

pub(super) mod package;

use super::{Flow, Page, html, text::decode};
use crate::faults;
use ::zip::{ZipArchive, result::ZipError};
use package::{Package, open_out, resolve};
use protocol::Fault;
use std::{
    collections::HashMap,
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

/// The largest file of a book that is read, and the most bytes of all of them.
const LARGEST_FILE: u64 = 32 << 20;
const MOST_BYTES: u64 = 128 << 20;
/// The most chapters.
const MOST_CHAPTERS: usize = 5_000;

type Archive = ZipArchive<BufReader<File>>;

pub fn read(path: &Path, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<Vec<Fault>, Fault> {
    let mut book = Book::open(path)?;
    let container =
        book.text("META-INF/container.xml").ok_or_else(|| faults::damaged("it has no table of contents"))?;
    let at = package::root(&container).ok_or_else(|| faults::damaged("it names no package"))?;
    let source = book.text(&at).ok_or_else(|| faults::damaged("its package is missing"))?;
    let package = Package::read(&source, &at);
    let protected = book.text("META-INF/encryption.xml").map(|xml| package::encrypted(&xml)).unwrap_or_default();
    let titles = book.titles(&package);
    let (mut missing, mut locked) = (Vec::new(), 0);
    let mut number = 0;
    for place in package.spine.iter().take(MOST_CHAPTERS) {
        if protected.contains(place) {
            locked += 1;
            continue;
        }
        let title = titles.get(place).cloned();
        let Some(source) = book.text(place) else {
            // One that is missing keeps its page.
            number += 1;
            missing.push(number);
            out(Page { number, label: title, ..Page::default() })?;
            continue;
        };
        let mut flow = Flow::default();
        flow.page_break(title.clone());
        let source = open_out(&source);
        // A chapter whose heading is a picture has its title from the table of contents.
        if let Some(title) = title.as_deref().filter(|_| !html::has_heading(&source)) {
            flow.heading(title, 1);
        }
        let before = number;
        html::add(&source, flow).pages(&mut |page| {
            number = before + page.number;
            out(Page { number, ..page })
        })?;
    }
    if locked > 0 {
        return Err(faults::protected());
    }
    let mut notes = Vec::new();
    if !missing.is_empty() {
        notes.push(faults::pages_damaged(&missing));
    }
    if book.beyond {
        notes.push(faults::book_shortened(MOST_BYTES));
    }
    Ok(notes)
}

struct Book {
    archive: Archive,
    left: u64,
    /// Something was not read because the book is too large.
    beyond: bool,
}

impl Book {
    fn open(path: &Path) -> Result<Self, Fault> {
        let file = File::open(path).map_err(|error| faults::unreadable(&error.to_string()))?;
        let archive = ZipArchive::new(BufReader::new(file)).map_err(|error| faults::damaged(&error.to_string()))?;
        Ok(Self { archive, left: MOST_BYTES, beyond: false })
    }

    /// A file of the book as text; None where it is not there, damaged or too large.
    fn text(&mut self, place: &str) -> Option<String> {
        let most = LARGEST_FILE.min(self.left);
        let mut bytes = Vec::new();
        match self.archive.by_name(place) {
            Ok(file) => file.take(most + 1).read_to_end(&mut bytes).ok()?,
            Err(ZipError::FileNotFound) => return None,
            Err(error) => {
                tracing::debug!(%error, place, "a file of a book cannot be read");
                return None;
            }
        };
        self.left = self.left.saturating_sub(bytes.len() as u64);
        if bytes.len() as u64 > most {
            self.beyond = true;
            return None;
        }
        let declared = html::declared(&bytes);
        Some(decode(&bytes, declared.as_deref()))
    }

    /// The titles of chapters by their place, from the table of contents in either form.
    fn titles(&mut self, package: &Package) -> HashMap<String, String> {
        for place in [&package.nav, &package.ncx].into_iter().flatten() {
            let Some(source) = self.text(place) else { continue };
            let mut titles = HashMap::new();
            for (href, title) in package::contents(&open_out(&source)) {
                titles.entry(resolve(place, &href)).or_insert(title);
            }
            if !titles.is_empty() {
                return titles;
            }
        }
        HashMap::new()
    }
}

#[cfg(test)]
mod tests;
