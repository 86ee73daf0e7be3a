//! How do a file's tensors become what the kernels compute with?

use super::layer::Reader;
use crate::{
    error::{EngineError, Result},
    gguf::{Gguf, Kind, TensorInfo},
};
use candle_core::{
    Device,
    quantized::{GgmlDType, QStorage, QTensor},
};
use kernels::{Arena, Cpu, Format, QuantMatrix, ShapeError};
use std::{borrow::Cow, ops::Range};

/// Reads and packs tensors one after the other, and tells how far it is.
pub(super) struct Weights<'a> {
    file: &'a Gguf,
    cpu: &'a Cpu,
    arena: Arena,
    progress: &'a mut dyn FnMut(u64, u64),
    done: u64,
}

/// Values that are rounded to 8 bits at a time: what they take as f32 is needed only meanwhile.
const CHUNK: usize = 4 << 20;

/// What the weights of a file take in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Once they are loaded.
    pub packed: usize,
    /// On top of that, the most that loading one of them takes.
    pub loading: usize,
}

impl<'a> Weights<'a> {
    pub fn new(file: &'a Gguf, cpu: &'a Cpu, progress: &'a mut dyn FnMut(u64, u64)) -> Self {
        let matrices = file.tensors().values().filter(|tensor| tensor.dims.len() > 1);
        // A damaged file could claim more than there is; packing a matrix checks it against its bytes.
        let estimate = matrices.map(packed).fold(0usize, usize::saturating_add).min(file.file_bytes() * 4);
        Self { file, cpu, arena: Arena::new(estimate), progress, done: 0 }
    }

    /// Rounds a format without tiles of its own to 8 bits, which is finer than what it holds.
    fn eight_bits(&self, kind: Kind, rows: usize, columns: usize, bytes: &[u8]) -> Result<Vec<u8>> {
        let step = (CHUNK / columns.max(1)).clamp(1, rows.max(1));
        let row_bytes = bytes.len() / rows.max(1);
        let mut rounded = Vec::with_capacity(rounded_bytes(rows, columns));
        for part in bytes.chunks(row_bytes.saturating_mul(step).max(1)) {
            let storage = QStorage::from_data(Cow::Borrowed(part), &Device::Cpu, kind.candle())?;
            let plain = QTensor::new(storage, (part.len() / row_bytes, columns))?.dequantize(&Device::Cpu)?;
            rounded.extend_from_slice(&QTensor::quantize(&plain, GgmlDType::Q8_0)?.data()?);
        }
        Ok(rounded)
    }

    fn refused(&self, name: &str, error: &ShapeError) -> EngineError {
        match error {
            ShapeError::OutOfMemory { .. } => EngineError::Compute(error.to_string()),
            _ => self.file.malformed(format!("the tensor {name}: {error}")),
        }
    }

    fn count(&mut self, bytes: usize) {
        self.done += bytes as u64;
        (self.progress)(self.done, self.file.file_bytes() as u64);
    }
}

impl Reader for Weights<'_> {
    type Matrix = QuantMatrix;

    fn file(&self) -> &Gguf {
        self.file
    }

    fn rows(&mut self, name: &str, dims: &[usize], rows: Range<usize>) -> Result<QuantMatrix> {
        let info = self.file.tensor_of(name, dims)?;
        check_matrix(self.file, name, info)?;
        let row = info.bytes / info.rows().max(1);
        let bytes = self.file.bytes(info).get(rows.start * row..rows.end * row).unwrap_or(&[]);
        let (count, columns) = (rows.len(), info.columns());
        let (format, packing) = match format(info.kind) {
            Some(format) => (format, Cow::Borrowed(bytes)),
            None => (Format::Q8_0, Cow::Owned(self.eight_bits(info.kind, count, columns, bytes)?)),
        };
        let packed = QuantMatrix::pack(format, count, columns, &packing, &mut self.arena, self.cpu)
            .map_err(|error| self.refused(name, &error))?;
        if rows.end == info.rows() {
            self.file.release(info);
        }
        self.count(bytes.len());
        Ok(packed)
    }

    fn vector(&mut self, name: &str, dims: &[usize]) -> Result<Vec<f32>> {
        let values = read_numbers(self.file, name, dims)?;
        let info = self.file.tensor(name)?;
        self.file.release(info);
        self.count(info.bytes);
        Ok(values)
    }
}

/// What the weights of a file will take in memory.
pub fn footprint(file: &Gguf) -> Footprint {
    let each = file.tensors().values().map(|tensor| match tensor.dims.len() {
        0 | 1 => Footprint { packed: tensor.elements().saturating_mul(size_of::<f32>()), loading: tensor.bytes },
        _ => {
            // What candle makes of a part: a copy of it, its values as f32, and these as codes.
            let part = CHUNK.min(tensor.elements()).saturating_mul(2 * size_of::<f32>());
            let rounding = match format(tensor.kind) {
                Some(_) => 0,
                None => rounded_bytes(tensor.rows(), tensor.columns()).saturating_add(part),
            };
            Footprint { packed: packed(tensor), loading: tensor.bytes.saturating_add(rounding) }
        }
    });
    each.fold(Footprint::default(), |all, one| Footprint {
        packed: all.packed.saturating_add(one.packed),
        loading: all.loading.max(one.loading),
    })
}

/// Whether [`Weights`] can read this matrix.
pub(super) fn check_matrix(file: &Gguf, name: &str, info: &TensorInfo) -> Result<()> {
    if format(info.kind).is_none() { check_rounding(file, name, info) } else { Ok(()) }
}

fn check_rounding(file: &Gguf, name: &str, info: &TensorInfo) -> Result<()> {
    if info.columns().is_multiple_of(32) {
        return Ok(());
    }
    Err(file.unsupported(format!("rows of {} values for {name}", info.columns())))
}

/// The bytes of a packed matrix, or of one for each expert.
fn packed(tensor: &TensorInfo) -> usize {
    let rows = tensor.dims.get(1).copied().unwrap_or(1);
    let each = QuantMatrix::packed_bytes(format(tensor.kind).unwrap_or(Format::Q8_0), rows, tensor.columns());
    each.saturating_mul(tensor.rows() / rows.max(1))
}

/// The bytes of a matrix that was rounded to 8 bits.
fn rounded_bytes(rows: usize, columns: usize) -> usize {
    Format::Q8_0.row_bytes(columns).unwrap_or(0).saturating_mul(rows)
}

/// A vector of plain numbers.
pub(super) fn read_vector(file: &Gguf, name: &str, length: usize) -> Result<Vec<f32>> {
    read_numbers(file, name, &[length])
}

/// Plain numbers of any dimensions.
pub(super) fn read_numbers(file: &Gguf, name: &str, dims: &[usize]) -> Result<Vec<f32>> {
    let info = file.tensor_of(name, dims)?;
    let format = format(info.kind)
        .filter(|format| format.is_float())
        .ok_or_else(|| file.unsupported(format!("{} numbers for {name}", info.kind.name())))?;
    let mut values = vec![0.0; info.elements()];
    format.dequantise(file.bytes(info), &mut values);
    Ok(values)
}

/// The kernels' format for a kind of tensor, if they have tiles for it.
fn format(kind: Kind) -> Option<Format> {
    match kind {
        Kind::F32 => Some(Format::F32),
        Kind::F16 => Some(Format::F16),
        Kind::BF16 => Some(Format::BF16),
        Kind::Q4_0 => Some(Format::Q4_0),
        Kind::Q4_1 => Some(Format::Q4_1),
        Kind::Q5_0 => Some(Format::Q5_0),
        Kind::Q5_1 => Some(Format::Q5_1),
        Kind::Q8_0 => Some(Format::Q8_0),
        Kind::Q4_K => Some(Format::Q4K),
        Kind::Q5_K => Some(Format::Q5K),
        Kind::Q6_K => Some(Format::Q6K),
        Kind::Q2_K | Kind::Q3_K => None,
    }
}
