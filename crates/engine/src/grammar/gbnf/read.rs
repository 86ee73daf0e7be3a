//! Which rules does a text in GBNF spell?
//!
//! The form is that of llama.cpp's `grammars/README.md`: rules `name ::= …`, texts, sets of characters, groups, `|`,
//! `*`, `+`, `?`, `{m,n}` and comments. Tokens by name or number (`<think>`, `<[1000]>`) are refused.

use super::{Node, Rules, Set, Wrong};
use std::collections::HashMap;

/// Rules in one grammar.
const MAX_RULES: usize = 1000;
/// Parts of all rules together.
const MAX_PARTS: usize = 50_000;
/// How deep groups may be nested.
const MAX_DEPTH: usize = 64;
/// The largest number in braces, as in llama.cpp.
const MAX_REPEAT: u32 = 2000;
/// Marks such as `*` behind one part.
const MAX_MARKS: usize = 4;

/// Reads all rules; every rule that is named is there, and `root` is the first.
pub(super) fn rules(text: &str) -> Result<Rules, Wrong> {
    let mut reader = Reader { text, at: 0, parts: 0, names: HashMap::new(), order: Vec::new(), bodies: Vec::new() };
    reader.number("root", None);
    reader.blanks(true);
    while !reader.rest().is_empty() {
        reader.rule()?;
        reader.blanks(true);
    }
    let mut bodies = Vec::with_capacity(reader.bodies.len());
    for (number, body) in reader.bodies.iter_mut().enumerate() {
        let name = &reader.order[number].0;
        match (body.take(), reader.order[number].1) {
            (Some(body), _) => bodies.push(body),
            (None, Some(at)) => return Err(wrong(text, at, format!("there is no rule '{name:.60}'"))),
            (None, None) => return Err(Wrong::Whole("there is no rule 'root', which a grammar begins with".into())),
        }
    }
    Ok(Rules { names: reader.order.into_iter().map(|(name, _)| name).collect(), bodies })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Parts read so far.
    parts: usize,
    names: HashMap<&'a str, usize>,
    /// Each rule's name and where it was first called.
    order: Vec<(String, Option<usize>)>,
    bodies: Vec<Option<Node>>,
}

fn wrong(text: &str, at: usize, what: impl Into<String>) -> Wrong {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Wrong::At { line, column, what: what.into() }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn wrong<T>(&self, what: impl Into<String>) -> Result<T, Wrong> {
        Err(wrong(self.text, self.at, what))
    }

    fn take(&mut self, wanted: &str) -> bool {
        let there = self.rest().starts_with(wanted);
        self.at += if there { wanted.len() } else { 0 };
        there
    }

    /// Passes blanks and comments, and with `lines` the ends of lines.
    fn blanks(&mut self, lines: bool) {
        loop {
            match self.rest().chars().next() {
                Some(' ' | '\t') => self.at += 1,
                Some('\r' | '\n') if lines => self.at += 1,
                Some('#') => self.at += self.rest().find(['\r', '\n']).unwrap_or(self.rest().len()),
                _ => return,
            }
        }
    }

    /// Whether the next line that says something begins with `|`, so that the rule goes on.
    fn goes_on(&mut self) -> bool {
        let before = self.at;
        self.blanks(true);
        let on = self.rest().starts_with('|');
        if !on {
            self.at = before;
        }
        on
    }

    fn name(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        self.at += end;
        Some(&rest[..end]).filter(|name| !name.is_empty())
    }

    /// The number of the rule with a name; `at` is where it is called.
    fn number(&mut self, name: &'a str, at: Option<usize>) -> usize {
        let next = self.order.len();
        let number = *self.names.entry(name).or_insert(next);
        if number == next {
            self.order.push((name.to_owned(), at));
            self.bodies.push(None);
        }
        number
    }

    fn rule(&mut self) -> Result<(), Wrong> {
        let began = self.at;
        let Some(name) = self.name() else { return self.wrong("a rule begins with its name") };
        self.blanks(false);
        if !self.take("::=") {
            return self.wrong(format!("'::=' belongs behind the name '{name:.60}'"));
        }
        self.blanks(true);
        let body = self.alternatives(0)?;
        self.blanks(false);
        if !self.rest().is_empty() && !self.rest().starts_with(['\r', '\n']) {
            return self.wrong("a rule ends with its line");
        }
        let number = self.number(name, Some(began));
        if self.order.len() > MAX_RULES {
            return self.wrong(format!("at most {MAX_RULES} rules are taken"));
        }
        if self.bodies[number].replace(body).is_some() {
            return Err(wrong(self.text, began, format!("the rule '{name:.60}' is there twice")));
        }
        Ok(())
    }

    fn alternatives(&mut self, depth: usize) -> Result<Node, Wrong> {
        let mut all = vec![self.sequence(depth)?];
        while self.rest().starts_with('|') || self.goes_on() {
            self.at += 1;
            self.blanks(true);
            all.push(self.sequence(depth)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Node::Any(all) })
    }

    fn sequence(&mut self, depth: usize) -> Result<Node, Wrong> {
        let mut all: Vec<Node> = Vec::new();
        loop {
            self.parts += 1;
            if self.parts > MAX_PARTS {
                return self.wrong(format!("at most {MAX_PARTS} parts are taken"));
            }
            let Some(next) = self.rest().chars().next() else { break };
            let part = match next {
                '"' => self.literal()?,
                '[' => self.set()?,
                '.' => {
                    self.at += 1;
                    Node::One(Set::all())
                }
                '(' if depth == MAX_DEPTH => return self.wrong(format!("groups are nested {MAX_DEPTH} deep at most")),
                '(' => {
                    self.at += 1;
                    self.blanks(true);
                    let inner = self.alternatives(depth + 1)?;
                    self.blanks(true);
                    if !self.take(")") {
                        return self.wrong("')' is missing");
                    }
                    inner
                }
                '<' | '!' => return self.wrong("tokens by name or number are not taken: write what they spell"),
                c if is_name(c) => {
                    let at = self.at;
                    let name = self.name().unwrap_or_default();
                    // The name of the next rule, where no line ends between.
                    let before = self.at;
                    self.blanks(false);
                    if self.rest().starts_with("::=") {
                        self.at = at;
                        return self.wrong("a rule ends with its line");
                    }
                    self.at = before;
                    Node::Rule(self.number(name, Some(at)))
                }
                _ => break,
            };
            self.blanks(depth > 0);
            let part = self.repeated(part, depth)?;
            all.push(part);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Node::Seq(all) })
    }

    /// What stands behind a part and says how often it comes.
    fn repeated(&mut self, mut part: Node, depth: usize) -> Result<Node, Wrong> {
        for marks in 0.. {
            let (least, most) = match self.rest().chars().next() {
                Some('*') => (0, None),
                Some('+') => (1, None),
                Some('?') => (0, Some(1)),
                Some('{') => {
                    let at = self.at;
                    self.at += 1;
                    let (least, most) = self.braces()?;
                    if most.unwrap_or(least).max(least) > MAX_REPEAT {
                        return Err(wrong(self.text, at, format!("at most {MAX_REPEAT} repetitions are taken")));
                    }
                    if most.is_some_and(|most| most < least) {
                        return Err(wrong(self.text, at, "the second number is less than the first"));
                    }
                    self.at -= 1;
                    (least, most)
                }
                _ => break,
            };
            if marks == MAX_MARKS {
                return self.wrong(format!("at most {MAX_MARKS} marks of repetition follow each other"));
            }
            self.at += 1;
            part = Node::Many(Box::new(part), least, most);
            self.blanks(depth > 0);
        }
        Ok(part)
    }

    /// `m}`, `m,}`, `,n}` or `m,n}`.
    fn braces(&mut self) -> Result<(u32, Option<u32>), Wrong> {
        self.blanks(false);
        let first = self.digits()?;
        self.blanks(false);
        let (least, most) = if self.take(",") {
            self.blanks(false);
            (first.unwrap_or(0), self.digits()?)
        } else if first.is_some() {
            (first.unwrap_or(0), first)
        } else {
            return self.wrong("a number belongs here");
        };
        self.blanks(false);
        if self.take("}") { Ok((least, most)) } else { self.wrong("'}' is missing") }
    }

    fn digits(&mut self) -> Result<Option<u32>, Wrong> {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        if end == 0 {
            return Ok(None);
        }
        let Ok(number) = rest[..end].parse() else { return self.wrong("the number is too large") };
        self.at += end;
        Ok(Some(number))
    }

    fn literal(&mut self) -> Result<Node, Wrong> {
        let began = self.at;
        self.at += 1;
        let mut all = Vec::new();
        loop {
            if self.take("\"") {
                self.parts += all.len();
                return Ok(if all.len() == 1 { all.remove(0) } else { Node::Seq(all) });
            }
            match self.character()? {
                Some(c) => all.push(Node::One(Set::one(c))),
                None => return Err(wrong(self.text, began, "the text does not end")),
            }
        }
    }

    fn set(&mut self) -> Result<Node, Wrong> {
        let began = self.at;
        self.at += 1;
        let others = self.take("^");
        let mut ranges = Vec::new();
        loop {
            if self.take("]") {
                break;
            }
            let at = self.at;
            let Some(from) = self.character()? else { return Err(wrong(self.text, began, "the set does not end")) };
            let mut to = from;
            if self.rest().starts_with('-') && !self.rest().starts_with("-]") {
                self.at += 1;
                let Some(last) = self.character()? else {
                    return Err(wrong(self.text, began, "the set does not end"));
                };
                to = last;
            }
            if to < from {
                return Err(wrong(self.text, at, "the range ends before it begins"));
            }
            ranges.push((from.into(), to.into()));
        }
        let set = Set::new(ranges);
        let set = if others { set.others() } else { set };
        if set.is_empty() {
            return Err(wrong(self.text, began, "no character is in the set"));
        }
        Ok(Node::One(set))
    }

    /// A character of a text or a set; `None` at the end of the grammar.
    fn character(&mut self) -> Result<Option<char>, Wrong> {
        let mut rest = self.rest().chars();
        let Some(first) = rest.next() else { return Ok(None) };
        if first != '\\' {
            self.at += first.len_utf8();
            return Ok(Some(first));
        }
        let digits = match rest.next() {
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            Some(c @ ('t' | 'r' | 'n' | '\\' | '"' | '[' | ']')) => {
                self.at += 2;
                return Ok(Some(match c {
                    't' => '\t',
                    'r' => '\r',
                    'n' => '\n',
                    other => other,
                }));
            }
            _ => return self.wrong("there is no such escape"),
        };
        let hex = self.rest().get(2..2 + digits).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok());
        let Some(code) = code else { return self.wrong(format!("{digits} hexadecimal digits belong here")) };
        let Some(c) = char::from_u32(code) else { return self.wrong("that is no character") };
        self.at += 2 + digits;
        Ok(Some(c))
    }
}
