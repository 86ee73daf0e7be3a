//! What is read of presentations that these tests write.

use super::*;
use crate::extract::{
    package::tests::archive,
    tests::{kinds, pages},
};

fn shape(place: &str, paras: &str) -> String {
    format!("<p:sp><p:nvSpPr><p:nvPr>{place}</p:nvPr></p:nvSpPr><p:txBody>{paras}</p:txBody></p:sp>")
}

fn para(depth: u8, text: &str) -> String {
    format!("<a:p><a:pPr lvl='{depth}'/><a:r><a:t>{text}</a:t></a:r></a:p>")
}

fn slide(attributes: &str, shapes: &[String]) -> String {
    format!("<p:sld {attributes}><p:cSld><p:spTree>{}</p:spTree></p:cSld></p:sld>", shapes.concat())
}

#[test]
fn slides_in_their_order_with_notes_and_comments() {
    let cell = |text: &str| format!("<a:tc><a:txBody>{}</a:txBody></a:tc>", para(0, text));
    let table = format!(
        "<p:graphicFrame><a:tbl><a:tr>{}{}</a:tr><a:tr>{}{}</a:tr></a:tbl></p:graphicFrame>",
        cell("Year"),
        cell("Sum"),
        cell("2024"),
        cell("12 €")
    );
    let foot = shape("<p:ph type='ftr'/>", &para(0, "Ada &amp; Co."));
    let first = slide(
        "",
        &[
            shape("<p:ph idx='1'/>", &(para(0, "Rent") + &para(1, "is due"))),
            shape("<p:ph type='title'/>", &para(0, "The lease")),
            shape("", &para(0, "A free box")),
            shape("<p:ph type='sldNum'/>", &para(0, "1")),
            foot.clone(),
            table,
        ],
    );
    let second = slide("show='0'", &[shape("<p:ph type='ctrTitle'/>", &para(0, "Hidden")), foot]);
    let notes = slide(
        "",
        &[
            shape("<p:ph type='sldImg'/>", ""),
            shape("<p:ph type='body'/>", &(para(0, "Say it") + &para(0, "slowly"))),
            shape("<p:ph type='sldNum'/>", &para(0, "2")),
        ],
    );
    let relation = |id: &str, kind: &str, target: &str| {
        format!("<Relationship Id='{id}' Type='http://x/{kind}' Target='{target}'/>")
    };
    let relations = |all: &[String]| format!("<Relationships>{}</Relationships>", all.concat());
    let file = archive(&[
        ("ppt/presentation.xml", b"<p:presentation><p:sldIdLst><p:sldId id='300' r:id='r9'/><p:sldId id='301' r:id='r2'/></p:sldIdLst></p:presentation>"),
        (
            "ppt/_rels/presentation.xml.rels",
            relations(&[relation("r2", "slide", "slides/slide1.xml"), relation("r9", "slide", "slides/slide2.xml"), relation("r1", "commentAuthors", "authors.xml")]).as_bytes(),
        ),
        ("ppt/slides/slide1.xml", second.as_bytes()),
        ("ppt/slides/slide2.xml", first.as_bytes()),
        ("ppt/slides/_rels/slide2.xml.rels", relations(&[relation("n", "notesSlide", "../notes/n1.xml"), relation("c", "comments", "../comments/c1.xml")]).as_bytes()),
        ("ppt/notes/n1.xml", notes.replace("p:sld ", "p:notes ").replace("p:sld>", "p:notes>").as_bytes()),
        ("ppt/authors.xml", b"<p:cmAuthorLst><p:cmAuthor id='4' name='Ada'/></p:cmAuthorLst>"),
        ("ppt/comments/c1.xml", b"<p:cmLst><p:cm authorId='4'><p:text>Too high?</p:text></p:cm></p:cmLst>"),
    ]);
    let (flow, notes) = flow(&mut Package::open(file.path()).unwrap()).unwrap();
    insta::assert_snapshot!(pages(flow).iter().map(kinds).collect::<Vec<_>>().join("\n\n"));
    let codes: Vec<&str> = notes.iter().map(|note| note.code.as_str()).collect();
    assert_eq!(codes, ["document.slides_hidden"]);
}
