//! What is read of OpenDocument files that these tests write.

use super::*;
use crate::extract::{
    package::tests::archive,
    tests::{kinds, pages},
};

fn read_pages(content: &str, styles: &str) -> (String, Vec<Fault>) {
    let content = format!("<office:document-content>{content}</office:document-content>");
    let file = archive(&[
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("content.xml", content.as_bytes()),
        ("styles.xml", styles.as_bytes()),
    ]);
    let (flow, notes) = flow(&mut Package::open(file.path()).unwrap()).unwrap();
    (pages(flow).iter().map(kinds).collect::<Vec<_>>().join("\n\n"), notes)
}

#[test]
fn a_text_as_a_reader_sees_it() {
    let row = |cells: &[&str]| {
        let cells: String =
            cells.iter().map(|text| format!("<table:table-cell><text:p>{text}</text:p></table:table-cell>")).collect();
        format!("<table:table-row>{cells}</table:table-row>")
    };
    let item = |inside: &str| format!("<text:list-item>{inside}</text:list-item>");
    let content = format!(
        "<office:automatic-styles><text:list-style style:name='L'><text:list-level-style-number text:level='1' style:num-format='1' style:num-suffix='.'/>\
         <text:list-level-style-bullet text:level='2'/></text:list-style></office:automatic-styles>\
         <office:body><office:text><text:tracked-changes><text:changed-region><text:deletion><text:p>deleted</text:p></text:deletion></text:changed-region></text:tracked-changes>\
         <text:h text:outline-level='1'>Lease</text:h><text:h text:outline-level='2'>Rent</text:h>\
         <text:p>The rent\n is<text:s text:c='2'/>900 €<text:note text:note-class='footnote'><text:note-citation>1</text:note-citation><text:note-body><text:p>See § 4.</text:p></text:note-body></text:note>\
         <office:annotation><dc:creator>Ada</dc:creator><dc:date>2024</dc:date><text:p>Too high?</text:p></office:annotation>.<text:line-break/>A second line</text:p>\
         <text:list text:style-name='L'>{}{}</text:list>\
         <table:table>{}{}</table:table><text:p><draw:frame><draw:text-box><text:p>In a box</text:p></draw:text-box></draw:frame>Around it</text:p>\
         <text:p text:style-name='Quotations'>said</text:p></office:text></office:body>",
        item(&format!("<text:p>heat</text:p><text:list>{}</text:list>", item("<text:p>gas</text:p>"))),
        item("<text:p>water</text:p>"),
        row(&["What", "Euros"]),
        row(&["Flat", "900"]),
    );
    let styles = "<office:document-styles><office:styles><text:outline-style><text:outline-level-style text:level='1' style:num-format=''/>\
        <text:outline-level-style text:level='2' style:num-format='1' style:num-prefix='§ '/></text:outline-style></office:styles>\
        <office:master-styles><style:master-page><style:header><text:p>Ada &amp; Co.</text:p></style:header><style:footer><text:p>Page <text:page-number>1</text:page-number></text:p></style:footer></style:master-page></office:master-styles></office:document-styles>";
    insta::assert_snapshot!(read_pages(&content, styles).0);
}

#[test]
fn sheets_with_their_references() {
    let content = "<office:automatic-styles><style:style style:name='ta2' style:family='table'><style:table-properties table:display='false'/></style:style></office:automatic-styles>\
        <office:body><office:spreadsheet><table:table table:name='Rent'><table:table-column table:number-columns-repeated='9'/>\
        <table:table-row table:number-rows-repeated='2'><table:table-cell table:number-columns-repeated='1024'/></table:table-row>\
        <table:table-row><table:table-cell/><table:table-cell><text:p>Flat</text:p></table:table-cell><table:table-cell><text:p>Rent</text:p></table:table-cell></table:table-row>\
        <table:table-row table:number-rows-repeated='2'><table:table-cell/><table:table-cell table:number-columns-repeated='2' office:value-type='float' office:value='900'><text:p>900,00 €</text:p></table:table-cell>\
        <table:covered-table-cell/><table:table-cell office:value='0.5'><office:annotation><dc:creator>Ada</dc:creator><text:p>Half?</text:p></office:annotation></table:table-cell></table:table-row>\
        <table:table-row table:number-rows-repeated='1048000'><table:table-cell/></table:table-row></table:table>\
        <table:table table:name='Old' table:style-name='ta2'><table:table-row><table:table-cell><text:p>x</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body>";
    let (seen, notes) = read_pages(content, "");
    insta::assert_snapshot!(seen);
    assert_eq!(notes.iter().map(|note| note.code.as_str()).collect::<Vec<_>>(), ["document.sheets_hidden"]);
}

#[test]
fn slides_with_their_notes() {
    let frame = |class: &str, text: &str| {
        format!("<draw:frame presentation:class='{class}'><draw:text-box>{text}</draw:text-box></draw:frame>")
    };
    let content = format!(
        "<office:body><office:presentation><draw:page>{}{}{}<presentation:notes>{}{}</presentation:notes></draw:page><draw:page/></office:presentation></office:body>",
        frame(
            "outline",
            "<text:list><text:list-item><text:p>Rent</text:p><text:list><text:list-item><text:p>is due</text:p></text:list-item></text:list></text:list-item></text:list>"
        ),
        frame("title", "<text:p>The lease</text:p>"),
        frame("page-number", "<text:p>1</text:p>"),
        frame("notes", "<text:p>Say it slowly</text:p>"),
        frame("page-number", "<text:p>1</text:p>"),
    );
    insta::assert_snapshot!(read_pages(&content, "").0);
}

#[test]
fn an_encrypted_file_asks_for_its_password() {
    let file = archive(&[
        ("content.xml", b"\x01\x02"),
        ("META-INF/manifest.xml", b"<manifest:manifest><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>"),
    ]);
    assert_eq!(read(file.path(), &mut |_| Ok(())).unwrap_err().code, "document.encrypted");
}
