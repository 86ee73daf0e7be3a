//! The library with its real parts: store, worker processes and index. One program, so that it is linked once.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test fails loudly

mod boxes;
mod common;
mod drift;
mod end_to_end;
mod fidelity;
mod found;
mod hostile;
mod kill;
mod measure;
mod ocr;
mod office;
mod parts;
mod pdf;
mod readers;
mod reading;
#[cfg(target_os = "linux")]
mod sandbox;
mod setbacks;
#[cfg(unix)]
mod slow;
mod visit;
mod watch;
