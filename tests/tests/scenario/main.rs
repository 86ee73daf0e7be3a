//! The main job and what may go wrong with it, with the real programs, the real models, real files.
#![allow(clippy::unwrap_used, clippy::expect_used)] // here a panic is a failed test
#![allow(clippy::disallowed_methods)] // scenarios start other programs

mod answers;
mod faults;
mod languages;
mod models;
mod neighbours;
mod network;
mod openai;
mod outside;
mod private;
mod server;
mod terminal;
