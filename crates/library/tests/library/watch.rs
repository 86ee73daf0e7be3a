//! Watched folders with real files and what the system really tells of them.

mod evidence;
mod kill;
mod limits;
mod live;
mod restart;

use crate::common::*;
use library::{Library, Waits, WatchConfig};
use protocol::{DocumentView, FolderId, FolderState, FolderView};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// Short waits, and no look but the first and those that are asked for.
fn config() -> WatchConfig {
    let ms = Duration::from_millis;
    let long = Duration::from_secs(3_600);
    WatchConfig {
        waits: Waits { closed: ms(200), open: ms(2_000), longest: ms(20_000) },
        start_after: Duration::ZERO,
        every: long,
        every_unwatched: long,
        pulse: ms(200),
        most_watches: None,
    }
}

/// A library that watches one folder.
struct Eye {
    here: Here,
    library: Library,
    root: PathBuf,
    folder: FolderId,
}

impl Eye {
    /// With these files in the folder when it is added.
    async fn new(files: &[(&str, &str)]) -> Self {
        Self::with(files, config()).await
    }

    async fn with(files: &[(&str, &str)], config: WatchConfig) -> Self {
        let here = Here::new().await;
        let root = here.dir.path().canonicalize().unwrap().join("watched");
        fs::create_dir(&root).unwrap();
        for (name, text) in files {
            write(&root.join(name), text);
        }
        rest();
        let library = here.open().await;
        library.start_watching(config);
        let folder = library.watch_folder(&here.person, &root).await.unwrap().id;
        let eye = Self { here, library, root, folder };
        eye.settled().await;
        eye
    }

    /// Closes the library and opens it again.
    async fn again(self, meanwhile: impl FnOnce(&Path)) -> Self {
        let Self { here, library, root, folder } = self;
        library.shutdown().await;
        // The index has one writer.
        drop(library);
        meanwhile(&root);
        rest();
        let library = here.open().await;
        library.start_watching(config());
        let eye = Self { here, library, root, folder };
        eye.look().await;
        eye
    }

    /// Looks through the folder and waits until everything is read.
    async fn look(&self) {
        self.library.look_again(None).await.unwrap();
        self.settled().await;
    }

    async fn settled(&self) {
        tokio::time::timeout(Duration::from_secs(60), self.library.looked()).await.expect("the looks end");
        idle(&self.library).await;
    }

    async fn view(&self) -> FolderView {
        self.library.folders().await.unwrap().into_iter().find(|view| view.id == self.folder).unwrap()
    }

    /// The names of the documents, in order.
    async fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.here.store.documents().await.unwrap().into_iter().map(|view| view.name).collect();
        names.sort();
        names
    }

    async fn named(&self, name: &str) -> Option<DocumentView> {
        self.here.store.documents().await.unwrap().into_iter().find(|view| view.name == name)
    }

    async fn finds(&self, query: &str) -> Vec<String> {
        self.library.search(&find(query)).await.unwrap().hits.into_iter().map(|hit| hit.name).collect()
    }

    /// Waits until a search finds a passage of this document first.
    async fn found(&self, query: &str, name: &str) {
        until(&format!("{query} in {name}"), async || self.finds(query).await.first().is_some_and(|hit| hit == name))
            .await;
    }

    async fn gone(&self) -> Vec<String> {
        let removed = self.here.store.removed().await.unwrap().documents;
        removed.into_iter().filter(|document| document.gone_from.is_some()).map(|document| document.name).collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    async fn end(self) {
        self.library.shutdown().await;
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Until files that were just written count as being at rest.
fn rest() {
    std::thread::sleep(Duration::from_millis(250));
}

fn is(state: &FolderState, name: &str) -> bool {
    serde_json::to_value(state).unwrap()["is"] == name
}
