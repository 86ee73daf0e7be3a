//! `cargo fuzz run tokenizer`: see `src/tokenizer.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| engine_fuzz::tokenizer::run(data));
