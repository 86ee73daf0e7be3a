//! The text in scans and pictures, where Tesseract is installed; and what is said where it is not.

use crate::common::*;
use base64::{Engine, engine::general_purpose::STANDARD};
use library::{Library, LibraryConfig};
use protocol::{DocumentState, Span};
use std::{fs, path::Path};

const LINES: &[&str] = &[
    "The tenant gives ninety days of notice.",
    "Le loyer est de neuf cents euros.",
    "Die Miete ist monatlich zu zahlen.",
];

/// Whether Tesseract is here; the tests' packages name it, so on the machines that run them all it is.
fn is_here() -> bool {
    #[allow(clippy::disallowed_methods)] // only to ask whether it is there
    let here = std::process::Command::new("tesseract").arg("--list-langs").output().is_ok_and(|said| {
        let languages = String::from_utf8_lossy(&said.stdout).into_owned();
        ["eng", "fra", "deu"].iter().all(|language| languages.lines().any(|line| line == *language))
    });
    if !here {
        assert!(std::env::var_os("CI").is_none(), "Tesseract with English, French and German is not installed");
        println!("skipped: Tesseract with English, French and German is not installed");
    }
    here
}

/// A page of text as a picture: a PNG, and a PDF that shows it and holds no text.
async fn scan(here: &Here, library: &Library) -> (Vec<u8>, Vec<u8>) {
    scan_laid(here, library, LINES, "600 0 0 800 0 0").await
}

/// The same; the matrix says how it lies on the page.
async fn scan_laid(here: &Here, library: &Library, lines: &[&str], matrix: &str) -> (Vec<u8>, Vec<u8>) {
    let path = here.folder(&[]).join("text.pdf");
    fs::write(&path, pdf(&[lines])).unwrap();
    let document = library.import(&here.person, &[path]).await.unwrap().documents[0];
    idle(library).await;
    let page = library.page(document, 1, None, 1500).await.unwrap();
    let png = STANDARD.decode(page.picture.unwrap()).unwrap();
    library.remove(&here.person, document).await.unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let hex: String = pixels.as_chunks::<3>().0.iter().map(|pixel| format!("{:02x}", pixel[1])).collect();
    let picture = format!(
        "/Type/XObject/Subtype/Image/Width {}/Height {}/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/ASCIIHexDecode",
        info.width, info.height
    );
    let objects = vec![
        String::new(),
        String::new(),
        stream(&picture, &(hex + ">")),
        stream("", &format!("{matrix} cm /P Do")),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</XObject<</P 3 0 R>>>>/Contents 4 0 R>>".to_owned(),
    ];
    (png, file_with("", objects, &[5]))
}

async fn import(here: &Here, library: &Library, name: &str, bytes: &[u8]) -> protocol::DocumentView {
    let path = here.folder(&[]).join(name);
    fs::write(&path, bytes).unwrap();
    let document = library.import(&here.person, &[path]).await.unwrap().documents[0];
    tokio::time::timeout(std::time::Duration::from_secs(240), library.idle()).await.unwrap();
    here.store.document(document).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_and_a_picture_are_read_and_highlighted() {
    if !is_here() {
        return;
    }
    let here = Here::new().await;
    let library = here.open().await;
    let (png, scan) = scan(&here, &library).await;
    let view = import(&here, &library, "scan.pdf", &scan).await;
    assert!(matches!(view.state, DocumentState::Ready { .. }), "{:?}", view.state);
    assert_eq!(view.notes.iter().map(|note| note.code.as_str()).collect::<Vec<_>>(), ["document.pages_recognised"]);
    let page = library.page(view.id, 1, None, 600).await.unwrap();
    for line in LINES {
        assert!(page.text.contains(line), "{line}: {}", page.text);
    }
    let at = page.text.find("ninety").unwrap() as u32;
    let shown = library.page(view.id, 1, Some(Span { start: at, end: at + 11 }), 600).await.unwrap();
    assert_eq!(shown.boxes.len(), 1, "{:?}", shown.boxes);
    // The first line stands 72 points from the left and 120 from the top of a page of 600 by 800.
    assert!((0.15..0.3).contains(&shown.boxes[0].x) && (0.12..0.16).contains(&shown.boxes[0].y), "{:?}", shown.boxes);
    assert!(library.check_documents().await.unwrap().intact);
    // One after the other: two documents that say the same are one hit.
    for (name, bytes) in [("scan.pdf", None), ("photo.png", Some(&png))] {
        if let Some(bytes) = bytes {
            library.remove(&here.person, view.id).await.unwrap();
            let photo = import(&here, &library, name, bytes).await;
            assert_eq!(photo.notes[0].code, "document.pages_recognised");
        }
        let hits = library.search(&find("\"neuf cents euros\"")).await.unwrap().hits;
        assert_eq!(hits.iter().map(|hit| hit.name.as_str()).collect::<Vec<_>>(), [name]);
    }
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_that_lies_upside_down_is_read_and_highlighted() {
    if !is_here() {
        return;
    }
    let here = Here::new().await;
    let library = here.open().await;
    // Of a few words nobody can tell which way up they are.
    let lines = LINES.repeat(4);
    let (_, scan) = scan_laid(&here, &library, &lines, "-600 0 0 -800 600 800").await;
    let view = import(&here, &library, "turned.pdf", &scan).await;
    let page = library.page(view.id, 1, None, 600).await.unwrap();
    for line in LINES {
        assert!(page.text.contains(line), "{line}: {}", page.text);
    }
    let at = page.text.find("ninety").unwrap() as u32;
    let shown = library.page(view.id, 1, Some(Span { start: at, end: at + 11 }), 600).await.unwrap();
    // On the page as it is shown: where the first line lies, turned.
    // A box for each word, since they run to the left.
    assert_eq!(shown.boxes.len(), 2, "{:?}", shown.boxes);
    for lies in &shown.boxes {
        assert!((0.55..0.85).contains(&lies.x) && (0.82..0.88).contains(&lies.y), "{lies:?}");
    }
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_that_lies_askew_is_read_and_highlighted() {
    if !is_here() {
        return;
    }
    let here = Here::new().await;
    let library = here.open().await;
    let lines = LINES.repeat(4);
    // Turned by seven degrees about its middle.
    let (_, scan) = scan_laid(&here, &library, &lines, "595.5 73.1 -97.5 794 51 -33.6").await;
    let view = import(&here, &library, "askew.pdf", &scan).await;
    let page = library.page(view.id, 1, None, 600).await.unwrap();
    for line in LINES {
        assert!(page.text.contains(line), "{line}: {}", page.text);
    }
    let at = page.text.find("tenant").unwrap() as u32;
    let shown = library.page(view.id, 1, Some(Span { start: at, end: at + 6 }), 600).await.unwrap();
    // Where it stands on the page as it is shown: of a level one .17 from the left and .14 from the top.
    let [lies] = &shown.boxes[..] else { panic!("{:?}", shown.boxes) };
    assert!((0.08..0.22).contains(&lies.x) && (0.14..0.21).contains(&lies.y), "{lies:?}");
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tesseract_it_is_said_how_to_get_it() {
    let here = Here::new().await;
    let worker = ["env".into(), "ATELIER_TESSERACT=off".into(), WORKER.into()];
    let config = LibraryConfig::new(Path::new(&here.dir.path().join("index")), worker.to_vec());
    let library = Library::open(here.store.clone(), config).await.unwrap();
    let (png, scan) = scan(&here, &library).await;
    let view = import(&here, &library, "scan.pdf", &scan).await;
    assert!(matches!(view.state, DocumentState::Ready { .. }), "{:?}", view.state);
    assert_eq!(view.notes[0].code, "document.no_text");
    assert!(view.notes[0].hint.as_ref().unwrap().contains("Tesseract"));
    // Its pages can be looked at, and it is found by its name, which is no evidence.
    let page = library.page(view.id, 1, None, 600).await.unwrap();
    assert!(page.picture.is_some() && page.words.is_empty());
    assert_eq!(library.pages(view.id).await.unwrap().len() as u32, view.pages);
    let hits = library.search(&find("scan.pdf")).await.unwrap().hits;
    assert!(hits.len() == 1 && hits[0].unread, "{hits:?}");
    assert!(library.candidates("What does the scan say?", 5, &[]).await.unwrap().is_empty());
    let view = import(&here, &library, "holiday photo.png", &png).await;
    assert!(matches!(view.state, DocumentState::Ready { .. }));
    assert_eq!(view.notes[0].code, "document.picture_not_read");
    assert!(view.notes[0].hint.as_ref().unwrap().contains("Tesseract"));
    assert_eq!(library.search(&find("holiday")).await.unwrap().hits.len(), 1);
    library.shutdown().await;
}
