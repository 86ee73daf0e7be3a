//! Where are the starter models? `ATELIER_MODELS` names the folder; else it is the one that
//! `cargo xtask setup` fills for this user.

#![allow(dead_code, reason = "each test file uses a part")]

use std::{env, path::PathBuf};

pub const CHAT: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";
pub const EMBEDDING: &str = "all-MiniLM-L6-v2";

/// The folder with the starter models. Without them a test is skipped on a person's machine and
/// fails where everything is checked (`CI`): a test that never runs keeps no promise.
pub fn models() -> Option<PathBuf> {
    let named = env::var_os("ATELIER_MODELS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| data().join("models"));
    if folder.join(CHAT).is_file() && folder.join(EMBEDDING).is_dir() {
        return Some(folder);
    }
    let missing = format!("{} has no starter models: cargo xtask setup brings them", folder.display());
    assert!(env::var_os("CI").is_none(), "{missing}");
    println!("skipped: {missing}");
    None
}

/// The starter chat model.
pub fn chat() -> Option<PathBuf> {
    Some(models()?.join(CHAT))
}

fn data() -> PathBuf {
    let dir = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || dir("HOME").unwrap_or_default();
    match dir("XDG_DATA_HOME") {
        _ if cfg!(windows) => dir("LOCALAPPDATA").unwrap_or_default().join("Atelier"),
        Some(xdg) => xdg.join("atelier"),
        None if cfg!(target_os = "macos") => home().join("Library/Application Support/Atelier"),
        None => home().join(".local/share/atelier"),
    }
}
