//! Writes the first inputs of each target to `corpus/`: `cargo run --bin seeds`. What was found later stays there.

use std::{fs, path::Path};

// Never run: it brings libFuzzer's counters, so that this program, too, can be built as the targets are.
libfuzzer_sys::fuzz_target!(|_input: &[u8]| {});

fn main() -> std::io::Result<()> {
    for (target, name, bytes) in engine_fuzz::seeds::all() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}
