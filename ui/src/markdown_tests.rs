//! The table of (Markdown, marks, blocks).

use super::*;

fn text(words: &str) -> Inline {
    Inline::Text(words.into())
}
fn paragraph(words: &str) -> Block {
    Block::Paragraph(vec![text(words)])
}
fn cite(number: u32, at: u32) -> CitationView {
    CitationView {
        number,
        at,
        document: "00000000-0000-7000-8000-000000000001".parse().unwrap(),
        name: "a.pdf".into(),
        page: 1,
        start: 0,
        end: 1,
        quote: "q".into(),
        page_hash: String::new(),
        place: None,
        now: Default::default(),
        now_called: None,
    }
}

#[test]
fn blocks_and_inlines() {
    let table: Vec<(&str, Vec<Block>)> = vec![
        ("one\ntwo", vec![Block::Paragraph(vec![text("one"), text(" "), text("two")])]),
        ("## Head", vec![Block::Heading(2, vec![text("Head")])]),
        ("- a\n- b", vec![Block::List(None, vec![vec![paragraph("a")], vec![paragraph("b")]])]),
        ("3. a", vec![Block::List(Some(3), vec![vec![paragraph("a")]])]),
        ("> a", vec![Block::Quote(vec![paragraph("a")])]),
        ("```csv\na,b\n```", vec![Block::Code { name: "csv".into(), text: "a,b\n".into() }]),
        ("```csv\na,b", vec![Block::Code { name: "csv".into(), text: "a,b".into() }]),
        (
            "|a|b|\n|-|-|\n|1|2|",
            vec![Block::Table(vec![vec![text("a")], vec![text("b")]], vec![vec![vec![text("1")], vec![text("2")]]])],
        ),
        ("**a**", vec![Block::Paragraph(vec![Inline::Strong(vec![text("a")])])]),
        (
            "[a](https://b.example)",
            vec![Block::Paragraph(vec![Inline::Link("https://b.example".into(), vec![text("a")])])],
        ),
        ("[a](javascript:alert)", vec![paragraph("a")]),
        ("![a](https://b.example/c.png)", vec![paragraph("a")]),
        (
            "a <b onclick=x>c</b>",
            vec![Block::Paragraph(vec![text("a "), text("<b onclick=x>"), text("c"), text("</b>")])],
        ),
        ("<script>x</script>", vec![paragraph("<script>x</script>")]),
        ("", vec![]),
    ];
    for (source, expected) in table {
        assert_eq!(read(source, Marks::default()), expected, "{source}");
    }
}

#[test]
fn citations_stand_where_code_put_them() {
    let one = Inline::Cite(1);
    let table: Vec<(&str, u32, Vec<Block>)> = vec![
        ("été. Then", 4, vec![Block::Paragraph(vec![text("été."), one.clone(), text(" Then")])]),
        ("end.", 4, vec![Block::Paragraph(vec![text("end."), one.clone()])]),
        ("**end.**", 8, vec![Block::Paragraph(vec![Inline::Strong(vec![text("end.")]), one.clone()])]),
        ("a `b`", 5, vec![Block::Paragraph(vec![text("a "), Inline::Code("b".into()), one.clone()])]),
        ("first.\n\nsecond", 6, vec![Block::Paragraph(vec![text("first."), one.clone()]), paragraph("second")]),
        (
            "- a.\n- b",
            4,
            vec![Block::List(None, vec![vec![Block::Paragraph(vec![text("a."), one.clone()])], vec![paragraph("b")]])],
        ),
        ("a&amp;b.", 99, vec![Block::Paragraph(vec![text("a"), text("&"), text("b."), one.clone()])]),
    ];
    for (source, at, expected) in table {
        let marks = Marks { citations: &[cite(1, at)], unsupported: &[] };
        assert_eq!(read(source, marks), expected, "{source}");
    }
}

#[test]
fn two_citations_at_one_place_keep_their_order() {
    let marks = Marks { citations: &[cite(1, 2), cite(2, 2)], unsupported: &[] };
    let expected = Block::Paragraph(vec![text("a."), Inline::Cite(1), Inline::Cite(2), text(" b")]);
    assert_eq!(read("a. b", marks), [expected]);
}

#[test]
fn unsupported_words_are_cut_out() {
    let marks = Marks { citations: &[cite(1, 2)], unsupported: &[Span { start: 3, end: 5 }] };
    let expected =
        Block::Paragraph(vec![text("A."), Inline::Cite(1), text(" "), Inline::Unsupported("B.".into()), text(" C.")]);
    assert_eq!(read("A. B. C.", marks), [expected]);
}

#[test]
fn only_the_last_block_changes_while_text_streams() {
    let full = "First **paragraph**.\n\n- a\n- b\n\n```\ncode\n```\n\nLast words.";
    let mut before: Vec<(usize, u64, Block)> = vec![];
    for end in (0..=full.len()).filter(|end| full.is_char_boundary(*end)) {
        let now = keyed(read(&full[..end], Marks::default()));
        let same = before.iter().zip(&now).take_while(|(old, new)| old.1 == new.1).count();
        assert!(same + 1 >= before.len(), "at {end} more than the last block changed");
        before = now;
    }
}

#[test]
fn hostile_text_stays_bounded() {
    let deep = ">".repeat(5_000) + " x";
    assert!(!read(&deep, Marks::default()).is_empty());
    for source in ["[](", "|\n|-", "***", "`", "~~~", "<", "&#x0;", "\u{202e}x"] {
        read(source, Marks { citations: &[cite(1, 1)], unsupported: &[Span { start: 0, end: 9 }] });
    }
}
