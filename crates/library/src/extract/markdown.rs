//! Markdown: the text that a reader sees, with its headings.

use super::{Flow, Page, load, text::decode, tidy};
use protocol::Fault;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::path::Path;

pub fn read(path: &Path, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<Vec<Fault>, Fault> {
    let source = tidy(&decode(&load(path)?, None));
    flow(&source).pages(out)?;
    Ok(Vec::new())
}

/// Deeper lists are indented no further.
const DEEPEST: usize = 8;

#[derive(Default)]
struct Walk {
    flow: Flow,
    line: String,
    /// For each open list, its next number or a bullet.
    lists: Vec<Option<u64>>,
    item: Option<String>,
    tight: bool,
    quote: usize,
    /// The cells of the row so far.
    cells: Vec<String>,
    in_note: bool,
    in_code: bool,
    in_meta: bool,
}

impl Walk {
    fn flush(&mut self, tight: bool) {
        let line = std::mem::take(&mut self.line);
        if line.trim().is_empty() {
            return;
        }
        let mark = self.item.take().unwrap_or_else(|| "  ".repeat(self.lists.len().min(DEEPEST)));
        let tight = tight || (!self.lists.is_empty() && self.tight);
        let text = mark + line.trim_end();
        match self.lists.len() {
            0 if self.in_note => self.flow.note(&text),
            0 if self.quote > 0 => self.flow.quote(&text),
            0 => self.flow.block(&text, tight),
            depth => self.flow.item(&text, (depth - 1).min(DEEPEST) as u8, tight),
        }
        self.tight = !self.lists.is_empty();
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::Heading { .. } | Tag::Table(_) | Tag::HtmlBlock => self.flush(false),
            Tag::BlockQuote(_) => self.quote += 1,
            Tag::CodeBlock(_) => {
                self.flush(false);
                self.in_code = true;
            }
            Tag::List(first) => {
                self.flush(false);
                self.tight = !self.lists.is_empty();
                self.lists.push(*first);
            }
            Tag::Item => {
                self.flush(false);
                let indent = "  ".repeat(self.lists.len().saturating_sub(1).min(DEEPEST));
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    Some(None) | None => "- ".to_owned(),
                };
                self.item = Some(indent + &mark);
            }
            Tag::FootnoteDefinition(label) => {
                self.flush(false);
                self.in_note = true;
                self.item = Some(format!("[{label}] "));
            }
            Tag::MetadataBlock(_) => self.in_meta = true,
            Tag::TableHead
            | Tag::TableRow
            | Tag::TableCell
            | Tag::Emphasis
            | Tag::Strong
            | Tag::Strikethrough
            | Tag::Superscript
            | Tag::Subscript
            | Tag::Link { .. }
            | Tag::Image { .. }
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Item | TagEnd::HtmlBlock => self.flush(false),
            TagEnd::FootnoteDefinition => {
                self.flush(false);
                self.in_note = false;
            }
            TagEnd::DefinitionListTitle | TagEnd::DefinitionListDefinition => self.flush(false),
            TagEnd::Heading(level) => {
                let title = std::mem::take(&mut self.line);
                let level = match level {
                    HeadingLevel::H1 => 1,
                    HeadingLevel::H2 => 2,
                    HeadingLevel::H3 => 3,
                    HeadingLevel::H4 => 4,
                    HeadingLevel::H5 => 5,
                    HeadingLevel::H6 => 6,
                };
                self.flow.heading(&title, level);
                self.tight = false;
            }
            TagEnd::CodeBlock => {
                self.in_code = false;
                self.flow.code(&std::mem::take(&mut self.line));
            }
            TagEnd::List(_) => {
                self.flush(false);
                self.lists.pop();
                self.tight = !self.lists.is_empty();
            }
            TagEnd::BlockQuote(_) => self.quote = self.quote.saturating_sub(1),
            TagEnd::TableCell => self.cells.push(std::mem::take(&mut self.line)),
            TagEnd::TableHead | TagEnd::TableRow => {
                let cells = std::mem::take(&mut self.cells);
                let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
                let header = matches!(tag, TagEnd::TableHead);
                self.flow.row(&cells, header, !header);
            }
            TagEnd::MetadataBlock(_) => self.in_meta = false,
            TagEnd::Table
            | TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::Link
            | TagEnd::Image
            | TagEnd::DefinitionList => {}
        }
    }
}

fn flow(source: &str) -> Flow {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut walk = Walk::default();
    for event in Parser::new_ext(source, options) {
        match event {
            Event::Start(tag) => walk.start(&tag),
            Event::End(tag) => walk.end(tag),
            Event::Text(_) if walk.in_meta => {}
            Event::Text(text) | Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                walk.line.push_str(&text);
            }
            Event::SoftBreak => walk.line.push(' '),
            Event::HardBreak => walk.line.push('\n'),
            Event::FootnoteReference(label) => walk.line.push_str(&format!("[{label}]")),
            Event::TaskListMarker(done) => walk.line.push_str(if done { "[x] " } else { "[ ] " }),
            Event::Rule => walk.flush(false),
            // Tags are not text; what stands between them comes as text.
            Event::Html(_) | Event::InlineHtml(_) => {}
        }
    }
    walk.flush(false);
    walk.flow
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::tests::kinds;

    #[test]
    fn what_a_reader_sees() {
        let source = "---\ntitle: x\n---\n# Lease *agreement*\n\nThe **rent** is\n1,200 € per month.[^1]\n\n## Terms\n\
            - first\n- second\n  1. inner\n\n| Item | Cost |\n|---|---|\n| Heat | 90 |\n| Water | 30 |\n\n\
            > quoted `code`\n\n```\nlet x = 1;\n\nlet y = 2;\n```\n\n[^1]: Plus charges.\n";
        let mut pages = Vec::new();
        flow(source)
            .pages(&mut |p| {
                pages.push(p);
                Ok(())
            })
            .unwrap();
        insta::assert_snapshot!(pages[0].text);
        insta::assert_snapshot!("what_each_stretch_is", kinds(&pages[0]));
        let titles: Vec<_> =
            pages[0].headings.iter().map(|h| (h.level, crate::words::slice(&pages[0].text, h.span))).collect();
        assert_eq!(titles, [(1, "Lease agreement"), (2, "Terms")]);
    }
}
