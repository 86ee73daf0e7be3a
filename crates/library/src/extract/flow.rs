//! The text that text formats are read into, and how it becomes pages of a bounded size.

use super::{Heading, Page};
use protocol::{Fault, Span};

/// A page of a text format has at most so many chars. Whatever works on a page (cutting it into
/// passages, looking up a passage, showing it) may be slower the longer the page is, so this holds
/// for a log without an empty line too.
const PAGE_CHARS: usize = 20_000;
/// A page with less room than this is left as it is when a longer block follows.
const LEAST_ROOM: usize = 5_000;
/// Between two blocks.
const GAP: &str = "\n\n";

/// A text that grows block by block and knows its headings.
#[derive(Default)]
pub(crate) struct Flow {
    text: String,
    chars: u32,
    headings: Vec<Heading>,
}

impl Flow {
    /// Adds a block (paragraph, list item, row), parted by an empty line, or a line end if `tight`.
    pub fn block(&mut self, text: &str, tight: bool) -> Span {
        let text = text.trim_end().trim_start_matches(['\n', '\r']);
        if text.trim().is_empty() {
            return Span { start: self.chars, end: self.chars };
        }
        if !self.text.is_empty() {
            self.push(if tight { "\n" } else { GAP });
        }
        let start = self.chars;
        self.push(text);
        Span { start, end: self.chars }
    }

    /// Adds an item of a list, with its mark.
    pub fn item(&mut self, text: &str, _depth: u8, tight: bool) {
        self.block(text, tight);
    }

    /// Adds text whose line ends and spaces count.
    pub fn code(&mut self, text: &str) {
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        self.block(&lines.join("\n"), false);
    }

    /// Adds what somebody else said.
    pub fn quote(&mut self, text: &str) {
        self.block(text, false);
    }

    /// Adds a heading.
    pub fn heading(&mut self, text: &str, level: u8) {
        let span = self.block(text.trim(), false);
        if span.start < span.end {
            self.headings.push(Heading { span, level });
        }
    }

    fn push(&mut self, text: &str) {
        self.chars += text.chars().count() as u32;
        self.text.push_str(text);
    }

    /// Hands the text out as pages: cut between blocks, and a block that is longer than a page
    /// between its lines, its words, or at last anywhere.
    pub fn pages(self, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut page = Flow::default();
        let (mut number, mut at) = (1, 0u32);
        let mut headings = self.headings.iter().peekable();
        for block in self.text.split(GAP) {
            let long = block.chars().nth(PAGE_CHARS).is_some();
            let mut rest = block;
            while !rest.is_empty() {
                let room = PAGE_CHARS.saturating_sub(page.chars as usize + GAP.len());
                // A block that fits on no page begins on this one, under its heading.
                let limit = if long && page.chars > 0 && room >= LEAST_ROOM { room } else { PAGE_CHARS };
                let part;
                (part, rest) = rest.split_at(cut(rest, limit));
                let length = part.chars().count();
                if page.chars > 0 && length > room {
                    out(std::mem::take(&mut page).into_page(number))?;
                    number += 1;
                }
                let span = page.block(part, false);
                at += length as u32;
                // A heading that is exactly this block moves with it.
                while let Some(heading) = headings.next_if(|h| h.span.start < at) {
                    page.headings.push(Heading { span, level: heading.level });
                }
            }
            at += GAP.len() as u32;
        }
        out(page.into_page(number))
    }

    fn into_page(self, number: u32) -> Page {
        Page { number, text: self.text, headings: self.headings, ..Page::default() }
    }
}

/// Where a block has to be cut so that its first part has at most so many chars, in bytes; its length
/// where it has no more.
fn cut(block: &str, chars: usize) -> usize {
    let Some((limit, _)) = block.char_indices().nth(chars) else { return block.len() };
    let first = &block[..limit];
    let after = |(at, c): (usize, char)| at + c.len_utf8();
    first
        .rfind('\n')
        .filter(|at| *at > 0)
        .or_else(|| first.char_indices().rfind(|(_, c)| c.is_whitespace()).map(after))
        .unwrap_or(limit)
}

#[cfg(test)]
mod tests {
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
}
