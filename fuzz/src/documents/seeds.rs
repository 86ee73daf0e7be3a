//! With what does the fuzzing of documents begin? A small sound file of each format that is text inside. Those of
//! the formats before 2007 and of Outlook are committed in the corpus; the readers' own tests have made them.

use super::{packed, plain};

/// Inputs by name.
#[must_use]
pub fn all() -> Vec<(String, Vec<u8>)> {
    let packages: &[(&str, &[&str])] = &[
        ("docx", DOCX),
        ("xlsx", XLSX),
        ("pptx", PPTX),
        ("odt", &[ODT, ODF_STYLES, ODF_META]),
        ("ods", &[ODS, ODF_STYLES, ODF_META]),
        ("odp", &[ODP, ODF_STYLES, ODF_META]),
        ("epub", EPUB),
        ("zip", &["A text.", MAIL, HTML, "", ""]),
    ];
    let packages = packages.iter().map(|(format, parts)| {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        ((*format).to_owned(), packed(format, &parts))
    });
    let plain = PLAIN.iter().map(|(format, text)| (format!("{format}-plain"), plain(format, text.as_bytes())));
    packages.chain(plain).collect()
}

const DOCX: &[&str] = &[
    "<w:document xmlns:w='w' xmlns:r='r'><w:body><w:p><w:pPr><w:pStyle w:val='H1'/></w:pPr><w:r><w:t>Lease</w:t></w:r></w:p><w:p><w:pPr><w:numPr><w:ilvl w:val='0'/><w:numId w:val='1'/></w:numPr></w:pPr><w:r><w:t>One</w:t><w:tab/><w:br/><w:footnoteReference w:id='2'/></w:r><w:del><w:r><w:delText>x</w:delText></w:r></w:del><w:ins><w:r><w:t>y</w:t></w:r></w:ins><w:hyperlink r:id='l'><w:r><w:t>z</w:t></w:r></w:hyperlink><w:commentReference w:id='0'/></w:p><w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val='2'/></w:tcPr><w:p><w:r><w:t>A</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:p/></w:tc><w:tc><w:p><w:r><w:sym w:char='F0B7'/><w:t>B</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:document>",
    "<w:styles xmlns:w='w'><w:style w:type='paragraph' w:styleId='H1'><w:name w:val='heading 1'/><w:basedOn w:val='N'/><w:pPr><w:outlineLvl w:val='0'/></w:pPr></w:style><w:style w:styleId='N'><w:name w:val='Normal'/></w:style></w:styles>",
    "<w:numbering xmlns:w='w'><w:abstractNum w:abstractNumId='0'><w:lvl w:ilvl='0'><w:start w:val='3'/><w:numFmt w:val='lowerRoman'/><w:lvlText w:val='%1.'/></w:lvl></w:abstractNum><w:num w:numId='1'><w:abstractNumId w:val='0'/></w:num></w:numbering>",
    "<w:footnotes xmlns:w='w'><w:footnote w:id='2'><w:p><w:r><w:t>Note.</w:t></w:r></w:p></w:footnote></w:footnotes>",
    "<w:comments xmlns:w='w'><w:comment w:id='0' w:author='Ada'><w:p><w:r><w:t>Why?</w:t></w:r></w:p></w:comment></w:comments>",
    "<Relationships><Relationship Id='l' Type='x/hyperlink' Target='http://example.org' TargetMode='External'/><Relationship Id='s' Type='x/styles' Target='styles.xml'/><Relationship Id='h' Type='x/header' Target='header1.xml'/></Relationships>",
    "<cp:coreProperties xmlns:cp='c' xmlns:dc='d' xmlns:dcterms='t'><dc:creator>Ada</dc:creator><dcterms:modified>2021-01-02T03:04:05Z</dcterms:modified></cp:coreProperties>",
    "<Types/>",
    "<w:hdr xmlns:w='w'><w:p><w:r><w:t>Head</w:t></w:r></w:p></w:hdr>",
];
const XLSX: &[&str] = &[
    "<workbook xmlns:r='r'><workbookPr date1904='0'/><sheets><sheet name='Rent' sheetId='1' r:id='a' state='visible'/></sheets></workbook>",
    "<Relationships><Relationship Id='a' Type='x/worksheet' Target='worksheets/sheet1.xml'/><Relationship Id='b' Type='x/sharedStrings' Target='sharedStrings.xml'/><Relationship Id='c' Type='x/styles' Target='styles.xml'/></Relationships>",
    "<sst><si><t>Month</t></si><si><r><t>Re</t></r><r><t>nt</t></r></si></sst>",
    "<styleSheet><numFmts><numFmt numFmtId='164' formatCode='#,##0.00;[Red]-0.0%;\"x\"@'/></numFmts><cellXfs><xf numFmtId='0'/><xf numFmtId='164'/><xf numFmtId='14'/></cellXfs></styleSheet>",
    "<worksheet><sheetData><row r='1'><c r='A1' t='s'><v>0</v></c><c r='B1' t='s'><v>1</v></c></row><row r='2'><c r='A2' s='2'><v>45000.5</v></c><c r='B2' s='1'><f>1+1</f><v>-900.125</v></c><c r='D2' t='inlineStr'><is><t>x</t></is></c><c t='b'><v>1</v></c><c t='e'><v>#DIV/0!</v></c></row></sheetData><mergeCells><mergeCell ref='A4:B5'/></mergeCells></worksheet>",
    "<Relationships><Relationship Id='a' Type='x/comments' Target='../comments1.xml'/></Relationships>",
    "<comments><authors><author>Ada</author></authors><commentList><comment ref='B2' authorId='0'><text><t>Check.</t></text></comment></commentList></comments>",
];
const PPTX: &[&str] = &[
    "<p:presentation xmlns:p='p' xmlns:r='r'><p:sldIdLst><p:sldId id='256' r:id='a'/></p:sldIdLst></p:presentation>",
    "<Relationships><Relationship Id='a' Type='x/slide' Target='slides/slide1.xml'/></Relationships>",
    "<p:sld xmlns:p='p' xmlns:a='a' show='1'><p:cSld><p:spTree><p:sp><p:nvSpPr><p:nvPr><p:ph type='title'/></p:nvPr></p:nvSpPr><p:spPr><a:xfrm><a:off x='1' y='2'/><a:ext cx='3' cy='4'/></a:xfrm></p:spPr><p:txBody><a:p><a:r><a:t>Title</a:t></a:r></a:p></p:txBody></p:sp><p:graphicFrame><a:graphic><a:graphicData><a:tbl><a:tr><a:tc><a:txBody><a:p><a:r><a:t>A</a:t></a:r></a:p></a:txBody></a:tc></a:tr></a:tbl></a:graphicData></a:graphic></p:graphicFrame><p:grpSp><p:sp><p:txBody><a:p><a:pPr lvl='1'><a:buChar char='-'/></a:pPr><a:r><a:t>Item</a:t></a:r><a:br/></a:p></p:txBody></p:sp></p:grpSp></p:spTree></p:cSld></p:sld>",
    "<Relationships><Relationship Id='n' Type='x/notesSlide' Target='../notesSlides/notesSlide1.xml'/><Relationship Id='l' Type='x/slideLayout' Target='../slideLayouts/slideLayout1.xml'/></Relationships>",
    "<p:notes xmlns:p='p' xmlns:a='a'><p:cSld><p:spTree><p:sp><p:nvSpPr><p:nvPr><p:ph type='body'/></p:nvPr></p:nvSpPr><p:txBody><a:p><a:r><a:t>Say this.</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:notes>",
    "<p:sldLayout xmlns:p='p'><p:cSld><p:spTree/></p:cSld></p:sldLayout>",
];
const ODT: &str = "<office:document-content><office:automatic-styles><style:style style:name='P1' style:family='paragraph' style:parent-style-name='Heading_20_1'/></office:automatic-styles><office:body><office:text><text:tracked-changes><text:changed-region/></text:tracked-changes><text:h text:outline-level='1'>Lease</text:h><text:list><text:list-item><text:p>One<text:s text:c='3'/><text:tab/><text:line-break/><text:note text:note-class='footnote'><text:note-body><text:p>Note</text:p></text:note-body></text:note></text:p></text:list-item></text:list><table:table><table:table-row><table:table-cell table:number-columns-spanned='2'><text:p>A</text:p></table:table-cell><table:covered-table-cell/></table:table-row></table:table><office:annotation><dc:creator>Ada</dc:creator><text:p>Why?</text:p></office:annotation></office:text></office:body></office:document-content>";
const ODS: &str = "<office:document-content><office:body><office:spreadsheet><table:table table:name='Rent'><table:table-row table:number-rows-repeated='2'><table:table-cell office:value-type='float' office:value='1.5'><text:p>1.5</text:p></table:table-cell><table:table-cell table:number-columns-repeated='3'/><table:table-cell office:value-type='date' office:date-value='2024-05-01'><text:p>May</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>";
const ODP: &str = "<office:document-content><office:body><office:presentation><draw:page draw:name='One'><draw:frame presentation:class='title'><draw:text-box><text:p>Title</text:p></draw:text-box></draw:frame><presentation:notes><draw:frame><draw:text-box><text:p>Say</text:p></draw:text-box></draw:frame></presentation:notes></draw:page></office:presentation></office:body></office:document-content>";
const ODF_STYLES: &str = "<office:document-styles><office:styles><style:style style:name='Heading_20_1' style:display-name='Heading 1' style:default-outline-level='1'/></office:styles></office:document-styles>";
const ODF_META: &str = "<office:document-meta><office:meta><dc:creator>Ada</dc:creator><dc:date>2021-01-02T03:04:05</dc:date></office:meta></office:document-meta>";
const EPUB: &[&str] = &[
    "<container><rootfiles><rootfile full-path='OPS/content.opf' media-type='application/oebps-package+xml'/></rootfiles></container>",
    "<package><metadata><dc:title>Book</dc:title><dc:creator>Ada</dc:creator><dc:date>2020</dc:date></metadata><manifest><item id='a' href='a.xhtml'/><item id='n' href='toc.ncx'/><item id='v' href='nav.xhtml' properties='nav'/></manifest><spine toc='n'><itemref idref='a'/></spine></package>",
    HTML,
    "<ncx><navMap><navPoint><navLabel><text>One</text></navLabel><content src='a.xhtml#x'/></navPoint></navMap></ncx>",
    "<html><body><nav epub:type='toc'><ol><li><a href='a.xhtml'>One</a></li></ol></nav></body></html>",
];
const HTML: &str = "<html lang='de'><head><title>T</title><meta name='author' content='Ada'><meta name='date' content='2019-06-30'></head><body><nav>menu</nav><main><h1>A</h1><p>b <b>c</b><br>d</p><ul><li>x<ol><li>y</ul><table><tr><th>h<td colspan=2>d</table><pre>a\n b</pre><blockquote>q</blockquote><script>no</script><!-- no --></main></body></html>";
const MAIL: &str = "From: =?utf-8?q?A=C3=A9?= <a@example.org>\r\nTo: b@example.org\r\nDate: Sun, 1 Mar 2026 09:30:00 +0100\r\nSubject: Re: s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>x=C3=A9\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nin\r\n--b\r\nContent-Disposition: attachment; filename*=utf-8''a%20b.txt\r\nContent-Transfer-Encoding: base64\r\n\r\nQQ==\r\n--b--\r\n";
const PLAIN: &[(&str, &str)] = &[
    (
        "rtf",
        "{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0\\fcharset204 A;}}{\\stylesheet{\\s1\\outlinelevel0 heading 1;}}{\\info{\\author Ada}{\\creatim\\yr2020\\mo1\\dy2}}\\pard\\s1 Lease\\par\\pard\\plain a\\'e9\\u8364?\\tab b\\line{\\footnote n}\\par\\trowd\\cellx100\\cellx200 A\\cell B\\cell\\row{\\*\\x y}{\\field{\\*\\fldinst HYPERLINK}{\\fldrslt z}}{\\pict\\bin3 abc}}",
    ),
    ("csv", "a;b;c\n1,5;\"x \"\"y\"\"\n z\";2024-01-02\n;;\n"),
    (
        "md",
        "---\nauthor: Ada\n---\n# A\n\n## B `c`\n\n- x\n  1. y\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\n> q\n\n```rs\nfn f() {}\n```\n[l](u) ![i](v) <b>h</b>\n",
    ),
    ("html", HTML),
    ("eml", MAIL),
    (
        "mbox",
        "From a@example.org Thu Jan  1 09:00:00 2026\nSubject: =?utf-8?q?a?=\nFrom: Ada <a@x>\n\nText\n>From x\n\nFrom b Fri 2:3\nTo: c\n\nx\n",
    ),
    (
        "srt",
        "1\n00:00:01,000 --> 00:00:03,500\n<i>Well</i> {\\an8}\n\nWEBVTT\n\nNOTE\nx\n\n00:01.000 --> 00:02.000 line:0\n<v Ada>Hi\n",
    ),
    (
        "code",
        "//! m\n/// d\npub fn a() {\n    b();\n}\n\nclass B:\n    def c(self):\n        pass\nCREATE TABLE d (\n\\section{e}\n",
    ),
    ("txt", "1. FIRST\n\nThe lease\nends.\n\n2. SECOND\n\nx\u{c}y\u{ad}z\u{200b} é \u{fb01}\r\n"),
];
