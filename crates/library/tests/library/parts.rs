//! Files inside files: attachments and the contents of archives are documents of their own.

use crate::common::*;
use library::{Library, Limits};
use protocol::{DocumentId, DocumentState, DocumentView};
use std::fs;

/// The names of the documents that are here, in order.
async fn names(here: &Here) -> Vec<String> {
    let mut names: Vec<String> = here.store.documents().await.unwrap().into_iter().map(|view| view.name).collect();
    names.sort();
    names
}

async fn named(here: &Here, name: &str) -> DocumentView {
    let all = here.store.documents().await.unwrap();
    all.into_iter().find(|view| view.name == name).unwrap_or_else(|| panic!("no document {name}"))
}

async fn import(here: &Here, library: &Library, name: &str, bytes: impl AsRef<[u8]>) -> DocumentId {
    let files = here.folder(&[]);
    let path = files.join(name);
    fs::write(&path, bytes).unwrap();
    let begun = library.import(&here.person, &[path]).await.unwrap();
    idle(library).await;
    begun.documents[0]
}

async fn found(library: &Library, query: &str) -> Vec<String> {
    library.search(&find(query)).await.unwrap().hits.into_iter().map(|hit| hit.name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_is_imported_as_a_folder_would_be() {
    let here = Here::new().await;
    let library = here.open().await;
    let bytes = zip(&[
        ("deal/lease.md", &b"# Lease\n\nThe tenant gives ninety days of notice."[..]),
        ("deal/supply.pdf", &pdf(&[&["Delivery within fourteen days."]])),
        ("deal/film.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0"),
        ("../../escape.txt", b"An ocelot climbs out of the folder."),
    ]);
    let archive = import(&here, &library, "deal.zip", &bytes).await;
    assert_eq!(names(&here).await, ["deal.zip", "escape.txt", "film.mp4", "lease.md", "supply.pdf"]);
    let lease = named(&here, "lease.md").await;
    assert!(lease.origin.ends_with("files/deal.zip/deal/lease.md"), "{}", lease.origin);
    assert_eq!((lease.parent, lease.state), (Some(archive), DocumentState::Ready { meaning: false }));
    assert!(named(&here, "escape.txt").await.origin.ends_with("deal.zip/escape.txt"));
    assert!(!here.dir.path().join("escape.txt").exists());
    let film = named(&here, "film.mp4").await;
    assert_eq!((film.format.as_str(), film.notes[0].code.as_str()), ("mp4", "document.text_not_read"));
    for (query, name) in [("ninety days notice", "lease.md"), ("delivery fourteen", "supply.pdf"), ("film", "film.mp4")]
    {
        assert_eq!(found(&library, query).await.first().map(String::as_str), Some(name), "{query}");
    }
    // Read again, and imported again, it is what it was.
    let blobs = here.blobs();
    library.retry(&here.person, archive).await.unwrap();
    idle(&library).await;
    assert_eq!(import(&here, &library, "copy.zip", &bytes).await, archive);
    assert_eq!((names(&here).await.len(), here.blobs()), (5, blobs));
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_in_a_message_goes_and_comes_back_with_it() {
    let here = Here::new().await;
    let library = here.open().await;
    let (terms, plan) = (("terms.txt", "The terms name an ocelot."), ("plan.txt", "The plan names a lynx."));
    let first = import(&here, &library, "first.eml", message("First", "See the terms.", &[terms, plan])).await;
    let second = import(&here, &library, "second.eml", message("Second", "The terms again.", &[terms])).await;
    assert_eq!(names(&here).await, ["first.eml", "plan.txt", "second.eml", "terms.txt"]);
    assert_eq!(named(&here, "terms.txt").await.parent, Some(first));
    assert_eq!(found(&library, "ocelot").await, ["terms.txt"]);

    // The second message has the terms too: they stay as long as it does.
    library.remove(&here.person, first).await.unwrap();
    assert_eq!(names(&here).await, ["second.eml", "terms.txt"]);
    assert!(found(&library, "lynx").await.is_empty());
    library.remove(&here.person, second).await.unwrap();
    assert!(names(&here).await.is_empty());
    library.restore(&here.person, second).await.unwrap();
    idle(&library).await;
    assert_eq!(names(&here).await, ["second.eml", "terms.txt"]);
    library.restore(&here.person, first).await.unwrap();
    idle(&library).await;
    assert_eq!(names(&here).await, ["first.eml", "plan.txt", "second.eml", "terms.txt"]);
    assert_eq!(found(&library, "lynx").await, ["plan.txt"]);

    // What a person removed by itself stays removed when its message is read again.
    library.remove(&here.person, named(&here, "plan.txt").await.id).await.unwrap();
    library.retry(&here.person, first).await.unwrap();
    idle(&library).await;
    assert_eq!(names(&here).await, ["first.eml", "second.eml", "terms.txt"]);
    // What a person brings by itself stays when its message goes.
    import(&here, &library, "my plan.txt", plan.1).await;
    library.remove(&here.person, first).await.unwrap();
    assert_eq!(names(&here).await, ["plan.txt", "second.eml", "terms.txt"]);
    assert!(here.store.altered_tables().await.unwrap().is_empty(), "the log makes the same tables");

    // Erased for good, nothing of it is left.
    library.remove(&here.person, second).await.unwrap();
    library.purge(&here.person, second, false).await.unwrap();
    let removed: Vec<String> =
        here.store.removed().await.unwrap().documents.into_iter().map(|document| document.name).collect();
    assert_eq!(removed, ["first.eml"]);
    assert_eq!(here.blobs(), 2, "the plan and the first message");
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_is_its_messages_and_grows() {
    let here = Here::new().await;
    let library = here.open().await;
    let letter = |n: usize| {
        let text = message(
            &format!("Letter {n}"),
            &format!("About ocelot{n}."),
            &[("note.txt", &format!("Note of lynx{n}."))],
        );
        format!("From ada@example.org Sun Mar  1 09:30:00 2026\r\n{text}\r\n")
    };
    let box_of = |count| (0..count).map(letter).collect::<String>();
    import(&here, &library, "inbox.mbox", box_of(3)).await;
    assert_eq!(here.store.documents().await.unwrap().len(), 1 + 3 + 3);
    let hit = library.search(&find("ocelot2")).await.unwrap().hits.remove(0);
    assert_eq!(hit.name, "2026-03-01 Letter 2.eml");
    let note = library.search(&find("lynx1")).await.unwrap().hits.remove(0);
    let note = here.store.document(note.document).await.unwrap();
    assert!(note.origin.ends_with("inbox.mbox/2026-03-01 Letter 1.eml/note.txt"), "{}", note.origin);
    // The same mailbox, a message later: only that one is new.
    import(&here, &library, "inbox later.mbox", box_of(4)).await;
    assert_eq!(here.store.documents().await.unwrap().len(), 2 + 4 + 4);
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nesting_ends_and_circles_end() {
    let here = Here::new().await;
    let library = here.open().await;
    let mut bytes = zip(&[("bottom.txt", b"An ocelot at the bottom.")]);
    for n in 0..9 {
        bytes = zip(&[(format!("level {n}.zip"), bytes)]);
    }
    import(&here, &library, "top.zip", &bytes).await;
    let all = here.store.documents().await.unwrap();
    assert_eq!(all.len(), 6, "the outermost and five more: {:?}", names(&here).await);
    let noted: Vec<&str> = all.iter().flat_map(|view| view.notes.iter().map(|note| note.code.as_str())).collect();
    assert_eq!(noted, ["document.parts_too_deep"]);
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_leaves_nothing() {
    let here = Here::new().await;
    let library = here.open().await;
    let zeros = vec![b'0'; 70 << 20];
    let bomb = zip(&[("readme.txt", &b"A text of an ocelot before the bomb."[..]), ("zeros.txt", &zeros)]);
    assert!(bomb.len() < 200_000);
    let bomb = import(&here, &library, "bomb.zip", &bomb).await;
    let view = here.store.document(bomb).await.unwrap();
    let DocumentState::Failed { fault } = view.state else { panic!("{:?}", view.state) };
    assert_eq!(fault.code, "document.bomb");
    assert_eq!((names(&here).await.len(), here.blobs()), (1, 1), "only the archive itself");
    // The library goes on.
    import(&here, &library, "next.md", "The next document names a lynx.").await;
    assert_eq!(found(&library, "lynx").await, ["next.md"]);
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_file_is_kept_and_found_by_its_name() {
    let here = Here::new().await;
    let library = here.open_with(Limits::default()).await;
    let program = import(&here, &library, "Turbine control.exe", b"MZ\x90\0\x03\0\0\0").await;
    import(&here, &library, "fake report.pdf", b"\x7fELF\x02\x01\x01\0").await;
    let view = here.store.document(program).await.unwrap();
    assert!(matches!(view.state, DocumentState::Ready { .. }), "{:?}", view.state);
    assert_eq!((view.format.as_str(), view.notes[0].code.as_str()), ("exe", "document.text_not_read"));
    let fake = named(&here, "fake report.pdf").await;
    assert_eq!((fake.format.as_str(), fake.notes[0].code.as_str()), ("file", "document.other_than_named"));
    assert_eq!(found(&library, "turbine").await, ["Turbine control.exe"]);
    assert!(library.check_documents().await.unwrap().intact);
    library.shutdown().await;
}
