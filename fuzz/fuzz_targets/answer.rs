//! `cargo fuzz run answer`: see `src/answer.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| engine_fuzz::answer::run(data));
