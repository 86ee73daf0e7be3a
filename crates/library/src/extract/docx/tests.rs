//! What is read of documents that these tests write.

use super::*;
use crate::extract::{
    package::tests::archive,
    tests::{altered, first_page, kinds, pages},
};

const RELATIONS: &str = "<Relationships>\
    <Relationship Id='r1' Type='http://x/styles' Target='styles.xml'/>\
    <Relationship Id='r2' Type='http://x/numbering' Target='numbering.xml'/>\
    <Relationship Id='r3' Type='http://x/footnotes' Target='footnotes.xml'/>\
    <Relationship Id='r4' Type='http://x/comments' Target='comments.xml'/>\
    <Relationship Id='r5' Type='http://x/header' Target='header1.xml'/>\
    <Relationship Id='r6' Type='http://x/header' Target='header2.xml'/>\
    <Relationship Id='r7' Type='http://x/footer' Target='footer1.xml'/>\
    <Relationship Id='r8' Type='http://x/hyperlink' Target='http://far' TargetMode='External'/>\
    </Relationships>";
const STYLES: &str = "<w:styles><w:style w:type='paragraph' w:styleId='T'><w:name w:val='heading 1'/></w:style>\
    <w:style w:type='paragraph' w:styleId='H'><w:name w:val='heading 2'/><w:pPr><w:numPr><w:ilvl w:val='0'/>\
    <w:numId w:val='2'/></w:numPr></w:pPr></w:style></w:styles>";
const NUMBERING: &str = "<w:numbering><w:abstractNum w:abstractNumId='0'>\
    <w:lvl w:ilvl='0'><w:start w:val='1'/><w:numFmt w:val='bullet'/><w:lvlText w:val='o'/></w:lvl>\
    <w:lvl w:ilvl='1'><w:start w:val='1'/><w:numFmt w:val='lowerLetter'/><w:lvlText w:val='%2)'/></w:lvl></w:abstractNum>\
    <w:abstractNum w:abstractNumId='1'><w:lvl w:ilvl='0'><w:start w:val='3'/><w:numFmt w:val='decimal'/>\
    <w:lvlText w:val='§ %1'/></w:lvl></w:abstractNum>\
    <w:num w:numId='1'><w:abstractNumId w:val='0'/></w:num><w:num w:numId='2'><w:abstractNumId w:val='1'/></w:num></w:numbering>";

fn run(text: &str) -> String {
    format!("<w:r><w:t xml:space='preserve'>{text}</w:t></w:r>")
}

fn para(look: &str, runs: &str) -> String {
    format!("<w:p><w:pPr>{look}</w:pPr>{runs}</w:p>")
}

fn item(depth: u8, text: &str) -> String {
    para(&format!("<w:numPr><w:ilvl w:val='{depth}'/><w:numId w:val='1'/></w:numPr>"), &run(text))
}

fn row(cells: &[&str]) -> String {
    let cells: String = cells.iter().map(|cell| format!("<w:tc>{}</w:tc>", para("", &run(cell)))).collect();
    format!("<w:tr>{cells}</w:tr>")
}

fn document(body: &str) -> tempfile::NamedTempFile {
    let margin = |text: &str| format!("<w:hdr>{}</w:hdr>", para("", &run(text)));
    let note = |id: u8, text: &str| format!("<w:footnote w:id='{id}'>{}</w:footnote>", para("", &run(text)));
    let footnotes = format!(
        "<w:footnotes><w:footnote w:type='separator' w:id='0'/>{}{}</w:footnotes>",
        note(1, "See § 4."),
        note(2, "Not used.")
    );
    let comments = format!(
        "<w:comments><w:comment w:id='7' w:author='Ada'>{}</w:comment></w:comments>",
        para("", &run("Too high?"))
    );
    archive(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("_rels/.rels", b"<Relationships><Relationship Id='a' Type='http://x/officeDocument' Target='/word/document.xml'/></Relationships>"),
        ("word/document.xml", format!("<w:document><w:body>{body}</w:body></w:document>").as_bytes()),
        ("word/_rels/document.xml.rels", RELATIONS.as_bytes()),
        ("word/styles.xml", STYLES.as_bytes()),
        ("word/numbering.xml", NUMBERING.as_bytes()),
        ("word/footnotes.xml", footnotes.as_bytes()),
        ("word/comments.xml", comments.as_bytes()),
        ("word/header1.xml", margin("Ada &amp; Co.").as_bytes()),
        ("word/header2.xml", margin("Ada &amp; Co.").as_bytes()),
        ("word/footer1.xml", margin("12").as_bytes()),
    ])
}

fn read_kinds(body: &str) -> String {
    let file = document(body);
    kinds(&first_page(flow(&mut Package::open(file.path()).unwrap()).unwrap()))
}

#[test]
fn a_document_as_a_reader_sees_it() {
    let body = [
        para("<w:pStyle w:val='T'/>", &run("Lease - part A")),
        para("<w:pStyle w:val='H'/>", &run("Rent")),
        para(
            "",
            &[
                run("The rent is "),
                "<w:del><w:r><w:delText>800</w:delText></w:r></w:del><w:ins>".to_owned() + &run("900") + "</w:ins>",
                run(" €."),
                "<w:r><w:footnoteReference w:id='1'/></w:r><w:r><w:commentReference w:id='7'/></w:r>".to_owned(),
                "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>".to_owned(),
                "<w:r><w:br/></w:r>".to_owned() + &run("A second line"),
                "<w:r><w:fldChar/></w:r><w:r><w:instrText>PAGEREF x</w:instrText></w:r>".to_owned(),
                "<w:hyperlink>".to_owned() + &run(" and a link.") + "</w:hyperlink>",
            ]
            .concat(),
        ),
        item(0, "heat"),
        item(1, "gas"),
        item(1, "oil"),
        item(0, "water"),
        para("<w:pStyle w:val='H'/><w:tabs><w:tab w:val='left'/></w:tabs>", &run("Table")),
        format!(
            "<w:tbl>{}{}<w:tr><w:trPr><w:del/></w:trPr><w:tc>{}</w:tc></w:tr></w:tbl>",
            row(&["What", "Euros"]),
            row(&["Flat", "900"]),
            para("", &run("gone"))
        ),
        format!("<w:tbl>{}{}</w:tbl>", row(&["Only one column"]), row(&["is no table"])),
        format!(
            "<w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent>{}</w:txbxContent></mc:Choice><mc:Fallback>\
             <w:txbxContent>{}</w:txbxContent></mc:Fallback></mc:AlternateContent></w:r>{}</w:p>",
            para("", &run("In a box")),
            para("", &run("In a box")),
            run("Around it")
        ),
    ];
    insta::assert_snapshot!(read_kinds(&body.concat()));
}

#[test]
fn a_table_in_a_table_is_words_of_its_cell() {
    let inner = format!("<w:tbl>{}</w:tbl>", row(&["a", "b"]));
    let body = format!(
        "<w:tbl>{}<w:tr><w:tc>{}</w:tc><w:tc>{inner}{}</w:tc></w:tr></w:tbl>",
        row(&["Name", "Parts"]),
        para("", &run("Set")),
        para("", "")
    );
    let seen = read_kinds(&body);
    assert!(seen.contains("row     \"Set\" \"a, b\""), "{seen}");
}

/// The texts of a document's pages.
fn page_texts(body: &str) -> Vec<String> {
    let document = format!("<w:document><w:body>{body}</w:body></w:document>");
    let file = archive(&[("word/document.xml", document.as_bytes())]);
    let flow = flow(&mut Package::open(file.path()).unwrap()).unwrap();
    pages(flow).into_iter().map(|page| page.text).collect()
}

#[test]
fn pages_are_those_of_the_program_that_saved_it() {
    let page = "<w:r><w:lastRenderedPageBreak/></w:r>";
    let made = "<w:r><w:br w:type='page'/></w:r>";
    let body = [
        para("", &run("One")),
        para("", &(run("Two begins") + made)),
        // What a person made is there again where the page begins.
        para("", &(page.to_owned() + &run("Second page"))),
        para("", &(run("goes over") + page + &run(" to the third"))),
        format!(
            "<w:tbl>{}<w:tr><w:tc>{}</w:tc></w:tr></w:tbl>",
            row(&["a", "b"]),
            para("", &(page.to_owned() + &run("c")))
        ),
        para("", &run("Fourth")),
    ];
    assert_eq!(
        page_texts(&body.concat()),
        ["One\n\nTwo begins", "Second page\n\ngoes over to the third", "a | b\nc", "Fourth"]
    );
    let without = [para("", &(run("One") + made)), para("", &run("Two")), para("", &(made.to_owned() + &run("Three")))];
    assert_eq!(page_texts(&without.concat()), ["One", "Two", "Three"], "then those that a person made count");
    let hostile = para("", &(run("x") + &page.repeat(100_000)));
    assert!(page_texts(&hostile).len() <= 20_001);
}

#[test]
fn what_is_damaged_or_hostile_ends_in_a_fault() {
    let open = |parts: &[(&str, &[u8])]| {
        let file = archive(parts);
        Package::open(file.path()).and_then(|mut package| flow(&mut package).map(drop))
    };
    for (name, parts) in [
        ("no document", vec![("word/styles.xml", &b"<a/>"[..])]),
        ("cut off", vec![("word/document.xml", b"<w:document><w:body><w:p><w:r")]),
        ("no XML", vec![("word/document.xml", b"\0\x01\x02<<<")]),
        ("nested", vec![("word/document.xml", DEEP.as_bytes())]),
    ] {
        let fault = open(&parts).expect_err(name);
        assert_eq!(fault.code, "document.damaged", "{name}");
    }
    let mut bomb = String::from("<!DOCTYPE d [<!ENTITY a0 \"aaaaaaaaaa\">");
    for n in 1..40 {
        bomb += &format!("<!ENTITY a{n} \"&a{0};&a{0};&a{0};\">", n - 1);
    }
    bomb += "]><w:document><w:p><w:r><w:t>[&a39;]</w:t></w:r></w:p></w:document>";
    assert!(open(&[("word/document.xml", bomb.as_bytes())]).is_ok(), "its entities are never expanded");
}

#[test]
fn a_document_that_is_altered_ends() {
    let body = [
        para("<w:pStyle w:val='H'/>", &run("Rent")),
        item(1, "gas"),
        format!("<w:tbl>{}{}</w:tbl>", row(&["What", "Euros"]), row(&["Flat", "900"])),
        para("", "<w:r><w:footnoteReference w:id='1'/><w:sym w:char='F0B7'/><w:tab/></w:r>"),
    ];
    let document = format!("<w:document><w:body>{}</w:body></w:document>", body.concat());
    altered(document.as_bytes(), 1_500, |bytes| {
        let file = archive(&[("word/document.xml", bytes), ("word/numbering.xml", bytes), ("word/styles.xml", bytes)]);
        if let Ok(flow) = Package::open(file.path()).and_then(|mut package| flow(&mut package)) {
            pages(flow);
        }
    });
}

static DEEP: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| "<w:tbl><w:tr><w:tc>".repeat(200_000));
