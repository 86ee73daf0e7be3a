//! Which processor computes a model?

use super::{Decoder, Opening, decoder, plan, reference};
use crate::{
    error::{EngineError, Result},
    gguf::Gguf,
};
use candle_core::Device;
use kernels::KvKind;
use std::{fmt, str::FromStr};

/// A processor of this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Processor {
    /// The cores, with the kernels of this project: faster there than anything else that was measured.
    #[default]
    Cpu,
    /// An NVIDIA graphics processor by its number, with candle's kernels; needs the feature `cuda`.
    Cuda(usize),
    /// Apple's graphics processor, with candle's kernels; needs the feature `metal`.
    Metal(usize),
}

impl Processor {
    /// Opens the decoder for a file.
    ///
    /// # Errors
    /// As [`super::open`]; also if this program was built without what the processor needs, or it is not there.
    pub fn open(self, file: &Gguf, opening: &mut Opening<'_>) -> Result<Box<dyn Decoder>> {
        match self.device()? {
            None => Ok(Box::new(decoder::Fast::open(file, opening, plan(file)?)?)),
            Some(_) if opening.kv != KvKind::F16 => Err(EngineError::Invalid {
                param: "kv",
                message: format!("--kv {} is for --device cpu", opening.kv.name()),
            }),
            Some(device) => reference::open_on(&device, file, opening),
        }
    }

    /// The graphics processor; None for the cores.
    fn device(self) -> Result<Option<Device>> {
        let device = match self {
            Self::Cpu => return Ok(None),
            Self::Cuda(number) => Device::new_cuda(number),
            Self::Metal(number) => Device::new_metal(number),
        };
        device.map(Some).map_err(|error| EngineError::Invalid {
            param: "device",
            message: format!("--device {self} cannot be used: {error}"),
        })
    }
}

impl fmt::Display for Processor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => write!(f, "cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
            Self::Metal(number) => write!(f, "metal:{number}"),
        }
    }
}

impl FromStr for Processor {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (kind, number) = text.split_once(':').unwrap_or((text, "0"));
        let number = || number.parse().map_err(|_| format!("'{number}' is no number of a processor"));
        match kind {
            "cpu" if !text.contains(':') => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(number()?)),
            "metal" => Ok(Self::Metal(number()?)),
            _ => Err(format!("'{text}' is none of cpu, cuda, cuda:NUMBER, metal and metal:NUMBER")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for (text, expected) in [
            ("cpu", Ok(Processor::Cpu)),
            ("cuda", Ok(Processor::Cuda(0))),
            ("cuda:3", Ok(Processor::Cuda(3))),
            ("metal", Ok(Processor::Metal(0))),
            ("cuda:x", Err(())),
            ("cpu:1", Err(())),
            ("tpu", Err(())),
        ] {
            assert_eq!(text.parse::<Processor>().map_err(drop), expected, "{text}");
        }
        assert_eq!(Processor::Cuda(1).to_string(), "cuda:1");
    }

    #[cfg(not(any(feature = "cuda", feature = "metal")))]
    #[test]
    fn what_is_not_built_in_is_said() {
        let error = Processor::Cuda(0).device().expect_err("this program has no CUDA");
        assert!(error.to_string().contains("--device cuda:0"), "{error}");
    }
}
