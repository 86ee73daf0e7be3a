//! What can be wrong with what a caller hands in?

use crate::format::Format;

/// Why a matrix or a cache could not be made. Every value comes from a file that may be hostile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// A matrix without rows or columns.
    #[error("a matrix of {rows} rows and {columns} columns is empty")]
    Empty {
        /// Output width.
        rows: usize,
        /// Input width.
        columns: usize,
    },
    /// The columns are not a whole number of the format's blocks.
    #[error("{columns} columns are not a multiple of the {block} values in a block of {format:?}")]
    Columns {
        /// Input width.
        columns: usize,
        /// Values in a block.
        block: usize,
        /// The storage format.
        format: Format,
    },
    /// The bytes are more or fewer than the shape needs.
    #[error("{rows} x {columns} values of {format:?} need {expected} bytes, not {actual}")]
    Bytes {
        /// Output width.
        rows: usize,
        /// Input width.
        columns: usize,
        /// The storage format.
        format: Format,
        /// What the shape needs.
        expected: usize,
        /// What was handed in.
        actual: usize,
    },
    /// The numbers are too large for this machine's address space.
    #[error("the shape is too large for this machine")]
    TooLarge,
    /// The operating system refused the memory.
    #[error("no memory for {bytes} bytes")]
    OutOfMemory {
        /// What was asked for.
        bytes: usize,
    },
    /// Heads, key-value heads or head width of an attention do not fit together.
    #[error("{heads} heads of width {width} cannot share {kv_heads} key-value heads")]
    Heads {
        /// Query heads.
        heads: usize,
        /// Key-value heads.
        kv_heads: usize,
        /// Values in a head.
        width: usize,
    },
}
