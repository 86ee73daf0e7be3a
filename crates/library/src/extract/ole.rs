//! Compound files: what Word, Excel and PowerPoint wrote until 2003, and how they encrypt today.

use super::{Page, doc, ppt, xls};
use protocol::Fault;
use std::{
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

/// How every compound file begins.
pub(crate) const MAGIC: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// Bytes of one stream that are read.
const LARGEST_STREAM: u64 = 256 << 20;

/// A compound file that is open.
pub(crate) type Compound = cfb::CompoundFile<BufReader<File>>;

/// Reads a document by the streams that it has, whatever its name says.
pub fn read(path: &Path, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<Vec<Fault>, Fault> {
    let mut file = open(path)?;
    if find(&file, "EncryptedPackage").is_some() {
        return Err(crate::faults::encrypted());
    }
    if find(&file, "WordDocument").is_some() {
        doc::flow(&mut file)?.pages(out)?;
        return Ok(Vec::new());
    }
    for name in ["Workbook", "Book"] {
        if let Some(bytes) = stream(&mut file, name)? {
            let (flow, notes) = xls::flow(&bytes)?;
            flow.pages(out)?;
            return Ok(notes);
        }
    }
    if find(&file, "PowerPoint Document").is_some() {
        ppt::flow(&mut file)?.pages(out)?;
        return Ok(Vec::new());
    }
    Err(crate::faults::damaged("it holds neither text nor sheets nor slides"))
}

/// Why a compound file has the name of a newer document: almost always since it is encrypted.
pub(crate) fn instead_of_archive(path: &Path) -> Fault {
    match open(path) {
        Ok(file) if find(&file, "EncryptedPackage").is_some() => crate::faults::encrypted(),
        Ok(_) => crate::faults::damaged("it is of an older format than its name says"),
        Err(fault) => fault,
    }
}

fn open(path: &Path) -> Result<Compound, Fault> {
    let file = File::open(path).map_err(|e| crate::faults::unreadable(&e.to_string()))?;
    cfb::CompoundFile::open(BufReader::new(file)).map_err(|e| crate::faults::damaged(&e.to_string()))
}

/// Where a stream lies; some writers keep no case.
fn find(file: &Compound, name: &str) -> Option<PathBuf> {
    let mut streams = file.read_root_storage().filter(|entry| entry.is_stream());
    streams.find(|entry| entry.name().eq_ignore_ascii_case(name)).map(|entry| entry.path().to_owned())
}

/// A stream's bytes; None where there is no such stream.
pub(crate) fn stream(file: &mut Compound, name: &str) -> Result<Option<Vec<u8>>, Fault> {
    let Some(place) = find(file, name) else { return Ok(None) };
    let damaged = |e: std::io::Error| crate::faults::damaged(&format!("{name}: {e}"));
    let stream = file.open_stream(place).map_err(damaged)?;
    let mut bytes = Vec::new();
    stream.take(LARGEST_STREAM).read_to_end(&mut bytes).map_err(damaged)?;
    Ok(Some(bytes))
}

/// The set of properties that says who wrote a file and when.
pub(crate) fn property_set(path: &Path) -> Option<Vec<u8>> {
    stream(&mut open(path).ok()?, "\u{5}SummaryInformation").ok()?
}

/// A number of two bytes.
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

/// A number of four bytes.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// Text of two bytes a char.
pub(crate) fn utf16(bytes: &[u8]) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|two| u16::from_le_bytes(*two));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}
