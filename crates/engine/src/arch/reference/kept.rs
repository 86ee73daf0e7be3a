//! What the plain decoder keeps of a text.

use super::super::Kept;
use crate::error::{EngineError, Result};
use candle_core::Tensor;
use std::io::{Read, Write};

/// For each layer keys and values, `[kv_heads, positions, head_width]` each, or the inputs of its convolution,
/// `[1, positions, width]`.
pub(super) struct Layers(pub Vec<Vec<Tensor>>);

impl Layers {
    fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        self.0.iter().flatten()
    }
}

impl Kept for Layers {
    fn fork(&self, _positions: usize) -> Result<Box<dyn Kept>> {
        // Tensors are written in place: each text needs its own.
        let own = self.0.iter().map(|layer| layer.iter().map(Tensor::copy).collect());
        Ok(Box::new(Self(own.collect::<candle_core::Result<Vec<_>>>()?)))
    }

    fn pieces(&self) -> Vec<usize> {
        vec![self.0.as_ptr().addr()]
    }

    fn shrink(&mut self, _positions: usize) {}

    fn save(&self, positions: usize, to: &mut dyn Write) -> std::io::Result<()> {
        for tensor in self.tensors() {
            let values = tensor.narrow(1, 0, positions).and_then(|part| part.flatten_all()?.to_vec1::<f32>());
            for value in values.map_err(std::io::Error::other)? {
                to.write_all(&value.to_le_bytes())?;
            }
        }
        Ok(())
    }

    fn restore(&mut self, positions: usize, from: &mut dyn Read) -> Result<()> {
        for tensor in self.tensors() {
            let (heads, _, width) = tensor.dims3()?;
            let mut bytes = vec![0; heads * positions * width * size_of::<f32>()];
            from.read_exact(&mut bytes).map_err(|error| EngineError::Compute(error.to_string()))?;
            let values: Vec<f32> = bytes.as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
            tensor.slice_set(&Tensor::from_vec(values, (heads, positions, width), tensor.device())?, 1, 0)?;
        }
        Ok(())
    }
}
