//! Whose work Atelier stands on: every dependency's licence, and the notices that go into the bundle.

use crate::{
    places::Places,
    shell::{self, command},
};
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// A dependency as its manifest describes it.
struct Package {
    name: String,
    version: String,
    licence: String,
    folder: PathBuf,
}

/// Prints each licence expression with the number of packages under it, for both trees.
pub fn list(places: &Places) -> Result<()> {
    for (tree, platform) in trees(places)? {
        let packages = packages(places, &platform)?;
        let mut by: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for package in &packages {
            by.entry(&package.licence).or_default().push(format!("{} {}", package.name, package.version));
        }
        println!("The {tree} tree ({platform}): {} packages", packages.len());
        for (licence, mut names) in by {
            names.sort();
            let few = if names.len() > 6 { format!("{} packages", names.len()) } else { names.join(", ") };
            println!("  {licence}: {few}");
        }
    }
    println!("Which licences are allowed stands in tests/licences.toml; a tidy test checks it.");
    Ok(())
}

/// Writes THIRD-PARTY-NOTICES.md: every licence text once, with the packages that it covers.
pub fn write(places: &Places) -> Result<PathBuf> {
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut without: BTreeSet<String> = BTreeSet::new();
    for (_, platform) in trees(places)? {
        for package in packages(places, &platform)? {
            let title = format!("{} {} ({})", package.name, package.version, package.licence);
            let found = licence_texts(&package.folder)?;
            if found.is_empty() {
                without.insert(title);
            } else {
                for text in found {
                    texts.entry(text).or_default().insert(title.clone());
                }
            }
        }
    }
    let mut page = String::from(
        "# Third-party notices\n\nAtelier contains the work of others, under the licences below. Fonts and icons \
         carry their licences beside them (ui/fonts, ui/icons). The PDF renderer is PDFium (BSD-3-Clause and \
         Apache-2.0). The starter models are SmolLM2-135M-Instruct and all-MiniLM-L6-v2 (Apache-2.0).\n",
    );
    if !without.is_empty() {
        page.push_str("\n## Packages that name their licence and bring no text\n\n");
        for title in without {
            writeln!(page, "- {title}")?;
        }
    }
    for (text, titles) in texts {
        page.push_str("\n## ");
        page.push_str(&titles.into_iter().collect::<Vec<_>>().join(", "));
        write!(page, "\n\n```text\n{}\n```\n", text.trim_end())?;
    }
    let file = places.target.join("THIRD-PARTY-NOTICES.md");
    fs::create_dir_all(&places.target)?;
    fs::write(&file, page).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

/// The two trees: this machine's and the interface's.
fn trees(places: &Places) -> Result<[(&'static str, String); 2]> {
    let version = shell::output(command("rustc", places).arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    Ok([("native", host.to_owned()), ("wasm", "wasm32-unknown-unknown".to_owned())])
}

/// The dependencies of a tree that are not ours.
fn packages(places: &Places, platform: &str) -> Result<Vec<Package>> {
    let mut cargo = command("cargo", places);
    cargo.args(["metadata", "--locked", "--format-version", "1", "--filter-platform", platform]);
    let metadata: Value = serde_json::from_str(&shell::output(&mut cargo)?)?;
    let listed = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let used: BTreeSet<String> =
        listed(&metadata["resolve"]["nodes"]).iter().filter_map(|node| Some(node["id"].as_str()?.to_owned())).collect();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(listed(&metadata["packages"])
        .iter()
        .filter(|package| !package["source"].is_null() && used.contains(package["id"].as_str().unwrap_or_default()))
        .map(|package| Package {
            name: text(&package["name"]),
            version: text(&package["version"]),
            licence: package["license"].as_str().unwrap_or("see its licence file").to_owned(),
            folder: Path::new(&text(&package["manifest_path"])).parent().map(Path::to_path_buf).unwrap_or_default(),
        })
        .collect())
}

/// The licence, copying and notice files of a package.
fn licence_texts(folder: &Path) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        let named =
            ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"].iter().any(|start| name.starts_with(start));
        if named && entry.file_type()?.is_file() {
            let text = String::from_utf8_lossy(&fs::read(entry.path())?).replace("\r\n", "\n");
            texts.push(text.trim().to_owned());
        }
    }
    texts.sort();
    texts.dedup();
    Ok(texts)
}
