//! How documents are read and shown when a file, a page or a person is difficult.

use crate::common::*;
use library::LibraryEvent;
use protocol::{DocumentState, Span};
use std::{fs, time::Duration};

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_five_megabytes_without_an_empty_line_is_read() {
    let here = Here::new().await;
    let files = here.folder(&[]);
    let row = |n: usize| format!("2026-11-25;{n:06};supplier number{n};delivered;{}.50;EUR\n", n * 7);
    let table: String = (0..95_000).map(row).collect();
    assert!(table.len() > 5_000_000);
    fs::write(files.join("deliveries.csv"), &table).unwrap();
    let library = here.open().await;
    let document = library.import(&here.person, &[files]).await.unwrap().documents[0];
    // Only that it comes to an end: how fast is measured elsewhere.
    tokio::time::timeout(Duration::from_secs(300), library.idle()).await.unwrap();
    let view = here.store.document(document).await.unwrap();
    assert!(matches!(view.state, DocumentState::Ready { .. }), "{:?}", view.state);
    assert!(view.pages > 200 && view.passages > 5_000, "{} pages, {} passages", view.pages, view.passages);
    let derived = here.store.derived();
    let mut rows = 0;
    for number in 1..=view.pages {
        let page = derived.page(document, number).await.unwrap();
        assert!(page.text.chars().count() <= 20_000, "page {number}");
        rows += page.text.lines().count();
    }
    assert_eq!(rows, 95_000, "no row is lost or cut");
    let hit = library.search(&find("number94999")).await.unwrap().hits.remove(0);
    let span = Span { start: hit.start, end: hit.end };
    let page = library.page(document, hit.page, Some(span), 600).await.unwrap();
    assert!(chars(&page.text, span).contains("number94999"));
    assert_eq!(page.page, view.pages);
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_left_before_it_was_drawn_is_never_shown_for_another() {
    let here = Here::new().await;
    let files = here.folder(&[]);
    let line = "A line that takes a moment to draw.";
    fs::write(files.join("two.pdf"), pdf(&[&[line; 16], &["The second page."]])).unwrap();
    let library = here.open().await;
    let document = library.import(&here.person, &[files]).await.unwrap().documents[0];
    idle(&library).await;
    for round in 0..40 {
        // The person turns the page before the first is there.
        let left = library.page(document, 1, None, 900 + round);
        let _ = tokio::time::timeout(Duration::from_millis(u64::from(round) * 2), left).await;
        let shown = library.page(document, 2, None, 300 + round).await.unwrap();
        assert_eq!((shown.page, shown.width), (2, 300 + round), "left after {} ms", round * 2);
    }
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_without_text_are_told_with_the_document() {
    let here = Here::new().await;
    let files = here.folder(&[]);
    let page: &[&str] = &["A page about ocelots."];
    fs::write(files.join("scan.pdf"), pdf(&[page, &[], page, &[], &[]])).unwrap();
    let library = here.open().await;
    let mut events = library.events();
    let document = library.import(&here.person, &[files]).await.unwrap().documents[0];
    idle(&library).await;
    let view = here.store.document(document).await.unwrap();
    assert!(matches!(view.state, DocumentState::Ready { .. }), "{:?}", view.state);
    let notes: Vec<_> = view.notes.iter().map(|note| (note.code.as_str(), note.values["pages"].as_str())).collect();
    assert_eq!(notes, [("document.pages_without_words", "2, 4–5")]);
    assert_eq!(here.store.documents().await.unwrap()[0].notes, view.notes, "in the list too");
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let LibraryEvent::Document(document) = event {
            told = document.notes.clone();
        }
    }
    assert_eq!(told, view.notes, "and to who listens");
    let empty = library.page(document, 2, None, 300).await.unwrap();
    assert!(empty.text.is_empty() && empty.picture.is_some());
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_nobody_waits_for_comes_to_its_end() {
    let here = Here::new().await;
    let files = here.folder(&[]);
    for n in 0..130 {
        fs::write(files.join(format!("{n:03}.md")), format!("File number {n}.")).unwrap();
    }
    let library = here.open().await;
    library.pause(true);
    // Asked for, then left.
    let left = tokio::time::timeout(Duration::from_millis(1), library.import(&here.person, &[files])).await;
    assert!(left.is_err(), "130 files take longer");
    until("all files are recorded", async || here.store.documents().await.unwrap().len() == 130).await;
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_imports_of_the_same_files_make_one_document_each() {
    let here = Here::new().await;
    let files = here.folder(&[("a.md", "The first."), ("b.md", "The second."), ("c.md", "The third.")]);
    let library = here.open().await;
    let paths = [files];
    let imports = (0..6).map(|_| library.import(&here.person, &paths));
    let plans = futures::future::join_all(imports).await;
    let new: u32 = plans.iter().map(|plan| plan.as_ref().unwrap().files).sum();
    assert_eq!((new, here.store.documents().await.unwrap().len()), (3, 3));
    idle(&library).await;
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_missing_does_not_hold_up_the_others() {
    let here = Here::new().await;
    let files = here.folder(&[("a.md", "The first.")]);
    let library = here.open().await;
    let paths = [files.join("gone.md"), files.join("a.md")];
    for plan in [library.plan(&paths).await.unwrap(), library.import(&here.person, &paths).await.unwrap()] {
        assert_eq!(plan.files, 1);
        let left_out: Vec<_> =
            plan.left_out.iter().map(|f| (f.path.ends_with("gone.md"), f.fault.code.as_str())).collect();
        assert_eq!(left_out, [(true, "document.not_found")]);
    }
    library.shutdown().await;
}
