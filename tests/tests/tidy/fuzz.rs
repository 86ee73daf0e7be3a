//! The fuzz targets are a workspace of their own: they must run what is shipped.

use crate::metadata::read;
use std::{collections::BTreeSet, path::Path};

/// Packages that only the fuzz targets have, with the licences that `tests/licences.toml` need not list because
/// nothing that is shipped contains them.
const OWN: [&str; 3] = ["engine-fuzz", "libfuzzer-sys", "arbitrary"];

fn locked(file: &str) -> BTreeSet<(String, String)> {
    let lock: toml::Table = toml::from_str(&read(Path::new(file))).unwrap();
    let packages = lock["package"].as_array().unwrap();
    let text = |package: &toml::Value, key: &str| package[key].as_str().unwrap().to_owned();
    packages.iter().map(|package| (text(package, "name"), text(package, "version"))).collect()
}

#[test]
fn the_fuzz_targets_run_the_versions_that_are_shipped() {
    let (fuzzed, shipped) = (locked("fuzz/Cargo.lock"), locked("Cargo.lock"));
    assert!(fuzzed.iter().any(|(name, _)| name == "engine"), "the engine is what is fuzzed");
    let other: Vec<String> = fuzzed
        .iter()
        .filter(|package| !shipped.contains(package) && !OWN.contains(&package.0.as_str()))
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    assert!(other.is_empty(), "copy Cargo.lock to fuzz/ and run `cargo metadata` there: {other:?}");
}

#[test]
fn every_fuzz_target_has_a_corpus() {
    let targets = crate::metadata::files(&[".rs"]);
    let targets: Vec<_> = targets.iter().filter(|file| file.starts_with("fuzz/fuzz_targets")).collect();
    assert!(targets.len() >= 7, "{targets:?}");
    for target in targets {
        let corpus = Path::new("fuzz/corpus").join(target.file_stem().unwrap());
        let inputs = crate::metadata::files(&[""]).iter().filter(|file| file.starts_with(&corpus)).count();
        assert!(inputs > 0, "{} has no inputs to begin with", corpus.display());
    }
}
