//! The other workspaces on this machine that are searched from this one: looked into, never changed.
//!
//! Only a person's own calls come here. Agents have this workspace's library and no other, so that nothing of
//! another client's papers gets into an answer (docs/decisions/0029-neighbours.md).

use crate::App;
use library::{Embed, Library, LibraryConfig};
use protocol::{Actor, DocumentId, Fault};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use store::{Neighbour, Store};

/// The neighbours that were looked into, kept open. Whoever finds one that is no longer as it was closes it.
#[derive(Default)]
pub(crate) struct Neighbours {
    open: Mutex<HashMap<PathBuf, Visited>>,
}

/// A workspace that is looked into.
#[derive(Clone)]
struct Visited {
    library: Library,
    /// Which file its database was.
    file: Option<(u64, u64)>,
}

impl Visited {
    fn is_in_place(&self) -> bool {
        self.library.store().file_number() == self.file
    }

    async fn close(self) {
        self.library.shutdown().await;
        self.library.store().close().await;
    }
}

impl Neighbours {
    /// Every open neighbour gets this embedding model for its queries.
    pub(crate) fn set_embedder(&self, embedder: Option<&Arc<dyn Embed>>) {
        for visited in self.all().values() {
            visited.library.set_embedder(embedder.cloned());
        }
    }

    /// Closes one; the next look opens it anew.
    pub(crate) async fn forget(&self, folder: &PathBuf) {
        let gone = self.all().remove(folder);
        if let Some(gone) = gone {
            gone.close().await;
        }
    }

    /// Closes all.
    pub(crate) async fn close(&self) {
        let all = std::mem::take(&mut *self.all());
        for visited in all.into_values() {
            visited.close().await;
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<PathBuf, Visited>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, folder: &PathBuf) -> Option<Visited> {
        self.all().get(folder).cloned()
    }
}

impl App {
    /// The library of a neighbour, opened where it is not yet.
    pub(crate) async fn look_into(&self, neighbour: &Neighbour) -> Result<Library, Fault> {
        if let Some(known) = self.neighbours().known(&neighbour.folder) {
            // Another file lies there where a snapshot was put back.
            if known.is_in_place() {
                return Ok(known.library);
            }
            self.neighbours().forget(&neighbour.folder).await;
        }
        let store = Store::visit(&neighbour.folder).await?;
        if store.home().workspace != neighbour.workspace {
            store.close().await;
            return Err(another(neighbour));
        }
        let file = store.file_number();
        let config = LibraryConfig::new(neighbour.folder.join("index"), self.config().worker.clone());
        let library = match Library::visit(store.clone(), config, self.embedder()).await {
            Ok(library) => library,
            Err(error) => {
                store.close().await;
                return Err(error.into());
            }
        };
        let fresh = Visited { library: library.clone(), file };
        // Two that looked at once each have one: the later stays.
        let before = self.neighbours().all().insert(neighbour.folder.clone(), fresh);
        if let Some(before) = before {
            before.close().await;
        }
        Ok(library)
    }

    /// The library that has a document: this workspace's, or, for a person, a neighbour's.
    pub(crate) async fn holder(&self, actor: &Actor, document: DocumentId) -> Library {
        let own = self.library().clone();
        if crate::handlers::trust::by_a_person(actor).is_err() || self.store().document(document).await.is_ok() {
            return own;
        }
        let Ok(neighbours) = self.store().neighbours().await else { return own };
        for neighbour in neighbours {
            if let Ok(library) = self.look_into(&neighbour).await
                && library.store().document(document).await.is_ok()
            {
                return library;
            }
        }
        own
    }
}

/// Another workspace lies where one was.
fn another(neighbour: &Neighbour) -> Fault {
    let folder = neighbour.folder.display();
    Fault::new(
        protocol::FaultKind::Invalid,
        "neighbour.another",
        format!("In {folder} lies another workspace than “{}”.", neighbour.name),
    )
    .with("folder", folder)
    .with("name", &neighbour.name)
    .safe("It was not searched.")
    .hint("Add the folder again if it is the one that you mean.")
}
