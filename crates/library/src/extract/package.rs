//! The parts of a file that is a ZIP archive: office documents, books. However small the file, what is
//! unpacked of it has limits.

use super::{ole, text::decode};
use protocol::Fault;
use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};
use zip::ZipArchive;

/// Parts in one file.
const MOST_PARTS: usize = 50_000;
/// Bytes of one part, unpacked.
const LARGEST_PART: u64 = 192 << 20;
/// Bytes of all parts that are read of one file, unpacked.
const MOST_BYTES: u64 = 384 << 20;
/// Nothing that people write becomes this much smaller, once it is larger than `SMALL`.
const MOST_RATIO: u64 = 400;
const SMALL: u64 = 4 << 20;

/// An archive that is open.
pub(crate) struct Package {
    archive: ZipArchive<BufReader<File>>,
    names: HashMap<String, usize>,
    left: u64,
}

impl Package {
    /// Opens an archive and reads its list of parts.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let file = File::open(path).map_err(|e| crate::faults::unreadable(&e.to_string()))?;
        let mut file = BufReader::new(file);
        if file.fill_buf().is_ok_and(|head| head.starts_with(ole::MAGIC)) {
            return Err(ole::instead_of_archive(path));
        }
        let archive = ZipArchive::new(file).map_err(|e| crate::faults::damaged(&e.to_string()))?;
        if archive.len() > MOST_PARTS {
            return Err(crate::faults::unpacks_too_far(MOST_BYTES));
        }
        let mut names = HashMap::new();
        for at in 0..archive.len() {
            if let Some(Ok(name)) = archive.name_for_index(at) {
                // Some writers part folders with a backslash, and case is not kept by all.
                names.entry(name.replace('\\', "/").to_lowercase()).or_insert(at);
            }
        }
        Ok(Self { archive, names, left: MOST_BYTES })
    }

    /// Whether there is such a part.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains_key(&key(name))
    }

    /// A part's bytes; None where there is no such part.
    pub fn part(&mut self, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        let Some(at) = self.names.get(&key(name)).copied() else { return Ok(None) };
        let damaged = |reason: String| crate::faults::damaged(&format!("{name}: {reason}"));
        let part = match self.archive.by_index(at) {
            Ok(part) => part,
            Err(zip::result::ZipError::UnsupportedArchive(zip::result::ZipError::PASSWORD_REQUIRED)) => {
                return Err(crate::faults::encrypted());
            }
            Err(error) => return Err(damaged(error.to_string())),
        };
        let most = LARGEST_PART.min(self.left).min((part.compressed_size().saturating_mul(MOST_RATIO)).max(SMALL));
        let mut bytes = Vec::new();
        // What the list says of the size is not believed.
        part.take(most + 1).read_to_end(&mut bytes).map_err(|e| damaged(e.to_string()))?;
        if bytes.len() as u64 > most {
            return Err(crate::faults::unpacks_too_far(MOST_BYTES));
        }
        self.left -= bytes.len() as u64;
        Ok(Some(bytes))
    }

    /// A part that is text: XML mostly, in the encoding that it names itself.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, Fault> {
        Ok(self.part(name)?.map(|bytes| decode(&bytes, None)))
    }

    /// A part that has to be there.
    pub fn needed(&mut self, name: &str) -> Result<String, Fault> {
        self.text(name)?.ok_or_else(|| crate::faults::damaged(&format!("{name} is missing")))
    }
}

fn key(name: &str) -> String {
    name.trim_start_matches('/').to_lowercase()
}

/// A part's name from where another part points to.
pub(crate) fn resolve(from: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut folders: Vec<&str> = from.split('/').collect();
    folders.pop();
    for step in target.split('/') {
        match step {
            ".." => drop(folders.pop()),
            "." | "" => {}
            name => folders.push(name),
        }
    }
    folders.join("/")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::io::Write;
    use zip::{ZipWriter, write::SimpleFileOptions};

    /// An archive with these parts, in a file that goes with the guard.
    pub(crate) fn archive(parts: &[(&str, &[u8])]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut writer = ZipWriter::new(file.reopen().unwrap());
        for (name, bytes) in parts {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap();
        file
    }

    #[test]
    fn parts_are_found_however_their_names_are_written() {
        let file = archive(&[("Word\\Document.xml", b"<a/>"), ("empty", b"")]);
        let mut package = Package::open(file.path()).unwrap();
        assert_eq!(package.text("/word/document.xml").unwrap().as_deref(), Some("<a/>"));
        assert_eq!(package.part("empty").unwrap(), Some(vec![]));
        assert_eq!(package.part("other").unwrap(), None);
        assert_eq!(package.needed("other").unwrap_err().code, "document.damaged");
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let file = archive(&[("bomb", &vec![b' '; 64 << 20])]);
        assert!(file.path().metadata().unwrap().len() < 1 << 20);
        let fault = Package::open(file.path()).unwrap().part("bomb").unwrap_err();
        assert_eq!(fault.code, "document.unpacks_too_far");
        // Many that are each small enough are too much together.
        let noise: Vec<u8> =
            (0..1u32 << 20).flat_map(|n| [n.wrapping_mul(2_654_435_761).to_le_bytes()[3], 0, 0, 0]).collect();
        let file = archive(&[("a", &noise)]);
        let mut package = Package::open(file.path()).unwrap();
        let fault = (0..1_000).find_map(|_| package.part("a").err()).unwrap();
        assert_eq!(fault.code, "document.unpacks_too_far");
    }

    #[test]
    fn what_is_no_archive_or_only_the_beginning_of_one_is_damaged() {
        let whole = std::fs::read(archive(&[("a", b"text")]).path()).unwrap();
        for bytes in [&b""[..], b"PK\x03\x04", &whole[..whole.len() / 2]] {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), bytes).unwrap();
            assert_eq!(Package::open(file.path()).err().unwrap().code, "document.damaged");
        }
    }

    #[test]
    fn targets_are_looked_up_from_where_they_are_named() {
        for (from, target, expected) in [
            ("ppt/slides/slide1.xml", "../notesSlides/n1.xml", "ppt/notesSlides/n1.xml"),
            ("word/document.xml", "styles.xml", "word/styles.xml"),
            ("word/document.xml", "/word/styles.xml", "word/styles.xml"),
            ("a.xml", "../../../b.xml", "b.xml"),
        ] {
            assert_eq!(resolve(from, target), expected);
        }
    }
}
