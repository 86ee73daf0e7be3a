//! The body of a document: its paragraphs and tables in order, and what stands beside them.

use super::{
    super::{
        Flow, drawing,
        ooxml::is_on,
        table::is_header,
        tidy,
        xml::{Node, Tag, Xml},
    },
    notes::{is_passed_over, lines},
    numbering::Numbering,
    styles::{Look, Styles},
};
use protocol::Fault;
use std::collections::HashMap;

/// A table one of whose cells is longer lays out a page.
const LONGEST_CELL: usize = 1_500;
/// A document that says that it has more pages is not believed.
const MOST_PAGES: u32 = 20_000;
/// Deeper lists are indented no further.
const DEEPEST: u8 = 8;

/// What a note is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Note {
    Foot,
    End,
    Comment,
}

/// Something that a paragraph became.
enum Out {
    Heading(u8, String),
    Item(u8, String),
    Text(String),
    Quote(String),
    Code(String),
}

impl Out {
    fn text(&self) -> &str {
        match self {
            Out::Heading(_, text) | Out::Item(_, text) | Out::Text(text) | Out::Quote(text) | Out::Code(text) => text,
        }
    }
}

#[derive(Default)]
struct Para {
    text: String,
    style: Option<String>,
    outline: Option<u8>,
    list: (Option<u32>, Option<u8>),
    notes: Vec<(Note, String)>,
    drawings: Vec<String>,
    /// Pages that begin in it, after its first words.
    pages: u32,
}

#[derive(Default)]
struct Row {
    cells: Vec<Vec<Out>>,
    header: bool,
    deleted: bool,
}

/// Reads the body.
pub(super) struct Body<'a> {
    flow: &'a mut Flow,
    styles: &'a Styles,
    numbering: &'a mut Numbering,
    notes: &'a HashMap<(Note, String), String>,
    drawings: &'a HashMap<String, String>,
    /// A text box stands inside a paragraph.
    paras: Vec<Para>,
    tables: Vec<Vec<Row>>,
    /// Notes that wait for the end of a list or table.
    pending: Vec<String>,
    numbers: HashMap<(Note, String), usize>,
    in_run: bool,
    in_text: bool,
    in_row_look: bool,
    hidden: bool,
    after_item: bool,
    /// Whether the program that saved it says where its pages begin; else only breaks that a person made count.
    laid_out: bool,
    /// Pages that begin at the end of a table.
    pages: u32,
    /// Pages that began so far.
    turned: u32,
}

impl<'a> Body<'a> {
    pub fn new(
        flow: &'a mut Flow,
        styles: &'a Styles,
        numbering: &'a mut Numbering,
        notes: &'a HashMap<(Note, String), String>,
        drawings: &'a HashMap<String, String>,
    ) -> Self {
        Self {
            flow,
            styles,
            numbering,
            notes,
            drawings,
            paras: Vec::new(),
            tables: Vec::new(),
            pending: Vec::new(),
            numbers: HashMap::new(),
            in_run: false,
            in_text: false,
            in_row_look: false,
            hidden: false,
            after_item: false,
            laid_out: false,
            pages: 0,
            turned: 0,
        }
    }

    pub fn walk(mut self, document: &str) -> Result<(), Fault> {
        self.laid_out = document.contains("lastRenderedPageBreak");
        let mut xml = Xml::of(document);
        while let Some(node) = xml.next()? {
            match node {
                Node::Open(tag) if tag.name() == "del" && self.in_row_look => {
                    if let Some(row) = self.tables.last_mut().and_then(|rows| rows.last_mut()) {
                        row.deleted = true;
                    }
                }
                Node::Open(tag) if is_passed_over(tag.name()) => xml.skip()?,
                Node::Open(tag) => self.open(&tag),
                Node::Close(name) => self.close(&name)?,
                Node::Text(text) => {
                    if self.in_text && !self.hidden {
                        self.push(&text);
                    }
                }
            }
        }
        self.beside();
        Ok(())
    }

    fn open(&mut self, tag: &Tag<'_>) {
        match tag.name() {
            "p" => self.paras.push(Para::default()),
            "r" => (self.in_run, self.hidden) = (true, false),
            "t" => self.in_text = true,
            "vanish" if is_on(tag.attr("val").as_deref()) => self.hidden = true,
            "tab" | "ptab" if self.in_run => self.push("\t"),
            "lastRenderedPageBreak" => self.page_begins(),
            "br" if tag.attr("type").as_deref() == Some("page") => {
                if !self.laid_out {
                    self.page_begins();
                }
            }
            "br" | "cr" if self.in_run => self.push("\n"),
            "noBreakHyphen" if self.in_run => self.push("-"),
            "sym" => {
                // Signs of a font of signs have no meaning as chars.
                let sign = tag.attr("char").and_then(|code| u32::from_str_radix(&code, 16).ok());
                if let Some(c) = sign.filter(|code| !(0xe000..0xf900).contains(code)).and_then(char::from_u32) {
                    self.push(c.encode_utf8(&mut [0; 4]));
                }
            }
            // Formulas in a line: what stands over and under a stroke, and beside a sign.
            "sup" => self.push("^"),
            "sub" => self.push("_"),
            "footnoteReference" => self.reference(Note::Foot, tag),
            "endnoteReference" => self.reference(Note::End, tag),
            "commentReference" => self.reference(Note::Comment, tag),
            "tbl" => self.tables.push(Vec::new()),
            "tr" => {
                if let Some(rows) = self.tables.last_mut() {
                    rows.push(Row::default());
                }
            }
            "trPr" => self.in_row_look = true,
            "tc" => {
                if let Some(row) = self.tables.last_mut().and_then(|rows| rows.last_mut()) {
                    row.cells.push(Vec::new());
                }
            }
            "tblHeader" if is_on(tag.attr("val").as_deref()) => {
                if let Some(row) = self.tables.last_mut().and_then(|rows| rows.last_mut()) {
                    row.header = true;
                }
            }
            name => {
                let Some(para) = self.paras.last_mut() else { return };
                match name {
                    "pStyle" => para.style = tag.attr("val"),
                    "outlineLvl" => para.outline = tag.number("val"),
                    "numId" => para.list.0 = tag.number("val"),
                    "ilvl" => para.list.1 = tag.number("val"),
                    "chart" => para.drawings.extend(tag.attr("id")),
                    "relIds" => para.drawings.extend(tag.attr("dm")),
                    _ => {}
                }
            }
        }
    }

    fn close(&mut self, name: &str) -> Result<(), Fault> {
        match name {
            "p" => {
                if let Some(para) = self.paras.pop() {
                    self.paragraph(para)?;
                }
            }
            "r" => (self.in_run, self.hidden) = (false, false),
            "t" => self.in_text = false,
            "trPr" => self.in_row_look = false,
            "num" => self.push("/"),
            "tbl" => self.table(),
            _ => {}
        }
        Ok(())
    }

    /// A page begins: before the paragraph that is open, or after it where it has words already, since a
    /// paragraph stands on the page where it begins; the same goes for a table.
    fn page_begins(&mut self) {
        match self.paras.last_mut() {
            _ if !self.tables.is_empty() => self.pages += 1,
            Some(para) if !para.text.trim().is_empty() => para.pages += 1,
            Some(_) | None => self.turn(1),
        }
    }

    fn turn(&mut self, pages: u32) {
        if pages > 0 {
            self.beside();
            self.after_item = false;
        }
        for _ in 0..pages.min(MOST_PAGES.saturating_sub(self.turned)) {
            self.flow.page_break(None);
            self.turned += 1;
        }
    }

    fn push(&mut self, text: &str) {
        if let Some(para) = self.paras.last_mut() {
            para.text.push_str(text);
        }
    }

    fn reference(&mut self, note: Note, tag: &Tag<'_>) {
        let Some(id) = tag.attr("id") else { return };
        let key = (note, id.clone());
        if !self.notes.contains_key(&key) {
            return;
        }
        if note != Note::Comment {
            let next = self.numbers.keys().filter(|(kind, _)| *kind == note).count() + 1;
            let number = *self.numbers.entry(key).or_insert(next);
            self.push(&mark(note, number));
        }
        if let Some(para) = self.paras.last_mut() {
            para.notes.push((note, id));
        }
    }

    fn paragraph(&mut self, para: Para) -> Result<(), Fault> {
        let mut look = self.styles.look(para.style.as_deref());
        if let Some(level) = para.outline {
            look.heading = (level < 9).then_some(level + 1);
        }
        if para.list.0.is_some() {
            look.list = para.list;
        } else if para.list.1.is_some() {
            look.list.1 = para.list.1;
        }
        let text = lines(&tidy(&para.text));
        let (list, depth) = (look.list.0.filter(|list| *list > 0), look.list.1.unwrap_or(0).min(DEEPEST));
        let number = list.and_then(|list| self.numbering.next(list, depth));
        if !text.trim().is_empty() {
            let out = shaped(&look, list.is_some(), depth, number, &text);
            self.put(out);
        }
        for (note, id) in para.notes {
            let Some(text) = self.notes.get(&(note, id.clone())) else { continue };
            let mark = self.numbers.get(&(note, id)).map(|number| mark(note, *number) + " ").unwrap_or_default();
            self.pending.push(mark + text);
        }
        for id in para.drawings {
            let Some(drawing) = self.drawings.get(&id) else { continue };
            // What a picture says never costs the text around it.
            let said = drawing::said(drawing).unwrap_or_default();
            match self.tables.last_mut().and_then(|rows| rows.last_mut()?.cells.last_mut()) {
                Some(cell) => cell.push(Out::Text(said.flat())),
                None => said.write(self.flow),
            }
        }
        if self.tables.is_empty() && !self.after_item {
            self.beside();
        }
        self.turn(para.pages);
        Ok(())
    }

    /// Into the cell that is open, or into the text.
    fn put(&mut self, out: Out) {
        match self.tables.last_mut().and_then(|rows| rows.last_mut()?.cells.last_mut()) {
            Some(cell) => cell.push(out),
            None => self.write(out),
        }
    }

    fn write(&mut self, out: Out) {
        let item = matches!(out, Out::Item(..));
        if self.after_item && !item {
            self.beside();
        }
        match out {
            Out::Heading(level, text) => self.flow.heading(&text, level),
            Out::Item(depth, text) => self.flow.item(&text, depth, self.after_item),
            Out::Text(text) => self.flow.block(&text, false),
            Out::Quote(text) => self.flow.quote(&text),
            Out::Code(text) => self.flow.code(&text),
        }
        self.after_item = item;
    }

    /// The notes that wait.
    fn beside(&mut self) {
        for note in self.pending.drain(..) {
            self.flow.note(&note);
            self.after_item = false;
        }
    }

    fn table(&mut self) {
        let Some(rows) = self.tables.pop() else { return };
        self.write_table(rows);
        if self.tables.is_empty() {
            let pages = std::mem::take(&mut self.pages);
            self.turn(pages);
        }
    }

    fn write_table(&mut self, mut rows: Vec<Row>) {
        rows.retain(|row| !row.deleted && !row.cells.is_empty());
        let flat = |cell: &[Out]| cell.iter().map(Out::text).collect::<Vec<_>>().join(" ");
        let texts: Vec<Vec<String>> =
            rows.iter().map(|row| row.cells.iter().map(|cell| flat(cell)).collect()).collect();
        // A table in a cell is words of that cell.
        if let Some(cell) = self.tables.last_mut().and_then(|rows| rows.last_mut()?.cells.last_mut()) {
            cell.extend(
                texts.iter().map(|cells| Out::Text(cells.join(", "))).filter(|out| !out.text().trim().is_empty()),
            );
            return;
        }
        let headed = rows.iter().flat_map(|row| &row.cells).flatten().any(|out| matches!(out, Out::Heading(..)));
        let long = texts.iter().flatten().any(|text| text.chars().count() > LONGEST_CELL);
        if headed || long || rows.iter().all(|row| row.cells.len() < 2) {
            rows.into_iter().flat_map(|row| row.cells).flatten().for_each(|out| self.write(out));
            self.after_item = false;
            return self.beside();
        }
        self.after_item = false;
        let marked = rows.iter().any(|row| row.header);
        let mut tight = false;
        for (at, (row, texts)) in rows.iter().zip(&texts).enumerate() {
            let cells: Vec<&str> = texts.iter().map(String::as_str).collect();
            let header = if marked { row.header } else { at == 0 && rows.len() > 1 && is_header(&cells) };
            self.flow.row(&cells, header, tight);
            tight |= cells.iter().any(|cell| !cell.trim().is_empty());
        }
        self.beside();
    }
}

fn shaped(look: &Look, in_list: bool, depth: u8, number: Option<String>, text: &str) -> Out {
    let numbered = || number.as_ref().map(|number| format!("{number} {text}")).unwrap_or_else(|| text.to_owned());
    match look.heading {
        Some(level) => Out::Heading(level, numbered().trim_start_matches("- ").replace('\n', " ")),
        None if in_list && number.is_some() => Out::Item(depth, "  ".repeat(usize::from(depth)) + &numbered()),
        None if look.code => Out::Code(text.to_owned()),
        None if look.quote => Out::Quote(text.to_owned()),
        None => Out::Text(text.to_owned()),
    }
}

/// The mark of a note in the text.
fn mark(note: Note, number: usize) -> String {
    match note {
        Note::Foot => format!("[{number}]"),
        Note::End => format!("[{}]", super::numbering::numeral(number as u32, "lowerRoman")),
        Note::Comment => String::new(),
    }
}
