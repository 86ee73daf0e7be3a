//! ZIP folders: a page that lists what lies in them, and the files themselves.
//!
//! Only the central directory says what there is. Names are labels; nothing is written anywhere.

use super::{
    Page,
    parts::{LeftOut, Sink, contents},
    text::decode,
};
use crate::faults;
use ::zip::{SUPPORTED_COMPRESSION_METHODS, ZipArchive, read::ZipFileEntry, result::ZipError};
use protocol::Fault;
use std::{fs::File, io::BufReader, path::Path};

/// Folders and files of programs and systems, not of people.
const PASSED_OVER: &[&str] = &["__MACOSX", "node_modules", "__pycache__", "Thumbs.db", "desktop.ini"];
/// Names in the list of contents.
const LISTED: usize = 20_000;

type Archive = ZipArchive<BufReader<File>>;

pub fn read(path: &Path, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<Vec<Fault>, Fault> {
    let archive = open(path)?;
    let mut places = Vec::new();
    for index in 0..archive.len() {
        if let Some(place) = archive.by_index_data(index).ok().and_then(|entry| place(&entry))
            && places.len() < LISTED
        {
            places.push(place);
        }
    }
    contents(&places).pages(out)?;
    Ok(Vec::new())
}

/// Hands out the files.
pub fn parts(path: &Path, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut archive = open(path)?;
    for index in 0..archive.len() {
        let Ok(entry) = archive.by_index_data(index) else { continue };
        let Some(place) = place(&entry) else { continue };
        if !sink.takes() {
            continue;
        }
        if entry.encrypted() {
            sink.leave_out(&place, LeftOut::Encrypted);
            continue;
        }
        if !SUPPORTED_COMPRESSION_METHODS.contains(&entry.compression()) {
            sink.leave_out(&place, LeftOut::Method);
            continue;
        }
        let packed = entry.compressed_size();
        match archive.by_index(index) {
            Ok(mut file) => sink.part(&place, packed, &mut file)?,
            Err(ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_)) => {
                sink.leave_out(&place, LeftOut::Method);
            }
            Err(_) => sink.leave_out(&place, LeftOut::Damaged),
        }
    }
    Ok(())
}

fn open(path: &Path) -> Result<Archive, Fault> {
    let file = File::open(path).map_err(|error| faults::unreadable(&error.to_string()))?;
    ZipArchive::new(BufReader::new(file)).map_err(|error| faults::damaged(&error.to_string()))
}

/// Where a file lies; None for folders, links, and what is passed over in folders too.
fn place(entry: &ZipFileEntry<'_>) -> Option<String> {
    if entry.is_dir() || entry.is_symlink() {
        return None;
    }
    // Old programs write names in the encoding of their country and do not say which.
    let place = decode(entry.name_raw(), None);
    let hidden = |part: &str| part.starts_with("~$") || (part.starts_with('.') && part != "." && part != "..");
    (!place.split(['/', '\\']).any(|part| hidden(part) || PASSED_OVER.contains(&part))).then_some(place)
}

#[cfg(test)]
mod tests;
