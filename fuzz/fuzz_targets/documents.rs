//! `cargo fuzz run documents`: see `src/documents.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| engine_fuzz::documents::run(data));
