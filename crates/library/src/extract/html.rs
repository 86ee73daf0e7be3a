//! HTML: what a reader of the page sees of its content; no script ever runs, nothing is loaded.

use super::{Flow, Page, load, text::decode, tidy};
use protocol::Fault;
use scraper::{ElementRef, Html, Node, Selector, node::Element};
use std::path::Path;

pub fn read(path: &Path, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<Vec<Fault>, Fault> {
    let bytes = load(path)?;
    let source = decode(&bytes, declared(&bytes).as_deref());
    flow(&source).pages(out)?;
    Ok(Vec::new())
}

/// The encoding that the document names in its first bytes.
pub fn declared(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(2048)]).to_ascii_lowercase();
    let after =
        ["charset=", "encoding="].iter().find_map(|key| head.split_once(key).map(|(_, rest)| rest.to_owned()))?;
    let label: String = after
        .trim_start_matches(['"', '\'', ' '])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'))
        .collect();
    (!label.is_empty()).then_some(label)
}

/// Adds all that a document says to a text, what stands around an article too: a message, a chapter.
pub fn add(source: &str, flow: Flow) -> Flow {
    let html = Html::parse_document(source);
    let mut walk = Walk { flow, ..Walk::default() };
    walk.walk(html.root_element(), true);
    walk.flow
}

/// All that a document says.
pub fn text(source: &str) -> String {
    let mut text = String::new();
    // No page fails to be added to a text.
    let _ = add(source, Flow::default()).pages(&mut |page| {
        text.push_str(&page.text);
        text.push('\n');
        Ok(())
    });
    text
}

/// Whether a document has a heading that says something.
pub fn has_heading(source: &str) -> bool {
    let html = Html::parse_document(source);
    let Ok(headings) = Selector::parse("h1, h2, h3") else { return false };
    html.select(&headings).any(|heading| heading.text().any(|text| !text.trim().is_empty()))
}

/// A `<main>` with less text than this is a shell; the whole body is read.
const LEAST_MAIN_CHARS: usize = 250;

fn flow(source: &str) -> Flow {
    let html = Html::parse_document(source);
    let main = Selector::parse("main, [role=main]").ok().and_then(|selector| {
        let mut mains = html.select(&selector);
        let first = mains.next()?;
        let long = || first.text().flat_map(str::chars).filter(|c| !c.is_whitespace()).take(LEAST_MAIN_CHARS).count();
        (mains.next().is_none() && long() == LEAST_MAIN_CHARS).then_some(first)
    });
    let mut walk = Walk::default();
    walk.walk(main.unwrap_or_else(|| html.root_element()), main.is_some());
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
    Cell,
    Pre,
    Inline,
}

fn kind(element: &Element, in_main: bool) -> Kind {
    let hidden = element.attr("hidden").is_some()
        || element.attr("aria-hidden") == Some("true")
        || matches!(element.attr("role"), Some("navigation" | "banner" | "contentinfo" | "search"));
    match element.name() {
        _ if hidden => Kind::Skipped,
        "script" | "style" | "template" | "noscript" | "svg" | "head" | "nav" | "iframe" | "object" | "select"
        | "button" | "textarea" | "dialog" | "canvas" | "audio" | "video" => Kind::Skipped,
        // Of the page, not of an article.
        "header" | "footer" | "aside" if !in_main => Kind::Skipped,
        "h1" => Kind::Heading(1),
        "h2" => Kind::Heading(2),
        "h3" => Kind::Heading(3),
        "h4" => Kind::Heading(4),
        "h5" | "h6" => Kind::Heading(5),
        "li" | "tr" | "dt" | "dd" | "br" | "option" => Kind::Line,
        "td" | "th" => Kind::Cell,
        "pre" => Kind::Pre,
        "p" | "div" | "section" | "article" | "main" | "ul" | "ol" | "dl" | "table" | "blockquote" | "figure"
        | "figcaption" | "address" | "form" | "fieldset" | "hr" | "body" | "html" | "header" | "footer" | "aside"
        | "details" | "summary" | "thead" | "tbody" | "tfoot" | "caption" | "center" => Kind::Block,
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
}

impl Walk {
    fn walk(&mut self, root: ElementRef<'_>, in_main: bool) {
        use ego_tree::iter::Edge;
        let mut skipping = 0usize;
        let mut articles = usize::from(in_main);
        for edge in root.traverse() {
            let (node, open) = match edge {
                Edge::Open(node) => (node, true),
                Edge::Close(node) => (node, false),
            };
            match node.value() {
                Node::Element(element) => {
                    let kind = kind(element, articles > 0);
                    match (matches!(kind, Kind::Skipped), open) {
                        (true, true) => skipping += 1,
                        (true, false) => skipping = skipping.saturating_sub(1),
                        (false, true) if skipping == 0 => self.open(&kind, element),
                        (false, false) if skipping == 0 => self.close(&kind),
                        (false, _) => {}
                    }
                    if element.name() == "article" {
                        articles = if open { articles + 1 } else { articles.saturating_sub(1) };
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

    fn open(&mut self, kind: &Kind, element: &Element) {
        match kind {
            Kind::Heading(_) | Kind::Block => {
                self.flush();
                self.tight = false;
            }
            Kind::Line => {
                self.flush();
                if element.name() == "li" {
                    self.line.push_str("- ");
                }
            }
            Kind::Pre => {
                self.flush();
                self.tight = false;
                self.preformatted += 1;
            }
            Kind::Cell | Kind::Inline | Kind::Skipped => {}
        }
    }

    fn close(&mut self, kind: &Kind) {
        match kind {
            Kind::Heading(level) => {
                let title = std::mem::take(&mut self.line);
                self.flow.heading(&tidy(&title), *level);
                self.tight = false;
            }
            Kind::Block => {
                self.flush();
                self.tight = false;
            }
            Kind::Line => {
                self.flush();
                self.tight = true;
            }
            Kind::Cell => self.line.push_str(" | "),
            Kind::Pre => {
                self.preformatted = self.preformatted.saturating_sub(1);
                let code = std::mem::take(&mut self.line);
                let lines: Vec<&str> = code.lines().filter(|l| !l.trim().is_empty()).collect();
                self.flow.block(&tidy(&lines.join("\n")), false);
            }
            Kind::Inline | Kind::Skipped => {}
        }
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
        let line = line.trim().trim_end_matches([' ', '|']);
        if !line.is_empty() && line != "-" {
            self.flow.block(line, self.tight);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(crate::words::slice(&page.text, page.headings[0].span), "Notice period");
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
