//! Where things are: the data folder, the models, and the programs that Atelier starts.

use protocol::{Fault, FaultKind};
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
    /// Whether secrets may go into the system's keychain; else they are kept in the data folder.
    pub keychain: bool,
}

impl Config {
    /// The folders and programs for this user, each of which an environment variable can change:
    /// `ATELIER_DATA`, `ATELIER_MODELS`, `ATELIER_ENGINE`, `ATELIER_WORKER`. `data` goes before all.
    ///
    /// # Errors
    /// A folder is named nowhere and this user has no home to look in.
    pub fn from_env(data: Option<&Path>) -> Result<Self, Fault> {
        let folder = |named: Option<PathBuf>, name: &str| -> Result<PathBuf, Fault> {
            match named {
                Some(named) => Ok(named),
                None => Ok(data_home()?.join(name)),
            }
        };
        Ok(Self {
            data: folder(data.map(Path::to_owned).or_else(|| path("ATELIER_DATA")), "workspace")?,
            models: folder(path("ATELIER_MODELS"), "models")?,
            engine: path("ATELIER_ENGINE").unwrap_or_else(|| sibling("atelier-engine")),
            worker: vec![
                path("ATELIER_WORKER").unwrap_or_else(|| sibling("atelier")).into_os_string(),
                "extract-worker".into(),
            ],
            model: None,
            max_tokens: None,
            keychain: env::var_os("ATELIER_KEYCHAIN").is_none_or(|value| value != "off"),
        })
    }

    /// The same machine with another data folder.
    #[must_use]
    pub fn with_data(mut self, data: &Path) -> Self {
        self.data = data.to_path_buf();
        self
    }
}

/// A path in the environment.
fn path(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Where this user's application data belongs, by the custom of the platform. Never a folder that
/// all users share.
fn data_home() -> Result<PathBuf, Fault> {
    let home = if cfg!(target_os = "windows") {
        path("LOCALAPPDATA").map(|local| local.join("Atelier"))
    } else if let Some(xdg) = path("XDG_DATA_HOME") {
        Some(xdg.join("atelier"))
    } else if cfg!(target_os = "macos") {
        path("HOME").map(|home| home.join("Library/Application Support/Atelier"))
    } else {
        path("HOME").map(|home| home.join(".local/share/atelier"))
    };
    home.ok_or_else(|| {
        let name = if cfg!(target_os = "windows") { "LOCALAPPDATA" } else { "HOME" };
        Fault::new(
            FaultKind::Unavailable,
            "app.no_home",
            format!("{name} is not set, so this user has no data folder."),
        )
        .safe("Nothing was written.")
        .hint("Set it, or name the folders with --data and ATELIER_MODELS.")
        .with("name", name)
    })
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
