//! What the words and bytes of RTF mean for the text.

use super::{
    super::{Flow, table::is_header, tidy},
    encodings::{char_set, code_page},
};
use encoding_rs::Encoding;
use std::collections::HashMap;

/// A table one of whose cells is longer lays out a page.
const LONGEST_CELL: usize = 1_500;

/// Where text goes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Goal {
    #[default]
    Body,
    /// Nowhere: pictures, tables of colours, the code of a field.
    Nowhere,
    Fonts,
    Styles,
    /// The mark of a list's item.
    Mark,
    /// A footnote or a comment.
    Note,
    /// Over or under the page.
    Margin,
}

/// What a group may change and its end brings back.
#[derive(Clone, Default)]
pub(super) struct State {
    goal: Goal,
    hidden: bool,
    deleted: bool,
    /// Bytes that follow a char of Unicode for readers that know none.
    skip: usize,
    encoding: Option<&'static Encoding>,
    style: Option<i32>,
    outline: Option<u8>,
    in_table: bool,
    depth: u8,
}

pub(super) struct Reader {
    pub flow: Flow,
    pub now: State,
    pub saved: Vec<State>,
    pub star: bool,
    /// Bytes after a char of Unicode that are still to be left out.
    left_out: usize,
    /// Bytes that are not yet text: a char may have two.
    bytes: Vec<u8>,
    surrogate: Option<u16>,
    default: Option<&'static Encoding>,
    fonts: HashMap<i32, &'static Encoding>,
    font: i32,
    /// Headings among the styles.
    headings: HashMap<i32, u8>,
    said: String,
    text: String,
    mark: String,
    note: String,
    notes: usize,
    pending: Vec<String>,
    margins: Vec<String>,
    row: Vec<String>,
    table: Vec<Vec<String>>,
    after_item: bool,
}

impl Reader {
    pub fn new() -> Self {
        Self {
            flow: Flow::default(),
            now: State { skip: 1, ..State::default() },
            saved: Vec::new(),
            star: false,
            left_out: 0,
            bytes: Vec::new(),
            surrogate: None,
            default: None,
            fonts: HashMap::new(),
            font: 0,
            headings: HashMap::new(),
            said: String::new(),
            text: String::new(),
            mark: String::new(),
            note: String::new(),
            notes: 0,
            pending: Vec::new(),
            margins: Vec::new(),
            row: Vec::new(),
            table: Vec::new(),
            after_item: false,
        }
    }

    pub fn close(&mut self) {
        self.decode();
        let Some(before) = self.saved.pop() else { return };
        let (goal, outer) = (self.now.goal, before.goal);
        if goal != outer {
            match goal {
                Goal::Note => {
                    let note = line(&std::mem::take(&mut self.note));
                    if !note.is_empty() {
                        self.notes += 1;
                        let mark = format!("[{}]", self.notes);
                        self.pending.push(format!("{mark} {note}"));
                        self.text.push_str(&mark);
                    }
                }
                Goal::Margin => {
                    let margin = line(&std::mem::take(&mut self.note));
                    if margin.chars().any(char::is_alphabetic) && !self.margins.contains(&margin) {
                        self.margins.push(margin);
                    }
                }
                Goal::Body | Goal::Nowhere | Goal::Fonts | Goal::Styles | Goal::Mark => {}
            }
        }
        if goal == Goal::Styles {
            let name = std::mem::take(&mut self.said).trim().trim_end_matches(';').to_lowercase();
            let level = name.strip_prefix("heading ").and_then(|level| level.trim().parse().ok());
            let level = level.or((name == "title").then_some(1)).or(self.now.outline.map(|level| level + 1));
            if let (Some(level), Some(style)) = (level.filter(|level| (1..=9).contains(level)), self.now.style) {
                self.headings.insert(style, level);
            }
        }
        // A style of the text counts until another is named, whatever group named it.
        let keep = (goal == Goal::Body && outer == Goal::Body).then_some((
            self.now.style,
            self.now.outline,
            self.now.in_table,
        ));
        self.now = before;
        if let Some((style, outline, in_table)) = keep {
            (self.now.style, self.now.outline, self.now.in_table) = (style, outline, in_table);
        }
        self.left_out = 0;
    }

    pub fn word(&mut self, word: &str, number: Option<i32>) {
        self.decode();
        if self.star {
            match word {
                // What is in these belongs to the text.
                "shpinst" | "shptxt" | "nesttableprops" => return,
                "fldinst" | "footnote" | "annotation" | "pntext" | "listtext" => {}
                // A destination that a reader need not know.
                _ => return self.now.goal = Goal::Nowhere,
            }
        }
        let on = number != Some(0);
        match word {
            "u" => return self.unicode(number.unwrap_or(0)),
            "uc" => self.now.skip = number.unwrap_or(1).clamp(0, 16) as usize,
            "ansicpg" => self.default = number.and_then(code_page),
            "mac" => self.default = Some(encoding_rs::MACINTOSH),
            "deff" => self.font = number.unwrap_or(0),
            "f" => {
                self.font = number.unwrap_or(0);
                self.now.encoding = self.fonts.get(&self.font).copied();
            }
            "fcharset" => {
                if let Some(encoding) = number.and_then(char_set) {
                    self.fonts.insert(self.font, encoding);
                }
            }
            "cpg" => {
                if let Some(encoding) = number.and_then(code_page) {
                    self.fonts.insert(self.font, encoding);
                }
            }
            "fonttbl" => self.now.goal = Goal::Fonts,
            "stylesheet" => self.now.goal = Goal::Styles,
            "colortbl" | "info" | "pict" | "object" | "fldinst" | "themedata" | "colorschememapping" | "datastore"
            | "listtable" | "listoverridetable" | "rsidtbl" | "generator" | "xmlnstbl" | "filetbl" | "revtbl"
            | "atnid" | "atnref" | "atrfstart" | "atrfend" | "bkmkstart" | "bkmkend" | "nonshppict" | "template"
            | "datafield" | "txe" | "xe" | "tc" | "pgdsctbl" | "latentstyles" | "ftnsep" | "ftnsepc" | "aftnsep"
            | "sp" => {
                self.now.goal = Goal::Nowhere;
            }
            "listtext" | "pntext" if self.now.goal == Goal::Body => {
                (self.now.goal, self.mark) = (Goal::Mark, String::new());
            }
            "footnote" | "annotation" if self.now.goal == Goal::Body => {
                (self.now.goal, self.note) = (Goal::Note, String::new());
            }
            "header" | "footer" | "headerl" | "headerr" | "headerf" | "footerl" | "footerr" | "footerf"
                if self.now.goal == Goal::Body =>
            {
                (self.now.goal, self.note) = (Goal::Margin, String::new());
            }
            "v" => self.now.hidden = on,
            "deleted" => self.now.deleted = on,
            "plain" => (self.now.hidden, self.now.deleted) = (false, false),
            "pard" => {
                (self.now.style, self.now.outline, self.now.in_table, self.now.depth) = (None, None, false, 0);
            }
            "s" => self.now.style = number,
            "outlinelevel" => self.now.outline = number.and_then(|level| u8::try_from(level).ok()).filter(|l| *l < 9),
            "intbl" => self.now.in_table = true,
            "ilvl" => self.now.depth = number.unwrap_or(0).clamp(0, 8) as u8,
            "par" | "sect" | "page" => self.paragraph(),
            "line" | "softline" | "lbr" => self.char('\n'),
            "tab" => self.char('\t'),
            "cell" | "nestcell" => self.cell(),
            "row" | "nestrow" => self.row(),
            "emdash" => self.char('—'),
            "endash" => self.char('–'),
            "lquote" => self.char('‘'),
            "rquote" => self.char('’'),
            "ldblquote" => self.char('“'),
            "rdblquote" => self.char('”'),
            "bullet" => self.char('•'),
            "emspace" | "enspace" | "qmspace" => self.char(' '),
            _ => {}
        }
        if matches!(word, "s" | "outlinelevel") && self.now.goal == Goal::Styles {
            self.said.clear();
        }
    }

    /// A char by its number, as two halves where it is one of the later ones.
    fn unicode(&mut self, number: i32) {
        self.left_out = self.now.skip;
        let unit = number as u16;
        let pair = self.surrogate.take();
        if (0xd800..0xdc00).contains(&unit) {
            self.surrogate = Some(unit);
            return;
        }
        let units: Vec<u16> = pair.into_iter().chain([unit]).collect();
        for c in char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)) {
            // Signs of a font of signs have no meaning as chars.
            if !(0xf000..0xf100).contains(&(c as u32)) {
                self.put(c);
            }
        }
    }

    pub fn byte(&mut self, byte: u8) {
        if self.left_out > 0 {
            self.left_out -= 1;
            return;
        }
        self.bytes.push(byte);
    }

    pub fn char(&mut self, c: char) {
        self.decode();
        self.left_out = 0;
        self.put(c);
    }

    /// What was gathered as bytes becomes text.
    fn decode(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let encoding = self.now.encoding.or(self.default).unwrap_or(encoding_rs::WINDOWS_1252);
        let bytes = std::mem::take(&mut self.bytes);
        let (text, _) = encoding.decode_without_bom_handling(&bytes);
        for c in text.chars() {
            self.put(c);
        }
    }

    fn put(&mut self, c: char) {
        match self.now.goal {
            Goal::Body if !self.now.hidden && !self.now.deleted => self.text.push(c),
            Goal::Mark => self.mark.push(c),
            Goal::Note | Goal::Margin if !self.now.hidden && !self.now.deleted => self.note.push(c),
            Goal::Styles => self.said.push(c),
            Goal::Body | Goal::Note | Goal::Margin | Goal::Nowhere | Goal::Fonts => {}
        }
    }

    fn paragraph(&mut self) {
        match self.now.goal {
            Goal::Body => {}
            Goal::Note | Goal::Margin => return self.note.push(' '),
            Goal::Nowhere | Goal::Fonts | Goal::Styles | Goal::Mark => return,
        }
        // A paragraph in a cell is words of that cell.
        if self.now.in_table {
            return self.text.push(' ');
        }
        self.end_table();
        let text = lines(&tidy(&std::mem::take(&mut self.text)));
        let mark = tidy(&std::mem::take(&mut self.mark)).trim().to_owned();
        if text.is_empty() {
            return;
        }
        let heading = self.now.outline.map(|level| level + 1).or_else(|| self.headings.get(&self.now.style?).copied());
        let item = heading.is_none() && !mark.is_empty();
        if self.after_item && !item {
            self.beside();
        }
        match heading {
            Some(level) => {
                let mark = if mark.chars().any(char::is_alphanumeric) { mark + " " } else { String::new() };
                self.flow.heading(&(mark + &text.replace('\n', " ")), level);
            }
            None if item => {
                // A bullet is often a sign of a font of signs.
                let mark = if mark.chars().any(char::is_alphanumeric) { mark } else { "-".to_owned() };
                let indent = "  ".repeat(usize::from(self.now.depth));
                self.flow.item(&format!("{indent}{mark} {text}"), self.now.depth, self.after_item);
            }
            None => self.flow.block(&text, false),
        }
        self.after_item = item;
        if !item {
            self.beside();
        }
    }

    fn cell(&mut self) {
        if self.now.goal == Goal::Body {
            let cell = line(&tidy(&std::mem::take(&mut self.text)));
            self.mark.clear();
            self.row.push(cell);
        }
    }

    fn row(&mut self) {
        if self.now.goal == Goal::Body && !self.row.is_empty() {
            self.table.push(std::mem::take(&mut self.row));
        }
    }

    fn end_table(&mut self) {
        self.table.extend(Some(std::mem::take(&mut self.row)).filter(|row| !row.is_empty()));
        let table = std::mem::take(&mut self.table);
        if table.is_empty() {
            return;
        }
        self.beside();
        self.after_item = false;
        let long = table.iter().flatten().any(|cell| cell.chars().count() > LONGEST_CELL);
        if long || table.iter().all(|row| row.len() < 2) {
            return table.iter().flatten().for_each(|cell| self.flow.block(cell, false));
        }
        for (at, row) in table.iter().enumerate() {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            self.flow.row(&cells, at == 0 && table.len() > 1 && is_header(&cells), at > 0);
        }
    }

    /// The notes that wait.
    fn beside(&mut self) {
        for note in self.pending.drain(..) {
            self.flow.note(&note);
        }
    }

    pub fn end(&mut self) {
        self.decode();
        (self.now.goal, self.now.in_table) = (Goal::Body, false);
        self.paragraph();
        self.end_table();
        self.beside();
        for margin in std::mem::take(&mut self.margins) {
            self.flow.note(&margin);
        }
    }
}

fn line(text: &str) -> String {
    tidy(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn lines(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}
