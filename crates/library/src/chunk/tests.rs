//! Passages follow what a page consists of.

use super::*;
use crate::extract::Heading;
use proptest::prelude::*;

fn page(text: &str, headings: &[&str]) -> Page {
    let headings = headings
        .iter()
        .map(|h| {
            let start = text[..text.find(h).unwrap()].chars().count() as u32;
            Heading { span: Span { start, end: start + h.chars().count() as u32 }, level: 1 }
        })
        .collect();
    Page { number: 1, text: text.into(), headings, ..Page::default() }
}

#[test]
fn passages_follow_headings_and_paragraphs() {
    let body = "The tenant may end the lease with ninety days of notice in writing. ".repeat(4);
    let text = format!("Lease\n\nTerm\n\n{body}\n\nRent\n\n{body}\n\nshort tail");
    let mut under = Under { section: Some("Before".to_owned()), header: None };
    let found = chunks(&page(&text, &["Lease", "Term", "Rent"]), &mut under);
    let seen: Vec<_> = found
        .iter()
        .map(|c| {
            let text = words::slice(&text, c.span);
            (
                c.section.as_deref().unwrap(),
                text.split("\n\n").next().unwrap(),
                text.ends_with("tail"),
                c.language.as_deref(),
            )
        })
        .collect();
    assert_eq!(seen, [("Term", "Lease", false, Some("en")), ("Rent", "Rent", true, Some("en"))]);
    assert_eq!(under.section.as_deref(), Some("Rent"));
}

#[test]
fn a_long_paragraph_is_cut_between_sentences() {
    let text = (0..60).map(|n| format!("Sentence number {n} says a little of the matter. ")).collect::<String>();
    let found = chunks(&page(&text, &[]), &mut Under::default());
    assert!(found.len() > 2);
    for chunk in &found {
        let part = words::slice(&text, chunk.span);
        assert!(part.starts_with("Sentence") && part.ends_with("matter."), "{part}");
        assert!(pieces(part) <= MOST_PIECES);
    }
}

#[test]
fn a_table_is_cut_between_its_rows_and_each_passage_knows_its_columns() {
    let mut flow = crate::extract::Flow::default();
    flow.page_break(Some("Rent".into()));
    flow.block("The flats of the house.", false);
    flow.sheet_row(3, &[(2, "Flat".into()), (3, "Tenant".into()), (4, "Monthly rent".into())], true, false);
    for row in 4..600 {
        // What would end a sentence ends no row.
        let tenant = format!("Dr. A. Miller No. {row}. She pays on time.");
        flow.sheet_row(row, &[(2, format!("F{row}")), (3, tenant), (4, format!("{row}.00 €"))], false, true);
    }
    flow.block("All of them are let.", false);
    let (mut under, mut next, mut pages) = (Under::default(), 4, 0);
    flow.pages(&mut |page| {
        pages += 1;
        for (at, chunk) in chunks(&page, &mut under).into_iter().enumerate() {
            let text = words::slice(&page.text, chunk.span);
            let lines: Vec<&str> = text.lines().filter(|line| line.starts_with('F')).collect();
            let first = page.number == 1 && at == 0;
            assert_eq!(chunk.header.as_deref(), (!first).then_some("Flat | Tenant | Monthly rent"), "{text}");
            let (from, to) = (next, next + lines.len() as u32 - u32::from(first) - 1);
            for line in &lines[usize::from(first)..] {
                assert!(line.starts_with(&format!("F{next} | ")) && line.ends_with(" €"), "{line}");
                next += 1;
            }
            let from = if first { 3 } else { from };
            assert_eq!(chunk.place.as_deref(), Some(format!("Rent!B{from}:D{to}").as_str()));
        }
        Ok(())
    })
    .unwrap();
    assert!(pages > 1);
    assert_eq!((next, under.header), (600, None));
}

proptest! {
    #[test]
    fn nothing_is_lost_and_nothing_overlaps(text in "[a-zé0-9 .,\n\u{4e00}-\u{4e10}]{0,3000}") {
        let found = chunks(&page(&text, &[]), &mut Under::default());
        for pair in found.windows(2) {
            prop_assert!(pair[0].span.end <= pair[1].span.start);
        }
        let kept: String = found.iter().flat_map(|c| words::slice(&text, c.span).chars()).filter(|c| c.is_alphanumeric()).collect();
        let all: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
        prop_assert_eq!(kept, all);
        for chunk in &found {
            prop_assert!(pieces(words::slice(&text, chunk.span)) <= MOST_PIECES + ENOUGH_PIECES / 4);
        }
    }
}
