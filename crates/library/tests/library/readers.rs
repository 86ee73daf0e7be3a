//! What an earlier version of a reader read is told from what was altered, and can be read again.

use crate::common::*;
use protocol::{Alteration, AlteredDocument, DocumentId};
use store::{NewChunk, NewPage, Reading};

/// Has a document read as another version of its reader would.
async fn read_as(here: &Here, document: DocumentId, text: &str) {
    let derived = here.store.derived();
    derived.enqueue(&[document]).await.unwrap();
    let job = derived.take_job(&[], u64::MAX, &[]).await.unwrap().unwrap();
    assert_eq!(job.document, document);
    let chunk = NewChunk { start: 0, end: text.chars().count() as u32, ..NewChunk::default() };
    let page = NewPage { number: 1, text: text.to_owned(), chunks: vec![chunk], ..NewPage::default() };
    assert!(derived.add_pages(document, &[page]).await.unwrap());
    let reading = Reading { pages: 1, passages: 1, ..Reading::default() };
    assert!(derived.finish_reading(document, &reading).await.unwrap());
    derived.ready(&[document]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_reader_read_is_read_again_when_a_person_says_so() {
    let here = Here::new().await;
    let library = here.open().await;
    let path = here.folder(&[("lease.md", "The ocelot stays for ninety days.")]).join("lease.md");
    let lease = library.import(&here.person, &[path]).await.unwrap().documents[0];
    idle(&library).await;
    library.pause(true);
    read_as(&here, lease, "The ocelot | stays for ninety days.").await;
    let altered = async |library: &library::Library| -> Vec<Alteration> {
        let report = library.check_documents().await.unwrap();
        assert_eq!(report.intact, report.altered.is_empty());
        report.altered.into_iter().map(|AlteredDocument { what, .. }| what).collect()
    };
    assert!(!here.store.document(lease).await.unwrap().earlier);
    assert_eq!(altered(&library).await, [Alteration::Page { page: 1 }], "the reader of now did not read that");
    assert_eq!(library.read_earlier_again(&here.person).await.unwrap(), 0);

    // An update brings another reader.
    here.store.derived().set_readers(&[("md", 1)]).await.unwrap();
    assert!(here.store.document(lease).await.unwrap().earlier);
    assert_eq!(altered(&library).await, [Alteration::ReadEarlier {}]);
    library.pause(false);
    assert_eq!(library.read_earlier_again(&here.person).await.unwrap(), 1);
    idle(&library).await;
    assert!(!here.store.document(lease).await.unwrap().earlier);
    assert_eq!(altered(&library).await, []);
    assert_eq!(library.read_earlier_again(&here.person).await.unwrap(), 0);
    library.shutdown().await;
}

/// BLAKE3 of the text of each sample, with the version of its reader. Where a hash is another one now, raise the
/// version in `EXTRACTORS` with it: people's documents were read by the one before.
const SAMPLES: &[(&str, u32, &str)] = &[
    ("discharge-letter.md", 0, "20d404fac52b061a"),
    ("hausordnung-archiv.md", 0, "e0a2ab52dbd2cf0f"),
    ("invoice-policy.md", 0, "d90f4ee031f42d47"),
    ("kaufvertrag-maschine.pdf", 1, "e42e325b2f77f322"),
    ("office-lease.pdf", 1, "19ee4364640d21ac"),
    ("proces-verbal-conseil.pdf", 1, "5d5b80bd919939ad"),
    ("supplier-services-agreement.pdf", 1, "99bc1542fae355bc"),
    ("travel-policy.md", 0, "1cb6be68a6a1f3f1"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_reads_otherwise_has_another_version() {
    let here = Here::new().await;
    let library = here.open().await;
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/sample");
    let plan = library.import(&here.person, &[samples.into()]).await.unwrap();
    idle(&library).await;
    let mut read = Vec::new();
    for document in plan.documents {
        let view = here.store.document(document).await.unwrap();
        let mut hasher = blake3::Hasher::new();
        for (_, text) in here.store.derived().page_texts(document, 1, 1_000).await.unwrap() {
            hasher.update(text.as_bytes());
        }
        read.push((view.name, library::reader_version(&view.format), hasher.finalize().to_hex()[..16].to_owned()));
    }
    read.sort();
    let read: Vec<_> = read.iter().map(|(name, version, hash)| (name.as_str(), *version, hash.as_str())).collect();
    assert_eq!(read, SAMPLES, "{read:#?}");
    library.shutdown().await;
}
