//! The files inside a file: which formats hold any, how they are handed out, and how much may come out.
//!
//! Runs in the extract worker like every parser. Nothing is written here: the bytes go to the app, which
//! keeps them as blobs. A place inside is a label and never a path on the disk.

use crate::faults;
use protocol::Fault;
use std::{
    io::{self, Read},
    path::Path,
};

/// Hands out the files inside a file, in its order.
pub type Parts = fn(&Path, &mut Sink<'_>) -> Result<(), Fault>;

/// The formats that hold files. To add one: a function beside its reader, and a line here.
const CONTAINERS: &[(&str, Parts)] = &[
    ("zip", super::zip::parts),
    ("eml", super::mail::parts),
    ("mbox", super::mbox::parts),
    ("msg", super::msg::parts),
];

/// How the files inside a format are taken out; None where it holds none.
pub fn parts(format: &str) -> Option<Parts> {
    CONTAINERS.iter().find(|(name, _)| *name == format).map(|(_, parts)| *parts)
}

/// The most files of one container.
pub const MOST_PARTS: usize = 20_000;
/// The largest file.
const LARGEST_PART: u64 = 1 << 30;
/// The most bytes of one container.
const MOST_BYTES: u64 = 4 << 30;
/// A file inside that unpacks to more than this many times its packed size is a bomb, and so is a whole
/// container: real ones reach 20, tables of zeros 100.
const MOST_RATIO: u64 = 200;
/// Below this a ratio says nothing.
const FREE_BYTES: u64 = 64 << 20;
/// Bytes that are handed over at once.
const PIECE: usize = 256 << 10;
/// Names in a note.
const NAMED: usize = 8;
/// The longest name of a file or folder inside, in chars.
const LONGEST_NAME: usize = 120;
/// The deepest place inside.
const DEEPEST_PLACE: usize = 32;

/// A step of handing out a file.
pub enum Piece<'a> {
    /// It begins; where it lies.
    Begin(&'a str),
    /// Some of its bytes.
    Bytes(&'a [u8]),
    /// It ends; whether it is whole.
    End {
        /// False: what was handed out is not to be kept.
        whole: bool,
    },
}

/// Why a file inside is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// It is protected with a password.
    Encrypted,
    /// It cannot be unpacked.
    Damaged,
    /// It is packed in a way that is not known here.
    Method,
    /// It is too large.
    Large,
}

const REASONS: [LeftOut; 4] = [LeftOut::Encrypted, LeftOut::Damaged, LeftOut::Method, LeftOut::Large];

/// Takes the files and keeps within the limits.
pub struct Sink<'a> {
    out: &'a mut dyn FnMut(Piece<'_>) -> Result<(), Fault>,
    parts: usize,
    bytes: u64,
    /// The size of the container itself.
    whole: u64,
    beyond: usize,
    left_out: Vec<(LeftOut, Vec<String>, usize)>,
}

impl<'a> Sink<'a> {
    /// Hands everything to `out`; the container has `whole` bytes.
    pub fn new(whole: u64, out: &'a mut dyn FnMut(Piece<'_>) -> Result<(), Fault>) -> Self {
        Self { out, parts: 0, bytes: 0, whole, beyond: 0, left_out: Vec::new() }
    }

    /// Whether it takes another file. Those that it does not take are counted.
    pub fn takes(&mut self) -> bool {
        self.beyond += usize::from(self.parts >= MOST_PARTS);
        self.parts < MOST_PARTS
    }

    /// Takes a file that lies at `place`; `packed` is its size in the container. An error ends the whole.
    pub fn part(&mut self, place: &str, packed: u64, from: &mut dyn Read) -> Result<(), Fault> {
        if !self.takes() {
            return Ok(());
        }
        self.parts += 1;
        // Files that overlap say more of themselves than there is.
        let packed = packed.min(self.whole);
        let place = harmless(place);
        (self.out)(Piece::Begin(&place))?;
        let mut piece = vec![0; PIECE];
        let mut size = 0u64;
        let why = loop {
            let length = match fill(from, &mut piece) {
                Ok(0) => break None,
                Ok(length) => length,
                Err(_) => break Some(LeftOut::Damaged),
            };
            size += length as u64;
            self.bytes += length as u64;
            let too_many = |size: u64, packed: u64| size > FREE_BYTES && size / MOST_RATIO > packed;
            if too_many(size, packed) || too_many(self.bytes, self.whole) || self.bytes > MOST_BYTES {
                return Err(faults::bomb());
            }
            if size > LARGEST_PART {
                break Some(LeftOut::Large);
            }
            (self.out)(Piece::Bytes(&piece[..length]))?;
        };
        (self.out)(Piece::End { whole: why.is_none() })?;
        if let Some(why) = why {
            self.leave_out(&place, why);
        }
        Ok(())
    }

    /// A file that cannot be taken.
    pub fn leave_out(&mut self, place: &str, why: LeftOut) {
        let at = match self.left_out.iter().position(|(known, ..)| *known == why) {
            Some(at) => at,
            None => {
                self.left_out.push((why, Vec::new(), 0));
                self.left_out.len() - 1
            }
        };
        let (_, names, count) = &mut self.left_out[at];
        *count += 1;
        if names.len() < NAMED {
            names.push(harmless(place));
        }
    }

    /// What a person should know of files that were left out.
    pub fn notes(self) -> Vec<Fault> {
        let mut notes = Vec::new();
        for reason in REASONS {
            for (_, names, count) in self.left_out.iter().filter(|(why, ..)| *why == reason) {
                let mut list = names.join(", ");
                if *count > names.len() {
                    list += ", …";
                }
                notes.push(match reason {
                    LeftOut::Encrypted => faults::parts_encrypted(&list, *count),
                    LeftOut::Damaged => faults::parts_damaged(&list, *count),
                    LeftOut::Method => faults::parts_packed_otherwise(&list, *count),
                    LeftOut::Large => faults::parts_too_large(&list, *count, LARGEST_PART),
                });
            }
        }
        if self.beyond > 0 {
            notes.push(faults::parts_too_many(MOST_PARTS, self.beyond));
        }
        notes
    }
}

/// Reads until the piece is full or the file ends.
fn fill(from: &mut dyn Read, piece: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < piece.len() {
        match from.read(&mut piece[length..]) {
            Ok(0) => break,
            Ok(n) => length += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

/// A place inside as a label: no way up, no drive, no control chars, bounded. It never becomes a path.
pub fn harmless(place: &str) -> String {
    let parts: Vec<String> = place
        .split(['/', '\\'])
        .map(|part| {
            let clean: String = part
                .chars()
                .filter(|c| {
                    !c.is_control()
                        && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
                })
                .collect();
            shorten(clean.trim())
        })
        .filter(|part| !part.is_empty() && part != "." && part != ".." && !is_drive(part))
        .collect();
    let first = parts.len().saturating_sub(DEEPEST_PLACE);
    if parts.is_empty() { "unnamed".into() } else { parts[first..].join("/") }
}

fn is_drive(part: &str) -> bool {
    part.len() == 2 && part.ends_with(':') && part.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// A name that is not too long keeps its ending: it says what the file is.
fn shorten(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    let ending = name.rsplit_once('.').map(|(_, ending)| ending).filter(|e| e.chars().count() <= 10);
    let kept: String = name.chars().take(LONGEST_NAME - 12).collect();
    match ending {
        Some(ending) => format!("{}….{ending}", kept.trim_end()),
        None => format!("{}…", kept.trim_end()),
    }
}

/// A page that lists what lies in a container, so that it is found by the names in it.
pub fn contents(places: &[String]) -> super::Flow {
    let mut flow = super::Flow::default();
    for place in places {
        flow.block(&harmless(place), true);
    }
    flow
}

/// Reads pages into a list, for tests.
#[cfg(test)]
pub fn pages_of(read: super::Read, path: &Path) -> Result<(Vec<super::Page>, Vec<Fault>), Fault> {
    let mut pages = Vec::new();
    let notes = read(path, &mut |page| {
        pages.push(page);
        Ok(())
    })?;
    Ok((pages, notes))
}

/// Files inside, each with its place.
#[cfg(test)]
type Found = Vec<(String, Vec<u8>)>;

/// The files inside by place, and the notes, for tests.
#[cfg(test)]
pub fn parts_of(parts: Parts, path: &Path) -> Result<(Found, Vec<Fault>), Fault> {
    let mut found = Found::new();
    let mut out = |piece: Piece<'_>| {
        match piece {
            Piece::Begin(place) => found.push((place.to_owned(), Vec::new())),
            Piece::Bytes(bytes) => found.last_mut().unwrap().1.extend_from_slice(bytes),
            Piece::End { whole: true } => {}
            Piece::End { whole: false } => drop(found.pop()),
        }
        Ok(())
    };
    let mut sink = Sink::new(path.metadata().map_or(0, |meta| meta.len()), &mut out);
    parts(path, &mut sink)?;
    let notes = sink.notes();
    Ok((found, notes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_label() {
        for (place, label) in [
            ("a/b.pdf", "a/b.pdf"),
            ("../../etc/passwd", "etc/passwd"),
            ("/etc/passwd", "etc/passwd"),
            ("C:\\Windows\\..\\x.txt", "Windows/x.txt"),
            ("./a//./b", "a/b"),
            ("evil\u{202e}fdp.exe", "evilfdp.exe"),
            ("a\n\0b", "ab"),
            ("..", "unnamed"),
            ("", "unnamed"),
        ] {
            assert_eq!(harmless(place), label, "{place:?}");
        }
        let long = format!("{}.pdf", "x".repeat(5_000));
        assert!(harmless(&long).ends_with("….pdf") && harmless(&long).chars().count() <= LONGEST_NAME);
        assert!(harmless(&"d/".repeat(5_000)).len() <= 2 * DEEPEST_PLACE);
    }

    #[test]
    fn what_unpacks_without_end_is_stopped() {
        let mut given = 0u64;
        let mut out = |piece: Piece<'_>| {
            if let Piece::Bytes(bytes) = piece {
                given += bytes.len() as u64;
            }
            Ok(())
        };
        let mut sink = Sink::new(1_000, &mut out);
        let stopped = sink.part("zeros.bin", 1_000, &mut io::repeat(0)).unwrap_err();
        assert_eq!(stopped.code, "document.bomb");
        assert!(given <= FREE_BYTES, "{given}");
        // Many files that are each small enough are one bomb too.
        let mut out = |_: Piece<'_>| Ok(());
        let mut sink = Sink::new(1_000, &mut out);
        let fault = (0..100).find_map(|_| sink.part("x", 1_000_000, &mut io::repeat(0).take(FREE_BYTES / 2)).err());
        assert_eq!(fault.map(|fault| fault.code), Some("document.bomb".to_owned()));
    }

    #[test]
    fn more_files_than_are_taken_are_counted() {
        let mut begun = 0;
        let mut out = |piece: Piece<'_>| {
            begun += usize::from(matches!(piece, Piece::Begin(_)));
            Ok(())
        };
        let mut sink = Sink::new(1 << 20, &mut out);
        for n in 0..MOST_PARTS + 3 {
            sink.part(&n.to_string(), 1, &mut &b"x"[..]).unwrap();
        }
        let notes = sink.notes();
        assert_eq!((begun, notes.len()), (MOST_PARTS, 1));
        assert_eq!((notes[0].code.as_str(), notes[0].values["count"].as_str()), ("document.parts_too_many", "3"));
    }
}
