//! The rules of the house that a machine can check, each from the files themselves.
#![allow(clippy::unwrap_used, clippy::expect_used)] // here a panic is a failed test

mod colours;
mod fuzz;
mod imports;
mod licences;
mod locales;
mod metadata;
mod sources;
