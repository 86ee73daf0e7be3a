//! Matrices and vectors of a file as candle's tensors.

use super::{Kind, Rounding};
use crate::{error::Result, gguf::Gguf};
use candle_core::{
    DType, Device, Module, Tensor,
    quantized::{QMatMul, QStorage, QTensor},
};
use std::{borrow::Cow, ops::Range};

/// A matrix and its bias.
pub(super) struct Linear {
    weight: Weight,
    bias: Option<Tensor>,
    /// Whether the weights are codes in the file.
    coded: bool,
}

/// The weights, `[outputs, inputs]`.
enum Weight {
    /// In f32.
    Plain(Tensor),
    /// As the file has them, multiplied by the device's own kernels.
    Coded(QMatMul),
}

impl Linear {
    /// `x`, `[tokens, inputs]`, becomes `[tokens, outputs]`.
    pub fn forward(&self, x: &Tensor, rounding: Rounding) -> candle_core::Result<Tensor> {
        let y = match &self.weight {
            Weight::Plain(weight) => rounding.input(x, self.coded)?.matmul(&weight.t()?)?,
            Weight::Coded(weight) => weight.forward(&x.contiguous()?)?,
        };
        match &self.bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }

    /// The same with another bias.
    pub fn with_bias(self, bias: Option<Tensor>) -> Self {
        Self { bias, ..self }
    }
}

/// Whether a tensor's numbers are codes and not plain numbers.
fn coded(file: &Gguf, name: &str) -> Result<bool> {
    Ok(!matches!(file.tensor(name)?.kind, Kind::F32 | Kind::F16 | Kind::BF16))
}

/// How weights are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// Dequantised.
    Plain,
    /// As codes where they are.
    Coded,
}

/// Reads tensors onto a device and tells how far it is.
pub(super) struct Reader<'a> {
    pub file: &'a Gguf,
    pub device: &'a Device,
    pub keep: Keep,
    pub progress: &'a mut dyn FnMut(u64, u64),
    pub done: u64,
}

impl Reader<'_> {
    /// Some rows of a tensor, all its dimensions but the first taken as rows.
    fn rows(&mut self, name: &str, dims: &[usize], rows: Range<usize>) -> Result<QTensor> {
        let info = self.file.tensor_of(name, dims)?;
        let row = info.bytes / info.rows().max(1);
        let bytes = self.file.bytes(info).get(rows.start * row..rows.end * row).unwrap_or(&[]);
        let storage = QStorage::from_data(Cow::Borrowed(bytes), self.device, info.kind.candle())?;
        let read = QTensor::new(storage, (rows.len(), info.columns()))?;
        self.done += bytes.len() as u64;
        (self.progress)(self.done, self.file.file_bytes() as u64);
        Ok(read)
    }

    /// A tensor in f32; its dimensions in the file's order.
    pub fn tensor(&mut self, name: &str, dims: &[usize]) -> Result<Tensor> {
        let rows = dims.iter().skip(1).product();
        let shape: Vec<usize> = dims.iter().rev().copied().collect();
        Ok(self.rows(name, dims, 0..rows)?.dequantize(self.device)?.reshape(shape)?)
    }

    /// The embeddings, `[vocabulary, width]`: in half precision where weights are kept as codes.
    pub fn table(&mut self, name: &str, width: usize, rows: usize) -> Result<Tensor> {
        let table = self.rows(name, &[width, rows], 0..rows)?;
        Ok(match self.keep {
            Keep::Plain => table.dequantize(self.device)?,
            Keep::Coded => table.dequantize(self.device)?.to_dtype(DType::F16)?,
        })
    }

    pub fn optional(&mut self, name: &str, dims: &[usize]) -> Result<Option<Tensor>> {
        if self.file.tensors().contains_key(name) { self.tensor(name, dims).map(Some) } else { Ok(None) }
    }

    /// Some rows of a matrix, without a bias.
    pub fn matrix(&mut self, name: &str, dims: &[usize], rows: Range<usize>) -> Result<Linear> {
        let coded = coded(self.file, name)?;
        let read = self.rows(name, dims, rows)?;
        let weight = match self.keep {
            Keep::Plain => Weight::Plain(read.dequantize(self.device)?),
            Keep::Coded => Weight::Coded(QMatMul::from_qtensor(read)?),
        };
        Ok(Linear { weight, bias: None, coded })
    }

    /// A matrix of `from` inputs and `to` outputs with the bias that belongs to it, if there is one.
    pub fn linear(&mut self, name: &str, from: usize, to: usize) -> Result<Linear> {
        self.part(name, from, to, 0..to)
    }

    /// Some outputs of such a matrix.
    pub fn part(&mut self, name: &str, from: usize, to: usize, rows: Range<usize>) -> Result<Linear> {
        let bias = self.optional(&format!("{name}.bias"), &[to])?;
        let bias = bias.map(|bias| bias.narrow(0, rows.start, rows.len())).transpose()?;
        Ok(self.matrix(&format!("{name}.weight"), &[from, to], rows)?.with_bias(bias))
    }
}
