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
    authors: Vec<String>,
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

/// Writes THIRD-PARTY-NOTICES.md: every licence text once, with what it covers.
pub fn write(places: &Places) -> Result<PathBuf> {
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, platform) in trees(places)? {
        for package in packages(places, &platform)? {
            let title = format!("{} {} ({})", package.name, package.version, package.licence);
            let mut found = licence_texts(&package.folder)?;
            if found.is_empty() {
                found.push(standard(&package)?);
            }
            for text in found {
                texts.entry(text).or_default().insert(title.clone());
            }
        }
    }
    let mut page = parts(&places.root)?;
    for (text, titles) in texts {
        section(&mut page, &titles.into_iter().collect::<Vec<_>>().join(", "), &text)?;
    }
    let file = places.target.join("THIRD-PARTY-NOTICES.md");
    fs::create_dir_all(&places.target)?;
    fs::write(&file, page).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

/// What is no crate and goes into the bundle or is fetched beside it: what it is called, and the
/// file with its licence.
const PARTS: &[(&str, &str)] = &[
    ("Geist, a font (OFL-1.1)", "ui/fonts/LICENSE-Geist.txt"),
    ("Geist Mono, a font (OFL-1.1)", "ui/fonts/LICENSE-GeistMono.txt"),
    ("Source Serif 4, a font (OFL-1.1)", "ui/fonts/LICENSE-SourceSerif4.txt"),
    ("Lucide, icons (ISC)", "ui/LICENSE-lucide.txt"),
    ("PDFium, the PDF renderer, with what it is built from (BSD-3-Clause and others)", "xtask/licences/PDFium.txt"),
    ("SmolLM2-135M-Instruct and all-MiniLM-L6-v2, the starter models (Apache-2.0)", "xtask/licences/Apache-2.0.txt"),
];

/// The page's beginning: the parts that are no crates.
fn parts(root: &Path) -> Result<String> {
    let mut page = String::from(
        "# Third-party notices\n\nAtelier contains the work of others, under the licences below: first fonts, icons, \
         the PDF renderer and the starter models, then the Rust packages that it is built from.\n",
    );
    for (title, file) in PARTS {
        let file = root.join(file);
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        section(&mut page, title, &text)?;
    }
    Ok(page)
}

fn section(page: &mut String, title: &str, text: &str) -> Result<()> {
    Ok(write!(page, "\n## {title}\n\n```text\n{}\n```\n", text.trim())?)
}

/// Licences whose text is kept here, the one to choose first: for packages that name theirs and
/// bring no text.
const STANDARD: &[(&str, &str)] = &[
    ("MIT", include_str!("../licences/MIT.txt")),
    ("Apache-2.0", include_str!("../licences/Apache-2.0.txt")),
    ("BSD-3-Clause", include_str!("../licences/BSD-3-Clause.txt")),
    ("MPL-2.0", include_str!("../licences/MPL-2.0.txt")),
];

/// The standard text of a package's licence, with its authors.
fn standard(package: &Package) -> Result<String> {
    let Package { name, version, licence, authors, .. } = package;
    let names = |id: &str| licence.split([' ', '/', '(', ')']).any(|word| word == id);
    let (_, text) = STANDARD
        .iter()
        .find(|(id, _)| names(id))
        .with_context(|| format!("{name} {version} brings no licence text, and none of {licence} is kept here"))?;
    let authors = if authors.is_empty() { "its authors".to_owned() } else { authors.join(", ") };
    Ok(format!("Copyright (c) {authors}\n\n{}", text.trim()))
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
            authors: listed(&package["authors"]).iter().map(text).collect(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn package(licence: &str, authors: &[&str]) -> Package {
        let authors = authors.iter().map(|author| (*author).to_owned()).collect();
        Package { name: "a".into(), version: "1".into(), licence: licence.into(), authors, folder: PathBuf::new() }
    }

    #[test]
    fn what_is_no_crate_is_named_with_its_text() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let page = parts(root).unwrap();
        for words in [
            "Geist",
            "Geist Mono",
            "Source Serif 4",
            "SIL OPEN FONT LICENSE",
            "Lucide",
            "ISC License",
            "PDFium",
            "Copyright 2014 The PDFium Authors",
            "FreeType",
            "SmolLM2-135M-Instruct",
            "all-MiniLM-L6-v2",
            "Apache License",
        ] {
            assert!(page.contains(words), "{words}");
        }
        // Every family of fonts has its licence here.
        for font in fs::read_dir(root.join("ui/fonts")).unwrap().map(|entry| entry.unwrap().file_name()) {
            let font = font.to_string_lossy().into_owned();
            let listed = PARTS.iter().any(|(_, file)| file.ends_with(&font));
            assert!(listed || font.ends_with(".woff2"), "{font} is in no notice");
        }
    }

    #[test]
    fn a_package_without_a_text_gets_the_standard_one() {
        for (licence, authors, expected) in [
            ("MIT", &["Ada"][..], "Copyright (c) Ada\n\nMIT License"),
            ("Apache-2.0 OR MIT", &[], "Copyright (c) its authors\n\nMIT License"),
            ("Apache-2.0 / MIT / MPL-2.0", &[], "Copyright (c) its authors\n\nMIT License"),
            ("BSD-3-Clause", &["Ada", "Bo"], "Copyright (c) Ada, Bo\n\nBSD 3-Clause"),
            ("MPL-2.0", &[], "Copyright (c) its authors\n\nMozilla Public License"),
        ] {
            let text = standard(&package(licence, authors)).unwrap();
            assert!(text.starts_with(expected), "{licence}: {text}");
        }
        assert!(standard(&package("Unheard-of-1.0", &[])).is_err());
    }
}
