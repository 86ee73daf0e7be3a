//! Tensors of a file, dequantised.

use super::{Kind, Rounding};
use crate::{error::Result, gguf::Gguf};
use candle_core::{Device, Tensor, quantized};
use std::borrow::Cow;

/// A matrix in f32 and its bias.
pub(super) struct Linear {
    pub weight: Tensor,
    pub bias: Option<Tensor>,
    /// Whether the weights are codes in the file.
    pub coded: bool,
}

impl Linear {
    pub fn forward(&self, x: &Tensor, rounding: Rounding) -> candle_core::Result<Tensor> {
        let y = rounding.input(x, self.coded)?.matmul(&self.weight.t()?)?;
        match &self.bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }

    /// Its outputs from `start` on.
    pub fn outputs(&self, start: usize, count: usize) -> candle_core::Result<Self> {
        let bias = self.bias.as_ref().map(|bias| bias.narrow(0, start, count)).transpose()?;
        Ok(Self { weight: self.weight.narrow(0, start, count)?, bias, coded: self.coded })
    }
}

/// Whether a tensor's numbers are codes and not plain numbers.
pub(super) fn coded(file: &Gguf, name: &str) -> Result<bool> {
    Ok(!matches!(file.tensor(name)?.kind, Kind::F32 | Kind::F16 | Kind::BF16))
}

/// Dequantises tensors and tells how far it is.
pub(super) struct Reader<'a> {
    pub file: &'a Gguf,
    pub progress: &'a mut dyn FnMut(u64, u64),
    pub done: u64,
}

impl Reader<'_> {
    pub fn tensor(&mut self, name: &str, dims: &[usize]) -> Result<Tensor> {
        let info = self.file.tensor_of(name, dims)?;
        let bytes = Cow::Borrowed(self.file.bytes(info));
        let shape: Vec<usize> = dims.iter().rev().copied().collect();
        let storage = quantized::QStorage::from_data(bytes, &Device::Cpu, info.kind.candle())?;
        let tensor = quantized::QTensor::new(storage, shape)?.dequantize(&Device::Cpu)?;
        self.done += info.bytes as u64;
        (self.progress)(self.done, self.file.file_bytes() as u64);
        Ok(tensor)
    }

    pub fn optional(&mut self, name: &str, dims: &[usize]) -> Result<Option<Tensor>> {
        if self.file.tensors().contains_key(name) { self.tensor(name, dims).map(Some) } else { Ok(None) }
    }

    pub fn linear(&mut self, name: &str, from: usize, to: usize) -> Result<Linear> {
        let weight = self.tensor(&format!("{name}.weight"), &[from, to])?;
        let coded = coded(self.file, &format!("{name}.weight"))?;
        Ok(Linear { weight, bias: self.optional(&format!("{name}.bias"), &[to])?, coded })
    }
}
