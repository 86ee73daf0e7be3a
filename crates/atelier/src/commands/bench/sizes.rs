//! How large the interface and the packages are, where they are built or installed.

use crate::serve::find_ui;
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

/// How deep packages lie under `release/bundle`.
const DEEP: usize = 2;

/// The interface's wasm, as it is and compressed; null where no interface is found.
pub(super) fn wasm() -> Value {
    let named = std::env::var_os("ATELIER_UI").map(PathBuf::from);
    let Ok(ui) = find_ui(named) else { return Value::Null };
    let Some(wasm) = files(&ui, 0).into_iter().find(|file| has_ending(file, &["wasm"])) else { return Value::Null };
    let Ok(bytes) = fs::read(&wasm) else { return Value::Null };
    json!({ "bytes": bytes.len(), "gzip_bytes": gzipped(&bytes) })
}

/// The packages that `cargo xtask bundle` has built; null where there are none.
pub(super) fn bundle() -> Value {
    let folders = std::env::current_exe().ok();
    let target = folders.as_deref().and_then(Path::parent).and_then(Path::parent);
    let Some(folder) = target.map(|target| target.join("release/bundle")) else { return Value::Null };
    let mut found = serde_json::Map::new();
    for file in files(&folder, DEEP) {
        if !has_ending(&file, &["deb", "rpm", "dmg", "exe", "msi"]) {
            continue;
        }
        let (Some(name), Ok(meta)) = (file.file_name(), file.metadata()) else { continue };
        found.insert(name.to_string_lossy().into_owned(), json!({ "bytes": meta.len() }));
    }
    if found.is_empty() { Value::Null } else { found.into() }
}

fn files(folder: &Path, deeper: usize) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_file() {
            found.push(path);
        } else if deeper > 0 {
            found.extend(files(&path, deeper - 1));
        }
    }
    found.sort();
    found
}

fn has_ending(file: &Path, endings: &[&str]) -> bool {
    file.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| endings.contains(&ending))
}

fn gzipped(bytes: &[u8]) -> Option<usize> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(bytes).ok()?;
    gzip.finish().ok().map(|small| small.len())
}
