//! The file of rounded vectors: rows of one length, each with its passage and a checksum.
//!
//! A row is the vector's numbers as bytes, then the factor that makes them numbers again, the passage,
//! its document and the checksum of all that. Writing goes through the file, where a full disk is an
//! error; reading goes through the map, where nothing is copied and the system decides what stays in
//! memory. A passage number of 0 is a free row.

use kernels::scan::MOST;
use memmap2::Mmap;
use protocol::DocumentId;
use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
};

/// Begins the file; another form, another mark.
const MARK: &[u8; 8] = b"ATVEC\0\0\x01";
/// What stands before the first row: the mark, the model's hash, the length of a vector.
const HEAD: usize = 64;
/// What stands in a row beside the numbers: factor, passage, document, checksum.
const TAIL: usize = 4 + 8 + 16 + 4;
/// The file grows by so many rows at least.
const GROWTH: usize = 1024;

/// Whose a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub chunk: i64,
    pub document: DocumentId,
}

enum Bytes {
    /// Nothing is kept: no model yet.
    Memory(Vec<u8>),
    /// The file, and all of it as memory.
    File(File, Mmap),
}

/// The rows of one model.
pub struct Rows {
    bytes: Bytes,
    dims: usize,
    /// Rows from the first to the last that was ever used.
    count: u32,
    free: Vec<u32>,
}

impl Rows {
    /// Rows that are kept nowhere.
    pub fn in_memory(dims: usize) -> Self {
        Self { bytes: Bytes::Memory(vec![0; HEAD]), dims, count: 0, free: Vec::new() }
    }

    /// A copy of the rows of a model as they are now, in memory: the file is another process's, which may write to
    /// it or cut it short at any time. None where there is none. What is torn or no row is free.
    pub fn copy(dir: &Path, model: &str, dims: usize) -> io::Result<Option<Self>> {
        let bytes = match std::fs::read(dir.join(file_name(model))) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if !bytes.starts_with(&head(model, dims)) {
            return Ok(None);
        }
        let mut rows = Self { bytes: Bytes::Memory(bytes), dims, count: 0, free: Vec::new() };
        rows.count_rows();
        for at in rows.free.clone() {
            rows.erase_bytes(at)?;
        }
        Ok(Some(rows))
    }

    /// The rows of a model. What is torn or no row is free.
    pub fn open(dir: &Path, model: &str, dims: usize) -> io::Result<Self> {
        let name = file_name(model);
        for entry in std::fs::read_dir(dir)?.flatten() {
            let other = entry.file_name();
            if other.to_string_lossy().starts_with("vectors-") && other.to_string_lossy() != name.as_str() {
                std::fs::remove_file(entry.path())?;
            }
        }
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(dir.join(name))?;
        let head = head(model, dims);
        let length = file.metadata()?.len();
        let ours = length >= HEAD as u64 && {
            let mut found = [0; HEAD];
            read_at(&file, &mut found, 0)?;
            found == head
        };
        if !ours {
            file.set_len(0)?;
            file.set_len(HEAD as u64)?;
            write_at(&file, &head, 0)?;
        }
        let map = map(&file)?;
        let mut rows = Self { bytes: Bytes::File(file, map), dims, count: 0, free: Vec::new() };
        rows.count_rows();
        for at in rows.free.clone() {
            if rows.chunk(at) != 0 {
                tracing::warn!(row = at, "a vector in the file is torn and is made again");
                rows.erase_bytes(at)?;
            }
        }
        Ok(rows)
    }

    /// Finds out which rows there are and which of them are free.
    fn count_rows(&mut self) {
        self.count = u32::try_from((self.all().len() - HEAD) / self.stride()).unwrap_or(u32::MAX);
        self.free = (0..self.count).rev().filter(|at| !self.is_whole(*at)).collect();
        // Free rows at the end are no rows yet.
        while self.free.first().is_some_and(|last| *last + 1 == self.count) {
            self.free.remove(0);
            self.count -= 1;
        }
    }

    pub fn dims(&self) -> usize {
        self.dims
    }

    pub fn count(&self) -> u32 {
        self.count
    }

    /// Bytes from one row to the next.
    pub fn stride(&self) -> usize {
        (self.dims + TAIL).next_multiple_of(16)
    }

    fn all(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Memory(bytes) => bytes,
            Bytes::File(_, map) => map,
        }
    }

    fn row(&self, at: u32) -> &[u8] {
        let start = HEAD + at as usize * self.stride();
        &self.all()[start..start + self.stride()]
    }

    fn number<const N: usize>(&self, at: u32, offset: usize) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.row(at)[self.dims + offset..self.dims + offset + N]);
        bytes
    }

    fn chunk(&self, at: u32) -> i64 {
        i64::from_le_bytes(self.number(at, 4))
    }

    /// Whose a row is; None for a free one.
    pub fn place(&self, at: u32) -> Option<Place> {
        let chunk = self.chunk(at);
        (chunk != 0).then(|| Place { chunk, document: DocumentId(uuid::Uuid::from_bytes(self.number(at, 12))) })
    }

    /// What makes a row's numbers numbers of a unit vector; None for a free row.
    pub fn factor(&self, at: u32) -> Option<f32> {
        let factor = f32::from_le_bytes(self.number(at, 0));
        (factor > 0.0).then_some(factor)
    }

    /// Both.
    pub fn of(&self, at: u32) -> Option<(Place, f32)> {
        Some((self.place(at)?, self.factor(at)?))
    }

    /// The bytes of some rows, from the first of them to the end of the last.
    pub fn codes(&self, first: u32, count: usize) -> &[i8] {
        let start = HEAD + first as usize * self.stride();
        as_signed(&self.all()[start..start + count * self.stride()])
    }

    /// The rows that are somebody's.
    pub fn places(&self) -> Vec<(u32, Place)> {
        (0..self.count).filter_map(|at| Some((at, self.place(at)?))).collect()
    }

    fn is_whole(&self, at: u32) -> bool {
        self.chunk(at) != 0
            && self.number(at, TAIL - 4) == check(&self.row(at)[..self.dims + TAIL - 4])
            && self.factor(at).is_some()
    }

    /// Whether a row holds this.
    pub fn holds(&self, at: u32, place: Place, vector: &[f32]) -> bool {
        vector.len() == self.dims && self.row(at)[..self.dims + TAIL] == *self.encode(place, vector)
    }

    fn encode(&self, place: Place, vector: &[f32]) -> Vec<u8> {
        let most = vector.iter().fold(0.0f32, |most, x| most.max(x.abs()));
        let factor = if most > 0.0 { most / 127.0 } else { f32::MIN_POSITIVE };
        let mut row = Vec::with_capacity(self.dims + TAIL);
        row.extend(vector.iter().map(|x| (x / factor).round().clamp(-127.0, 127.0) as i8 as u8));
        row.extend(factor.to_le_bytes());
        row.extend(place.chunk.to_le_bytes());
        row.extend(place.document.0.as_bytes());
        row.extend(check(&row));
        row
    }

    /// Writes a row in the place of another.
    pub fn write(&mut self, at: u32, place: Place, vector: &[f32]) -> io::Result<()> {
        let row = self.encode(place, vector);
        self.put(at, &row)
    }

    /// Writes a row into a free place, or after the last.
    pub fn add(&mut self, place: Place, vector: &[f32]) -> io::Result<u32> {
        let row = self.encode(place, vector);
        if let Some(at) = self.free.last().copied() {
            self.put(at, &row)?;
            self.free.pop();
            return Ok(at);
        }
        let at = self.count;
        self.grow_to(at as usize + 1)?;
        self.put(at, &row)?;
        self.count += 1;
        Ok(at)
    }

    /// Frees a row and takes its numbers from the file.
    pub fn erase(&mut self, at: u32) -> io::Result<()> {
        self.erase_bytes(at)?;
        self.free.push(at);
        Ok(())
    }

    fn erase_bytes(&mut self, at: u32) -> io::Result<()> {
        self.put(at, &vec![0; self.dims + TAIL])
    }

    fn put(&mut self, at: u32, row: &[u8]) -> io::Result<()> {
        let start = HEAD + at as usize * self.stride();
        match &mut self.bytes {
            Bytes::Memory(bytes) => {
                bytes[start..start + row.len()].copy_from_slice(row);
                Ok(())
            }
            Bytes::File(file, _) => write_at(file, row, start as u64),
        }
    }

    /// Makes room for so many rows: an eighth more than there are, so that it is seldom done.
    fn grow_to(&mut self, rows: usize) -> io::Result<()> {
        let stride = self.stride();
        if HEAD + rows * stride <= self.all().len() {
            return Ok(());
        }
        let length = HEAD + (rows + (rows / 8).max(GROWTH)) * stride;
        match &mut self.bytes {
            Bytes::Memory(bytes) => bytes.resize(length, 0),
            Bytes::File(file, mapped) => {
                file.set_len(length as u64)?;
                *mapped = map(file)?;
            }
        }
        Ok(())
    }

    /// Makes what was written durable.
    pub fn flush(&self) -> io::Result<()> {
        match &self.bytes {
            Bytes::Memory(_) => Ok(()),
            Bytes::File(file, _) => file.sync_data(),
        }
    }
}

/// What the file of a model is called.
pub fn file_name(model: &str) -> String {
    format!("vectors-{}.i8", &blake3::hash(model.as_bytes()).to_hex()[..16])
}

/// What stands before the first row.
fn head(model: &str, dims: usize) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..8].copy_from_slice(MARK);
    head[8..40].copy_from_slice(blake3::hash(model.as_bytes()).as_bytes());
    head[40..44].copy_from_slice(&(dims as u32).to_le_bytes());
    head
}

fn check(bytes: &[u8]) -> [u8; 4] {
    let mut check = [0; 4];
    check.copy_from_slice(&blake3::hash(bytes).as_bytes()[..4]);
    check
}

/// A query as whole numbers, and the factor that makes them numbers again. It is one vector: it can be
/// sixteen times as exact as the rows.
pub fn rounded_query(query: &[f32]) -> (Vec<i16>, f32) {
    let most = query.iter().fold(0.0f32, |most, x| most.max(x.abs()));
    let factor = if most > 0.0 { most / f32::from(MOST) } else { 1.0 };
    (query.iter().map(|x| ((x / factor).round() as i16).clamp(-MOST, MOST)).collect(), factor)
}

/// The map of all of a file.
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the workspace's lock keeps every other process of Atelier away from this folder, and this
    // one writes to the file only with `&mut Rows` in hand, when nobody holds a slice of the map. The
    // file is made shorter only before it is mapped.
    unsafe { Mmap::map(file) }
}

/// Bytes as signed numbers.
fn as_signed(bytes: &[u8]) -> &[i8] {
    // SAFETY: both are numbers of one byte, any bits of which are a number.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) }
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(not(unix))]
fn write_at(mut file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    use io::{Seek, Write};
    file.seek(io::SeekFrom::Start(at))?;
    file.write_all(bytes)
}

#[cfg(not(unix))]
fn read_at(mut file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    use io::{Read, Seek};
    file.seek(io::SeekFrom::Start(at))?;
    file.read_exact(bytes)
}
