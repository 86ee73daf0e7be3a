//! Office documents end to end: imported, found, cited by the name of the place, and shown as what they are.

use crate::common::*;
use protocol::{BlockKind, DocumentState, Span};
use std::{fs, io::Write};

/// A workbook with a long table: the flats of a house.
fn workbook() -> Vec<u8> {
    let text = |cell: &str, text: &str| format!("<c r='{cell}' t='inlineStr'><is><t>{text}</t></is></c>");
    let mut rows =
        format!("<row r='3'>{}{}{}</row>", text("B3", "Flat"), text("C3", "Tenant"), text("D3", "Monthly rent"));
    for row in 4..1_500 {
        let tenant = if row == 1_234 { "Leopoldine Quist".to_owned() } else { format!("Tenant {row}") };
        rows += &format!(
            "<row r='{row}'>{}{}<c r='D{row}'><v>{}</v></c></row>",
            text(&format!("B{row}"), &format!("F{row}")),
            text(&format!("C{row}"), &tenant),
            500 + row
        );
    }
    package(&[
        ("xl/workbook.xml", b"<workbook><sheets><sheet name='Rent 2026' r:id='a'/></sheets></workbook>"),
        (
            "xl/_rels/workbook.xml.rels",
            b"<Relationships><Relationship Id='a' Type='http://x/worksheet' Target='sheet.xml'/></Relationships>",
        ),
        ("xl/sheet.xml", format!("<worksheet><sheetData>{rows}</sheetData></worksheet>").as_bytes()),
    ])
}

fn slides() -> Vec<u8> {
    let slide = |title: &str, text: &str| {
        format!(
            "<p:sld><p:sp><p:nvPr><p:ph type='title'/></p:nvPr><a:p><a:r><a:t>{title}</a:t></a:r></a:p></p:sp>\
             <p:sp><p:nvPr><p:ph idx='1'/></p:nvPr><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:sp></p:sld>"
        )
    };
    package(&[
        ("ppt/presentation.xml", b"<p:presentation><p:sldId r:id='a'/><p:sldId r:id='b'/></p:presentation>"),
        (
            "ppt/_rels/presentation.xml.rels",
            b"<Relationships><Relationship Id='a' Type='http://x/slide' Target='slides/1.xml'/>\
              <Relationship Id='b' Type='http://x/slide' Target='slides/2.xml'/></Relationships>",
        ),
        ("ppt/slides/1.xml", slide("Welcome", "The house and its flats").as_bytes()),
        ("ppt/slides/2.xml", slide("Heating", "The boiler was replaced in October 2025.").as_bytes()),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn sheets_and_slides_are_found_cited_and_shown_by_the_names_that_people_use() {
    let here = Here::new().await;
    let files = here.folder(&[]);
    fs::write(files.join("rent.xlsx"), workbook()).unwrap();
    fs::write(files.join("talk.pptx"), slides()).unwrap();
    let library = here.open().await;
    let begun = library.import(&here.person, &[files]).await.unwrap();
    idle(&library).await;
    for document in &begun.documents {
        let view = here.store.document(*document).await.unwrap();
        assert!(matches!(view.state, DocumentState::Ready { .. }), "{}: {:?}", view.name, view.state);
    }

    let hits = library.search(&find("Leopoldine Quist monthly rent")).await.unwrap().hits;
    let hit = &hits[0];
    assert_eq!((hit.name.as_str(), hit.format.as_str()), ("rent.xlsx", "xlsx"));
    assert!(hit.page > 1, "the table goes on over pages");
    let place = hit.place.as_deref().unwrap();
    assert!(place.starts_with("'Rent 2026'!B1") && place.contains(":D1"), "{place}");

    let passages = library.retrieve("What monthly rent does Leopoldine Quist pay?", 6, &[]).await.unwrap();
    assert_eq!(passages[0].header.as_deref(), Some("Flat | Tenant | Monthly rent"));
    let cited = library.cite("Leopoldine Quist pays a monthly rent of 1734.", &passages).await.unwrap();
    let citation = &cited.citations[0];
    assert_eq!(citation.quote, "F1234 | Leopoldine Quist | 1734");
    assert_eq!(citation.place.as_deref(), Some("'Rent 2026'!B1234:D1234"));

    let span = Span { start: citation.start, end: citation.end };
    let page = library.page(citation.document, citation.page, Some(span), 800).await.unwrap();
    assert_eq!(page.label.as_deref(), Some("Rent 2026"));
    assert_eq!(page.columns, ["", "Flat", "Tenant", "Monthly rent"]);
    let row = page.blocks.iter().find(|block| block.span == span).unwrap();
    let BlockKind::Row { cells, row, .. } = &row.kind else { panic!("{row:?}") };
    assert_eq!((cells.len(), *row), (3, Some(1_234)));

    let hits = library.search(&find("boiler replaced")).await.unwrap().hits;
    assert_eq!((hits[0].page, hits[0].place.as_deref()), (2, Some("Slide 2")));
    assert_eq!(hits[0].section.as_deref(), Some("Heating"));
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_needs_a_password_says_so() {
    let here = Here::new().await;
    let files = here.folder(&[]);
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut compound = cfb::CompoundFile::create(&mut bytes).unwrap();
    compound.create_stream("/EncryptedPackage").unwrap().write_all(&[7; 5_000]).unwrap();
    drop(compound);
    fs::write(files.join("locked.docx"), bytes.into_inner()).unwrap();
    let library = here.open().await;
    let begun = library.import(&here.person, &[files]).await.unwrap();
    idle(&library).await;
    let view = here.store.document(begun.documents[0]).await.unwrap();
    let DocumentState::Failed { fault } = view.state else { panic!("{:?}", view.state) };
    assert_eq!(fault.code, "document.encrypted");
    library.shutdown().await;
}
