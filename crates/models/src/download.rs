//! How does a model come from elsewhere, whole or not at all, over connections that break?
//!
//! The files of an order go to a hidden folder beside the models, each as a part until its length and
//! its proof are right. What is there is kept when the download stops, so that the next try goes on
//! where this one ended. Only when all of them are right does the model get its name.

mod board;
mod fetch;
mod finish;
mod hub;
mod meter;
mod patience;

pub(crate) use board::Board;
pub(crate) use hub::address;

use crate::ModelError;
use protocol::ModelUse;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A model that was asked for. It is kept on the disk beside what was fetched of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    /// The id that it gets here.
    pub(crate) id: String,
    /// For people.
    pub(crate) name: String,
    pub(crate) purpose: ModelUse,
    /// What is fetched, in this order.
    pub(crate) pieces: Vec<Piece>,
    /// Who asked for it.
    pub(crate) by: String,
}

/// A file of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Piece {
    /// Where it is.
    pub(crate) url: String,
    /// Its path in the model's folder; its name, for a model that is one file.
    pub(crate) to: String,
    /// Its length, where it is known exactly.
    pub(crate) bytes: Option<u64>,
    /// What it has to be.
    pub(crate) proof: Proof,
    /// Whether a hub has yet to be asked what it is.
    pub(crate) ask: bool,
    /// Whether the model is whole without it.
    pub(crate) optional: bool,
    /// About how long it is, while the exact length is not known.
    pub(crate) about: u64,
}

/// What shows that a file is the right one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Proof {
    /// Its SHA-256, hex.
    Sha256(String),
    /// Its id as a blob of Git, hex: how hubs name small files.
    Blob(String),
    /// Nothing is known of it. Never the weights of a model from the catalogue.
    Nothing,
}

impl Order {
    /// About how long it is in all, where that is known.
    fn total(&self) -> Option<u64> {
        let of = |piece: &Piece| piece.bytes.or((piece.about > 0).then_some(piece.about));
        self.pieces.iter().map(of).try_fold(0u64, |sum, bytes| Some(sum.saturating_add(bytes?)))
    }

    /// The hidden folder of what is fetched of it. No scan takes it for a model.
    fn folder(&self, models: &Path) -> PathBuf {
        folder(models, &self.id)
    }

    /// The host that it comes from first.
    fn host(&self) -> String {
        let url = self.pieces.first().and_then(|piece| egress::Url::parse(&piece.url).ok());
        url.as_ref().map(host).unwrap_or_default()
    }

    /// Bytes of it that are on this disk.
    fn done(&self, models: &Path) -> u64 {
        let folder = self.folder(models);
        let length = |path: PathBuf| path.metadata().map_or(0, |data| data.len());
        self.pieces.iter().map(|piece| length(piece.whole(&folder)).max(length(piece.part(&folder)))).sum()
    }
}

impl Piece {
    /// The file once it is proven.
    fn whole(&self, folder: &Path) -> PathBuf {
        folder.join(&self.to)
    }

    /// The file while it is fetched.
    fn part(&self, folder: &Path) -> PathBuf {
        let mut name = self.whole(folder).into_os_string();
        name.push(".part");
        name.into()
    }
}

/// A host as people and rules name it: with its port only where the address names one.
pub(crate) fn host(url: &egress::Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn folder(models: &Path, id: &str) -> PathBuf {
    models.join(format!(".{id}.download"))
}

/// An error of this file, with the room that it would need where the disk is full.
fn io(file: &Path, need: u64, error: &std::io::Error) -> ModelError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return ModelError::Disk { file: file.display().to_string(), need, free: 0 };
    }
    ModelError::io(file, error)
}
