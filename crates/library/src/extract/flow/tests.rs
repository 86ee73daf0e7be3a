//! What a flow becomes: pages of a bounded size whose blocks say what stands where.

use super::*;
use crate::words::slice;

fn pages(flow: Flow) -> Vec<Page> {
    let mut pages = Vec::new();
    flow.pages(&mut |p| {
        pages.push(p);
        Ok(())
    })
    .unwrap();
    pages
}

/// Blocks are in order, apart, and hold all that is not blank.
fn stands(page: &Page, name: &str) {
    let mut at = 0;
    for block in &page.blocks {
        assert!(at <= block.span.start && block.span.start < block.span.end, "{name}: {block:?}");
        let between = slice(&page.text, Span { start: at, end: block.span.start });
        assert!(at == 0 && between.is_empty() || matches!(between, GAP | LINE), "{name}: {between:?}");
        if let BlockKind::Row { cells, .. } = &block.kind {
            let row = slice(&page.text, block.span);
            for cell in cells {
                let fits = block.span.start <= cell.span.start && cell.span.end <= block.span.end;
                assert!(fits, "{name}: {cell:?} of {row}");
            }
        }
        at = block.span.end;
    }
    assert_eq!(at as usize, page.text.chars().count(), "{name}");
}

#[test]
fn every_block_says_what_it_is_and_where_it_stands() {
    let mut flow = Flow::default();
    flow.heading("Rent", 2);
    flow.block("Für die Wohnung.", false);
    flow.item("- heat", 0, false);
    flow.item("  - cold", 1, true);
    flow.row(&["What", "Euros", ""], true, false);
    flow.row(&["", "9\n00", "", ""], false, true);
    flow.sheet_row(7, &[(2, "x".into()), (28, "ÿ".into())], false, true);
    flow.code("a  b\n\nc\n");
    flow.quote("said");
    flow.note("[1] beside");
    flow.block("  \n", false);
    let pages = pages(flow);
    assert_eq!(pages.len(), 1);
    stands(&pages[0], "all");
    let lines: Vec<String> =
        pages[0].blocks.iter().map(|b| format!("{:?} {:?}", slice(&pages[0].text, b.span), b.kind)).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_page_that_was_asked_for_counts_though_it_is_empty() {
    let mut flow = Flow::default();
    for (number, text) in [(1, "First"), (2, ""), (3, "Third")] {
        flow.page_break(Some(format!("Slide {number}")));
        flow.block(text, false);
    }
    let seen: Vec<_> = pages(flow).into_iter().map(|p| (p.number, p.label.unwrap(), p.text)).collect();
    let page = |number: u32, text: &str| (number, format!("Slide {number}"), text.to_owned());
    assert_eq!(seen, [page(1, "First"), page(2, ""), page(3, "Third")]);
}

#[test]
fn a_long_table_goes_on_over_pages_and_its_columns_are_known() {
    let mut flow = Flow::default();
    flow.page_break(Some("Rent".into()));
    flow.block("A list of flats.", false);
    flow.sheet_row(2, &[(2, "Flat".into()), (4, "Rent".into())], true, false);
    for row in 3..3_000 {
        flow.sheet_row(row, &[(2, format!("Flat {row}")), (4, format!("{row} €"))], false, true);
    }
    flow.block("After", false);
    let pages = pages(flow);
    assert!(pages.len() > 2);
    let mut next = 2;
    for page in &pages {
        stands(page, "table");
        assert!(page.text.chars().count() <= PAGE_CHARS);
        assert_eq!(page.label.as_deref(), Some("Rent"));
        let columns: &[&str] = if page.number == 1 { &[] } else { &["", "Flat", "", "Rent"] };
        assert_eq!(page.columns, columns, "page {}", page.number);
        for block in &page.blocks {
            if let BlockKind::Row { cells, row, .. } = &block.kind {
                assert_eq!((cells.len(), *row), (2, Some(next)), "no row is cut in two");
                next += 1;
            }
        }
    }
    assert_eq!(next, 3_000);
    assert!(pages.last().unwrap().text.ends_with("\n\nAfter"));
}

#[test]
fn a_row_that_fits_on_no_page_keeps_its_cells() {
    let mut flow = Flow::default();
    let cell = "wörd ".repeat(3_000);
    flow.row(&[&cell, &cell, "end"], false, false);
    let pages = pages(flow);
    assert_eq!(pages.len(), 2);
    for page in &pages {
        stands(page, "long row");
    }
    let last = pages[1].blocks.last().unwrap();
    let BlockKind::Row { cells, .. } = &last.kind else { panic!("{last:?}") };
    assert_eq!(slice(&pages[1].text, cells.last().unwrap().span), "end");
}

#[test]
fn a_long_flow_is_cut_between_blocks_and_headings_stay_exact() {
    let mut flow = Flow::default();
    for n in 0..40 {
        flow.heading(&format!("Part {n}"), 2);
        flow.block(&"wörd ".repeat(300), false);
    }
    let pages = pages(flow);
    assert_eq!(pages.len(), 4);
    let titles: Vec<_> = pages.iter().flat_map(|p| p.headings.iter().map(|h| slice(&p.text, h.span))).collect();
    assert_eq!(titles, (0..40).map(|n| format!("Part {n}")).collect::<Vec<_>>());
}

#[test]
fn a_block_of_any_length_is_cut_where_it_can_be_cut() {
    let chars = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    for (name, block, end) in [
        ("between lines", "2026-11-25;ocelöt;17 €\n".repeat(9_000), "€"),
        ("between words", "wörd ".repeat(30_000), "wörd"),
        ("anywhere", "ö".repeat(70_000), "ö"),
        ("a line end at its start", format!("\n{}", "x".repeat(45_000)), "x"),
    ] {
        let mut flow = Flow::default();
        flow.heading("Before", 1);
        flow.block(&block, false);
        flow.heading("After", 1);
        let pages = pages(flow);
        assert!(pages.len() > 2, "{name}");
        for page in &pages {
            stands(page, name);
            let length = page.text.chars().count();
            assert!(0 < length && length <= PAGE_CHARS, "{name}: page {} has {length} chars", page.number);
            assert!(page.text.ends_with("After") || page.text.ends_with(end), "{name}: page {}", page.number);
        }
        let numbers: Vec<u32> = pages.iter().map(|p| p.number).collect();
        assert_eq!(numbers, (1..=pages.len() as u32).collect::<Vec<_>>(), "{name}");
        let all: String = pages.iter().map(|p| chars(&p.text)).collect();
        assert_eq!(all, chars(&format!("Before{block}After")), "{name}: nothing is lost");
        assert!(pages[0].text.chars().count() > PAGE_CHARS / 2, "{name}: under its heading");
        let titles: Vec<_> = pages.iter().flat_map(|p| p.headings.iter().map(|h| slice(&p.text, h.span))).collect();
        assert_eq!(titles, ["Before", "After"], "{name}");
    }
}
