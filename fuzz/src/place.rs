//! Where do inputs lie that the engine reads as files? In one folder for each process, under the temporary one.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("engine-fuzz-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a temporary folder can be made");
    folder
});

/// Writes a file of this process's folder, in place of what it held, and says where it is.
#[must_use]
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = FOLDER.join(name);
    fs::create_dir_all(path.parent().expect("a file of the folder")).expect("a folder can be made");
    fs::write(&path, bytes).expect("a temporary file can be written");
    path
}

/// The folder itself.
#[must_use]
pub fn folder() -> &'static Path {
    &FOLDER
}
