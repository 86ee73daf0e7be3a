//! PDFs that are more than their text: protected ones, forms, notes, outlines, scans.

use crate::common::*;
use library::Library;
use protocol::{DocumentId, DocumentState, Span};
use std::fs;

async fn import(here: &Here, library: &Library, name: &str, bytes: &[u8]) -> DocumentId {
    let path = here.folder(&[]).join(name);
    fs::write(&path, bytes).unwrap();
    let document = library.import(&here.person, &[path]).await.unwrap().documents[0];
    idle(library).await;
    document
}

async fn code(here: &Here, document: DocumentId) -> String {
    match here.store.document(document).await.unwrap().state {
        DocumentState::Failed { fault } => fault.code,
        other => format!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protected_document_is_read_with_its_password_and_the_password_is_kept_nowhere() {
    let here = Here::new().await;
    let library = here.open().await;
    let bytes = include_bytes!("../fixtures/protected.pdf");
    let document = import(&here, &library, "rent.pdf", bytes).await;
    assert_eq!(code(&here, document).await, "document.asks_password");
    library.unlock(&here.person, document, "open SESAME").await.unwrap();
    idle(&library).await;
    assert_eq!(code(&here, document).await, "document.wrong_password");
    library.unlock(&here.person, document, "open sesame").await.unwrap();
    idle(&library).await;
    let hit = library.search(&find("protected rent")).await.unwrap().hits.remove(0);
    let span = Span { start: hit.start, end: hit.end };
    let page = library.page(document, 1, Some(span), 600).await.unwrap();
    assert_eq!((page.text.as_str(), page.boxes.len()), ("The protected rent is 900 euros a month.", 1));
    assert!(page.picture.is_some(), "its page is drawn too");
    assert!(library.check_documents().await.unwrap().intact);
    library.shutdown().await;

    let mut looked_at = 0;
    let mut folders = vec![here.store.dir().to_owned(), here.dir.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                let bytes = fs::read(entry.path()).unwrap();
                assert!(
                    !bytes.windows(11).any(|w| w.eq_ignore_ascii_case(b"open sesame")),
                    "{}",
                    entry.path().display()
                );
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 5, "{looked_at}");

    drop(library);
    // Opened again: what was read is found, its file is what it was, and reading it again asks again.
    let library = here.open().await;
    idle(&library).await;
    assert_eq!(library.search(&find("protected rent")).await.unwrap().hits.len(), 1);
    assert!(library.check_documents().await.unwrap().intact);
    library.retry(&here.person, document).await.unwrap();
    idle(&library).await;
    assert_eq!(code(&here, document).await, "document.asks_password");
    library.shutdown().await;
}

/// A page of the font and these contents, with more in its dictionary.
fn page_with(more: &str, contents: usize) -> String {
    format!(
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F1 3 0 R>>>>/Contents {contents} 0 R{more}>>"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_filled_in_and_noted_is_text_where_it_stands() {
    let here = Here::new().await;
    let library = here.open().await;
    let objects = vec![
        String::new(),
        String::new(),
        FONT.to_owned(),
        stream("", "BT /F1 12 Tf 72 680 Td (Application form) Tj ET"),
        "<</Type/Annot/Subtype/Widget/FT/Tx/T(Family name)/V(Lovelace)/Rect[72 600 272 620]/P 10 0 R>>".to_owned(),
        "<</Type/Annot/Subtype/Widget/FT/Tx/T(Secret)/V(hidden word)/Ff 8192/Rect[72 560 272 580]/P 10 0 R>>"
            .to_owned(),
        "<</Type/Annot/Subtype/Text/Contents(Ask about the ocelot)/T(Bob)/Rect[300 600 320 620]>>".to_owned(),
        "<</Type/Annot/Subtype/Link/Contents(no note)/Rect[300 500 320 520]>>".to_owned(),
        "<</Fields[5 0 R 6 0 R]>>".to_owned(),
        page_with("/Annots[5 0 R 6 0 R 7 0 R 8 0 R]", 4),
    ];
    let document = import(&here, &library, "form.pdf", &file_with("/AcroForm 9 0 R", objects, &[10])).await;
    let page = library.page(document, 1, None, 600).await.unwrap();
    assert_eq!(page.text, "Application form\n\nFamily name: Lovelace\n\nBob: Ask about the ocelot");
    let at = page.text.find("Lovelace").unwrap() as u32;
    let boxes = library.page(document, 1, Some(Span { start: at, end: at + 8 }), 600).await.unwrap().boxes;
    assert_eq!(boxes.len(), 1);
    assert!((boxes[0].x - 72.0 / 600.0).abs() < 0.01 && (boxes[0].y - 180.0 / 800.0).abs() < 0.01, "{boxes:?}");
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outline_names_the_sections() {
    let here = Here::new().await;
    let library = here.open().await;
    let text =
        |title: &str, line: &str| stream("", &format!("BT /F1 12 Tf 72 680 Td ({title}) Tj 0 -60 Td ({line}) Tj ET"));
    let objects = vec![
        String::new(),
        String::new(),
        FONT.to_owned(),
        text("Notice period", "The tenant gives ninety days."),
        text("Rent", "It is nine hundred euros."),
        page_with("", 4),
        page_with("", 5),
        "<</Type/Outlines/First 9 0 R/Last 10 0 R/Count 2>>".to_owned(),
        "<</Title(Notice  period)/Parent 8 0 R/Next 10 0 R/Dest[6 0 R/Fit]>>".to_owned(),
        // Its next is itself: an outline in a circle ends.
        "<</Title(Rent)/Parent 8 0 R/Prev 9 0 R/Next 10 0 R/Dest[7 0 R/Fit]>>".to_owned(),
    ];
    import(&here, &library, "lease.pdf", &file_with("/Outlines 8 0 R", objects, &[6, 7])).await;
    for (query, section) in [("ninety days", "Notice period"), ("nine hundred", "Rent")] {
        let hit = library.search(&find(query)).await.unwrap().hits.remove(0);
        assert_eq!(hit.section.as_deref(), Some(section), "{query}");
    }
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scanned_pages_are_told_from_blank_ones() {
    let here = Here::new().await;
    let library = here.open().await;
    let picture = "/Type/XObject/Subtype/Image/Width 2/Height 2/ColorSpace/DeviceGray/BitsPerComponent 8";
    let objects = |with_text: bool| {
        let words = if with_text { "BT /F1 12 Tf 72 680 Td (A cover page.) Tj ET" } else { "" };
        vec![
            String::new(),
            String::new(),
            FONT.to_owned(),
            stream(picture, "0z9Q"),
            stream("", "600 0 0 800 0 0 cm /P Do"),
            stream("", ""),
            stream("", words),
            page_with("", 7),
            page_with("/Resources<</XObject<</P 4 0 R>>>>", 5).replacen("/Resources<</Font<</F1 3 0 R>>>>", "", 1),
            page_with("", 6),
        ]
    };
    let mixed = import(&here, &library, "mixed.pdf", &file_with("", objects(true), &[8, 9, 10])).await;
    let view = here.store.document(mixed).await.unwrap();
    assert_eq!(view.notes.len(), 1, "{:?}", view.notes);
    assert_eq!(
        (view.notes[0].code.as_str(), view.notes[0].values["pages"].as_str()),
        ("document.pages_without_words", "2")
    );
    let scan = import(&here, &library, "scan.pdf", &file_with("", objects(false), &[9, 10])).await;
    let view = here.store.document(scan).await.unwrap();
    assert_eq!((view.notes[0].code.as_str(), view.pages), ("document.no_words_found", 2));
    let page = library.page(scan, 2, None, 600).await.unwrap();
    assert!(page.picture.is_some(), "what is on it can be looked at");
    let blank = import(&here, &library, "blank.pdf", &file_with("", objects(false), &[10])).await;
    assert_eq!(code(&here, blank).await, "document.nothing_to_read");
    library.shutdown().await;
}
