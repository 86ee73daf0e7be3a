//! What differs between SQLite, the index and the vectors is found and mended, whichever was damaged.

use crate::common::*;
use library::{Library, SearchQuery};
use protocol::{DocumentId, SearchHit, SearchMode};
use std::{
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};
use store::{Change, StoredVector};

const FILES: [(&str, &str); 3] = [
    ("lease.md", "# Lease\n\nThe tenant gives notice of ninety days.\n\n## Rent\n\nThe rent is 1,200 euros a month."),
    ("bail.md", "# Bail\n\nLe locataire donne un préavis de trois mois. Le loyer est de 900 euros."),
    ("house.md", "# House\n\nCats and dogs stay outside. The tenant keeps quiet after ten."),
];

async fn opened(here: &Here) -> Library {
    let library = here.open().await;
    library.set_embedder(Some(Arc::new(Letters)));
    idle(&library).await;
    library
}

/// Only when nobody holds it any more can it be opened again.
async fn close(library: Library) {
    library.shutdown().await;
}

async fn filled(here: &Here) -> (Library, Vec<DocumentId>) {
    let library = opened(here).await;
    let files = here.folder(&FILES);
    let mut documents = Vec::new();
    for (name, _) in FILES {
        documents.extend(library.import(&here.person, &[files.join(name)]).await.unwrap().documents);
        idle(&library).await;
    }
    (library, documents)
}

/// Everything that some queries find, in every mode.
async fn hits(library: &Library) -> Vec<Vec<SearchHit>> {
    let mut all = Vec::new();
    for mode in [SearchMode::Text, SearchMode::Vector, SearchMode::Hybrid] {
        for text in ["tenant notice", "\"le loyer\"", "cats -dogs", "type:md rent", "préavis"] {
            all.push(library.search(&SearchQuery { mode, ..find(text) }).await.unwrap().hits);
        }
    }
    assert!(all.iter().filter(|hits| !hits.is_empty()).count() > 8, "the queries find something");
    all
}

/// Turns a bit of the middle of a file round.
fn damage(path: &Path) {
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    let at = file.metadata().unwrap().len() / 2;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 4], at).unwrap();
}

fn file_with(dir: &Path, part: &str) -> PathBuf {
    let mut found: Vec<PathBuf> = fs::read_dir(dir).unwrap().flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.file_name().unwrap().to_string_lossy().contains(part));
    found.sort_by_key(|path| fs::metadata(path).unwrap().len());
    found.pop().unwrap_or_else(|| panic!("no file with {part} in {}", dir.display()))
}

/// A folder as it is now, somewhere else.
fn copy_of(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_of(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sound_is_called_so_and_a_rebuild_finds_the_same() {
    let here = Here::new().await;
    let (library, _) = filled(&here).await;
    let report = library.check_index(false).await.unwrap();
    assert!(report.is_sound() && !report.mended, "{report:?}");
    assert!(report.passages >= 3 && report.vectors == report.passages, "{report:?}");
    let before = hits(&library).await;
    let report = library.rebuild_index().await.unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(hits(&library).await, before);
    close(library).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_vectors_are_found_and_mended() {
    let here = Here::new().await;
    let (library, documents) = filled(&here).await;
    let before = hits(&library).await;
    // The fast copy: a bit of the first row.
    let path = file_with(&here.dir.path().join("index"), "vectors-");
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.write_all_at(&[77], 64 + 3).unwrap();
    let report = library.check_index(false).await.unwrap();
    assert_eq!((report.vectors_missing, report.is_sound(), report.mended), (1, false, false), "{report:?}");
    let report = library.check_index(true).await.unwrap();
    assert_eq!((report.vectors_missing, report.mended), (1, true), "{report:?}");
    assert!(library.check_index(false).await.unwrap().is_sound());
    // The truth: a vector that is none. Its passage is embedded again.
    let derived = here.store.derived();
    let (id, document) = derived.vector_ids("letters", 0, 1).await.unwrap()[0];
    assert_eq!(document, documents[0]);
    derived.add_vectors("letters", &[StoredVector { id, document, vector: vec![0.0; 26] }]).await.unwrap();
    let report = library.check_index(true).await.unwrap();
    assert_eq!((report.vectors_odd, report.mended), (1, true), "{report:?}");
    idle(&library).await;
    assert!(library.check_index(false).await.unwrap().is_sound());
    assert_eq!(hits(&library).await, before);
    close(library).await;
    // Torn while nobody looked: mended when it is opened.
    damage(&path);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..64 + 100]).unwrap();
    let library = opened(&here).await;
    assert!(library.check_index(false).await.unwrap().is_sound());
    assert_eq!(hits(&library).await, before);
    close(library).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_index_is_found_and_built_anew() {
    let here = Here::new().await;
    let (library, _) = filled(&here).await;
    let before = hits(&library).await;
    let text = file_with(&here.dir.path().join("index"), "text-");
    damage(&file_with(&text, ".term"));
    let report = library.check_index(false).await.unwrap();
    assert!(report.damaged && !report.mended, "{report:?}");
    let report = library.check_index(true).await.unwrap();
    assert!(report.damaged && report.mended, "{report:?}");
    assert!(library.check_index(false).await.unwrap().is_sound());
    assert_eq!(hits(&library).await, before);
    close(library).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_lacks_or_keeps_passages_is_mended() {
    let here = Here::new().await;
    let library = opened(&here).await;
    let files = here.folder(&FILES);
    library.import(&here.person, &[files.join(FILES[0].0)]).await.unwrap();
    idle(&library).await;
    close(library).await;
    // An older copy of the index is put back.
    let (index, copy) = (here.dir.path().join("index"), here.dir.path().join("copy"));
    copy_of(&index, &copy);
    let (library, documents) = filled(&here).await;
    let before = hits(&library).await;
    close(library).await;
    fs::remove_dir_all(&index).unwrap();
    copy_of(&copy, &index);
    let library = opened(&here).await;
    let report = library.check_index(true).await.unwrap();
    assert!(report.words_missing > 0 && report.words_extra == 0 && report.mended, "{report:?}");
    assert!(library.check_index(false).await.unwrap().is_sound());
    assert_eq!(hits(&library).await, before);
    close(library).await;
    // Two documents go, and what the index should have heard of the first is lost.
    let derived = here.store.derived();
    for document in &documents[1..] {
        here.store.record(&here.person, Change::DocumentRemoved { document: *document }).await.unwrap();
        derived.forget(*document).await.unwrap();
    }
    derived.outbox_done(derived.outbox_last().await.unwrap()).await.unwrap();
    let library = opened(&here).await;
    let report = library.check_index(true).await.unwrap();
    assert!(report.words_extra > 0 && report.words_missing == 0 && report.mended, "{report:?}");
    assert!(library.check_index(false).await.unwrap().is_sound());
    close(library).await;
}
