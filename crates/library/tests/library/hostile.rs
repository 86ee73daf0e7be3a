//! Files that are damaged, wrong or made to do harm end in a clear state, and the next file is read.

use crate::common::{WORKER, package};
use library::{Limits, ReadFile, fidelity};
use std::{fs, path::Path, time::Duration};

fn docx(body: &str) -> Vec<u8> {
    let document = format!("<w:document><w:body>{body}</w:body></w:document>");
    package(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", document.as_bytes())])
}

fn xlsx(strings: &[u8], sheet: &[u8]) -> Vec<u8> {
    package(&[
        ("xl/workbook.xml", b"<workbook><sheets><sheet name='S' r:id='a'/></sheets></workbook>"),
        (
            "xl/_rels/workbook.xml.rels",
            b"<Relationships><Relationship Id='a' Type='http://x/worksheet' Target='sheet.xml'/>\
              <Relationship Id='b' Type='http://x/sharedStrings' Target='strings.xml'/></Relationships>",
        ),
        ("xl/strings.xml", strings),
        ("xl/sheet.xml", sheet),
    ])
}

const GOOD: &str = "<w:p><w:r><w:t>The rent is 900 euros.</w:t></w:r></w:p>";

async fn read_all(folder: &Path) -> Vec<ReadFile> {
    let worker = vec![WORKER.into()];
    let limits = Limits { read_time: Duration::from_secs(60), ..Limits::default() };
    fidelity(worker, limits, folder, None, &mut |_, _| {}).await.unwrap()
}

fn fault<'a>(read: &'a [ReadFile], name: &str) -> Option<&'a str> {
    read.iter().find(|file| file.path.file_name().unwrap() == name).unwrap().fault.as_deref()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_one_ends_in_a_clear_state() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let spaces = vec![b' '; 300 << 20];
    put("bomb.xlsx", &xlsx(&spaces, b"<worksheet/>"));
    drop(spaces);
    let many: Vec<(String, Vec<u8>)> = (0..60_000).map(|n| (format!("word/{n}.xml"), Vec::new())).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    put("many.docx", &package(&many));
    put("deep.docx", &docx(&"<w:tbl><w:tr><w:tc>".repeat(100_000)));
    put("deep.rtf", &[&b"{\\rtf1 "[..], &b"{".repeat(2_000_000)].concat());
    let mut entities = String::from("<!DOCTYPE d [<!ENTITY a0 \"aaaaaaaaaa\">");
    for n in 1..60 {
        entities += &format!("<!ENTITY a{n} \"&a{0};&a{0};&a{0};&a{0};\">", n - 1);
    }
    entities += "]><w:document><w:p><w:r><w:t>Rent &a59;</w:t></w:r></w:p></w:document>";
    put("entities.docx", &package(&[("word/document.xml", entities.as_bytes())]));
    put("repeats.ods", &package(&[(
        "content.xml",
        b"<office:document-content><office:body><office:spreadsheet><table:table table:name='S'>\
          <table:table-row table:number-rows-repeated='1048576'><table:table-cell table:number-columns-repeated='16384'>\
          <text:p>x</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>",
    )]));
    put("zero.docx", b"");
    put("zero.xls", b"");
    put("text.docx", b"This is plain text under another name.");
    put("page.xls", b"<html><body><table><tr><th>Flat<th>Rent<tr><td>F1<td>900</table></body></html>");
    put("really.doc", &docx(GOOD));
    put("really.txt", &docx(GOOD));
    put("noise.doc", &[&b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..], &[0xa5; 20_000]].concat());
    put("noise.docx", &[&b"PK\x03\x04"[..], &[0xa5; 20_000]].concat());
    put("line.csv", &b"a;".repeat(4 << 20));
    put("quotes.csv", &b"\"a,\"\"".repeat(1 << 20));
    put("z-good.docx", &docx(GOOD));
    let read = read_all(folder.path()).await;
    for (name, expected) in [
        ("bomb.xlsx", Some("document.unpacks_too_far")),
        ("many.docx", Some("document.unpacks_too_far")),
        ("deep.docx", Some("document.damaged")),
        ("deep.rtf", Some("document.damaged")),
        ("entities.docx", None),
        ("repeats.ods", None),
        ("zero.docx", Some("document.nothing_to_read")),
        ("zero.xls", Some("document.nothing_to_read")),
        ("text.docx", None),
        ("page.xls", None),
        ("really.doc", None),
        ("noise.doc", Some("document.damaged")),
        ("noise.docx", Some("document.damaged")),
        ("line.csv", None),
        ("quotes.csv", None),
        ("z-good.docx", None),
    ] {
        assert_eq!(fault(&read, name), expected, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_cut_off_anywhere_ends_in_a_clear_state() {
    let folder = tempfile::tempdir().unwrap();
    let sheet = b"<worksheet><sheetData><row r='1'><c r='A1' t='s'><v>0</v></c></row></sheetData></worksheet>";
    let content = b"<office:document-content><office:body><office:text><text:p>Rent</text:p></office:text></office:body></office:document-content>";
    let rtf = b"{\\rtf1\\ansi{\\fonttbl{\\f0 Times;}}\\pard Rent \\u8364?{\\footnote see}\\par}".to_vec();
    for (name, whole) in [
        ("docx", docx(GOOD)),
        ("xlsx", xlsx(b"<sst><si><t>Rent</t></si></sst>", sheet)),
        ("odt", package(&[("content.xml", content)])),
        ("rtf", rtf),
    ] {
        for part in 1..20 {
            let length = whole.len() * part / 20;
            fs::write(folder.path().join(format!("{part}.{name}")), &whole[..length]).unwrap();
        }
    }
    let read = read_all(folder.path()).await;
    assert_eq!(read.len(), 4 * 19);
    for file in &read {
        let clear = [None, Some("document.damaged"), Some("document.nothing_to_read")];
        assert!(clear.contains(&file.fault.as_deref()), "{file:?}");
    }
}
