//! Source files: small, headed, complete, reachable.

use crate::metadata::{files, read};
use atelier_tests::{place, source::without_tests};
use std::path::{Path, PathBuf};

const MOST_LINES: usize = 400;

#[test]
fn files_stay_small() {
    let long: Vec<String> = files(&[".rs"])
        .iter()
        .map(|file| (file, read(file).lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(file, lines)| format!("{}: {lines} lines", file.display()))
        .collect();
    assert!(long.is_empty(), "over {MOST_LINES} lines; divide them by what they answer:\n{}", long.join("\n"));
}

#[test]
fn no_binary_is_kept() {
    /// A file that a fuzzer begins with may be one of these, and is tiny.
    const TINY: u64 = 4 << 10;
    let mut found = files(&[
        ".whl",
        ".gguf",
        ".safetensors",
        ".onnx",
        ".so",
        ".dll",
        ".dylib",
        ".exe",
        ".emf",
        ".gz",
        ".deb",
        ".rpm",
        ".wasm",
    ]);
    found.retain(|file| place::root().join(file).metadata().is_ok_and(|data| data.len() > TINY));
    assert!(found.is_empty(), "weights, packages and binaries do not belong here: {found:?}");
}

#[test]
fn every_module_says_what_it_answers() {
    let bare: Vec<String> = files(&[".rs"])
        .iter()
        .filter(|file| !read(file).starts_with("//! "))
        .map(|file| file.display().to_string())
        .collect();
    assert!(bare.is_empty(), "without a first line `//! …`:\n{}", bare.join("\n"));
}

#[test]
fn nothing_is_left_undone() {
    // Written in two parts, so that this file does not find itself.
    let banned =
        [concat!("todo", "!("), concat!("unimple", "mented!("), concat!("#[ig", "nore]"), concat!("FIX", "ME")];
    let mut found = Vec::new();
    for file in files(&[".rs", ".css", ".js", ".html", ".toml", ".sql"]) {
        for (number, line) in read(&file).lines().enumerate() {
            for word in banned {
                if line.contains(word) {
                    found.push(format!("{}:{}: {word}", file.display(), number + 1));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_source_file_is_part_of_a_crate() {
    let all = files(&[".rs"]);
    let orphans: Vec<String> = all
        .iter()
        .filter(|file| !is_root(file) && !is_declared(file, &all))
        .map(|file| file.display().to_string())
        .collect();
    assert!(orphans.is_empty(), "no `mod` names these, so they are never compiled:\n{}", orphans.join("\n"));
}

/// Whether cargo finds the file by itself or by a manifest.
fn is_root(file: &Path) -> bool {
    let name = file.file_name().unwrap().to_string_lossy();
    let parent = file.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    matches!(&*name, "main.rs" | "lib.rs" | "build.rs")
        || matches!(parent.as_deref(), Some("tests" | "benches" | "examples" | "bin" | "fuzz_targets"))
}

/// Whether a file that could be its parent declares it.
fn is_declared(file: &Path, all: &[PathBuf]) -> bool {
    let folder = file.parent().unwrap();
    let stem = file.file_stem().unwrap().to_string_lossy();
    // `a/mod.rs` is the module `a` of the folder above.
    let (module, folder) = if stem == "mod" {
        (folder.file_name().unwrap().to_string_lossy().into_owned(), folder.parent().unwrap())
    } else {
        (stem.into_owned(), folder)
    };
    let mut parents: Vec<_> = ["lib.rs", "main.rs", "mod.rs"].map(|name| folder.join(name)).into();
    parents.push(folder.with_extension("rs"));
    // With #[path], a sibling may declare it.
    let named = format!("\"{}\"", file.file_name().unwrap().to_string_lossy());
    let siblings = || all.iter().filter(|other| other.parent() == Some(folder));
    let declares = |text: &str| {
        text.lines().any(|line| {
            let line = line.trim_start();
            let line = line
                .strip_prefix("pub ")
                .or_else(|| Some(line.strip_prefix("pub(")?.split_once(") ")?.1))
                .unwrap_or(line);
            line.strip_prefix("mod ").is_some_and(|rest| rest.trim_end_matches(['{', ' ']) == format!("{module};"))
        })
    };
    if is_root(&folder.join("any.rs")) {
        // In `tests/`, each file is a crate of its own that may declare shared modules.
        parents.extend(siblings().cloned());
    }
    let root = atelier_tests::place::root();
    parents.iter().filter(|parent| root.join(parent).exists()).any(|parent| declares(&read(parent)))
        || siblings().any(|sibling| {
            let text = read(sibling);
            text.contains("#[path") && text.contains(&named)
        })
}

#[test]
fn no_registry_is_named() {
    // In parts, so that this file does not find itself.
    let hosts = [
        concat!("crates", ".io"),
        concat!("py", "pi.org"),
        concat!("pythonhosted", ".org"),
        concat!("npm", "js.org"),
        concat!("npm", "js.com"),
        concat!("deb.debian", ".org"),
        concat!("archive.ubuntu", ".com"),
    ];
    let mut found = Vec::new();
    for file in files(&[".rs", ".md", ".toml", ".json", ".js", ".html", ".css", ".py", ".yml", ".sql", ".ci/run"]) {
        if file.starts_with("fuzz/corpus") {
            // Any bytes, made by a machine.
            continue;
        }
        let text = read(&file).to_lowercase();
        for host in hosts {
            if text.contains(host) {
                found.push(format!("{}: {host}", file.display()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn only_the_gate_opens_connections() {
    // Written in two parts, so that this file does not find itself. The tests' own client is no part of Atelier.
    let openers = [
        concat!("TcpStream::", "connect"),
        concat!("TcpSocket", "::"),
        concat!("UdpSocket", "::"),
        concat!("lookup", "_host"),
        concat!("ToSocket", "Addrs"),
        concat!("to_socket", "_addrs"),
        concat!("reqwest", "::"),
    ];
    let mut found = Vec::new();
    for file in files(&[".rs"]) {
        if ["crates/egress", "tests"].iter().any(|owner| file.starts_with(owner)) {
            continue;
        }
        let code = without_tests(&read(&file));
        for opener in openers {
            let is_test = file.components().any(|part| part.as_os_str() == "tests") || file.ends_with("tests.rs");
            if !is_test && code.contains(opener) {
                found.push(format!("{}: {opener}", file.display()));
            }
        }
    }
    assert!(found.is_empty(), "every outbound byte passes the gate:\n{}", found.join("\n"));
}

#[test]
fn no_snapshot_waits_to_be_accepted() {
    // Asked of git alone: one that a test has just written is in the way of nobody else.
    let waiting = files(&[concat!(".snap", ".new")]);
    assert!(waiting.is_empty(), "accept or delete them: {waiting:?}");
}

#[test]
fn every_decision_is_in_the_index() {
    let index = read(Path::new("docs/decisions/README.md"));
    for page in files(&[".md"]).iter().filter(|file| file.starts_with("docs/decisions")) {
        let name = page.file_name().unwrap().to_string_lossy();
        assert!(name == "README.md" || index.contains(&format!("({name})")), "{name} is not in the index");
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut broken = Vec::new();
    for page in files(&[".md"]).iter().filter(|file| !file.starts_with("tests/fixtures")) {
        let text = read(page);
        for rest in text.split("](").skip(1) {
            let target = rest.split(')').next().unwrap().split('#').next().unwrap();
            let elsewhere =
                target.is_empty() || target.contains("://") || target.contains(' ') || target.starts_with('!');
            if !elsewhere && !atelier_tests::place::root().join(page.parent().unwrap()).join(target).exists() {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
