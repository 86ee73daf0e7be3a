//! Where things are: the repository, the one target folder, the user's data and caches.

use anyhow::{Context as _, Result};
use std::{env, path::PathBuf};

/// The folders that the commands use.
pub struct Places {
    /// The repository.
    pub root: PathBuf,
    /// The one target folder of all builds, outside the clone: `$CARGO_TARGET_DIR`, or
    /// `~/.cache/atelier/target`, so that a second clone builds in minutes.
    pub target: PathBuf,
    /// Atelier's data folder, where the app looks for models and the PDF renderer.
    pub data: PathBuf,
    /// Things for tests and builds that can be fetched again.
    pub cache: PathBuf,
}

impl Places {
    /// Finds them from the environment.
    pub fn find() -> Result<Self> {
        // What cargo says now: two clones that share a target folder share this program as well.
        let manifest = dir("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = manifest.parent().context("xtask has no parent folder")?.to_path_buf();
        let cache = cache_home()?.join("atelier");
        Ok(Self {
            root,
            target: dir("CARGO_TARGET_DIR").unwrap_or_else(|| cache.join("target")),
            data: data_home()?,
            cache,
        })
    }

    /// A program that a dev build makes.
    pub fn program(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// The built interface.
    pub fn dist(&self) -> PathBuf {
        self.root.join("ui/dist")
    }
}

fn dir(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn home() -> Result<PathBuf> {
    let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
    dir(name).with_context(|| format!("the variable {name} is not set, so there is no home folder"))
}

/// The same folder that the app uses (`app::Config`).
fn data_home() -> Result<PathBuf> {
    if cfg!(target_os = "windows") {
        return Ok(dir("LOCALAPPDATA").map_or_else(home, Ok)?.join("Atelier"));
    }
    if let Some(xdg) = dir("XDG_DATA_HOME") {
        return Ok(xdg.join("atelier"));
    }
    let under = if cfg!(target_os = "macos") { "Library/Application Support/Atelier" } else { ".local/share/atelier" };
    Ok(home()?.join(under))
}

fn cache_home() -> Result<PathBuf> {
    if cfg!(target_os = "windows") {
        return dir("LOCALAPPDATA").map_or_else(home, Ok);
    }
    Ok(home()?.join(".cache"))
}
