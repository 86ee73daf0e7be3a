//! Messages that Outlook has saved (MSG): a compound file of properties, read with the crate `cfb`.
//!
//! A property is a stream whose name holds its number and type; numbers and dates stand together in one
//! stream. An attached message is a storage inside and becomes a compound file of its own.

mod properties;

use super::{
    Page,
    about::{About, of_message},
    letter::Letter,
    parts::Sink,
};
use crate::faults;
use cfb::CompoundFile;
use properties::{Folder, Kind};
use protocol::Fault;
use std::{
    io::{Cursor, Read, Write},
    path::{Path, PathBuf},
};

type Compound = CompoundFile<Cursor<Vec<u8>>>;

/// Attachments and recipients that are looked at.
const MOST: usize = 2_000;
/// The largest attached message that is taken out, and the most streams and storages of one.
const LARGEST_INNER: u64 = 128 << 20;
const MOST_ENTRIES: usize = 20_000;
/// The most bytes that a file is made longer by, where it ends before its table does.
const MOST_ROOM: usize = 16 << 20;
/// Before its properties a message on top has so many bytes, and one inside another so many.
const HEADER: usize = 32;
const INNER_HEADER: usize = 24;
/// Where the properties of a fixed size stand.
const FIXED: &str = "__properties_version1.0";

// Numbers of properties.
const SUBJECT: u16 = 0x0037;
const SENT: u16 = 0x0039;
const DELIVERED: u16 = 0x0e06;
const HEADERS: u16 = 0x007d;
const SENDER_NAME: u16 = 0x0c1a;
const SENDER_ADDRESS: u16 = 0x0c1f;
const SENDER_SMTP: u16 = 0x5d01;
const SHOWN_TO: u16 = 0x0e04;
const SHOWN_CC: u16 = 0x0e03;
const BODY: u16 = 0x1000;
const HTML: u16 = 0x1013;
const RECIPIENT_KIND: u16 = 0x0c15;
const NAME: u16 = 0x3001;
const ADDRESS: u16 = 0x3003;
const SMTP: u16 = 0x39fe;
const DATA: u16 = 0x3701;
const SHORT_FILE: u16 = 0x3704;
const LONG_FILE: u16 = 0x3707;
const CONTENT_ID: u16 = 0x3712;

pub fn read(path: &Path, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<Vec<Fault>, Fault> {
    let mut file = open(path)?;
    let letter = letter(&mut file);
    let label = Some(letter.subject.clone()).filter(|subject| !subject.is_empty());
    letter.flow().pages(&mut |page| out(Page { label: page.label.clone().or_else(|| label.clone()), ..page }))?;
    Ok(Vec::new())
}

/// Who sent it, and when.
pub fn about(path: &Path) -> Option<About> {
    let letter = letter(&mut open(path).ok()?);
    Some(of_message(&letter.from, &letter.date))
}

/// Hands out what is attached.
pub fn parts(path: &Path, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut file = open(path)?;
    let shown = html(&mut file, &mut Folder::top(HEADER)).unwrap_or_default();
    for mut folder in folders(&file, "__attach_version1.0_#") {
        let name = file_name(&mut file, &mut folder);
        let inner = folder.path().join(format!("__substg1.0_{DATA:04X}000D"));
        if file.is_storage(&inner) {
            if let Some(bytes) = take_out(&mut file, &inner) {
                let name = if name.to_lowercase().ends_with(".msg") { name } else { format!("{name}.msg") };
                sink.part(&name, bytes.len() as u64, &mut bytes.as_slice())?;
            }
            continue;
        }
        let id = folder.text(&mut file, CONTENT_ID).filter(|id| !id.is_empty());
        if id.is_some_and(|id| shown.contains(&format!("cid:{id}"))) {
            continue;
        }
        if let Some(bytes) = folder.bytes(&mut file, DATA).filter(|bytes| !bytes.is_empty()) {
            sink.part(&name, bytes.len() as u64, &mut bytes.as_slice())?;
        }
    }
    Ok(())
}

fn open(path: &Path) -> Result<Compound, Fault> {
    let unreadable = |error: std::io::Error| faults::damaged(&error.to_string());
    let mut bytes = super::mail::load(path)?;
    let file = match CompoundFile::open(Cursor::new(bytes.clone())) {
        Ok(file) => file,
        Err(error) => {
            // Some programs end the file before the sectors that its table has room for.
            let length = room(&bytes).filter(|length| *length > bytes.len()).ok_or_else(|| unreadable(error))?;
            bytes.resize(length, 0);
            CompoundFile::open(Cursor::new(bytes)).map_err(unreadable)?
        }
    };
    let top = |name: &str| file.is_stream(Path::new("/").join(name));
    // A Word or Excel file of old is a compound file too.
    if !top(FIXED) && !top("__substg1.0_0037001F") && !top("__substg1.0_0037001E") {
        return Err(faults::damaged("it is no message"));
    }
    Ok(file)
}

/// How long a compound file is whose table of sectors is all in use, by its header.
fn room(bytes: &[u8]) -> Option<usize> {
    let number = |at: usize, length: usize| {
        bytes.get(at..at + length).map(|bytes| bytes.iter().rev().fold(0usize, |n, b| n << 8 | usize::from(*b)))
    };
    let sector = 1usize << number(30, 2).filter(|shift| (7..=16).contains(shift))?;
    let sectors = number(44, 4)?.checked_mul(sector / 4)?.checked_add(1)?;
    sectors.checked_mul(sector).filter(|length| *length <= bytes.len() + MOST_ROOM)
}

fn letter(file: &mut Compound) -> Letter {
    let mut top = Folder::top(HEADER);
    let mut to = Vec::new();
    let mut cc = Vec::new();
    for mut folder in folders(file, "__recip_version1.0_#") {
        let name = folder.text(file, NAME).unwrap_or_default();
        let address = folder.text(file, SMTP).or_else(|| folder.text(file, ADDRESS)).unwrap_or_default();
        let line = one(&name, &address);
        match folder.number(file, RECIPIENT_KIND) {
            Some(1) | None => to.push(line),
            Some(2) => cc.push(line),
            // Blind copies are nobody's business, the originator is the sender.
            Some(_) => {}
        }
    }
    let mut shown = |list: Vec<String>, property| {
        let list: Vec<String> = list.into_iter().filter(|line| !line.is_empty()).collect();
        if list.is_empty() { top.text(file, property).unwrap_or_default() } else { list.join(", ") }
    };
    let (to, cc) = (shown(to, SHOWN_TO), shown(cc, SHOWN_CC));
    let sender = top.text(file, SENDER_NAME).unwrap_or_default();
    let address = top.text(file, SENDER_SMTP).or_else(|| top.text(file, SENDER_ADDRESS)).unwrap_or_default();
    let headers = top.text(file, HEADERS).unwrap_or_default();
    let date = top.date(file, SENT).or_else(|| top.date(file, DELIVERED));
    Letter {
        subject: top.text(file, SUBJECT).unwrap_or_default(),
        from: one(&sender, &address),
        to,
        cc,
        date: super::mail::date_of(headers.as_bytes()).or(date).unwrap_or_default(),
        text: top.text(file, BODY).filter(|text| !text.trim().is_empty()),
        html: html(file, &mut top),
        attached: folders(file, "__attach_version1.0_#").into_iter().map(|mut f| file_name(file, &mut f)).collect(),
    }
}

fn html(file: &mut Compound, top: &mut Folder) -> Option<String> {
    let bytes = top.bytes(file, HTML)?;
    let named = super::html::declared(&bytes).or_else(|| top.encoding(file).map(|encoding| encoding.name().to_owned()));
    Some(super::text::decode(&bytes, named.as_deref())).filter(|source| !source.trim().is_empty())
}

/// A name and an address as people read them. Addresses within an organisation say nothing to people.
fn one(name: &str, address: &str) -> String {
    let (name, address) = (name.trim().trim_matches('\''), address.trim());
    match (name.is_empty(), address.contains('@') && name != address) {
        (false, true) => format!("{name} <{address}>"),
        (true, true) => address.to_owned(),
        (_, false) => name.to_owned(),
    }
}

fn file_name(file: &mut Compound, folder: &mut Folder) -> String {
    let named = [LONG_FILE, SHORT_FILE, NAME]
        .into_iter()
        .find_map(|property| folder.text(file, property).filter(|name| !name.trim().is_empty()));
    let named = named.unwrap_or_else(|| "attachment".to_owned());
    named.rsplit(['/', '\\']).next().unwrap_or("attachment").trim().to_owned()
}

/// The storages on top whose name begins so, in their order.
fn folders(file: &Compound, prefix: &str) -> Vec<Folder> {
    let mut paths: Vec<PathBuf> = file
        .read_root_storage()
        .filter(|entry| entry.is_storage() && entry.name().starts_with(prefix))
        .map(|entry| entry.path().to_owned())
        .take(MOST)
        .collect();
    paths.sort();
    paths.into_iter().map(|path| Folder::new(path, 8)).collect()
}

/// An attached message as a compound file of its own; None where it is none or too large.
fn take_out(file: &mut Compound, storage: &Path) -> Option<Vec<u8>> {
    let entries: Vec<(PathBuf, Kind, u64)> = file
        .walk_storage(storage)
        .ok()?
        .skip(1)
        .take(MOST_ENTRIES)
        .map(|entry| {
            let kind = if entry.is_stream() { Kind::Stream } else { Kind::Storage };
            (entry.path().to_owned(), kind, entry.len())
        })
        .collect();
    if entries.iter().map(|(_, _, length)| length).sum::<u64>() > LARGEST_INNER {
        return None;
    }
    let mut inner = CompoundFile::create(Cursor::new(Vec::new())).ok()?;
    for (path, kind, length) in entries {
        let place = Path::new("/").join(path.strip_prefix(storage).ok()?);
        match kind {
            Kind::Storage => inner.create_storage(&place).ok()?,
            Kind::Stream => {
                let mut bytes = Vec::new();
                file.open_stream(&path).ok()?.take(length).read_to_end(&mut bytes).ok()?;
                if place == Path::new("/").join(FIXED) && bytes.len() >= INNER_HEADER {
                    // On top the header is longer.
                    bytes.splice(INNER_HEADER..INNER_HEADER, [0; HEADER - INNER_HEADER]);
                }
                inner.create_stream(&place).ok()?.write_all(&bytes).ok()?;
            }
        }
    }
    inner.flush().ok()?;
    Some(inner.into_inner().into_inner())
}

#[cfg(test)]
mod tests;
