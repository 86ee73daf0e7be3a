//! What was seen becomes what is recorded: the documents, their places and the queue in one transaction.

use super::{
    desk::{Content, Deed, Desk},
    read::Kept,
    walk::below,
};
use crate::{
    LibraryError,
    extract::is_stored,
    faults,
    import::{by_itself, name_of},
    library::Inner,
    reading::name_page,
    unpacking,
};
use protocol::{Actor, DocumentId, FolderId};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};
use store::{Change, Rank, Source, Standing, StoreError, Tx};

/// Files that are recorded in one transaction.
pub(super) const AT_ONCE: usize = 100;

/// Files of one folder that are new or changed, as they are now, and paths that are gone.
#[derive(Default)]
pub(super) struct Batch {
    pub now: BTreeMap<String, Kept>,
    pub missing: BTreeSet<String>,
}

/// What has to follow from what was recorded.
#[derive(Default)]
struct Follows {
    /// To be read.
    read: Vec<DocumentId>,
    /// Those of them that have other content.
    revised: Vec<DocumentId>,
    /// Under another name or place, to be indexed again.
    moved: Vec<DocumentId>,
    gone: Vec<DocumentId>,
}

impl Inner {
    /// Records a batch and does what follows from it.
    pub(super) async fn record_seen(&self, folder: FolderId, batch: &Batch) -> Result<(), LibraryError> {
        if batch.now.is_empty() && batch.missing.is_empty() {
            return Ok(());
        }
        let folders = self.store.folders().await?;
        let roots: Vec<String> = folders.iter().map(|folder| below(Path::new(&folder.path))).collect();
        let record = async |tx: &mut Tx| record(tx, folder, batch, &roots).await;
        let follows = self.store.write(&Actor::System, record).await?;
        for document in &follows.read {
            // What is being read of it is what it held before.
            self.cancel_reading(*document);
        }
        if !follows.read.is_empty() {
            self.queued(&follows.read).await?;
        }
        for document in &follows.revised {
            self.store.thin_versions(*document).await?;
        }
        if !follows.moved.is_empty() {
            self.index_outbox().await?;
            for document in &follows.moved {
                self.tell(*document).await;
            }
        }
        self.drop_documents(&follows.gone).await
    }
}

async fn record(tx: &mut Tx, folder: FolderId, batch: &Batch, roots: &[String]) -> Result<Follows, StoreError> {
    let (mut desk, sources) = lay_out(tx, batch).await?;
    desk.roots = roots.to_vec();
    let standing: HashMap<DocumentId, Standing> = desk.papers.values().map(|p| (p.document, p.standing)).collect();
    let formats: HashMap<DocumentId, String> = desk.papers.values().map(|p| (p.document, p.format.clone())).collect();
    let origins: HashMap<DocumentId, String> = desk.papers.values().map(|p| (p.document, p.origin.clone())).collect();
    let contents = batch.now.iter().map(|(path, kept)| (path.clone(), kept.content.clone())).collect();
    let bytes = |path: &str| {
        let now = batch.now.get(path).map(|kept| kept.stat.bytes);
        now.or_else(|| sources.get(path).map(|source| source.bytes)).unwrap_or_default()
    };
    let mut follows = Follows::default();
    for deed in desk.see(&contents, &batch.missing) {
        match deed {
            Deed::Add { document, path, content: Content { hash, format } } => {
                let (name, bytes) = (name_of(Path::new(&path)), bytes(&path));
                tx.record(Change::DocumentAdded { document, name, origin: path, format, bytes, hash }).await?;
                tx.queue(document, Rank::Watched).await?;
                follows.read.push(document);
            }
            Deed::Revise { document, path, content: Content { hash, format } } => {
                let bytes = bytes(&path);
                tx.record(Change::DocumentRevised { document, format, bytes, hash }).await?;
                follows.revised.push(document);
                if standing.get(&document) != Some(&Standing::Removed) {
                    tx.queue(document, Rank::Watched).await?;
                    follows.read.push(document);
                }
            }
            Deed::Return { document } => {
                for document in unpacking::restore(tx, document).await? {
                    tx.queue(document, Rank::Watched).await?;
                    follows.read.push(document);
                }
            }
            Deed::Hold { path, document, hash } => {
                if let Some(source) = source(folder, &path, document, hash, batch, &sources) {
                    tx.set_source(&source).await?;
                }
                if tx.paper(document).await?.is_some_and(|paper| paper.standing == Standing::Here) {
                    by_itself(tx, document).await?;
                }
            }
            Deed::Drop { path } => tx.drop_source(&path).await?,
            Deed::Move { document, path } => {
                let name = name_of(Path::new(&path));
                let from = origins.get(&document).map(String::as_str).unwrap_or_default();
                follows.moved.extend(move_parts(tx, document, from, &path).await?);
                let page = name_page(&name);
                tx.record(Change::DocumentMoved { document, name, origin: path }).await?;
                if standing.get(&document) == Some(&Standing::Here) {
                    // The name is all the text of what is only kept, and of a scan without words.
                    let kept = formats.get(&document).is_some_and(|format| is_stored(format));
                    let named = kept || faults::is_wordless(&tx.notes(document).await?);
                    tx.rename(document, page, named).await?;
                    if named {
                        tx.queue(document, Rank::Watched).await?;
                        follows.read.push(document);
                    }
                    tx.reindex(document).await?;
                    follows.moved.push(document);
                }
            }
            Deed::Gone { document } => {
                let mut gone = vec![document];
                gone.extend(tx.goes_with(document).await?);
                for document in &gone {
                    tx.record(Change::DocumentGone { document: *document, folder }).await?;
                }
                follows.gone.extend(gone);
            }
        }
    }
    Ok(follows)
}

/// What came in a message or an archive has its place for a beginning of its own: it moves with it. Those
/// that did.
async fn move_parts(tx: &mut Tx, container: DocumentId, from: &str, to: &str) -> Result<Vec<DocumentId>, StoreError> {
    let (mut moved, mut open) = (Vec::new(), vec![container]);
    while let Some(container) = open.pop() {
        for (document, name, origin) in tx.origins_in(container).await? {
            let Some(inside) = origin.strip_prefix(from).filter(|inside| inside.starts_with('/')) else { continue };
            // A circle ends where everything was moved.
            let origin = format!("{to}{inside}");
            tx.record(Change::DocumentMoved { document, name, origin }).await?;
            tx.reindex(document).await?;
            moved.push(document);
            open.push(document);
        }
    }
    Ok(moved)
}

/// What is recorded of everything that the batch concerns.
async fn lay_out(tx: &mut Tx, batch: &Batch) -> Result<(Desk, HashMap<String, Source>), StoreError> {
    let (mut desk, mut sources) = (Desk::default(), HashMap::new());
    let mut documents = BTreeSet::new();
    for path in batch.now.keys().chain(&batch.missing) {
        if let Some(source) = tx.source(path).await? {
            documents.insert(source.document);
            sources.insert(path.clone(), source);
        } else if let Some(paper) = tx.paper_from(path).await?.filter(|_| batch.now.contains_key(path)) {
            // Imported from there before the folder was watched.
            desk.places.insert(path.clone(), (paper.document, paper.hash.clone()));
            documents.insert(paper.document);
        }
    }
    for kept in batch.now.values() {
        for paper in tx.papers_with(&kept.content.hash).await? {
            documents.insert(paper.document);
        }
    }
    for document in documents {
        let Some(paper) = tx.paper(document).await? else { continue };
        let home = tx.source(&paper.origin).await?;
        for source in tx.sources_of(document).await?.into_iter().chain(home) {
            sources.insert(source.path.clone(), source);
        }
        desk.papers.insert(document, paper);
    }
    for source in sources.values() {
        desk.places.insert(source.path.clone(), (source.document, source.hash.clone()));
    }
    Ok((desk, sources))
}

fn source(
    folder: FolderId,
    path: &str,
    document: DocumentId,
    hash: String,
    batch: &Batch,
    sources: &HashMap<String, Source>,
) -> Option<Source> {
    match (batch.now.get(path), sources.get(path)) {
        (Some(kept), _) => {
            let stat = kept.stat;
            let (path, bytes, mtime, disk) = (path.to_owned(), stat.bytes, stat.mtime, stat.disk);
            Some(Source { path, folder, document, hash, bytes, mtime, disk })
        }
        // A copy of what another file had: it may lie in another folder.
        (None, Some(before)) => Some(Source { document, hash, ..before.clone() }),
        (None, None) => None,
    }
}
