//! What is read of workbooks that these tests write.

use super::*;
use crate::extract::{
    package::tests::archive,
    place,
    tests::{kinds, pages},
};
use protocol::Span;

fn workbook_with(sheet: &str) -> tempfile::NamedTempFile {
    archive(&[
        (
            "xl/workbook.xml",
            b"<workbook><sheets><sheet name='Rent' sheetId='1' r:id='rId1'/>\
              <sheet name='Old' sheetId='2' state='hidden' r:id='rId2'/><sheet name='Chart' sheetId='3' r:id='rId9'/></sheets></workbook>",
        ),
        (
            "xl/_rels/workbook.xml.rels",
            b"<Relationships><Relationship Id='rId1' Type='http://x/worksheet' Target='worksheets/sheet1.xml'/>\
              <Relationship Id='rId2' Type='http://x/worksheet' Target='/xl/worksheets/sheet2.xml'/>\
              <Relationship Id='rId3' Type='http://x/sharedStrings' Target='sharedStrings.xml'/>\
              <Relationship Id='rId4' Type='http://x/styles' Target='styles.xml'/></Relationships>",
        ),
        (
            "xl/sharedStrings.xml",
            "<sst><si><t>Flat</t></si><si><r><t>Monthly </t></r><r><t>rent</t></r><rPh><t>phonetic</t></rPh></si>\
             <si><t>Due</t></si><si><t>Größe_x000D_</t></si></sst>".as_bytes(),
        ),
        (
            "xl/styles.xml",
            "<styleSheet><numFmts><numFmt numFmtId='164' formatCode='#,##0.00\\ \"€\"'/></numFmts><cellStyleXfs><xf numFmtId='9'/></cellStyleXfs>\
             <cellXfs><xf numFmtId='0'/><xf numFmtId='164'/><xf numFmtId='14'/><xf numFmtId='10'/></cellXfs></styleSheet>".as_bytes(),
        ),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ("xl/worksheets/sheet2.xml", b"<worksheet><sheetData><row><c t='inlineStr'><is><t>hidden</t></is></c></row></sheetData></worksheet>"),
        (
            "xl/worksheets/_rels/sheet1.xml.rels",
            b"<Relationships><Relationship Id='a' Type='http://x/comments' Target='../comments1.xml'/></Relationships>",
        ),
        (
            "xl/comments1.xml",
            b"<comments><authors><author>Ada</author></authors><commentList><comment ref='C4' authorId='0'><text><r><t>Ada:\n</t></r>\
              <r><t>too high?</t></r></text></comment></commentList></comments>",
        ),
    ])
}

const SHEET: &str = "<worksheet><sheetData>\
    <row r='1'><c r='A1' t='inlineStr'><is><t>Rent of the house</t></is></c></row>\
    <row r='3'><c r='B3' t='s'><v>0</v></c><c r='C3' t='s'><v>1</v></c><c r='D3' t='s'><v>2</v></c><c r='E3' t='s'><v>3</v></c></row>\
    <row r='4'><c r='B4' t='str'><f>A1&amp;\"x\"</f><v>F1</v></c><c r='C4' s='1'><v>1234.5</v></c><c r='D4' s='2'><v>45356</v></c><c r='E4' s='3'><v>0.125</v></c></row>\
    <row r='5'><c r='B5'><v>2</v></c><c r='C5' t='b'><v>1</v></c><c r='D5' t='e'><v>#DIV/0!</v></c><c r='AA5'><v>9</v></c></row>\
    </sheetData><headerFooter><oddHeader>&amp;C x</oddHeader></headerFooter></worksheet>";

#[test]
fn sheets_as_people_see_them() {
    let file = workbook_with(SHEET);
    let (flow, notes) = flow(&mut Package::open(file.path()).unwrap()).unwrap();
    let pages = pages(flow);
    insta::assert_snapshot!(pages.iter().map(kinds).collect::<Vec<_>>().join("\n\n"));
    let codes: Vec<&str> = notes.iter().map(|note| note.code.as_str()).collect();
    assert_eq!(codes, ["document.sheets_hidden"]);
    let page = &pages[0];
    let at = page.text[..page.text.find("1,234").unwrap()].chars().count() as u32;
    let span = Span { start: at, end: at + 20 };
    assert_eq!(place(page.label.as_deref(), &page.blocks, span).as_deref(), Some("Rent!C4:D4"));
}

#[test]
fn references_beyond_all_sense_are_read_without_harm() {
    let sheet = "<worksheet><sheetData><row r='4294967295'><c r='ZZZZZZZ4294967295'><v>1</v></c><c><v>2</v></c></row>\
        <row><c><v>1e999</v></c><c t='s'><v>-1</v></c><c t='s'><v>99999999999</v></c><c s='77'><v>3</v></c></row></sheetData></worksheet>";
    let file = workbook_with(sheet);
    let (flow, _) = flow(&mut Package::open(file.path()).unwrap()).unwrap();
    assert!(pages(flow)[0].text.contains('3'));
}

#[test]
fn an_encrypted_workbook_asks_for_its_password() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut compound = cfb::CompoundFile::create(file.reopen().unwrap()).unwrap();
    compound.create_stream("/EncryptedPackage").unwrap();
    drop(compound);
    for read in [read, super::super::ole::read] {
        assert_eq!(read(file.path(), &mut |_| Ok(())).unwrap_err().code, "document.encrypted");
    }
}
