//! The interface: Leptos to wasm, bindings in the locked version, and the files beside it.

use crate::{
    assets::hex,
    places::Places,
    shell::{self, command},
};
use anyhow::{Context as _, Result, anyhow};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};
use wasm_bindgen_cli_support::Bindgen;

const TARGET: &str = "wasm32-unknown-unknown";
/// What lies in `ui/` and is no part of what the window loads.
const NOT_SERVED: &[&str] = &["src", "dist", "tests", "Cargo.toml"];

/// Builds `ui/dist` unless nothing has changed since it was built.
pub fn build(places: &Places) -> Result<()> {
    let dist = places.dist();
    let state = state(places)?;
    let stamp = stamp(places);
    if dist.join("index.html").exists() && fs::read_to_string(&stamp).is_ok_and(|built| built == state) {
        println!("==> The interface in ui/dist is up to date");
        return Ok(());
    }
    let step = shell::step("Building the interface", "3 to 5 minutes the first time, then seconds");
    let mut cargo = command("cargo", places);
    cargo
        .args(["build", "--locked", "-p", "ui", "--profile", "ui", "--target", TARGET])
        // For this target only, so that nothing native is compiled anew.
        .args(["--config", &format!("target.{TARGET}.rustflags=['--cfg', 'erase_components']")])
        .env_remove("RUSTFLAGS");
    shell::run(&mut cargo)?;

    let fresh = places.root.join("ui/dist.part");
    let _ = fs::remove_dir_all(&fresh);
    fs::create_dir_all(&fresh)?;
    let wasm = places.target.join(TARGET).join("ui/ui.wasm");
    (|| {
        let mut bindgen = Bindgen::new();
        bindgen.input_path(&wasm).web(true)?.typescript(false).omit_default_module_path(true);
        // The names of functions are two fifths of the file, and only a debugger reads them.
        bindgen.remove_name_section(true).remove_producers_section(true).generate(&fresh)
    })()
    .map_err(|error| anyhow!("wasm-bindgen: {error:#}"))?;
    for entry in fs::read_dir(places.root.join("ui"))? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !NOT_SERVED.contains(&&*name) && !name.starts_with('.') && !name.ends_with(".part") && !name.ends_with(".md")
        {
            copy(&entry.path(), &fresh.join(&*name))?;
        }
    }
    // A folder cannot be exchanged in one step everywhere; without the stamp a half-made one is built again.
    let _ = fs::remove_file(&stamp);
    let _ = fs::remove_dir_all(&dist);
    fs::rename(&fresh, &dist).context("cannot put ui/dist in place")?;
    if let Some(folder) = stamp.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&stamp, state)?;
    step.done("built ui/dist");
    sizes(&dist)
}

/// A hash of everything the interface is made from.
fn state(places: &Places) -> Result<String> {
    let mut files = Vec::new();
    for under in ["ui", "crates/protocol"] {
        list(&places.root.join(under), &mut files)?;
    }
    files.push(places.root.join("Cargo.toml"));
    files.push(places.root.join("Cargo.lock"));
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.strip_prefix(&places.root)?.as_os_str().as_encoded_bytes());
        hash.update([0]);
        hash.update(fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?);
        hash.update([0]);
    }
    Ok(hex(&hash.finalize()))
}

/// Where it is written what `ui/dist` was built from: two clones may share a target folder.
fn stamp(places: &Places) -> PathBuf {
    let clone = hex(&Sha256::digest(places.root.as_os_str().as_encoded_bytes()));
    places.target.join("xtask").join(format!("ui-{}", &clone[..16]))
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "dist" || name == "dist.part" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            list(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else {
        fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    }
    Ok(())
}

/// Prints what a browser loads, as it is and gzipped.
fn sizes(dist: &Path) -> Result<()> {
    let mut files = Vec::new();
    list(dist, &mut files)?;
    files.sort();
    let mut total = (0, 0);
    for file in files {
        let bytes = fs::read(&file)?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&bytes)?;
        let small = gzip.finish()?.len();
        total = (total.0 + bytes.len(), total.1 + small);
        if bytes.len() > 64 << 10 {
            println!("    {:>9} B, {:>9} B gzipped  {}", bytes.len(), small, file.strip_prefix(dist)?.display());
        }
    }
    println!("    {:>9} B, {:>9} B gzipped  in all", total.0, total.1);
    Ok(())
}
