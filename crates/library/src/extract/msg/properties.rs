//! The properties of a message, a recipient or an attachment in a compound file.

use super::{Compound, FIXED};
use encoding_rs::{Encoding, UTF_16LE};
use std::{
    io::Read,
    path::{Path, PathBuf},
};

/// The largest property.
const LARGEST: u64 = 256 << 20;
/// Each property of a fixed size: type, number, flags, value.
const RECORD: usize = 16;
/// Which code page texts are in, of the message and of the Internet.
const CODE_PAGES: [u16; 2] = [0x3ffd, 0x3fde];
const TEXT: u16 = 0x001f;
const TEXT8: u16 = 0x001e;
const BINARY: u16 = 0x0102;
const LONG: u16 = 0x0003;
const TIME: u16 = 0x0040;
/// Hundred nanoseconds from 1601 to 1970.
const TO_1970: i64 = 116_444_736_000_000_000;

/// What an entry of a compound file is.
pub enum Kind {
    /// Bytes.
    Stream,
    /// A folder.
    Storage,
}

/// A storage with properties.
pub struct Folder {
    path: PathBuf,
    header: usize,
    fixed: Option<Vec<u8>>,
}

impl Folder {
    /// A storage whose list of fixed properties has a header of so many bytes.
    pub fn new(path: PathBuf, header: usize) -> Self {
        Self { path, header, fixed: None }
    }

    /// The message itself.
    pub fn top(header: usize) -> Self {
        Self::new(PathBuf::from("/"), header)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A text.
    pub fn text(&mut self, file: &mut Compound, number: u16) -> Option<String> {
        let ended = |text: String| text.trim_end_matches('\0').to_owned();
        if let Some(bytes) = self.stream(file, number, TEXT) {
            return Some(ended(UTF_16LE.decode_without_bom_handling(&bytes).0.into_owned()));
        }
        let bytes = self.stream(file, number, TEXT8)?;
        let named = Folder::top(super::HEADER).encoding(file).map(Encoding::name);
        Some(ended(crate::extract::text::decode(&bytes, named)))
    }

    /// Bytes; a text that is kept where bytes belong comes as it is.
    pub fn bytes(&mut self, file: &mut Compound, number: u16) -> Option<Vec<u8>> {
        self.stream(file, number, BINARY).or_else(|| self.stream(file, number, TEXT8))
    }

    /// A number.
    pub fn number(&mut self, file: &mut Compound, number: u16) -> Option<u32> {
        let value = self.fixed(file, number, LONG)?;
        Some(u32::from_le_bytes([value[0], value[1], value[2], value[3]]))
    }

    /// A moment, as a message shows it.
    pub fn date(&mut self, file: &mut Compound, number: u16) -> Option<String> {
        let ticks = i64::from_le_bytes(self.fixed(file, number, TIME)?);
        let seconds = ticks.checked_sub(TO_1970)?.div_euclid(10_000_000);
        let t = time::OffsetDateTime::from_unix_timestamp(seconds).ok()?;
        let (year, month, day) = (t.year(), u8::from(t.month()), t.day());
        (year > 1970).then(|| format!("{year:04}-{month:02}-{day:02} {:02}:{:02} +00:00", t.hour(), t.minute()))
    }

    /// The encoding of texts that are not Unicode.
    pub fn encoding(&mut self, file: &mut Compound) -> Option<&'static Encoding> {
        CODE_PAGES.into_iter().find_map(|number| self.number(file, number).and_then(code_page))
    }

    fn stream(&self, file: &mut Compound, number: u16, kind: u16) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let stream = file.open_stream(self.path.join(format!("__substg1.0_{number:04X}{kind:04X}"))).ok()?;
        stream.take(LARGEST).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    fn fixed(&mut self, file: &mut Compound, number: u16, kind: u16) -> Option<[u8; 8]> {
        if self.fixed.is_none() {
            let mut bytes = Vec::new();
            if let Ok(stream) = file.open_stream(self.path.join(FIXED)) {
                // What cannot be read to its end is read as far as it goes.
                let _ = stream.take(1 << 20).read_to_end(&mut bytes);
            }
            self.fixed = Some(bytes);
        }
        let records = self.fixed.as_ref()?.get(self.header..)?;
        let record = records
            .chunks_exact(RECORD)
            .find(|record| record[..2] == kind.to_le_bytes() && record[2..4] == number.to_le_bytes())?;
        record[8..].try_into().ok()
    }
}

/// The encoding of a Windows code page.
fn code_page(number: u32) -> Option<&'static Encoding> {
    let label = match number {
        874 => "windows-874".to_owned(),
        932 => "shift_jis".to_owned(),
        936 => "gbk".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        1250..=1258 => format!("windows-{number}"),
        20866 => "koi8-r".to_owned(),
        21866 => "koi8-u".to_owned(),
        28591..=28606 => format!("iso-8859-{}", number - 28590),
        50220..=50222 => "iso-2022-jp".to_owned(),
        51932 => "euc-jp".to_owned(),
        51949 => "euc-kr".to_owned(),
        54936 => "gb18030".to_owned(),
        65001 => "utf-8".to_owned(),
        _ => return None,
    };
    Encoding::for_label(label.as_bytes())
}
