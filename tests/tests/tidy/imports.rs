//! Crates point down, and each heavy dependency has one owner.

use crate::metadata::{metadata, ours};
use std::collections::BTreeSet;

/// Which of our crates may use which of our crates.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("kernels", &[]),
    ("engine", &["kernels"]),
    ("store", &["protocol"]),
    ("egress", &["protocol"]),
    ("models", &["protocol", "egress"]),
    ("library", &["protocol", "store", "models", "kernels"]),
    ("agents", &["protocol", "store", "models", "egress", "library"]),
    ("app", &["protocol", "store", "models", "egress", "library", "agents"]),
    ("atelier", &["app", "protocol"]),
    ("atelier-desktop", &["app", "protocol"]),
    ("ui", &["protocol"]),
    ("atelier-tests", &["protocol"]),
    ("xtask", &[]),
];

/// Which of our crates may use a heavy dependency.
const OWNERS: &[(&str, &[&str])] = &[
    ("axum", &["engine", "atelier"]),
    ("candle-core", &["engine"]),
    ("candle-nn", &["engine"]),
    ("candle-transformers", &["engine"]),
    ("curl", &["egress"]),
    ("hyper", &["egress"]),
    ("hyper-util", &["egress"]),
    ("ignore", &["library"]),
    ("keyring", &["store"]),
    ("leptos", &["ui"]),
    ("native-tls", &["egress"]),
    ("notify", &["library"]),
    ("pdfium-render", &["library"]),
    ("reactive_stores", &["ui"]),
    ("reqwest", &["egress"]),
    ("sqlx", &["store", "xtask"]),
    ("tantivy", &["library"]),
    ("tauri", &["atelier-desktop"]),
    ("tauri-build", &["atelier-desktop"]),
    ("tokenizers", &["engine"]),
    ("ureq", &["egress"]),
    ("wasm-bindgen-cli-support", &["xtask"]),
];

#[test]
fn crates_point_down() {
    let metadata = metadata(None);
    let packages = ours(&metadata);
    let names: BTreeSet<&str> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    let listed: BTreeSet<&str> = MAY_IMPORT.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, listed, "every crate of the workspace stands in MAY_IMPORT, and nothing else");
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let (_, allowed) = MAY_IMPORT.iter().find(|(listed, _)| *listed == name).unwrap();
        for dependency in package["dependencies"].as_array().unwrap() {
            let used = dependency["name"].as_str().unwrap();
            // A crate's own tests may reach further down, never up; the same list holds for them.
            let fine = !names.contains(used) || allowed.contains(&used);
            assert!(fine, "{name} may not import {used}: see ARCHITECTURE.md");
        }
    }
}

#[test]
fn heavy_dependencies_have_one_owner() {
    let metadata = metadata(None);
    for package in ours(&metadata) {
        let name = package["name"].as_str().unwrap();
        for dependency in package["dependencies"].as_array().unwrap() {
            let used = dependency["name"].as_str().unwrap();
            if let Some((_, owners)) = OWNERS.iter().find(|(heavy, _)| *heavy == used) {
                assert!(owners.contains(&name), "{used} belongs to {owners:?}, and {name} uses it");
            }
        }
    }
}

#[test]
fn versions_stand_in_one_place() {
    for file in crate::metadata::files(&["Cargo.toml"]) {
        if file.components().count() == 1 {
            continue;
        }
        let manifest: toml::Table = toml::from_str(&crate::metadata::read(&file)).unwrap();
        let mut tables = vec![&manifest];
        if let Some(targets) = manifest.get("target").and_then(toml::Value::as_table) {
            tables.extend(targets.values().filter_map(toml::Value::as_table));
        }
        for table in tables {
            for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
                for (name, how) in table.get(kind).and_then(toml::Value::as_table).into_iter().flatten() {
                    let inherits = how.get("workspace").and_then(toml::Value::as_bool) == Some(true);
                    assert!(inherits, "{}: {name} must take its version from the workspace", file.display());
                }
            }
        }
    }
}
