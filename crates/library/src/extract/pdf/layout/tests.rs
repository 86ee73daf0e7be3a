//! From glyphs as PDFium gives them to the text of a page.

use super::*;
use crate::words::slice;

/// Sets lines of text as glyphs: each a start (x, y in 65535ths), a size in points and the text.
pub(super) fn set(lines: &[(u16, u16, f32, &str)]) -> Vec<Glyph> {
    let mut glyphs = Vec::new();
    for (x, y, size, text) in lines {
        let (w, h) = ((size * 50.0) as u16, (size * 80.0) as u16);
        for (n, value) in text.chars().enumerate() {
            let left = x + w * n as u16;
            let sides = (!value.is_whitespace()).then_some([left, *y, left + w, y + h]);
            glyphs.push(Glyph { value, sides, size: *size });
        }
        if !text.ends_with(LINE_HYPHEN) {
            glyphs.push(Glyph { value: '\r', sides: None, size: *size });
            glyphs.push(Glyph { value: '\n', sides: None, size: *size });
        }
    }
    glyphs
}

/// A page of A4 without lines.
fn laid(glyphs: &[Glyph]) -> LaidOut {
    lay_out(Sheet { glyphs, rules: &[], width: 595.0, height: 842.0 }, &mut Hyphens::default())
}

#[test]
fn lines_become_paragraphs() {
    for (name, lines, expected) in [
        (
            "prose flows",
            &[(1000, 1000, 10.0, "The tenant gives notice"), (1000, 2000, 10.0, "ninety days before.")][..],
            "The tenant gives notice ninety days before.",
        ),
        (
            "a gap parts",
            &[(1000, 1000, 10.0, "First paragraph."), (1000, 4000, 10.0, "Second one.")],
            "First paragraph.\n\nSecond one.",
        ),
        (
            "PDFium's hyphen",
            &[(1000, 1000, 10.0, "the inform\u{2}"), (1000, 2000, 10.0, "ation is here")],
            "the information is here",
        ),
        (
            "a hard hyphen",
            &[(1000, 1000, 10.0, "das Mietver-"), (1000, 2000, 10.0, "hältnis endet")],
            "das Mietverhältnis endet",
        ),
        (
            "a hyphen that stands for a part stays",
            &[(1000, 1000, 10.0, "dass alle die Miet-"), (1000, 2000, 10.0, "und Nebenkosten tragen")],
            "dass alle die Miet- und Nebenkosten tragen",
        ),
        (
            "a hyphen before a capital stays",
            &[(1000, 1000, 10.0, "the Franco-"), (1000, 2000, 10.0, "German pact")],
            "the Franco-German pact",
        ),
        (
            "a hyphen before a number stays, PDFium's too",
            &[(1000, 1000, 10.0, "about COVID\u{2}"), (1000, 2000, 10.0, "19 and more")],
            "about COVID-19 and more",
        ),
        (
            "a hyphen that the word has elsewhere stays",
            &[
                (1000, 1000, 10.0, "a self-employed tenant is one who is self\u{2}"),
                (1000, 2000, 10.0, "employed in every inform-"),
                (1000, 3000, 10.0, "ation that he gives us."),
            ],
            "a self-employed tenant is one who is self-employed in every information that he gives us.",
        ),
        (
            "list items keep their lines",
            &[(1000, 1000, 10.0, "• one apple pie"), (1000, 2000, 10.0, "• two")],
            "• one apple pie\n• two",
        ),
        (
            "two rows with columns keep their lines",
            &[(1000, 1000, 10.0, "Rent        1,200"), (1000, 2000, 10.0, "Heat           90")],
            "Rent 1,200\nHeat 90",
        ),
        ("ligatures", &[(1000, 1000, 10.0, "ﬁle oﬃce e\u{301}")], "file office é"),
    ] {
        assert_eq!(laid(&set(lines)).text, expected, "{name}");
    }
}

#[test]
fn words_know_their_place_and_large_lines_are_headings() {
    let page =
        laid(&set(&[(1000, 1000, 18.0, "Lease"), (1000, 5000, 10.0, "The rent is due on the first of a month.")]));
    assert_eq!(page.headings.len(), 1);
    assert_eq!(slice(&page.text, page.headings[0].span), "Lease");
    for (word, expected) in page.words.iter().zip(page.text.split_whitespace()) {
        let span = Span { start: word.start, end: word.start + u32::from(word.length) };
        assert_eq!(slice(&page.text, span), expected);
    }
    assert_eq!(page.words[1].sides, [1000, 5000, 2500, 5800]);
}

/// Two texts beside each other, drawn line by line across both; None leaves a side free.
fn beside(rows: &[(u16, Option<&str>, Option<&str>)]) -> String {
    let mut glyphs = Vec::new();
    for (y, left, right) in rows {
        for (x, text) in [(2_000, left), (30_000, right)] {
            let Some(text) = text else { continue };
            let mut line = set(&[(x, *y, 10.0, *text)]);
            // Without a line's end: PDFium sees one line.
            line.truncate(line.len() - 2);
            line.push(Glyph { value: ' ', sides: None, size: 10.0 });
            glyphs.extend(line);
        }
        glyphs.extend(['\r', '\n'].map(|value| Glyph { value, sides: None, size: 10.0 }));
    }
    laid(&glyphs).text
}

const LEFT: [&str; 6] = [
    "The tenant shall keep the garden of the house in",
    "good order and shall cut the hedge twice a year;",
    "where this is left undone the landlord may have",
    "it done by a gardener at the cost of the tenant",
    "after a notice in writing of at least two weeks,",
    "and the tenant pays within a month of the notic-",
];
const RIGHT: [&str; 6] = [
    "The deposit is three months of rent. It is kept on",
    "an account that earns interest, and the interest",
    "belongs to the tenant. It is paid back within six",
    "months of the end of the lease, less what is owed",
    "for damage that goes beyond what use brings along",
    "with it, as the protocol of the handing over says.",
];

#[test]
fn columns_drawn_row_by_row_are_read_one_after_the_other() {
    let rows: Vec<_> = (0..6).map(|n| (1_000 * (n + 3) as u16, Some(LEFT[n]), Some(RIGHT[n]))).collect();
    let left = LEFT.join(" ");
    let right = RIGHT.join(" ");
    assert_eq!(beside(&rows), format!("{left}\n\n{right}"));
    // A word that was broken at a column's end goes on in that column.
    let mut longer = rows.clone();
    longer.push((9_000, Some("e that it was done."), None));
    let left = left.trim_end_matches('-');
    assert_eq!(beside(&longer), format!("{left}e that it was done.\n\n{right}"));
    // What stands across both columns stays where it is.
    let mut titled =
        vec![(1_000, Some("A title that runs across the whole of the page, and both of its columns"), None)];
    titled.extend(rows);
    assert!(beside(&titled).starts_with("A title that runs across the whole of the page, and both of its columns"));
    assert!(beside(&titled).contains("notic-\n\nThe deposit"), "{}", beside(&titled));
}

#[test]
fn cells_with_sentences_are_read_row_by_row() {
    let mut rows = Vec::new();
    for (cell, y) in [2_000u16, 10_000, 18_000].into_iter().enumerate() {
        for n in 0..2 {
            rows.push((y + 1_000 * n as u16, Some(LEFT[2 * cell + n]), Some(RIGHT[2 * cell + n])));
        }
        rows.push((y + 2_000, None, Some("and so it is in every one of these cells, by law.")));
    }
    let text = beside(&rows);
    let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words}: {text}"));
    assert!(at("cut the hedge") < at("The deposit"), "{text}");
    assert!(at("an account that earns") < at("where this is left"), "{text}");
    assert!(at("months of the end") < at("after a notice"), "{text}");
}

#[test]
fn rows_of_figures_stay_rows() {
    let names =
        ["Rent of the flat", "Heat and water", "The garage below", "Care of the stairs", "Lift", "Caretaker of it"];
    let rows: Vec<_> = (0..6).map(|n| (1_000 * (n + 3) as u16, Some(names[n]), Some("1,200.00 EUR a month"))).collect();
    assert!(beside(&rows).contains("Heat and water | 1,200.00 EUR a month"), "{}", beside(&rows));
}

#[test]
fn rows_whose_cells_stand_in_columns_are_a_table() {
    let lines = [
        (1_000, 1_000, 10.0, "What the flats cost:"),
        (1_000, 3_000, 10.0, "Flat            Rent      Due in"),
        (1_000, 4_000, 10.0, "First floor    1,200      May"),
        (1_000, 5_000, 10.0, "Second             9      June 2024"),
        (1_000, 6_000, 10.0, "Third                     July"),
        (1_000, 7_000, 10.0, "                          or later"),
        (1_000, 9_000, 10.0, "All of it is paid at the beginning of a month."),
    ];
    let page = laid(&set(&lines));
    let table = "Flat | Rent | Due in\nFirst floor | 1,200 | May\nSecond | 9 | June 2024\nThird | | July or later";
    assert_eq!(page.text, format!("What the flats cost:\n\n{table}\n\nAll of it is paid at the beginning of a month."));
    let told = |at: usize| match &page.rows[at].kind {
        BlockKind::Row { cells, header, .. } => {
            let cell = |cell: &protocol::Cell| (cell.column, slice(&page.text, cell.span));
            (*header, cells.iter().map(cell).collect::<Vec<_>>())
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(told(0), (true, vec![(Some(1), "Flat"), (Some(2), "Rent"), (Some(3), "Due in")]));
    assert_eq!(told(3), (false, vec![(Some(1), "Third"), (Some(3), "July or later")]));
    let kinds: Vec<bool> =
        blocks(&page.text, page.rows.clone()).iter().map(|block| block.kind == BlockKind::Paragraph).collect();
    assert_eq!(kinds, [true, false, false, false, false, true]);
    for (word, expected) in page.words.iter().zip(page.text.split_whitespace().filter(|word| *word != "|")) {
        assert_eq!(slice(&page.text, Span { start: word.start, end: word.start + u32::from(word.length) }), expected);
    }
}

#[test]
fn what_only_looks_like_a_table_is_none() {
    for (name, lines) in [
        ("a list", vec!["(a)    the tenant pays the rent", "(b)    the landlord mends", "(c)    both keep the peace"]),
        ("numbered paragraphs", vec!["4.1    Notice is given", "4.2    Notice is in writing", "4.3    Notice ends it"]),
        (
            "questions and answers",
            vec![
                "Tenant    I have asked for the heating to be mended three times since May.",
                "Owner     The heating is mended as soon as the part that it needs has come.",
                "Tenant    That was said in June as well, and in July, and the winter is near.",
            ],
        ),
        (
            "prose that is justified in a narrow column",
            vec![
                "month    to    the    account    named    by    the",
                "owner    of the flat    and in    time    before",
                "any of    it    is    due    to    be    paid",
                "by the    tenant    who    lives    there",
            ],
        ),
        (
            "headings with their numbers in the margin",
            vec![
                "2      Expanding addresses and what becomes of them",
                "       5-level paging is a new mode that will be there",
                "       in the next processors, and it is described here",
                "2.1    Enumeration and enabling",
                "       This section describes how a processor tells of",
                "       its support and how software turns it on, later",
                "3      Interactions with other parts",
            ],
        ),
        (
            "blanks in prose",
            vec!["The rent    of the flat is due on", "the first of    a month, and it is", "paid    by the tenant to"],
        ),
    ] {
        let lines: Vec<_> = (1u16..).zip(lines).map(|(n, text)| (1_000, 1_000 * n, 10.0, text)).collect();
        let page = laid(&set(&lines));
        assert_eq!(page.rows, [], "{name}: {}", page.text);
        assert!(!page.text.contains('|'), "{name}");
    }
}

#[test]
fn a_word_ends_where_there_is_a_gap_and_no_blank() {
    // Letters of 500 by 800: what stands between them, and what is read.
    let read = |letters: &[(char, u16)]| {
        let mut left = 1_000;
        let glyphs: Vec<Glyph> = letters
            .iter()
            .map(|(value, gap)| {
                left += gap;
                let sides = [left, 1_000, left + 500, 1_800];
                left += 500;
                Glyph { value: *value, sides: Some(sides), size: 10.0 }
            })
            .collect();
        laid(&glyphs).text
    };
    let word = |text: &str, gap: u16| text.chars().map(|c| (c, gap)).collect::<Vec<_>>();
    let beside = |first: &str, gap: u16, second: &str| {
        let mut all = [word(first, 0), word(second, 0)].concat();
        all[first.len()].1 = gap;
        all
    };
    assert_eq!(read(&beside("new", 300, "empty")), "new empty");
    assert_eq!(read(&beside("kern", 60, "ing")), "kerning");
    assert_eq!(read(&word("spaced", 300)), "spaced", "all letters stand apart");
    assert_eq!(read(&beside("a", 300, "byte")), "a byte");
}

#[test]
fn a_table_under_columns_stays_whole() {
    let mut rows: Vec<_> = (0..6).map(|n| (1_000 * (n + 3) as u16, Some(LEFT[n]), Some(RIGHT[n]))).collect();
    let table =
        ["Year             Rent in EUR", "2023             1,250", "2024             1,280", "2025             1,310"];
    let index = ["Index", "112.4", "115.0", "119.8"];
    for n in 0..4 {
        rows.push((10_000 + 1_000 * n as u16, Some(table[n]), Some(index[n])));
    }
    let text = beside(&rows);
    assert!(text.contains("2023 | 1,250 | 112.4"), "{text}");
    assert!(text.contains("within a month of the notic-\n\nThe deposit"), "{text}");
}

#[test]
fn columns_of_long_words_and_of_no_blanks_are_columns() {
    for (left, right) in [
        ("Wohnraummietverhältnisse der Gemeinde", "Nebenkostenabrechnungen je Kalenderjahr"),
        ("本契約は東京都内の建物の賃貸借に関する契約である", "賃借人は毎月末日までに翌月分の賃料を支払うものとす"),
    ] {
        let rows: Vec<_> = (0..6).map(|n| (1_000 * (n + 3) as u16, Some(left), Some(right))).collect();
        let text = beside(&rows);
        assert!(text.rfind(left).unwrap() < text.find(right).unwrap(), "{text}");
        assert!(!text.contains('|'), "{text}");
    }
}

#[test]
fn letters_that_pdfium_parts_are_words() {
    let text = [(1_000, 1_000, 10.0, "Contents"), (1_000, 3_000, 10.0, "Purpose of this report")];
    let parted = |glyphs: Vec<Glyph>| -> Vec<Glyph> {
        let end = Glyph { value: '\n', sides: None, size: 10.0 };
        glyphs.into_iter().flat_map(|glyph| [glyph, end]).collect()
    };
    assert_eq!(laid(&parted(set(&text))).text, "Contents\n\nPurpose of this report");
    // Letters in cells of their own stay apart: there is room between them.
    let cells: Vec<Glyph> = (0..12u16)
        .flat_map(|n| {
            let sides = Some([1_000 + 700 * n, 1_000, 1_500 + 700 * n, 1_800]);
            [Glyph { value: 'C', sides, size: 10.0 }, Glyph { value: '\n', sides: None, size: 10.0 }]
        })
        .collect();
    assert!(!laid(&cells).text.contains("CC"));
}
