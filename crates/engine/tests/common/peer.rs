//! Where are llama.cpp's sources, with its vocabularies and templates? `ATELIER_PEER` names the folder; else
//! it is the one that `cargo xtask setup --tests` unpacks them in for this user.

#![allow(dead_code, reason = "each test file uses a part")]

use std::{env, path::PathBuf};

/// The folder of llama.cpp's sources. Without them a test is skipped on a person's machine and fails where everything
/// is checked (`CI`): a test that never runs keeps no promise.
pub fn sources() -> Option<PathBuf> {
    let dir = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = dir("XDG_CACHE_HOME").or_else(|| Some(dir("HOME")?.join(".cache"))).unwrap_or_default();
    let usual = || cache.join("atelier/peer/llama-cpp-python-0.3.36/sources/vendor/llama.cpp");
    let folder = dir("ATELIER_PEER").unwrap_or_else(usual);
    if folder.join("models").is_dir() {
        return Some(folder);
    }
    // Not `println!`: the test runner would keep that to itself.
    let missing = format!("{} has no sources of llama.cpp: cargo xtask setup --tests brings them", folder.display());
    assert!(env::var_os("CI").is_none(), "{missing}");
    let _ = std::io::Write::write_all(&mut std::io::stdout(), format!("\nskipped: {missing}\n").as_bytes());
    None
}
