//! Every dependency's licence, for the native and the wasm tree, against the list in tests/licences.toml.

use crate::metadata::metadata;
use atelier_tests::{licence, place};
use std::collections::BTreeSet;

#[test]
fn every_licence_is_on_the_list() {
    let list: toml::Table =
        toml::from_str(&std::fs::read_to_string(place::root().join("tests/licences.toml")).unwrap()).unwrap();
    let allowed: BTreeSet<String> =
        list["allowed"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect();
    let exceptions = list["packages"].as_table().unwrap();
    let host = if cfg!(target_os = "macos") {
        "aarch64-apple-darwin"
    } else if cfg!(target_os = "windows") {
        "x86_64-pc-windows-msvc"
    } else {
        "x86_64-unknown-linux-gnu"
    };
    let mut wrong = Vec::new();
    for tree in [host, "wasm32-unknown-unknown"] {
        let metadata = metadata(Some(tree));
        let used: BTreeSet<&str> =
            metadata["resolve"]["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap()).collect();
        assert!(used.len() > 100, "{tree}: the tree cannot be this small");
        for package in metadata["packages"].as_array().unwrap() {
            if package["source"].is_null() || !used.contains(package["id"].as_str().unwrap()) {
                continue;
            }
            let name = package["name"].as_str().unwrap();
            let expression = package["license"].as_str().unwrap_or_default();
            let excepted = exceptions.get(name).is_some_and(|one| one["licence"].as_str() == Some(expression));
            if !excepted && !licence::allowed(expression, &allowed) {
                wrong.push(format!("{tree}: {name} {} is under “{expression}”", package["version"]));
            }
        }
    }
    assert!(wrong.is_empty(), "not on the list:\n{}", wrong.join("\n"));
}

#[test]
fn what_is_no_code_is_under_a_licence_of_the_list() {
    let list: toml::Table =
        toml::from_str(&std::fs::read_to_string(place::root().join("tests/licences.toml")).unwrap()).unwrap();
    let allowed: BTreeSet<String> =
        list["assets"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect();
    let lock = std::fs::read_to_string(place::root().join("xtask/assets.lock.json")).unwrap();
    let lock: serde_json::Value = serde_json::from_str(&lock).unwrap();
    for asset in lock["assets"].as_array().unwrap() {
        let licence = asset["licence"].as_str().unwrap();
        assert!(licence::allowed(licence, &allowed), "{} is under “{licence}”", asset["package"]);
    }
    assert!(licence::allowed("OFL-1.1", &allowed));
    let mut texts = 0;
    for file in std::fs::read_dir(place::root().join("ui/fonts")).unwrap().map(|entry| entry.unwrap().path()) {
        if file.file_name().unwrap().to_string_lossy().starts_with("LICENSE-") {
            texts += 1;
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(text.contains("SIL OPEN FONT LICENSE Version 1.1"), "{}", file.display());
        }
    }
    assert_eq!(texts, 3, "one text for each family of fonts");
}
