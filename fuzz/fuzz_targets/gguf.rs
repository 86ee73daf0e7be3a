//! `cargo fuzz run gguf`: see `src/gguf.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| engine_fuzz::gguf::run(data));
