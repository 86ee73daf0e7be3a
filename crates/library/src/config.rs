//! Where the library keeps its index, how it starts its worker, what feeds the machine.

use crate::{
    power::{Supply, supply},
    worker::{Limits, Spawner},
};
use std::{ffi::OsString, path::PathBuf};
use store::Store;

/// Where the library keeps its index and how it starts its worker.
#[derive(Clone, Debug)]
pub struct LibraryConfig {
    /// The folder of the search index.
    pub dir: PathBuf,
    /// The command line of the extract worker.
    pub worker: Vec<OsString>,
    /// What a worker may use.
    pub limits: Limits,
    /// What feeds the machine.
    pub supply: fn() -> Supply,
}

impl LibraryConfig {
    /// A library with the usual limits.
    pub fn new(dir: impl Into<PathBuf>, worker: Vec<OsString>) -> Self {
        Self { dir: dir.into(), worker, limits: Limits::default(), supply }
    }

    /// How a reader of the documents in a store is started; `background`: nobody waits for it.
    pub(crate) fn spawner(&self, store: &Store, background: bool) -> Spawner {
        let documents = vec![store.blobs().dir().to_owned()];
        Spawner { command: self.worker.clone(), limits: self.limits, documents, background }
    }
}
