//! The library of a workspace that another process may have open: searched and read, never changed.

use crate::common::*;
use library::{Library, LibraryConfig, LibraryError};
use protocol::{SearchMode, Span};
use std::sync::Arc;
use store::Store;

async fn visit(here: &Here, embedder: bool) -> Result<Library, LibraryError> {
    let store = Store::visit(here.store.dir()).await.unwrap();
    let config = LibraryConfig::new(here.dir.path().join("index"), vec![WORKER.into()]);
    Library::visit(store, config, embedder.then(|| Arc::new(Letters) as _)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_library_is_searched_and_read_while_its_owner_goes_on() {
    let here = Here::new().await;
    assert!(
        matches!(visit(&here, false).await, Err(LibraryError::Refused(fault)) if fault.code == "library.no_index_there")
    );
    let owner = here.open().await;
    owner.set_embedder(Some(Arc::new(Letters)));
    let files = here.folder(&[("lease.md", "# Notice\n\nThe tenant may end the lease with ninety days of notice.")]);
    owner.import(&here.person, std::slice::from_ref(&files)).await.unwrap();
    idle(&owner).await;

    let visited = visit(&here, true).await.unwrap();
    let reply = visited.search(&find("notice")).await.unwrap();
    let hit = &reply.hits[0];
    assert_eq!((hit.name.as_str(), reply.mode), ("lease.md", SearchMode::Hybrid), "by meaning too");
    let page = visited.page(hit.document, 1, Some(Span { start: hit.start, end: hit.end }), 800).await.unwrap();
    assert!(page.passage.is_some() && page.text.contains("ninety days"));
    assert_eq!(visited.find(hit.document, "ninety", 10).await.unwrap().total, 1);

    // What its owner adds and takes out is seen at the next search, words, vectors and all.
    let more = here.folder(&[("later.md", "The deposit is two months of rent, held in escrow.")]);
    owner.import(&here.person, &[more]).await.unwrap();
    idle(&owner).await;
    let reply = visited.search(&find("escrow")).await.unwrap();
    assert_eq!(reply.hits[0].name, "later.md");
    assert!(reply.hits[0].meaning > 0.0, "its vector came along");
    let lease = visited.search(&find("ninety days")).await.unwrap().hits[0].document;
    owner.remove(&here.person, lease).await.unwrap();
    assert!(visited.search(&find("\"ninety days\"")).await.unwrap().hits.is_empty());

    // What is like a passage is found by meaning, too, by a visitor who has not searched yet.
    let fresh = visit(&here, true).await.unwrap();
    let later = reply.hits[0].clone();
    let like = fresh.more_like(later.document, later.page, later.start, 5).await.unwrap();
    assert_eq!(like.mode, SearchMode::Hybrid);
    fresh.shutdown().await;
    // A visitor with another model, or none, goes by words.
    let without = visit(&here, false).await.unwrap();
    assert_eq!(without.search(&find("escrow")).await.unwrap().mode, SearchMode::Text);
    // Nothing can be changed from there.
    let refused = visited.import(&here.person, &[here.folder(&[("new.md", "nothing new")])]).await;
    assert!(refused.is_err(), "{refused:?}");
    assert!(visited.rebuild_index().await.is_err());
    visited.shutdown().await;
    without.shutdown().await;
    assert_eq!(owner.search(&find("escrow")).await.unwrap().hits.len(), 1, "its owner has lost nothing");
    owner.shutdown().await;
}
