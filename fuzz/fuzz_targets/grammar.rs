//! `cargo fuzz run grammar`: see `src/grammar.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| engine_fuzz::grammar::run(data));
