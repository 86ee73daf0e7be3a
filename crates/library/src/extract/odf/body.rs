//! The content of an OpenDocument file: its paragraphs, lists, tables, sheets and slides in order.

use super::{
    super::{
        Flow, tidy,
        xlsx::MOST_CELLS,
        xml::{Node, Tag, Xml},
    },
    lists::Lists,
    open::{Aside, Class, Mode, Para, is_passed_over},
    sheet::Sheet,
    styles::Styles,
    table::Table,
};
use protocol::Fault;

/// Deeper lists are indented no further.
const DEEPEST: usize = 8;
/// Equal cells that are written once: so many are read.
const MOST_COLUMNS: u32 = 64;
/// Spaces that are written as a number.
const MOST_SPACES: usize = 200;

/// Reads the content.
pub(super) struct Body<'a> {
    flow: &'a mut Flow,
    styles: &'a Styles,
    mode: Mode,
    paras: Vec<Para>,
    /// The open lists: their styles, and whether a mark waits for the item's first paragraph.
    lists: Vec<String>,
    mark: Option<String>,
    numbers: Lists,
    after_item: bool,
    tables: Vec<Table>,
    asides: Vec<Aside>,
    in_field: Option<&'static str>,
    pending: Vec<String>,
    class: Vec<Class>,
    in_notes: bool,
    slide: u32,
    sheet: Sheet,
    hidden: Vec<String>,
    left: u64,
}

impl<'a> Body<'a> {
    pub fn new(flow: &'a mut Flow, styles: &'a Styles) -> Self {
        Self {
            flow,
            styles,
            mode: Mode::Text,
            paras: Vec::new(),
            lists: Vec::new(),
            mark: None,
            numbers: Lists::default(),
            after_item: false,
            tables: Vec::new(),
            asides: Vec::new(),
            in_field: None,
            pending: Vec::new(),
            class: Vec::new(),
            in_notes: false,
            slide: 0,
            sheet: Sheet::default(),
            hidden: Vec::new(),
            left: MOST_CELLS,
        }
    }

    /// What a person should know.
    pub fn notes(self) -> Vec<Fault> {
        let mut notes = Vec::new();
        if !self.hidden.is_empty() {
            notes.push(crate::faults::sheets_hidden(&self.hidden));
        }
        if self.left == 0 {
            notes.push(crate::faults::cells_left_out(MOST_CELLS));
        }
        notes
    }

    /// `margins`: what stands over and under the pages.
    pub fn walk(&mut self, content: &str, margins: &[String]) -> Result<(), Fault> {
        let mut xml = Xml::of(content);
        while let Some(node) = xml.next()? {
            match node {
                Node::Open(tag) if is_passed_over(&tag) => xml.skip()?,
                Node::Open(tag) => self.open(&tag),
                Node::Close(name) => self.close(&name),
                Node::Text(text) => self.text(&text),
            }
        }
        self.beside();
        if self.mode != Mode::Slides {
            for margin in margins {
                self.flow.note(margin);
            }
        }
        Ok(())
    }

    fn open(&mut self, tag: &Tag<'_>) {
        match tag.prefixed() {
            "office:spreadsheet" => self.mode = Mode::Sheets,
            "office:presentation" | "office:drawing" => self.mode = Mode::Slides,
            "draw:page" => {
                self.beside();
                self.slide += 1;
                self.flow.page_break(Some(format!("Slide {}", self.slide)));
            }
            "presentation:notes" => {
                self.beside();
                self.in_notes = true;
            }
            "draw:frame" | "draw:custom-shape" => self.class.push(match tag.attr("class").as_deref() {
                Some("title") if !self.in_notes => Class::Title,
                Some("outline" | "subtitle") if !self.in_notes => Class::Outline,
                Some("page-number" | "date-time" | "footer" | "header" | "page") => Class::Passed,
                Some(_) | None => Class::None,
            }),
            "text:h" | "text:p" => self.paras.push(Para {
                heading: (tag.name() == "h").then(|| tag.number("outline-level").unwrap_or(1)),
                style: tag.prefixed_attr("text:style-name").unwrap_or_default(),
                ..Para::default()
            }),
            "text:list" => {
                let style = tag.prefixed_attr("text:style-name").or_else(|| self.lists.last().cloned());
                let style = style.unwrap_or_default();
                if self.lists.is_empty() && tag.attr("continue-numbering").as_deref() != Some("true") {
                    self.numbers.begin(&style);
                }
                self.lists.push(style);
            }
            "text:list-item" => {
                let style = self.lists.last().map_or("", String::as_str);
                let depth = self.lists.len().saturating_sub(1);
                self.mark = Some(self.numbers.item(self.styles, style, depth));
            }
            "text:s" => {
                let spaces = tag.number("c").unwrap_or(1usize).min(MOST_SPACES);
                self.push(&" ".repeat(spaces));
            }
            "text:tab" => self.push("\t"),
            "text:line-break" => self.push("\n"),
            "text:note" | "office:annotation" => self.asides.push(Aside::default()),
            "text:note-citation" => self.in_field = Some("citation"),
            "dc:creator" => self.in_field = Some("creator"),
            "dc:date" | "meta:date-string" => self.in_field = Some("passed"),
            "table:table" => self.open_table(tag),
            "table:table-header-rows" => {
                if let Some(table) = self.tables.last_mut() {
                    table.in_header = true;
                }
            }
            "table:table-row" => {
                if self.sheet.is_open() {
                    self.sheet.open_row(tag);
                } else if let Some(table) = self.tables.last_mut() {
                    table.rows.push((Vec::new(), table.in_header));
                }
            }
            "table:table-cell" | "table:covered-table-cell" => self.open_cell(tag),
            _ => {}
        }
    }

    fn open_table(&mut self, tag: &Tag<'_>) {
        if self.mode != Mode::Sheets || self.sheet.is_open() {
            return self.tables.push(Table::default());
        }
        let name = tag.attr("name").unwrap_or_default();
        if tag.prefixed_attr("table:style-name").is_some_and(|style| self.styles.hidden.contains(&style)) {
            self.hidden.push(name.clone());
        }
        self.flow.page_break(Some(name));
        self.sheet = Sheet::begun();
    }

    fn open_cell(&mut self, tag: &Tag<'_>) {
        let repeats = tag.number("number-columns-repeated").unwrap_or(1u32).max(1);
        if self.sheet.is_open() && self.tables.is_empty() {
            self.sheet.open_cell(tag, repeats);
        } else if let Some(table) = self.tables.last_mut() {
            (table.cell, table.span) = (Some(String::new()), repeats.min(MOST_COLUMNS));
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "p" | "h" => {
                if let Some(para) = self.paras.pop() {
                    self.paragraph(para);
                }
            }
            "list" => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.mark = None;
                }
            }
            "list-item" => self.mark = None,
            "note" | "annotation" => self.close_aside(name == "note"),
            "note-citation" | "creator" | "date" | "date-string" => self.in_field = None,
            "notes" => {
                self.beside();
                self.in_notes = false;
            }
            "frame" | "custom-shape" => drop(self.class.pop()),
            "table-header-rows" => {
                if let Some(table) = self.tables.last_mut() {
                    table.in_header = false;
                }
            }
            "table-cell" | "covered-table-cell" => self.close_cell(),
            "table-row" if self.sheet.is_open() && self.tables.is_empty() => {
                self.sheet.close_row(self.flow, &mut self.left);
            }
            "table" => self.close_table(),
            "page" => self.beside(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        match (self.in_field, self.asides.last_mut()) {
            (Some("citation"), Some(aside)) => aside.citation.push_str(text),
            (Some("creator"), Some(aside)) => aside.author.push_str(text),
            // A field with the date or the author is part of the text.
            (Some(_), Some(_)) => {}
            (Some(_) | None, _) => {
                // Line ends of the file are spaces.
                let mut spaced = String::with_capacity(text.len());
                for c in text.chars() {
                    if !matches!(c, ' ' | '\n' | '\r' | '\t') {
                        spaced.push(c);
                    } else if !spaced.ends_with(' ') {
                        spaced.push(' ');
                    }
                }
                self.push(&spaced);
            }
        }
    }

    fn push(&mut self, text: &str) {
        if let Some(para) = self.paras.last_mut() {
            para.text.push_str(text);
        }
    }

    fn paragraph(&mut self, para: Para) {
        let text = tidy(&para.text);
        let text = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
        let text = text.trim();
        self.pending.extend(para.notes);
        if text.is_empty() {
            return;
        }
        if let Some(aside) = self.asides.last_mut() {
            return aside.said.push(text.to_owned());
        }
        if let Some(cell) = self.tables.last_mut().and_then(|table| table.cell.as_mut()) {
            if !cell.is_empty() {
                cell.push(' ');
            }
            return cell.push_str(text);
        }
        if self.sheet.is_open() {
            return self.sheet.shown(text);
        }
        if self.in_notes {
            if self.class.last() != Some(&Class::Passed) {
                self.flow.note(text);
            }
            return;
        }
        // A style that is not there still has a name.
        let style = self.styles.paragraphs.get(&para.style).cloned().unwrap_or_else(|| para.style.to_lowercase());
        let style = style.as_str();
        let heading = para.heading.or(match style {
            "title" if self.lists.is_empty() => Some(1),
            "subtitle" if self.lists.is_empty() => Some(2),
            _ => None,
        });
        match (self.class.last().copied().unwrap_or(Class::None), heading) {
            (Class::Passed, _) => return,
            (Class::Title, _) => self.write_heading(text, 1, String::new()),
            (_, Some(level)) => {
                let number =
                    if para.heading.is_some() { self.numbers.heading(self.styles, level) } else { String::new() };
                self.write_heading(text, level, number);
            }
            (class, None) if !self.lists.is_empty() || class == Class::Outline => {
                let depth = self.lists.len().saturating_sub(1).min(DEEPEST);
                let mark = match self.mark.take() {
                    Some(mark) => mark,
                    None if class == Class::Outline && self.lists.is_empty() => "-".to_owned(),
                    None => String::new(),
                };
                let indent = "  ".repeat(depth);
                let text = if mark.is_empty() { format!("{indent}{text}") } else { format!("{indent}{mark} {text}") };
                self.flow.item(&text, depth as u8, self.after_item);
                self.after_item = true;
                return;
            }
            (_, None) if style.contains("quot") => self.flow.quote(text),
            (_, None) if style.contains("preformatted") || style.contains("source") => self.flow.code(text),
            (_, None) => self.flow.block(text, false),
        }
        self.after_item = false;
        self.beside();
    }

    fn write_heading(&mut self, text: &str, level: u8, number: String) {
        self.beside();
        let text = text.replace('\n', " ");
        self.flow.heading(&if number.is_empty() { text } else { format!("{number} {text}") }, level.clamp(1, 9));
    }

    fn close_aside(&mut self, is_note: bool) {
        let Some(aside) = self.asides.pop() else { return };
        let said = aside.said.join(" ");
        if said.is_empty() {
            return;
        }
        let (citation, author) = (aside.citation.trim(), aside.author.trim());
        let said = match (is_note, citation.is_empty(), author.is_empty()) {
            (true, false, _) => format!("[{citation}] {said}"),
            (false, _, false) => format!("{author}: {said}"),
            (true, true, _) | (false, _, true) => said,
        };
        if is_note && !citation.is_empty() {
            self.push(&format!("[{citation}]"));
        }
        if self.sheet.is_open() {
            return self.sheet.note(&said);
        }
        match self.paras.last_mut() {
            Some(para) => para.notes.push(said),
            None => self.pending.push(said),
        }
    }

    fn close_cell(&mut self) {
        if self.sheet.is_open() && self.tables.is_empty() {
            self.sheet.close_cell();
        } else if let Some(table) = self.tables.last_mut()
            && let Some(cell) = table.cell.take()
            && let Some((cells, _)) = table.rows.last_mut()
        {
            cells.extend((0..table.span).map(|_| cell.clone()));
        }
    }

    fn close_table(&mut self) {
        let Some(mut table) = self.tables.pop() else {
            if self.sheet.is_open() {
                self.sheet.end(self.flow);
            }
            return;
        };
        table.tidy();
        // A table in a cell is words of that cell.
        if let Some(cell) = self.tables.last_mut().and_then(|table| table.cell.as_mut()) {
            for (cells, _) in &table.rows {
                cell.push(' ');
                cell.push_str(&cells.join(", "));
            }
            return;
        }
        self.after_item = false;
        table.write(self.flow);
        self.beside();
    }

    /// The notes that wait.
    fn beside(&mut self) {
        for note in self.pending.drain(..) {
            self.flow.note(&note);
            self.after_item = false;
        }
    }
}
