//! HTML: what a reader of the page sees of its content; no script ever runs, nothing is loaded.

mod depth;
mod surroundings;
mod within;

pub use within::{add, declared, has_heading, text};

use super::{Flow, Page, load, text::decode, tidy};
use protocol::Fault;
use scraper::{ElementRef, Html, Node, node::Element};
use std::path::Path;
use surroundings::article;

pub fn read(path: &Path, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<Vec<Fault>, Fault> {
    let bytes = load(path)?;
    let source = decode(&bytes, declared(&bytes).as_deref());
    flow(&source).pages(out)?;
    Ok(Vec::new())
}

/// A page as its parser understands it; what lies in it deeper than in a browser is brought up.
pub(super) fn parse(source: &str) -> Html {
    Html::parse_document(&depth::shallow(source))
}

pub(super) fn flow(source: &str) -> Flow {
    let html = parse(source);
    let article = article(&html);
    let mut walk = Walk::default();
    // Without a clear article nothing is left out that may be text: a contract has a header and a footer.
    walk.walk(article.unwrap_or_else(|| html.root_element()));
    walk.flow
}

/// What an element does to the text around it.
enum Kind {
    Skipped,
    Heading(u8),
    /// Its own paragraph.
    Block,
    /// Its own line.
    Line,
    /// An item of a list.
    Item,
    /// A list: its items stand together.
    List,
    Quote,
    Row,
    Cell,
    Pre,
    Inline,
}

fn kind(element: &Element) -> Kind {
    let hidden = element.attr("hidden").is_some()
        || surroundings::is_consent(element)
        || element.attr("aria-hidden") == Some("true")
        || matches!(element.attr("role"), Some("navigation" | "banner" | "contentinfo" | "search"));
    match element.name() {
        _ if hidden => Kind::Skipped,
        "script" | "style" | "template" | "noscript" | "svg" | "head" | "nav" | "iframe" | "object" | "select"
        | "button" | "textarea" | "dialog" | "canvas" | "audio" | "video" => Kind::Skipped,
        "h1" => Kind::Heading(1),
        "h2" => Kind::Heading(2),
        "h3" => Kind::Heading(3),
        "h4" => Kind::Heading(4),
        "h5" | "h6" => Kind::Heading(5),
        "dt" | "dd" | "br" | "option" => Kind::Line,
        "li" => Kind::Item,
        "ul" | "ol" => Kind::List,
        "blockquote" => Kind::Quote,
        "tr" => Kind::Row,
        "td" | "th" => Kind::Cell,
        "thead" | "tbody" | "tfoot" => Kind::Inline,
        "pre" => Kind::Pre,
        "p" | "div" | "section" | "article" | "main" | "dl" | "table" | "figure" | "figcaption" | "address"
        | "form" | "fieldset" | "hr" | "body" | "html" | "header" | "footer" | "aside" | "details" | "summary"
        | "caption" | "center" => Kind::Block,
        _ => Kind::Inline,
    }
}

#[derive(Default)]
struct Walk {
    flow: Flow,
    line: String,
    /// The next line belongs to the block before.
    tight: bool,
    preformatted: usize,
    lists: usize,
    /// Whether the line is an item of a list.
    item: bool,
    quotes: usize,
    /// The row that is being read, where it is one of data and not of the page's layout.
    row: Option<Row>,
}

#[derive(Default)]
struct Row {
    cells: Vec<String>,
    /// All its cells say what others are.
    header: bool,
}

/// Deeper lists are indented no further.
const DEEPEST: usize = 8;

/// Whether a row holds data: what has headings, lists or tables in it lays out a page.
fn is_data(row: ElementRef<'_>) -> bool {
    let laid_out = |name: &str| {
        matches!(
            name,
            "table"
                | "h1"
                | "h2"
                | "h3"
                | "h4"
                | "h5"
                | "h6"
                | "ul"
                | "ol"
                | "dl"
                | "pre"
                | "blockquote"
                | "article"
                | "section"
                | "form"
        )
    };
    let mut cells = 0;
    for node in row.descendants().skip(1) {
        if let Node::Element(element) = node.value() {
            if laid_out(element.name()) {
                return false;
            }
            cells += usize::from(matches!(element.name(), "td" | "th"));
        }
    }
    cells > 1
}

impl Walk {
    fn walk(&mut self, root: ElementRef<'_>) {
        use ego_tree::iter::Edge;
        let mut skipping = 0usize;
        for edge in root.traverse() {
            let (node, open) = match edge {
                Edge::Open(node) => (node, true),
                Edge::Close(node) => (node, false),
            };
            match node.value() {
                Node::Element(element) => {
                    let kind = kind(element);
                    match (matches!(kind, Kind::Skipped), open) {
                        (true, true) => skipping += 1,
                        (true, false) => skipping = skipping.saturating_sub(1),
                        (false, true) if skipping == 0 => {
                            let data = matches!(kind, Kind::Row) && ElementRef::wrap(node).is_some_and(is_data);
                            self.open(&kind, element, data);
                        }
                        (false, false) if skipping == 0 => self.close(&kind),
                        (false, _) => {}
                    }
                }
                Node::Text(text) if open && skipping == 0 => self.text(text),
                Node::Text(_)
                | Node::Document
                | Node::Fragment
                | Node::Doctype(_)
                | Node::Comment(_)
                | Node::ProcessingInstruction(_) => {}
            }
        }
        self.flush();
    }

    fn open(&mut self, kind: &Kind, element: &Element, data: bool) {
        if let Some(row) = &mut self.row {
            // What stands in a cell is one line.
            match kind {
                Kind::Cell => row.header &= element.name() == "th",
                Kind::Inline | Kind::Skipped => {}
                Kind::Heading(_)
                | Kind::Block
                | Kind::Line
                | Kind::Item
                | Kind::List
                | Kind::Quote
                | Kind::Row
                | Kind::Pre => self.line.push(' '),
            }
            return;
        }
        match kind {
            Kind::Heading(_) | Kind::Block => self.apart(),
            Kind::Quote => {
                self.apart();
                self.quotes += 1;
            }
            Kind::List => {
                if self.lists == 0 {
                    self.apart();
                } else {
                    self.flush();
                }
                self.lists += 1;
            }
            Kind::Line => self.flush(),
            Kind::Row => {
                self.flush();
                if data {
                    self.row = Some(Row { cells: Vec::new(), header: true });
                }
            }
            Kind::Item => {
                self.flush();
                self.line = "  ".repeat(self.depth()) + "- ";
                self.item = true;
            }
            Kind::Pre => {
                self.apart();
                self.preformatted += 1;
            }
            Kind::Cell | Kind::Inline | Kind::Skipped => {}
        }
    }

    fn close(&mut self, kind: &Kind) {
        if let Some(row) = &mut self.row {
            match kind {
                Kind::Cell => row.cells.push(tidy(&std::mem::take(&mut self.line))),
                Kind::Row => {
                    let row = self.row.take().unwrap_or_default();
                    self.line.clear();
                    let cells: Vec<&str> = row.cells.iter().map(String::as_str).collect();
                    self.flow.row(&cells, row.header, self.tight);
                    self.tight = true;
                }
                Kind::Inline | Kind::Skipped => {}
                Kind::Heading(_) | Kind::Block | Kind::Line | Kind::Item | Kind::List | Kind::Quote | Kind::Pre => {
                    self.line.push(' ');
                }
            }
            return;
        }
        match kind {
            Kind::Heading(level) => {
                let title = std::mem::take(&mut self.line);
                self.flow.heading(&tidy(&title), *level);
                self.tight = false;
            }
            Kind::Block => self.apart(),
            Kind::Quote => {
                self.apart();
                self.quotes = self.quotes.saturating_sub(1);
            }
            Kind::List => {
                self.flush();
                self.lists = self.lists.saturating_sub(1);
                self.tight = self.lists > 0;
            }
            Kind::Item => {
                self.flush();
                self.line.clear();
                (self.item, self.tight) = (false, true);
            }
            Kind::Line | Kind::Row => {
                self.flush();
                self.tight = true;
            }
            Kind::Cell => self.line.push_str(" | "),
            Kind::Pre => {
                self.preformatted = self.preformatted.saturating_sub(1);
                let code = std::mem::take(&mut self.line);
                self.flow.code(&tidy(&code));
            }
            Kind::Inline | Kind::Skipped => {}
        }
    }

    /// What follows is a block of its own.
    fn apart(&mut self) {
        self.flush();
        // Paragraphs of one item stay together; an item that has only its mark is where it was.
        if !self.item {
            self.tight = self.lists > 0;
        }
    }

    fn depth(&self) -> usize {
        self.lists.saturating_sub(1).min(DEEPEST)
    }

    fn text(&mut self, text: &str) {
        if self.preformatted > 0 {
            self.line.push_str(text);
            return;
        }
        for c in text.chars() {
            if !c.is_whitespace() || c == '\u{a0}' {
                self.line.push(c);
            } else if !self.line.is_empty() && !self.line.ends_with(' ') {
                self.line.push(' ');
            }
        }
    }

    fn flush(&mut self) {
        let line = tidy(&std::mem::take(&mut self.line));
        let line = line.trim_end().trim_end_matches([' ', '|']);
        let item = std::mem::take(&mut self.item);
        if line.trim().is_empty() || line.trim() == "-" {
            // The mark of an item whose text comes in a block of its own.
            if item {
                (self.line, self.item) = (line.to_owned() + " ", true);
            }
            return;
        }
        match (self.lists, self.quotes) {
            (0, 0) => self.flow.block(line.trim(), self.tight),
            (0, _) if !item => self.flow.quote(line.trim()),
            _ => self.flow.item(line, self.depth() as u8, self.tight),
        }
        if item {
            self.tight = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::tests::kinds;

    fn first_page(source: &str) -> Page {
        let mut pages = Vec::new();
        flow(source)
            .pages(&mut |p| {
                pages.push(p);
                Ok(())
            })
            .unwrap();
        pages.remove(0)
    }

    #[test]
    fn the_content_without_its_surroundings() {
        let page = first_page(
            "<!doctype html><title>T</title><style>p{}</style><nav>Home</nav><header>Logo</header>\
             <article><header><h1>Notice <em>period</em></h1></header><p>The period is\n  <b>90</b>&nbsp;days.</p>\
             <ul><li>one<li>two</ul><table><tr><th>Year<th>Sum<tr><td>2024<td>12</table>\
             <pre>a  b\n\n c</pre><p hidden>secret</p><script>alert(1)</script></article><footer>Imprint</footer>",
        );
        insta::assert_snapshot!(page.text);
        insta::assert_snapshot!("what_each_stretch_is", kinds(&page));
        assert_eq!(crate::words::slice(&page.text, page.headings[0].span), "Notice period");
    }

    #[test]
    fn a_table_that_lays_out_a_page_is_no_table() {
        let page = first_page(
            "<table><tr><td><h2>Left</h2><p>One.</p></td><td><ul><li>a<ul><li>b</ul></ul><blockquote>said</blockquote></td></tr>\
             </table><table><thead><tr><th>Year</th><th>Sum</th></tr></thead><tbody><tr><td><p>2024</p></td><td></td>\
             </tr><tr><td>2025</td><td><p>12</p><p>€</p></td></tr></tbody></table>",
        );
        insta::assert_snapshot!("layout_tables", kinds(&page));
    }

    #[test]
    fn nesting_of_any_depth_is_walked() {
        let page = first_page(&("<div>".repeat(5000) + "deep" + &"</div>".repeat(5000)));
        assert_eq!(page.text, "deep");
    }

    #[test]
    fn declared_encodings() {
        for (head, expected) in [
            ("<meta charset=\"ISO-8859-7\">", Some("iso-8859-7")),
            ("<meta content='text/html; charset=koi8-r'>", Some("koi8-r")),
            ("<?xml version='1.0' encoding='Shift_JIS'?>", Some("shift_jis")),
            ("<p>", None),
        ] {
            assert_eq!(declared(head.as_bytes()).as_deref(), expected, "{head}");
        }
    }
}
