//! How do a file's tensors become what the kernels compute with?

use crate::{
    error::{EngineError, Result},
    gguf::{Gguf, Kind, TensorInfo},
};
use candle_core::{
    Device,
    quantized::{GgmlDType, QStorage, QTensor},
};
use kernels::{Arena, Cpu, Format, QuantMatrix, ShapeError};
use std::borrow::Cow;

/// Reads and packs tensors one after the other, and tells how far it is.
pub(super) struct Weights<'a> {
    file: &'a Gguf,
    cpu: &'a Cpu,
    arena: Arena,
    progress: &'a mut dyn FnMut(u64, u64),
    done: u64,
}

/// A matrix and the bias that some models add to its outputs.
pub(super) struct Linear {
    pub matrix: QuantMatrix,
    pub bias: Option<Vec<f32>>,
}

impl<'a> Weights<'a> {
    pub fn new(file: &'a Gguf, cpu: &'a Cpu, progress: &'a mut dyn FnMut(u64, u64)) -> Self {
        let matrices = file.tensors().values().filter(|tensor| tensor.dims.len() == 2);
        let packed = |tensor: &TensorInfo| {
            QuantMatrix::packed_bytes(format(tensor.kind).unwrap_or(Format::Q8_0), tensor.rows(), tensor.columns())
        };
        // A damaged file could claim more than there is; packing a matrix checks it against its bytes.
        let estimate = matrices.map(packed).fold(0usize, usize::saturating_add).min(file.file_bytes() * 4);
        Self { file, cpu, arena: Arena::new(estimate), progress, done: 0 }
    }

    /// The matrix `NAME.weight` from `from` inputs to `to` outputs, with `NAME.bias` if the file has it.
    pub fn linear(&mut self, name: &str, from: usize, to: usize) -> Result<Linear> {
        let matrix = self.matrix(&format!("{name}.weight"), from, to)?;
        Ok(Linear { matrix, bias: self.optional_vector(&format!("{name}.bias"), to)? })
    }

    /// A matrix that the file may lack.
    pub fn optional_matrix(&mut self, name: &str, from: usize, to: usize) -> Result<Option<QuantMatrix>> {
        if self.file.tensors().contains_key(name) { self.matrix(name, from, to).map(Some) } else { Ok(None) }
    }

    /// A matrix from `from` inputs to `to` outputs.
    pub fn matrix(&mut self, name: &str, from: usize, to: usize) -> Result<QuantMatrix> {
        let info = self.file.tensor_of(name, &[from, to])?;
        let bytes = self.file.bytes(info);
        let (format, bytes) = match format(info.kind) {
            Some(format) => (format, Cow::Borrowed(bytes)),
            None => (Format::Q8_0, Cow::Owned(self.eight_bits(name, info)?)),
        };
        let packed = QuantMatrix::pack(format, to, from, &bytes, &mut self.arena, self.cpu)
            .map_err(|error| self.refused(name, &error))?;
        self.count(info);
        Ok(packed)
    }

    /// A vector that the file may lack.
    pub fn optional_vector(&mut self, name: &str, length: usize) -> Result<Option<Vec<f32>>> {
        if self.file.tensors().contains_key(name) { self.vector(name, length).map(Some) } else { Ok(None) }
    }

    /// A vector of plain numbers.
    pub fn vector(&mut self, name: &str, length: usize) -> Result<Vec<f32>> {
        let info = self.file.tensor_of(name, &[length])?;
        let Some(format) = format(info.kind).filter(|format| format.is_float()) else {
            return Err(self.file.unsupported(format!("{} numbers for {name}", info.kind.name())));
        };
        let mut values = vec![0.0; length];
        format.dequantise(self.file.bytes(info), &mut values);
        self.count(info);
        Ok(values)
    }

    /// Rounds a format without tiles of its own to 8 bits, which is finer than what it holds.
    fn eight_bits(&self, name: &str, info: &TensorInfo) -> Result<Vec<u8>> {
        if !info.columns().is_multiple_of(32) {
            return Err(self.file.unsupported(format!("rows of {} values for {name}", info.columns())));
        }
        let storage = QStorage::from_data(Cow::Borrowed(self.file.bytes(info)), &Device::Cpu, info.kind.candle())?;
        let plain = QTensor::new(storage, (info.rows(), info.columns()))?.dequantize(&Device::Cpu)?;
        Ok(QTensor::quantize(&plain, GgmlDType::Q8_0)?.data()?.into_owned())
    }

    fn refused(&self, name: &str, error: &ShapeError) -> EngineError {
        match error {
            ShapeError::OutOfMemory { .. } => EngineError::Compute(error.to_string()),
            _ => self.file.malformed(format!("the tensor {name}: {error}")),
        }
    }

    fn count(&mut self, info: &TensorInfo) {
        self.done += info.bytes as u64;
        (self.progress)(self.done, self.file.file_bytes() as u64);
    }
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
