//! The header of a GGUF file, from untrusted bytes to checked tables.

use super::{Kind, MAX_ARRAY, MAX_ENTRIES, MAX_STRING, MAX_TENSORS, TensorInfo, Value};
use crate::error::{EngineError, Result};
use std::{collections::BTreeMap, path::Path};

pub(super) struct Header {
    pub metadata: BTreeMap<String, Value>,
    pub tensors: BTreeMap<String, TensorInfo>,
}

/// Dimensions a tensor may have.
const MAX_DIMS: u32 = 4;
/// The alignment of tensor data where the file does not say.
const ALIGNMENT: usize = 32;

pub(super) fn header(path: &Path, bytes: &[u8]) -> Result<Header> {
    let mut cursor = Cursor { path, bytes, at: 0 };
    if bytes.len() < 4 || &bytes[..4] != b"GGUF" {
        return Err(EngineError::NotGguf(path.to_owned()));
    }
    cursor.at = 4;
    let version = cursor.u32()?;
    if !(2..=3).contains(&version) {
        return Err(EngineError::Version { file: path.to_owned(), found: version });
    }
    let tensor_count = cursor.limited("tensors", MAX_TENSORS)?;
    let entry_count = cursor.limited("metadata entries", MAX_ENTRIES)?;
    let mut metadata = BTreeMap::new();
    for _ in 0..entry_count {
        let key = cursor.string()?;
        let number = cursor.u32()?;
        let value = cursor.value(number)?;
        if metadata.insert(key.clone(), value).is_some() {
            return Err(cursor.malformed(format!("the metadata key {key} appears twice")));
        }
    }
    let mut listed = Vec::new();
    for _ in 0..tensor_count {
        listed.push(cursor.tensor()?);
    }
    let alignment = metadata.get("general.alignment").and_then(Value::as_usize).unwrap_or(ALIGNMENT);
    // At least 8, so that every number lies where its type may be read.
    if !alignment.is_power_of_two() || !(8..=1 << 20).contains(&alignment) {
        return Err(cursor.malformed(format!("its alignment is {alignment}")));
    }
    let data = cursor.at.next_multiple_of(alignment);
    let mut tensors = BTreeMap::new();
    let mut spans = Vec::with_capacity(listed.len());
    for (name, mut tensor) in listed {
        if !tensor.start.is_multiple_of(alignment) {
            return Err(cursor.malformed(format!("the tensor {name} is not aligned")));
        }
        let end = data.checked_add(tensor.start).and_then(|start| start.checked_add(tensor.bytes));
        let end = end.ok_or_else(|| cursor.malformed(format!("the tensor {name} has no possible place")))?;
        if end > bytes.len() {
            return Err(EngineError::Truncated { file: path.to_owned(), needs: end as u64, has: bytes.len() as u64 });
        }
        tensor.start += data;
        spans.push((tensor.start, end));
        if tensors.insert(name.clone(), tensor).is_some() {
            return Err(cursor.malformed(format!("the tensor {name} appears twice")));
        }
    }
    spans.sort_unstable();
    if spans.windows(2).any(|pair| pair[1].0 < pair[0].1) {
        return Err(cursor.malformed("two tensors overlap"));
    }
    Ok(Header { metadata, tensors })
}

struct Cursor<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn malformed(&self, what: impl Into<String>) -> EngineError {
        EngineError::Malformed { file: self.path.to_owned(), what: what.into() }
    }

    fn take(&mut self, count: usize) -> Result<&[u8]> {
        let end = self.at.saturating_add(count);
        let Some(taken) = self.bytes.get(self.at..end) else {
            return Err(EngineError::Truncated {
                file: self.path.to_owned(),
                needs: end as u64,
                has: self.bytes.len() as u64,
            });
        };
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn limited(&mut self, what: &str, limit: u64) -> Result<usize> {
        let count = self.u64()?;
        if count > limit {
            return Err(self.malformed(format!("it claims {count} {what}; {limit} is the most that is read")));
        }
        usize::try_from(count).map_err(|_| self.malformed(format!("it claims {count} {what}")))
    }

    fn string(&mut self) -> Result<String> {
        let length = self.limited("bytes in a text", MAX_STRING)?;
        let bytes = self.take(length)?;
        // Some vocabularies hold tokens that are not UTF-8 by themselves.
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    #[allow(clippy::cast_sign_loss, reason = "negative numbers take the other arm")]
    fn whole(number: i64) -> Value {
        if number < 0 { Value::Negative(number) } else { Value::Count(number as u64) }
    }

    /// A whole number of the given type, widened; `None` if the type is no whole number.
    fn integer(&mut self, kind: u32) -> Result<Option<i64>> {
        Ok(Some(match kind {
            0 => i64::from(u8::from_le_bytes(self.array()?)),
            1 => i64::from(i8::from_le_bytes(self.array()?)),
            2 => i64::from(u16::from_le_bytes(self.array()?)),
            3 => i64::from(i16::from_le_bytes(self.array()?)),
            4 => i64::from(self.u32()?),
            5 => i64::from(i32::from_le_bytes(self.array()?)),
            10 => i64::try_from(self.u64()?).map_err(|_| self.malformed("a number passes 2^63"))?,
            11 => i64::from_le_bytes(self.array()?),
            _ => return Ok(None),
        }))
    }

    fn value(&mut self, kind: u32) -> Result<Value> {
        Ok(match kind {
            6 => Value::Fraction(f64::from(f32::from_le_bytes(self.array()?))),
            12 => Value::Fraction(f64::from_le_bytes(self.array()?)),
            7 => Value::Flag(self.flag()?),
            8 => Value::Text(self.string()?),
            9 => self.list()?,
            _ => match self.integer(kind)? {
                Some(number) => Self::whole(number),
                None => return Err(self.malformed(format!("metadata of the unknown type {kind}"))),
            },
        })
    }

    fn flag(&mut self) -> Result<bool> {
        match self.array::<1>()?[0] {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.malformed(format!("a flag is {other}"))),
        }
    }

    /// An array. It grows as it is read, so that a false count costs no memory. Arrays of arrays
    /// are refused: no known file has one, and they would let a file nest without end.
    fn list(&mut self) -> Result<Value> {
        let kind = self.u32()?;
        let count = self.limited("entries in a list", MAX_ARRAY)?;
        Ok(match kind {
            6 => Value::Fractions(self.many(count, |c| Ok(f32::from_le_bytes(c.array()?)))?),
            #[allow(clippy::cast_possible_truncation, reason = "scores are f32 everywhere else")]
            12 => Value::Fractions(self.many(count, |c| Ok(f64::from_le_bytes(c.array()?) as f32))?),
            7 => Value::Flags(self.many(count, Self::flag)?),
            8 => Value::Texts(self.many(count, Self::string)?),
            0..=5 | 10 | 11 => Value::Counts(self.many(count, |c| Ok(c.integer(kind)?.unwrap_or_default()))?),
            _ => return Err(self.malformed(format!("a list of the type {kind}"))),
        })
    }

    fn many<T>(&mut self, count: usize, mut one: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(one(self)?);
        }
        Ok(all)
    }

    /// A tensor; `start` is still relative to the data.
    fn tensor(&mut self) -> Result<(String, TensorInfo)> {
        let name = self.string()?;
        let count = self.u32()?;
        if count == 0 || count > MAX_DIMS {
            return Err(self.malformed(format!("the tensor {name} has {count} dimensions")));
        }
        let mut dims = Vec::new();
        let mut elements = 1usize;
        for _ in 0..count {
            let dim = usize::try_from(self.u64()?).ok().filter(|d| *d > 0);
            let next = dim.and_then(|d| elements.checked_mul(d));
            let (Some(dim), Some(next)) = (dim, next) else {
                return Err(self.malformed(format!("the tensor {name} has an impossible size")));
            };
            dims.push(dim);
            elements = next;
        }
        let number = self.u32()?;
        let kind = Kind::from_number(number).ok_or_else(|| EngineError::Unsupported {
            file: self.path.to_owned(),
            what: format!("the number format {number} (in {name})"),
        })?;
        if !dims[0].is_multiple_of(kind.block()) {
            return Err(self.malformed(format!("the rows of {name} are no multiple of {}", kind.block())));
        }
        let bytes = (elements / kind.block())
            .checked_mul(kind.block_bytes())
            .ok_or_else(|| self.malformed(format!("the tensor {name} has an impossible size")))?;
        let start = usize::try_from(self.u64()?).map_err(|_| self.malformed(format!("{name} has no place")))?;
        Ok((name, TensorInfo { kind, dims, start, bytes }))
    }
}
