//! What a person sees: the interface in headless Chromium and in the real window.
#![allow(clippy::unwrap_used, clippy::expect_used)] // here a panic is a failed test

mod browser;
mod chat;
mod folders;
mod job;
mod labels;
mod layout;
mod long_chat;
mod reader;
mod search;
mod update;
#[cfg(target_os = "linux")]
mod window;
