//! The library of another workspace on this machine, to search and read it: nothing in it is changed, and the
//! process that has it open goes on as if nobody looked.

use crate::{
    Embed, Library, LibraryConfig, LibraryError,
    embedding::Loaded,
    faults,
    index::{IndexError, TextIndex},
    library::{Inner, blocking},
    vectors::{Vectors, file_name},
};
use std::{
    io,
    path::Path,
    sync::{Arc, PoisonError},
    time::SystemTime,
};
use store::{Store, StoreError};

/// What was seen of a library that another process keeps.
#[derive(Default)]
pub(crate) struct Followed {
    /// The file of vectors of which there is a copy, and how it was. One at a time copies it.
    vectors: tokio::sync::Mutex<Option<Seen>>,
}

/// A file as it was: for which model, how long, and when it was last written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    model: String,
    length: u64,
    written: Option<SystemTime>,
}

impl Library {
    /// Opens the library of a workspace that is only visited ([`Store::visit`]). With an embedding model it is
    /// searched by meaning too, where its passages have vectors of that model.
    ///
    /// # Errors
    /// It has no index of this version, or the index cannot be read.
    pub async fn visit(
        store: Store,
        config: LibraryConfig,
        embedder: Option<Arc<dyn Embed>>,
    ) -> Result<Self, LibraryError> {
        let dir = config.dir.clone();
        let opened = blocking(move || TextIndex::visit(&dir).map_err(LibraryError::from)).await;
        // Whoever reads an index locks it for a moment, which takes the right to write.
        let locked_out = |error| match error {
            LibraryError::Index(IndexError::Tantivy(tantivy::TantivyError::LockFailure(..))) => {
                let source = io::ErrorKind::PermissionDenied.into();
                LibraryError::Store(StoreError::NotWritable { dir: store.dir().to_owned(), source })
            }
            error => error,
        };
        let Some(index) = opened.map_err(locked_out)? else {
            return Err(LibraryError::Refused(faults::no_index_there(&store.home().name)));
        };
        let inner = Arc::new(Inner::new(store, config, index, Some(Followed::default())));
        *inner.embedder.write().unwrap_or_else(PoisonError::into_inner) = embedder;
        Ok(Self { inner })
    }

    /// The workspace whose library it is.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }
}

impl Inner {
    /// Takes up what the process that keeps this library has changed since; nothing where it is ours.
    pub(crate) async fn follow(&self) -> Result<(), LibraryError> {
        let Some(followed) = &self.followed else { return Ok(()) };
        let index = self.index.clone();
        blocking(move || index.follow().map_err(LibraryError::from)).await?;
        let Some(embedder) = self.embedder() else { return Ok(()) };
        let mut seen = followed.vectors.lock().await;
        let (dir, model, dims) = (self.config.dir.clone(), embedder.id().to_owned(), embedder.dims());
        let before = seen.clone();
        let fresh = blocking(move || {
            let now = look(&dir, &model);
            if now == before {
                return Ok(None);
            }
            let copied = Vectors::copy(&dir, &model, dims).unwrap_or_else(|error| {
                // Its words are found all the same.
                tracing::warn!(%error, dir = %dir.display(), "the vectors of another workspace cannot be read");
                None
            });
            Ok(Some((now, copied)))
        });
        let at_hand = match fresh.await? {
            None => seen.is_some(),
            Some((now, copied)) => {
                *seen = now;
                let there = copied.is_some();
                *self.vectors.write().unwrap_or_else(PoisonError::into_inner) = copied.unwrap_or_default();
                there
            }
        };
        let loaded = if at_hand { Loaded::Model(embedder.id().to_owned()) } else { Loaded::Failed };
        self.loaded.send_if_modified(|now| std::mem::replace(now, loaded.clone()) != loaded);
        Ok(())
    }
}

/// How a model's file of vectors is now; None where there is none.
fn look(dir: &Path, model: &str) -> Option<Seen> {
    let metadata = std::fs::metadata(dir.join(file_name(model))).ok()?;
    Some(Seen { model: model.to_owned(), length: metadata.len(), written: metadata.modified().ok() })
}
