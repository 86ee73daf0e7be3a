//! A document that takes long to read holds up no other.

use crate::common::*;
use library::{Library, LibraryConfig};
use protocol::{DocumentId, DocumentState};
use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

/// A program in Tesseract's place that is never at its end.
const SLEEPER: &str = "#!/bin/bash
if [ \"$1\" = --list-langs ]; then printf 'List of available languages (1):\\neng\\n'; exit; fi
cat > /dev/null
exec sleep 60
";

fn picture(shade: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 100, 100);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&vec![shade; 10_000]).unwrap();
    bytes
}

async fn state(here: &Here, document: DocumentId) -> DocumentState {
    here.store.document(document).await.unwrap().state
}

/// Waits until a document is so; false where it is not after the time that one slow document has.
async fn becomes(here: &Here, document: DocumentId, wanted: impl Fn(&DocumentState) -> bool) -> bool {
    for _ in 0..300 {
        if wanted(&state(here, document).await) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_after_two_slow_documents_is_read_beside_them() {
    let here = Here::new().await;
    let program = here.dir.path().join("sleeper");
    fs::write(&program, SLEEPER).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut named = std::ffi::OsString::from("ATELIER_TESSERACT=");
    named.push(&program);
    let config = LibraryConfig::new(here.dir.path().join("index"), vec!["env".into(), named, WORKER.into()]);
    let library = Library::open(here.store.clone(), config).await.unwrap();
    let files = here.folder(&[]);
    let mut slow = Vec::new();
    for shade in [10, 200] {
        let path = files.join(format!("scan {shade}.png"));
        fs::write(&path, picture(shade)).unwrap();
        slow.extend(library.import(&here.person, &[path]).await.unwrap().documents);
    }
    let reading = |state: &DocumentState| *state == DocumentState::Reading;
    assert!(becomes(&here, slow[0], reading).await);
    let path = files.join("note.md");
    fs::write(&path, "A note about the ocelot.").unwrap();
    let note = library.import(&here.person, &[path]).await.unwrap().documents[0];
    assert!(becomes(&here, note, |state| matches!(state, DocumentState::Ready { .. })).await);
    for document in &slow {
        assert_eq!(state(&here, *document).await, DocumentState::Reading, "both are still being read");
    }
    let hits = library.search(&find("ocelot")).await.unwrap().hits;
    assert_eq!(hits.len(), 1, "it is found, too");
    // One that is removed while it is read leaves the other alone.
    library.remove(&here.person, slow[0]).await.unwrap();
    assert_eq!(state(&here, slow[1]).await, DocumentState::Reading);
    library.shutdown().await;
    // They are not forgotten.
    assert_eq!(here.store.derived().queue().await.unwrap().waiting, 1);
}
