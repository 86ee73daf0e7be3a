//! The other workspaces on this machine that are searched from this one: looked into, never changed.
//!
//! Only a person's own calls come here. Agents have this workspace's library and no other, so that nothing of
//! another client's papers gets into an answer (docs/decisions/0029-neighbours.md).

use crate::{App, handlers::trust::by_a_person};
use library::{Embed, Library, LibraryConfig, SearchQuery};
use protocol::{Actor, DocumentId, Fault, FaultKind, SearchReply};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use store::{Neighbour, Store};
use tokio::sync::OnceCell;

/// How long one may take: its disk may be far away, and others are waiting.
const PATIENCE: Duration = Duration::from_secs(10);

/// The neighbours that were looked into, kept open. One that is left out here is closed by whoever uses it last.
#[derive(Default)]
pub(crate) struct Neighbours {
    open: Mutex<HashMap<PathBuf, Arc<Place>>>,
}

/// Where a neighbour is opened: once, however many look at the same time.
type Place = OnceCell<Visited>;

/// A workspace that is looked into.
struct Visited {
    library: Library,
    /// Which file its database was.
    file: Option<(u64, u64)>,
}

impl Neighbours {
    /// Every open neighbour gets this embedding model for its queries.
    pub(crate) fn set_embedder(&self, embedder: Option<&Arc<dyn Embed>>) {
        for visited in self.all().values().filter_map(|place| place.get()) {
            visited.library.set_embedder(embedder.cloned());
        }
    }

    /// Leaves all out: the next look opens them anew.
    pub(crate) fn forget(&self) {
        self.all().clear();
    }

    /// Leaves one out, where it is still this one.
    fn forget_one(&self, folder: &Path, place: &Arc<Place>) {
        let mut all = self.all();
        if all.get(folder).is_some_and(|known| Arc::ptr_eq(known, place)) {
            all.remove(folder);
        }
    }

    /// Closes all, at the end.
    pub(crate) async fn close(&self) {
        let all = std::mem::take(&mut *self.all());
        for place in all.into_values() {
            if let Some(visited) = place.get() {
                visited.library.shutdown().await;
                visited.library.store().close().await;
            }
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<PathBuf, Arc<Place>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, folder: &Path) -> Arc<Place> {
        self.all().entry(folder.to_owned()).or_default().clone()
    }
}

impl App {
    /// Searches a neighbour.
    pub(crate) async fn search_neighbour(
        &self,
        neighbour: &Neighbour,
        query: &SearchQuery,
    ) -> Result<SearchReply, Fault> {
        let search = async {
            let (place, library) = self.look_into(neighbour).await?;
            library.search(query).await.map_err(|error| {
                // An upgrade may have made another form of it: the next look opens it anew.
                self.neighbours().forget_one(&neighbour.folder, &place);
                error.into()
            })
        };
        tokio::time::timeout(PATIENCE, search).await.unwrap_or_else(|_| Err(slow(neighbour)))
    }

    /// The library of a neighbour, opened where it is not yet, and where it is kept.
    async fn look_into(&self, neighbour: &Neighbour) -> Result<(Arc<Place>, Library), Fault> {
        let folder = &neighbour.folder;
        let mut place = self.neighbours().place(folder);
        if let Some(known) = place.get() {
            // Another file lies there where a snapshot was put back.
            if known.library.store().file_number().await == known.file {
                return Ok((place.clone(), known.library.clone()));
            }
            self.neighbours().forget_one(folder, &place);
            place = self.neighbours().place(folder);
        }
        let visited = place.get_or_try_init(|| self.open_neighbour(neighbour)).await?;
        Ok((place.clone(), visited.library.clone()))
    }

    async fn open_neighbour(&self, neighbour: &Neighbour) -> Result<Visited, Fault> {
        let store = Store::visit(&neighbour.folder).await?;
        if store.home().workspace != neighbour.workspace {
            return Err(another(neighbour));
        }
        let file = store.file_number().await;
        let config = LibraryConfig::new(neighbour.folder.join("index"), self.config().worker.clone());
        let library = Library::visit(store, config, self.embedder()).await?;
        Ok(Visited { library, file })
    }

    /// The library that has a document: this workspace's, or, for a person, a neighbour's.
    ///
    /// # Errors
    /// Nobody has it who could be asked, and a neighbour could not be.
    pub(crate) async fn holder(&self, actor: &Actor, document: DocumentId) -> Result<Library, Fault> {
        let own = self.library().clone();
        if by_a_person(actor).is_err() || self.store().document(document).await.is_ok() {
            return Ok(own);
        }
        let mut trouble = None;
        for neighbour in self.store().neighbours().await? {
            let looked = async {
                let (_, library) = self.look_into(&neighbour).await?;
                let has = library.store().document(document).await.is_ok();
                Ok::<_, Fault>(has.then_some(library))
            };
            match tokio::time::timeout(PATIENCE, looked).await.unwrap_or_else(|_| Err(slow(&neighbour))) {
                Ok(Some(library)) => return Ok(library),
                Ok(None) => {}
                Err(fault) => drop(trouble.get_or_insert(fault)),
            }
        }
        trouble.map_or(Ok(own), Err)
    }
}

fn slow(neighbour: &Neighbour) -> Fault {
    let name = &neighbour.name;
    Fault::new(FaultKind::Unavailable, "neighbour.slow", format!("“{name}” did not answer in time."))
        .with("name", name)
        .hint("Its disk may be slow or away. Search again in a moment.")
}

/// Another workspace lies where one was.
fn another(neighbour: &Neighbour) -> Fault {
    let folder = neighbour.folder.display();
    Fault::new(
        FaultKind::Invalid,
        "neighbour.another",
        format!("In {folder} lies another workspace than “{}”.", neighbour.name),
    )
    .with("folder", folder)
    .with("name", &neighbour.name)
    .safe("It was not searched.")
    .hint("Add the folder again if it is the one that you mean.")
}
