//! Numbers, strings and values of a GGUF header, read without trusting any length in it.

use crate::ModelError;
use std::{
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

/// The longest text that is walked over: chat templates are long, nothing else is. As the engine has it.
const MAX_TEXT: u64 = 4 << 20;
/// The longest text that is kept.
const MAX_KEPT: u64 = 4 << 10;
/// More elements than any vocabulary has. As the engine has it.
const MAX_ELEMENTS: u64 = 4 << 20;

/// A value that may be needed: numbers (also booleans, and the largest of an array of numbers,
/// since some models give heads per layer) and text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Number(u64),
    Text(String),
}

/// Reads a file and knows where it is in it.
pub(super) struct Reader {
    file: BufReader<File>,
    path: PathBuf,
    at: u64,
    len: u64,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self, ModelError> {
        let file = File::open(path).map_err(|error| ModelError::io(path, &error))?;
        let len = file.metadata().map_err(|error| ModelError::io(path, &error))?.len();
        Ok(Self { file: BufReader::with_capacity(1 << 18, file), path: path.to_owned(), at: 0, len })
    }

    pub(super) fn position(&self) -> u64 {
        self.at
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Checks that `bytes` more are there, and counts them as read.
    fn take(&mut self, bytes: u64) -> Result<(), ModelError> {
        match self.at.checked_add(bytes) {
            Some(end) if end <= self.len => {
                self.at = end;
                Ok(())
            }
            end => Err(self.truncated(end.unwrap_or(u64::MAX))),
        }
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], ModelError> {
        self.take(N as u64)?;
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes).map_err(|error| ModelError::io(&self.path, &error))?;
        Ok(bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, ModelError> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, ModelError> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    pub(super) fn string(&mut self, limit: u64) -> Result<String, ModelError> {
        let len = self.u64()?;
        if len > limit {
            return Err(self.malformed(&format!("a text in its header claims {len} bytes")));
        }
        self.letters(len)
    }

    fn letters(&mut self, len: u64) -> Result<String, ModelError> {
        self.take(len)?;
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
        self.file.read_exact(&mut bytes).map_err(|error| ModelError::io(&self.path, &error))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn skip(&mut self, bytes: u64) -> Result<(), ModelError> {
        self.take(bytes)?;
        let ahead = i64::try_from(bytes).map_err(|_| self.truncated(u64::MAX))?;
        self.file.seek_relative(ahead).map_err(|error| ModelError::io(&self.path, &error))
    }

    /// Reads a value; `None` for what is never needed (real numbers, lists of texts, and texts that are
    /// not to be kept or are too long for it).
    pub(super) fn value(&mut self, keep: bool) -> Result<Option<Value>, ModelError> {
        let kind = self.u32()?;
        self.value_of(kind, keep, false)
    }

    fn text(&mut self, keep: bool) -> Result<Option<Value>, ModelError> {
        let len = self.u64()?;
        if len > MAX_TEXT {
            return Err(self.malformed(&format!("a text in its header claims {len} bytes")));
        }
        if keep && len <= MAX_KEPT {
            self.letters(len).map(|text| Some(Value::Text(text)))
        } else {
            self.skip(len).map(|()| None)
        }
    }

    fn value_of(&mut self, kind: u32, keep: bool, inside: bool) -> Result<Option<Value>, ModelError> {
        let number = match kind {
            0 | 7 => u64::from(self.bytes::<1>()?[0]),
            1 => i64::from(i8::from_le_bytes(self.bytes()?)).max(0).unsigned_abs(),
            2 => u64::from(u16::from_le_bytes(self.bytes()?)),
            3 => i64::from(i16::from_le_bytes(self.bytes()?)).max(0).unsigned_abs(),
            4 => u64::from(self.u32()?),
            5 => i64::from(i32::from_le_bytes(self.bytes()?)).max(0).unsigned_abs(),
            10 => self.u64()?,
            11 => i64::from_le_bytes(self.bytes()?).max(0).unsigned_abs(),
            6 => return self.skip(4).map(|()| None),
            12 => return self.skip(8).map(|()| None),
            8 => return self.text(keep && !inside),
            9 if inside => return Err(self.malformed("its header nests lists")),
            9 => return self.array(),
            _ => return Err(self.malformed(&format!("a value in its header has the type {kind}"))),
        };
        Ok(Some(Value::Number(number)))
    }

    fn array(&mut self) -> Result<Option<Value>, ModelError> {
        let (kind, len) = (self.u32()?, self.u64()?);
        if len > MAX_ELEMENTS {
            return Err(self.malformed(&format!("a list in its header claims {len} elements")));
        }
        let mut largest = None;
        for _ in 0..len {
            if let Some(Value::Number(number)) = self.value_of(kind, false, true)? {
                largest = largest.max(Some(number));
            }
        }
        Ok(largest.map(Value::Number))
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) fn truncated(&self, expected: u64) -> ModelError {
        ModelError::Truncated { file: self.name(), expected, actual: self.len }
    }

    pub(super) fn malformed(&self, reason: &str) -> ModelError {
        ModelError::Malformed { file: self.name(), reason: reason.to_owned() }
    }

    pub(super) fn unknown(&self, reason: &str) -> ModelError {
        if reason.contains("pickle") {
            return ModelError::Unsafe { file: self.name() };
        }
        ModelError::Unknown { file: self.name(), reason: reason.to_owned() }
    }
}
