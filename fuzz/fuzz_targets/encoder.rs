//! `cargo fuzz run encoder`: see `src/encoder.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| engine_fuzz::encoder::run(data));
