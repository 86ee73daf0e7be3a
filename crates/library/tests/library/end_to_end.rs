//! The library end to end: real store, real worker process, real index.

use crate::common::*;
use library::{LibraryEvent, SearchQuery};
use protocol::{DocumentState, SearchMode, Span};
use std::{fs, time::Duration};

#[tokio::test(flavor = "multi_thread")]
async fn text_formats_are_read_found_and_shown() {
    let here = Here::new().await;
    let files = here.folder(&[
        ("lease.md", "# Lease\n\n## Notice\n\nThe tenant may end the lease with **ninety days** of notice.\n\n## Rent\n\nThe rent is 1,200 euros."),
        ("bail.txt", "Le locataire peut résilier le bail avec un préavis de trois mois. Le dépôt est de 2400 euros."),
        ("haus.html", "<!doctype html><nav>Menü</nav><main><h1>Hausordnung</h1><p>Die Ruhezeit beginnt um 22 Uhr und endet um 6 Uhr.</p></main>"),
        (".hidden.md", "never seen"),
        ("empty.txt", ""),
        ("program.bin", "\u{0}\u{1}\u{2}"),
    ]);
    let library = here.open().await;
    let plan = library.plan(std::slice::from_ref(&files)).await.unwrap();
    assert_eq!((plan.files, plan.known, plan.left_out.len()), (4, 0, 1), "only the empty one is left out");
    assert!(plan.documents.is_empty());
    let begun = library.import(&here.person, std::slice::from_ref(&files)).await.unwrap();
    assert_eq!((begun.files, begun.known, begun.documents.len()), (4, 0, 4));
    idle(&library).await;

    for (query, name, section, marked) in [
        ("notice periods", "lease.md", Some("Notice"), "notice"),
        ("résiliation du bail", "bail.txt", None, "résilier"),
        ("resilier", "bail.txt", None, "résilier"),
        ("Ruhezeiten", "haus.html", Some("Hausordnung"), "Ruhezeit"),
        ("\"ninety days\"", "lease.md", Some("Notice"), "ninety"),
    ] {
        let reply = library.search(&find(query)).await.unwrap();
        let hit = reply.hits.first().unwrap_or_else(|| panic!("{query} finds nothing"));
        assert_eq!((hit.name.as_str(), hit.section.as_deref()), (name, section), "{query}");
        assert_eq!(reply.mode, SearchMode::Text, "no embedder: words only");
        assert!(
            hit.marks.iter().any(|m| chars(&hit.snippet, *m) == marked),
            "{query}: {} {:?}",
            hit.snippet,
            hit.marks
        );
        let page =
            library.page(hit.document, hit.page, Some(Span { start: hit.start, end: hit.end }), 800).await.unwrap();
        assert_eq!((page.picture, page.passage.is_some(), page.pages), (None, true, 1));
    }
    assert!(library.search(&find("never seen hidden")).await.unwrap().hits.is_empty());
    assert!(library.search(&find("lease -tenant")).await.unwrap().hits.is_empty());

    let again = library.import(&here.person, &[files]).await.unwrap();
    assert_eq!((again.files, again.known, again.documents), (0, 4, begun.documents));
    let view = &here.store.documents().await.unwrap()[0];
    assert!(matches!(view.state, DocumentState::Ready { meaning: false }), "{:?}", view.state);
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pdf_is_read_cited_and_highlighted() {
    let here = Here::new().await;
    let text = "The supplier delivers within fourteen days of the order.";
    let files = here.folder(&[]);
    fs::write(
        files.join("supply.pdf"),
        pdf(&[&["Supply agreement", text], &["Late delivery costs 2 percent a week."]]),
    )
    .unwrap();
    let library = here.open().await;
    let document = library.import(&here.person, &[files]).await.unwrap().documents[0];
    idle(&library).await;
    let view = here.store.document(document).await.unwrap();
    assert!(matches!(view.state, DocumentState::Ready { .. }), "{:?}", view.state);
    assert_eq!((view.pages, view.format.as_str()), (2, "pdf"));

    let passages = library.retrieve("Within how many days does the supplier deliver?", 6, &[]).await.unwrap();
    let cited = library
        .cite("The supplier delivers within 14 days of the order. Late delivery costs 5 percent a week.", &passages)
        .await
        .unwrap();
    assert_eq!((cited.citations.len(), cited.unsupported.len()), (1, 1));
    let citation = &cited.citations[0];
    assert_eq!((citation.page, citation.quote.as_str()), (1, text));

    let span = Span { start: citation.start, end: citation.end };
    let page = library.page(document, citation.page, Some(span), 600).await.unwrap();
    assert_eq!(chars(&page.text, span), text);
    assert_eq!(page.page_hash, citation.page_hash);
    assert!(page.picture.as_ref().is_some_and(|p| p.starts_with("iVBORw0KGgo")), "a PNG in base64");
    assert_eq!((page.width, page.height), (600, 800));
    assert_eq!(page.boxes.len(), 1, "{:?}", page.boxes);
    let line = page.boxes[0];
    // Set at 72 points from the left and 160 from the top of a page of 600 by 800 points.
    assert!((line.x - 72.0 / 600.0).abs() < 0.01 && line.y > 0.15 && line.y + line.h < 0.22, "{line:?}");
    assert!(library.page(document, 3, None, 600).await.is_err());
    // Passages that do not stand on the page any more support nothing.
    let mut altered = passages.clone();
    altered[0].text = altered[0].text.replace("fourteen", "forty");
    altered.truncate(1);
    let cited = library.cite("The supplier delivers within forty days of the order.", &altered).await.unwrap();
    assert!(cited.citations.is_empty());
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phrases_and_exclusions_hold_in_every_mode() {
    let here = Here::new().await;
    let files = here.folder(&[
        ("lease.md", "The tenant may end the lease with ninety days of notice."),
        ("order.md", "The notice is ninety; the days of tenants are not counted."),
        ("pets.md", "No dogs and no cats stay in the house over night."),
    ]);
    let library = here.open().await;
    library.set_embedder(Some(std::sync::Arc::new(Letters)));
    library.import(&here.person, &[files]).await.unwrap();
    idle(&library).await;
    for mode in [SearchMode::Text, SearchMode::Vector, SearchMode::Hybrid] {
        let names = async |text: &str| {
            let reply = library.search(&SearchQuery { mode, ..find(text) }).await.unwrap();
            assert_eq!(reply.mode, mode, "{text}");
            let mut names: Vec<String> = reply.hits.into_iter().map(|hit| hit.name).collect();
            names.sort();
            names
        };
        assert_eq!(names("\"ninety days\"").await, ["lease.md"], "{mode:?}");
        assert_eq!(names("\"ninety days\" -tenants").await, [""; 0], "{mode:?}");
        assert_eq!(names("-tenant").await, [""; 0], "{mode:?}: what must not be there finds nothing");
        let without = names("notice of cats -tenant").await;
        assert_eq!(without, ["pets.md"], "{mode:?}");
    }
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_removes_everywhere_and_restoring_brings_back() {
    let here = Here::new().await;
    let files = here.folder(&[
        ("secret.md", "The zanzibar clause names quokka."),
        ("other.md", "Nothing of the kind stands here."),
    ]);
    let library = here.open().await;
    library.set_embedder(Some(std::sync::Arc::new(Letters)));
    library.import(&here.person, &[files.join("secret.md"), files.join("other.md")]).await.unwrap();
    idle(&library).await;
    let reply = library.search(&find("zanzibar")).await.unwrap();
    assert_eq!(reply.mode, SearchMode::Hybrid);
    let document = reply.hits[0].document;
    let state = here.store.document(document).await.unwrap().state;
    assert_eq!(state, DocumentState::Ready { meaning: true });

    let mut events = library.events();
    library.remove(&here.person, document).await.unwrap();
    let mut removed = false;
    while let Ok(event) = events.try_recv() {
        removed |= matches!(event, LibraryEvent::Removed(id) if id == document);
    }
    assert!(removed);
    for mode in [SearchMode::Text, SearchMode::Vector, SearchMode::Hybrid] {
        let reply = library.search(&SearchQuery { mode, ..find("zanzibar quokka") }).await.unwrap();
        assert!(reply.hits.iter().all(|h| h.document != document), "{mode:?}");
    }
    let derived = here.store.derived();
    assert!(derived.passages_of(document).await.unwrap().is_empty());
    assert!(derived.page(document, 1).await.is_err());
    assert_eq!(derived.vector_ids("letters", 0, 100).await.unwrap().len(), 1, "only the other document's");

    library.restore(&here.person, document).await.unwrap();
    idle(&library).await;
    assert_eq!(library.search(&find("zanzibar")).await.unwrap().hits[0].document, document);

    library.remove(&here.person, document).await.unwrap();
    library.purge(&here.person, document, false).await.unwrap();
    assert_eq!(here.blobs(), 1);
    assert_eq!(here.store.words_owed().await.unwrap(), []);

    // A process that ended right after the purge: the next one takes the words out.
    let other = here.store.documents().await.unwrap()[0].id;
    library.remove(&here.person, other).await.unwrap();
    library.shutdown().await;
    drop(library);
    here.store.purge_document(&here.person, other, false).await.unwrap();
    assert_eq!(here.store.words_owed().await.unwrap(), [other]);
    let library = here.open().await;
    assert_eq!(here.store.words_owed().await.unwrap(), []);
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_lost_or_damaged_is_built_again() {
    let here = Here::new().await;
    let files = here.folder(&[("a.md", "A singular walrus appears."), ("b.md", "Another walrus follows.")]);
    let library = here.open().await;
    library.import(&here.person, &[files]).await.unwrap();
    idle(&library).await;
    library.shutdown().await;
    drop(library);
    let index = here.dir.path().join("index");
    let damage_all = |how: &dyn Fn(&std::path::Path)| {
        let folder = fs::read_dir(&index).unwrap().next().unwrap().unwrap().path();
        for file in fs::read_dir(folder).unwrap() {
            how(&file.unwrap().path());
        }
    };
    for how in ["deleted", "truncated", "rubbish"] {
        match how {
            "deleted" => fs::remove_dir_all(&index).unwrap(),
            "truncated" => damage_all(&|f| fs::File::options().write(true).open(f).unwrap().set_len(3).unwrap()),
            _ => damage_all(&|f| fs::write(f, [7; 999]).unwrap()),
        }
        let library = here.open().await;
        assert_eq!(library.search(&find("walrus")).await.unwrap().hits.len(), 2, "{how}");
        library.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_files_fail_alone() {
    let here = Here::new().await;
    let files = here.folder(&[("good.md", "A good file about walnuts.")]);
    // Two million nodes want more memory than there is.
    fs::write(files.join("a-large.html"), format!("<!doctype html>{}", "<p>x".repeat(1_000_000))).unwrap();
    // Each of thirty forms draws the next one twice: a page that is never finished.
    fs::write(files.join("b-endless.pdf"), endless_pdf()).unwrap();
    fs::write(
        files.join("broken.pdf"),
        "%PDF-1.7\n1 0 obj <</Type/Catalog/Pages 1 0 R/Kids[1 0 R]>> endobj trailer<</Root 1 0 R>>",
    )
    .unwrap();
    fs::write(files.join("pictures.pdf"), pdf(&[&[]])).unwrap();
    let limits = library::Limits { memory: 160 << 20, read_time: Duration::from_secs(4), ..library::Limits::default() };
    let library = here.open_with(limits).await;
    library.import(&here.person, &[files]).await.unwrap();
    idle(&library).await;
    let mut codes: Vec<(String, String)> = Vec::new();
    for view in here.store.documents().await.unwrap() {
        let code = match view.state {
            DocumentState::Ready { .. } => "ready".to_owned(),
            DocumentState::Failed { fault } => fault.code,
            other => panic!("{}: {other:?}", view.name),
        };
        codes.push((view.name, code));
    }
    codes.sort();
    // The endless one runs into the clock or into the end of its memory, whichever is nearer.
    assert!(["document.too_slow", "document.crashed", "document.too_much_memory"].contains(&codes[1].1.as_str()));
    let expected = [
        ("a-large.html", "document.too_much_memory"),
        ("b-endless.pdf", &codes[1].1.clone()),
        ("broken.pdf", "document.not_a_pdf"),
        ("good.md", "ready"),
        ("pictures.pdf", "ready"),
    ];
    assert_eq!(codes, expected.map(|(name, code)| (name.to_owned(), code.to_owned())));
    assert_eq!(library.search(&find("walnuts")).await.unwrap().hits.len(), 1);
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pausing_holds_the_queue_and_a_restart_goes_on() {
    let here = Here::new().await;
    let files = here.folder(&[("a.md", "First of the walruses."), ("b.md", "Second of the walruses.")]);
    let library = here.open().await;
    idle(&library).await;
    library.pause(true);
    library.import(&here.person, &[files]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let progress = library.progress();
    assert_eq!((progress.total, progress.done, progress.paused), (2, 0, true));
    // One that is read again while it waits is still one.
    let waits = here.store.documents().await.unwrap()[0].id;
    library.retry(&here.person, waits).await.unwrap();
    assert_eq!(library.progress().total, 2);
    library.shutdown().await;
    drop(library);
    let library = here.open().await;
    idle(&library).await;
    assert_eq!(library.search(&find("walruses")).await.unwrap().hits.len(), 2);
    library.shutdown().await;
}
