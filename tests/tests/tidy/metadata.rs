//! What `cargo metadata` says, and which files git has.
#![allow(clippy::disallowed_methods)] // tests may ask cargo and git

use atelier_tests::place;
use serde_json::Value;
use std::{path::PathBuf, process::Command};

/// The whole metadata for a platform (all platforms without one).
pub fn metadata(platform: Option<&str>) -> Value {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(place::root()).args(["metadata", "--locked", "--format-version", "1"]);
    if let Some(platform) = platform {
        cargo.args(["--filter-platform", platform]);
    }
    let out = cargo.output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

/// Our own packages.
pub fn ours(metadata: &Value) -> Vec<&Value> {
    metadata["packages"].as_array().unwrap().iter().filter(|package| package["source"].is_null()).collect()
}

/// The files of the repository that end in one of these, those that are new included.
pub fn files(endings: &[&str]) -> Vec<PathBuf> {
    let out = Command::new("git")
        .current_dir(place::root())
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let mut files: Vec<PathBuf> = String::from_utf8(out.stdout)
        .unwrap()
        .split('\0')
        .filter(|file| endings.iter().any(|ending| file.ends_with(ending)))
        .map(PathBuf::from)
        .filter(|file| place::root().join(file).exists())
        .collect();
    files.sort();
    files.dedup();
    files
}

/// A file's text.
pub fn read(file: &std::path::Path) -> String {
    std::fs::read_to_string(place::root().join(file)).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
