//! Where things are: the data folder, the models, and the programs that Atelier starts.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

/// Everything `App::open` needs to know about the machine.
#[derive(Clone, Debug)]
pub struct Config {
    /// The workspace's folder: database, blobs, index, keys, backups.
    pub data: PathBuf,
    /// The folder of the models.
    pub models: PathBuf,
    /// The `atelier-engine` program.
    pub engine: PathBuf,
    /// The command line of the extract worker.
    pub worker: Vec<OsString>,
    /// A model for this run only, before the one in the settings: an id, a file or `endpoint:NAME`.
    pub model: Option<String>,
    /// The longest answer of this run in tokens, before the one in the settings.
    pub max_tokens: Option<u32>,
}

impl Config {
    /// The folders and programs for this user, each of which an environment variable can change:
    /// `ATELIER_DATA`, `ATELIER_MODELS`, `ATELIER_ENGINE`, `ATELIER_WORKER`.
    pub fn from_env() -> Self {
        let home = data_home();
        let path = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        Self {
            data: path("ATELIER_DATA").unwrap_or_else(|| home.join("workspace")),
            models: path("ATELIER_MODELS").unwrap_or_else(|| home.join("models")),
            engine: path("ATELIER_ENGINE").unwrap_or_else(|| sibling("atelier-engine")),
            worker: vec![
                path("ATELIER_WORKER").unwrap_or_else(|| sibling("atelier")).into_os_string(),
                "extract-worker".into(),
            ],
            model: None,
            max_tokens: None,
        }
    }

    /// The same machine with another data folder.
    #[must_use]
    pub fn with_data(mut self, data: &Path) -> Self {
        self.data = data.to_path_buf();
        self
    }
}

/// Where this user's application data belongs, by the custom of the platform.
fn data_home() -> PathBuf {
    let dir = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || dir("HOME").unwrap_or_else(env::temp_dir);
    if cfg!(target_os = "windows") {
        dir("LOCALAPPDATA").unwrap_or_else(home).join("Atelier")
    } else if let Some(xdg) = dir("XDG_DATA_HOME") {
        xdg.join("atelier")
    } else if cfg!(target_os = "macos") {
        home().join("Library/Application Support/Atelier")
    } else {
        home().join(".local/share/atelier")
    }
}

/// A program beside this one: that is how they are built and how they are installed.
fn sibling(name: &str) -> PathBuf {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    let beside = env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join(&file)));
    match beside {
        Some(beside) if beside.exists() => beside,
        // A test binary stands one folder deeper than the programs it tests.
        Some(beside) => beside
            .parent()
            .and_then(Path::parent)
            .map(|up| up.join(&file))
            .filter(|up| up.exists())
            .unwrap_or_else(|| PathBuf::from(file)),
        None => PathBuf::from(file),
    }
}
