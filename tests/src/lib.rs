//! What the tests stand on: the real programs in a folder of their own, a browser, a display.
//!
//! Nothing here imitates Atelier. The programs are those of the target folder, the models are the
//! starter models, the documents are those of `tests/fixtures/sample`.
#![allow(clippy::disallowed_methods)] // tests start the programs that they test
#![allow(clippy::unwrap_used, clippy::expect_used)] // here a panic is a failed test

pub mod contrast;
pub mod display;
pub mod far_end;
pub mod http;
pub mod hub;
pub mod licence;
pub mod measured;
pub mod memory;
pub mod place;
pub mod sample;
pub mod serve;
pub mod skip;
pub mod source;
pub mod webdriver;
pub mod workspace;
