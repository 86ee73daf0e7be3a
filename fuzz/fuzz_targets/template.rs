//! `cargo fuzz run template`: see `src/template.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| engine_fuzz::template::run(data));
