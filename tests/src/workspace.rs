//! A workspace in a folder of its own, used through the `atelier` program as a person would.

use crate::{place, sample};
use serde_json::Value;
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

/// A temporary folder goes when this does.
pub struct Workspace {
    folder: PathBuf,
    _temporary: Option<TempDir>,
}

impl Default for Workspace {
    fn default() -> Self {
        Self::new()
    }
}

impl Workspace {
    /// An empty one.
    pub fn new() -> Self {
        let temporary = tempfile::Builder::new().prefix("atelier-test-").tempdir().expect("a temporary folder");
        Self { folder: temporary.path().to_path_buf(), _temporary: Some(temporary) }
    }

    /// An empty one in a folder that stays until the next run, for what several tests share.
    pub fn at(folder: &Path) -> Self {
        let _ = std::fs::remove_dir_all(folder);
        std::fs::create_dir_all(folder).expect("the folder can be made");
        Self { folder: folder.to_path_buf(), _temporary: None }
    }

    /// The same with the sample documents imported.
    #[must_use]
    pub fn with_samples(self) -> Self {
        self.json(["import".as_ref(), sample::folder().as_os_str()]);
        self
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The whole folder, for files beside the data.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A command line that works on this workspace, without the keychain of whoever runs the tests.
    pub fn command(&self) -> Command {
        let mut command = Command::new(place::program("atelier"));
        environment(&mut command);
        command.arg("--data").arg(self.data());
        command
    }

    /// Runs a command and returns how it ended.
    pub fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Output {
        self.command().args(args).output().expect("atelier starts")
    }

    /// Runs a command with `--json` that must succeed, and returns what it printed.
    pub fn json<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Value {
        let mut command = self.command();
        command.arg("--json").args(args);
        let out = command.output().expect("atelier starts");
        let stdout = String::from_utf8_lossy(&out.stdout);
        assert!(
            out.status.success(),
            "{command:?} ended with {}\nstdout: {stdout}\nstderr: {}",
            out.status,
            String::from_utf8_lossy(&out.stderr)
        );
        serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{command:?} printed no JSON ({error}):\n{stdout}"))
    }

    /// Asks the Researcher.
    pub fn ask(&self, question: &str) -> Value {
        self.json(["ask", "--role", "researcher", question])
    }
}

/// What every program under test gets: no keychain, nothing of the caller's own settings.
pub fn environment(command: &mut Command) {
    command
        .env("ATELIER_KEYCHAIN", "off")
        .env("ATELIER_UI", place::root().join("ui/dist"))
        .env("ATELIER_MODELS", place::models())
        .env("ATELIER_PDFIUM", place::renderer());
    for name in ["ATELIER_DATA", "ATELIER_ENGINE", "ATELIER_WORKER", "RUST_LOG", "LANG", "LC_ALL"] {
        command.env_remove(name);
    }
}
