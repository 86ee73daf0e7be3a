//! From the parser's events to blocks. Citations are placed by the source offset of their char.

use super::{Block, Inline, Marks, safe_link};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use std::ops::Range;

/// Nesting deeper than this is flattened: a model may write a thousand `>`.
const DEPTH: usize = 12;

pub(super) fn blocks(text: &str, marks: Marks) -> Vec<Block> {
    let offsets = Offsets::new(text);
    let mut builder = Builder {
        stack: vec![Frame::new(Kind::Root)],
        cites: marks.citations.iter().map(|cite| (offsets.byte(cite.at), cite.number)).collect(),
        unsupported: marks.unsupported.iter().map(|span| offsets.byte(span.start)..offsets.byte(span.end)).collect(),
        skipped: 0,
    };
    builder.cites.sort_by(|a, b| b.cmp(a)); // the next one is last
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        builder.event(event, range);
    }
    builder.finish()
}

/// From char offsets to byte offsets.
struct Offsets(Vec<usize>);

impl Offsets {
    fn new(text: &str) -> Self {
        Self(text.char_indices().map(|(at, _)| at).chain([text.len()]).collect())
    }
    fn byte(&self, char_at: u32) -> usize {
        self.0.get(char_at as usize).or(self.0.last()).copied().unwrap_or_default()
    }
}

enum Kind {
    Root,
    Paragraph,
    Heading(u8),
    Code(String),
    List(Option<u64>),
    Item,
    Quote,
    Table,
    Head,
    Row,
    Cell,
    Strong,
    Emphasis,
    Strike,
    Link(String),
    /// Something whose words stay and whose form goes: images, raw HTML.
    Plain,
}

/// What is open, and what is in it so far.
struct Frame {
    kind: Kind,
    blocks: Vec<Block>,
    inlines: Vec<Inline>,
    items: Vec<Vec<Block>>,
    cells: Vec<Vec<Inline>>,
    head: Vec<Vec<Inline>>,
    rows: Vec<Vec<Vec<Inline>>>,
    text: String,
}

impl Frame {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            blocks: vec![],
            inlines: vec![],
            items: vec![],
            cells: vec![],
            head: vec![],
            rows: vec![],
            text: String::new(),
        }
    }
}

struct Builder {
    stack: Vec<Frame>,
    /// Citations by byte, the next one last.
    cites: Vec<(usize, u32)>,
    unsupported: Vec<Range<usize>>,
    /// Containers that were too deep to open.
    skipped: usize,
}

impl Builder {
    fn top(&mut self) -> &mut Frame {
        if self.stack.is_empty() {
            self.stack.push(Frame::new(Kind::Root));
        }
        let last = self.stack.len() - 1;
        &mut self.stack[last]
    }

    fn event(&mut self, event: Event, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.open(tag),
            Event::End(tag) => {
                // After bold words, but in the cell or paragraph that holds them.
                let inline = matches!(
                    tag,
                    TagEnd::Strong | TagEnd::Emphasis | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image
                );
                let block = !inline && !matches!(tag, TagEnd::Table | TagEnd::List(_) | TagEnd::TableRow);
                self.cites_until(range.end, block);
                self.close();
                self.cites_until(range.end, inline);
            }
            Event::Text(text) => self.words(&text, range),
            Event::Code(code) | Event::InlineMath(code) | Event::DisplayMath(code) => {
                self.inline(Inline::Code(code.into_string()));
                self.cites_until(range.end, true);
            }
            // Raw HTML is shown as the text it is.
            Event::Html(html) | Event::InlineHtml(html) => self.words(&html, range),
            Event::SoftBreak => self.inline(Inline::Text(" ".into())),
            Event::HardBreak => self.inline(Inline::Break),
            Event::Rule => self.top().blocks.push(Block::Rule),
            Event::TaskListMarker(done) => self.inline(Inline::Task(done)),
            Event::FootnoteReference(name) => self.inline(Inline::Text(format!("[{name}]"))),
        }
    }

    fn open(&mut self, tag: Tag) {
        if self.stack.len() > DEPTH {
            self.skipped += 1;
            return;
        }
        let kind = match tag {
            Tag::Paragraph => Kind::Paragraph,
            Tag::Heading { level, .. } => Kind::Heading(level as u8),
            Tag::BlockQuote(_) => Kind::Quote,
            Tag::CodeBlock(CodeBlockKind::Fenced(name)) => Kind::Code(name.into_string()),
            Tag::CodeBlock(CodeBlockKind::Indented) => Kind::Code(String::new()),
            Tag::HtmlBlock => Kind::Paragraph,
            Tag::List(first) => Kind::List(first),
            Tag::Item => Kind::Item,
            Tag::Table(_) => Kind::Table,
            Tag::TableHead => Kind::Head,
            Tag::TableRow => Kind::Row,
            Tag::TableCell => Kind::Cell,
            Tag::Strong => Kind::Strong,
            Tag::Emphasis => Kind::Emphasis,
            Tag::Strikethrough => Kind::Strike,
            Tag::Link { dest_url, .. } if safe_link(&dest_url) => Kind::Link(dest_url.into_string()),
            Tag::Link { .. }
            | Tag::Image { .. }
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Superscript
            | Tag::Subscript
            | Tag::MetadataBlock(_) => Kind::Plain,
        };
        self.stack.push(Frame::new(kind));
    }

    fn close(&mut self) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        if self.stack.len() < 2 {
            return;
        }
        let Some(mut done) = self.stack.pop() else { return };
        match done.kind {
            Kind::Root => {}
            Kind::Paragraph => self.block(Block::Paragraph(done.inlines)),
            Kind::Heading(level) => self.block(Block::Heading(level, done.inlines)),
            Kind::Code(name) => {
                let cites = done.inlines;
                self.block(Block::Code { name, text: done.text });
                if !cites.is_empty() {
                    self.block(Block::Paragraph(cites));
                }
            }
            Kind::List(first) => self.block(Block::List(first, done.items)),
            Kind::Item => {
                loose(&mut done);
                self.top().items.push(done.blocks);
            }
            Kind::Quote => {
                loose(&mut done);
                self.block(Block::Quote(done.blocks));
            }
            Kind::Table => self.block(Block::Table(done.head, done.rows)),
            Kind::Head => self.top().head = done.cells,
            Kind::Row => self.top().rows.push(done.cells),
            Kind::Cell => self.top().cells.push(done.inlines),
            Kind::Strong => self.inline(Inline::Strong(done.inlines)),
            Kind::Emphasis => self.inline(Inline::Emphasis(done.inlines)),
            Kind::Strike => self.inline(Inline::Strike(done.inlines)),
            Kind::Link(href) => self.inline(Inline::Link(href, done.inlines)),
            Kind::Plain => {
                let top = self.top();
                top.inlines.append(&mut done.inlines);
                top.blocks.append(&mut done.blocks);
            }
        }
    }

    fn block(&mut self, block: Block) {
        let top = self.top();
        // A tight list item has bare words before its blocks.
        loose(top);
        top.blocks.push(block);
    }

    fn inline(&mut self, inline: Inline) {
        self.top().inlines.push(inline);
    }

    /// Words of the source, cut where a citation stands or support begins or ends.
    fn words(&mut self, text: &str, range: Range<usize>) {
        if let Kind::Code(_) = self.top().kind {
            self.top().text.push_str(text);
            return;
        }
        // Escapes and entities are shorter than their source: then marks go after the words.
        let exact = text.len() == range.len();
        let mut at = range.start;
        while exact && at < range.end {
            let cite = self.cites.last().map(|(byte, _)| *byte).filter(|byte| (at..range.end).contains(byte));
            let edge = self.unsupported.iter().flat_map(|span| [span.start, span.end]);
            let edge = edge.filter(|edge| (at + 1..range.end).contains(edge)).min();
            let end = [cite, edge].into_iter().flatten().min().unwrap_or(range.end);
            if let Some(part) = text.get(at - range.start..end - range.start) {
                self.part(part, at);
            }
            at = end;
            self.cites_until(at, true);
            if end == range.end || (Some(end) != cite && Some(end) != edge) {
                break;
            }
        }
        if !exact {
            self.part(text, range.start);
            self.cites_until(range.end, true);
        }
    }

    fn part(&mut self, text: &str, at: usize) {
        if text.is_empty() {
            return;
        }
        let unsupported = self.unsupported.iter().any(|span| span.contains(&at));
        let text = text.to_owned();
        self.inline(if unsupported { Inline::Unsupported(text) } else { Inline::Text(text) });
    }

    /// Puts the marks of citations up to a byte here, where there are words to put them after.
    fn cites_until(&mut self, end: usize, here: bool) {
        while here && self.cites.last().is_some_and(|(byte, _)| *byte <= end) {
            if let Some((_, number)) = self.cites.pop() {
                let top = self.top();
                let after = match top.blocks.last_mut() {
                    Some(Block::Paragraph(inlines)) if top.inlines.is_empty() => inlines,
                    _ => &mut top.inlines,
                };
                after.push(Inline::Cite(number));
            }
        }
    }

    fn finish(mut self) -> Vec<Block> {
        while self.stack.len() > 1 {
            self.skipped = 0;
            self.close();
        }
        self.cites_until(usize::MAX, true);
        let mut root = self.stack.pop().unwrap_or_else(|| Frame::new(Kind::Root));
        loose(&mut root);
        root.blocks
    }
}

/// Bare words become a paragraph.
fn loose(frame: &mut Frame) {
    if !frame.inlines.is_empty() {
        let words = std::mem::take(&mut frame.inlines);
        frame.blocks.push(Block::Paragraph(words));
    }
}
