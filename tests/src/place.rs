//! Where the repository, the programs and the fetched files are.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The repository.
pub fn root() -> PathBuf {
    // What cargo says now: two clones that share a target folder share these programs as well.
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let manifest = manifest.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    manifest.parent().expect("tests/ has a parent").to_path_buf()
}

/// A program of this build: the test binary stands in `debug/deps`, the programs in `debug`.
pub fn program(name: &str) -> PathBuf {
    let exe = env::current_exe().expect("the test knows where it is");
    let folder = exe.parent().and_then(Path::parent).expect("debug/deps has a parent");
    let program = folder.join(format!("{name}{}", env::consts::EXE_SUFFIX));
    assert!(program.exists(), "{} is not built: run `cargo xtask test`, or build it by name", program.display());
    program
}

/// An example program of this build, where it was built: `cargo test` builds those of its packages.
pub fn example(name: &str) -> Option<PathBuf> {
    let exe = env::current_exe().expect("the test knows where it is");
    let folder = exe.parent().and_then(Path::parent).expect("debug/deps has a parent").join("examples");
    Some(folder.join(format!("{name}{}", env::consts::EXE_SUFFIX))).filter(|program| program.exists())
}

/// The built interface.
pub fn dist() -> PathBuf {
    let dist = root().join("ui/dist");
    assert!(dist.join("index.html").exists(), "ui/dist is not built: run `cargo xtask ui`");
    dist
}

/// A file that `cargo xtask setup --tests` put into the cache.
pub fn cached(name: &str) -> PathBuf {
    let cache = env::var_os("ATELIER_CACHE").map_or_else(
        || PathBuf::from(env::var_os("HOME").expect("there is a home")).join(".cache/atelier"),
        PathBuf::from,
    );
    let file = cache.join(name);
    assert!(file.exists(), "{} is missing: run `cargo xtask setup --tests`", file.display());
    file
}

/// Where screenshots and other things to look at go; git ignores it.
pub fn output(name: &str) -> PathBuf {
    let folder = root().join("test-output");
    std::fs::create_dir_all(&folder).expect("test-output can be made");
    folder.join(name)
}

/// The folder where `cargo xtask setup` puts models and the PDF renderer for this user.
fn data() -> PathBuf {
    let dir = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if cfg!(target_os = "windows") {
        return dir("LOCALAPPDATA").expect("there is a data folder").join("Atelier");
    }
    let home = || dir("HOME").expect("there is a home");
    match dir("XDG_DATA_HOME") {
        Some(xdg) => xdg.join("atelier"),
        None if cfg!(target_os = "macos") => home().join("Library/Application Support/Atelier"),
        None => home().join(".local/share/atelier"),
    }
}

/// The folder of the starter models.
pub fn models() -> PathBuf {
    let models = env::var_os("ATELIER_MODELS").map_or_else(|| data().join("models"), PathBuf::from);
    assert!(models.join(CHAT_MODEL).exists(), "no starter model in {}: run `cargo xtask setup`", models.display());
    models
}

/// The starter chat model's file.
pub const CHAT_MODEL: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";
/// The embedding model's folder.
pub const EMBEDDING_MODEL: &str = "all-MiniLM-L6-v2";

/// The PDF renderer.
pub fn renderer() -> PathBuf {
    let name = if cfg!(windows) {
        "pdfium.dll"
    } else if cfg!(target_os = "macos") {
        "libpdfium.dylib"
    } else {
        "libpdfium.so"
    };
    env::var_os("ATELIER_PDFIUM").map_or_else(|| data().join("lib").join(name), PathBuf::from)
}
