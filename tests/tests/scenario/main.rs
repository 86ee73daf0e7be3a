//! The main job and what may go wrong with it, with the real programs, the real models, real files.
#![allow(clippy::unwrap_used, clippy::expect_used)] // here a panic is a failed test

mod answers;
mod faults;
mod network;
mod openai;
mod server;
