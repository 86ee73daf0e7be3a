//! The inner loops in plain Rust: what runs where nothing faster does, and what faster ones are tested against.

pub(crate) mod attention;
pub(crate) mod product;
pub(crate) mod rows;
