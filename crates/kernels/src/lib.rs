//! The hot loops of the local model server: how fast can this processor read a prompt and write an answer?
//!
//! A [`Cpu`] holds threads and the instruction set they use. A [`QuantMatrix`] is a weight matrix packed from
//! the bytes of a GGUF file. [`Cpu::load`] takes activations, [`Cpu::multiply`] multiplies them with several
//! matrices at once; [`KvStore`] and [`Attention`] are what a token sees of those before it; norms, rotations
//! and gates are further methods of [`Cpu`].
//!
//! Two things hold for every operation. The results do not depend on the number of threads nor on how many
//! tokens are computed together. And the functions here are safe: whatever a caller passes, the worst is a
//! panic that names the size that does not fit.

mod activations;
mod arena;
mod attention;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx_vnni;
mod conv;
mod cpu;
mod dense;
mod eight;
mod error;
mod format;
mod gates;
mod isa;
mod kv;
mod matrix;
#[cfg(target_arch = "aarch64")]
mod neon;
mod pace;
mod pack;
mod pool;
mod portable;
mod product;
mod rope;
mod rows;
pub mod scan;
mod segment;
mod stretch;
mod tile;
#[cfg(target_arch = "x86_64")]
mod unsigned;

pub use activations::{Activations, Form};
pub use arena::Arena;
pub use attention::{Attention, Text};
pub use conv::ShortConv;
pub use cpu::Cpu;
pub use dense::{Curve, DenseMatrix, Distances, Finish, Number, Precision};
pub use error::ShapeError;
pub use format::Format;
pub use gates::Xielu;
pub use isa::Isa;
pub use kv::{KvKind, KvStore, SEGMENT};
pub use matrix::QuantMatrix;
pub use pool::Pool;
pub use product::Product;
pub use rope::{Pairs, Rope};
