//! `cargo fuzz run kernels`: see `src/kernels.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| engine_fuzz::kernels::run(data));
