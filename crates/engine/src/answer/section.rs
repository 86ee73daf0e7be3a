//! Reading what a model writes after the marker of a call, as it comes.
//!
//! Nothing is a call before its name is certain and its arguments have begun; until then all of it may turn
//! out to be text and is kept. From then on the arguments are handed out as they come.

use super::{
    Piece,
    calls::{Body, Dialect, Form, Tags, is_name},
    json::{Cursor, Got, Head, Through},
    written,
};
use serde_json::{Value, json};

/// The longest name of a tool, in bytes.
const MAX_NAME: usize = 256;

/// What is to happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// More text is needed.
    More,
    /// The section is over; what is left is text.
    Ended,
    /// What is left is no call.
    Broken,
}

enum State {
    /// Before a call.
    Head,
    /// Inside arguments that are JSON already.
    Through(Through),
    /// Behind them, inside the call's object.
    Tail,
    /// Inside arguments that become JSON, with how many of them there are.
    Parts(usize),
    /// Behind a call.
    Between,
}

/// One section of calls.
pub(super) struct Section {
    form: Form,
    state: State,
    /// Whether nothing but its keys tells the call from an answer in JSON.
    strict: bool,
    /// Whether a list is open.
    list: bool,
    /// Whether more of an object follows its arguments.
    tail: bool,
    /// Whether a call has begun.
    pub(super) begun: bool,
}

/// What a call's beginning amounts to, and the bytes it takes.
enum Begun {
    /// JSON follows, and behind it the rest of its object where that is so.
    Json { name: String, end: usize, tail: bool },
    /// A whole call.
    Whole(String, String, usize),
    /// Parts follow.
    Parts(String, usize),
}

impl Section {
    /// A section of calls; without a marker before it, only the strict beginning of one is taken.
    pub(super) fn new(form: Form, marked: bool) -> Self {
        Self { form, state: State::Head, strict: !marked, list: false, tail: false, begun: false }
    }

    /// Takes from `held` what is certain. `last` says that nothing follows.
    pub(super) fn read(&mut self, held: &mut String, last: bool, out: &mut Vec<Piece>) -> Step {
        loop {
            let step = match &mut self.state {
                State::Head => self.head(held, out),
                State::Through(through) => {
                    let mut arguments = String::new();
                    let ended = through.pass(held, &mut arguments);
                    if !arguments.is_empty() {
                        out.push(Piece::Arguments(arguments));
                    }
                    if !ended {
                        return Step::More;
                    }
                    self.state = if self.tail { State::Tail } else { State::Between };
                    None
                }
                State::Tail => {
                    let mut cursor = Cursor::new(held);
                    match cursor.tail() {
                        Got::Done(()) => drop(held.drain(..cursor.at)),
                        Got::More if !last => return Step::More,
                        Got::More | Got::Broken => {}
                    }
                    self.state = State::Between;
                    None
                }
                State::Parts(_) => self.parts(held, last, out),
                State::Between => self.between(held, last),
            };
            if let Some(step) = step {
                return if step == Step::More && last { Step::Broken } else { step };
            }
        }
    }

    fn head(&mut self, held: &mut String, out: &mut Vec<Piece>) -> Option<Step> {
        let separator = |c: char| c.is_whitespace() || self.begun && matches!(c, ',' | ';');
        let text = held.trim_start_matches(separator);
        let mut skipped = held.len() - text.len();
        let mut list = self.list;
        if self.form == Form::Fenced && !self.begun {
            // The fence's first line.
            match partial(text, "```json") {
                Got::More => return Some(Step::More),
                Got::Broken => return Some(Step::Broken),
                Got::Done(length) => skipped += length,
            }
        }
        let text = held[skipped..].trim_start();
        if !list && text.starts_with('[') {
            skipped = held.len() - text.len() + 1;
            list = true;
        }
        let begun = match self.begin(&held[skipped..], list) {
            Got::More => return Some(Step::More),
            Got::Broken => return Some(Step::Broken),
            Got::Done(begun) => begun,
        };
        (self.begun, self.list) = (true, list);
        let (call, end, state) = match begun {
            Begun::Json { name, end, tail } => {
                self.tail = tail;
                ((name, String::new()), end, State::Through(Through::default()))
            }
            Begun::Whole(name, arguments, end) => ((name, arguments), end, State::Between),
            Begun::Parts(name, end) => ((name, "{".to_owned()), end, State::Parts(0)),
        };
        out.push(Piece::Call { name: call.0, arguments: call.1 });
        held.drain(..skipped + end);
        self.state = state;
        None
    }

    fn begin(&self, text: &str, list: bool) -> Got<Begun> {
        let object = text.trim_start().starts_with('{');
        match self.form.body() {
            Body::Named if !list && !object => named(text),
            Body::Line => lined(text),
            Body::ByName => from_head(Cursor::new(text).by_name()),
            Body::Tags(tags) if !object => tagged(text, tags, self.form.end()),
            Body::Written(dialect) => called(text, dialect),
            Body::Objects | Body::Named | Body::Tags(_) => from_head(Cursor::new(text).head(self.strict)),
        }
    }

    fn parts(&mut self, held: &mut String, last: bool, out: &mut Vec<Piece>) -> Option<Step> {
        let State::Parts(count) = self.state else { return None };
        let got = match self.form.body() {
            Body::Tags(tags) => tag_part(held, tags, self.form.end()),
            Body::Written(dialect) => written_part(held, dialect, count == 0),
            Body::Objects | Body::Named | Body::ByName | Body::Line => Got::Broken,
        };
        match got {
            Got::Done(Part::Value { key, value, end }) => {
                let comma = if count == 0 { "" } else { ", " };
                out.push(Piece::Arguments(format!("{comma}{}: {value}", json!(key))));
                held.drain(..end);
                self.state = State::Parts(count + 1);
            }
            Got::Done(Part::End { end }) => {
                out.push(Piece::Arguments("}".to_owned()));
                held.drain(..end);
                self.state = State::Between;
            }
            Got::More if !last => return Some(Step::More),
            // The answer was cut off inside the call: what there is of it is its arguments, as it stands.
            Got::More => {
                let rest = std::mem::take(held);
                out.push(Piece::Arguments(if rest.trim().is_empty() { "}".to_owned() } else { rest }));
                self.state = State::Between;
            }
            Got::Broken => {
                out.push(Piece::Arguments("}".to_owned()));
                self.state = State::Between;
            }
        }
        None
    }

    fn between(&mut self, held: &mut String, last: bool) -> Option<Step> {
        let text = held.trim_start();
        let (end, more) = (self.form.end(), if last { Step::Ended } else { Step::More });
        if text.is_empty() {
            if last {
                held.clear();
            }
            return Some(more);
        }
        if !end.is_empty() {
            if let Some(rest) = text.strip_prefix(end) {
                *held = rest.to_owned();
                return Some(Step::Ended);
            }
            if end.starts_with(text) {
                return Some(more);
            }
        }
        if self.list
            && let Some(rest) = text.strip_prefix(']')
        {
            *held = rest.to_owned();
            self.list = false;
            // Behind its list nothing but the end marker can belong to the section.
            return if end.is_empty() && self.form != Form::Bare { Some(Step::Ended) } else { None };
        }
        let next = text.trim_start_matches([',', ';']).trim_start();
        if next.is_empty() && !last {
            return Some(more);
        }
        let again = match self.form.body() {
            Body::Objects | Body::ByName => next.starts_with('{'),
            Body::Named => self.list && next.starts_with('{'),
            Body::Written(_) => self.list && next.starts_with(is_name) && next.len() < text.len(),
            Body::Line | Body::Tags(_) => false,
        };
        if again {
            // The separator stays until what follows it is known to be a call.
            self.state = State::Head;
            return None;
        }
        Some(Step::Ended)
    }
}

fn from_head(got: Got<Head>) -> Got<Begun> {
    match got {
        Got::Done(Head::Open { name, at }) => Got::Done(Begun::Json { name, end: at, tail: true }),
        Got::Done(Head::Whole { name, arguments, end }) => Got::Done(Begun::Whole(name, arguments, end)),
        Got::More => Got::More,
        Got::Broken => Got::Broken,
    }
}

/// Whether a text begins with another: its length then.
fn partial(text: &str, wanted: &str) -> Got<usize> {
    if text.starts_with(wanted) {
        Got::Done(wanted.len())
    } else if wanted.starts_with(text) {
        Got::More
    } else {
        Got::Broken
    }
}

/// The name at the beginning of a text, once it is certain where it ends.
fn name(text: &str) -> Got<&str> {
    match text.find(|c| !is_name(c)) {
        _ if text.len() > MAX_NAME && text[..].chars().take(MAX_NAME).all(is_name) => Got::Broken,
        None => Got::More,
        Some(0) => Got::Broken,
        Some(end) => Got::Done(&text[..end]),
    }
}

/// `NAME[CALL_ID]…[ARGS]{…}`, or `NAME{…}`.
fn named(text: &str) -> Got<Begun> {
    let from = text.len() - text.trim_start().len();
    let name = match name(&text[from..]) {
        Got::Done(name) => name,
        Got::More => return Got::More,
        Got::Broken => return Got::Broken,
    };
    let mut at = from + name.len();
    if let Got::Done(length) = partial(&text[at..], "[CALL_ID]") {
        at += length;
        match text[at..].find(|c| !is_name(c)) {
            None => return Got::More,
            Some(id) => at += id,
        }
    }
    let rest = &text[at..];
    let arguments = if let Some(rest) = rest.strip_prefix("[ARGS]") { rest.trim_start() } else { rest };
    if arguments.starts_with('{') {
        let end = text.len() - arguments.len();
        return Got::Done(Begun::Json { name: name.to_owned(), end, tail: false });
    }
    let waiting = arguments.is_empty() || "[ARGS]".starts_with(rest) || "[CALL_ID]".starts_with(rest);
    if waiting { Got::More } else { Got::Broken }
}

/// A name, the end of its line and an object.
fn lined(text: &str) -> Got<Begun> {
    let name = match name(text) {
        Got::Done(name) => name,
        Got::More => return Got::More,
        Got::Broken => return Got::Broken,
    };
    let rest = text[name.len()..].trim_start_matches(['\r', '\n']);
    match rest.chars().next() {
        None => Got::More,
        Some('{') => Got::Done(Begun::Json { name: name.to_owned(), end: text.len() - rest.len(), tail: false }),
        Some(_) => Got::Broken,
    }
}

/// `<function=NAME>`, or the name alone with a key or the end behind it.
fn tagged(text: &str, tags: &Tags, end: &str) -> Got<Begun> {
    let rest = text.trim_start();
    let from = text.len() - rest.len();
    let rest = match partial(rest, tags.name) {
        Got::Done(length) => &rest[length..],
        Got::More => return Got::More,
        Got::Broken => return Got::Broken,
    };
    let name = match name(rest) {
        Got::Done(name) => name,
        Got::More => return Got::More,
        Got::Broken => return Got::Broken,
    };
    let at = from + tags.name.len() + name.len();
    let behind = text[at..].trim_start();
    if !tags.name.is_empty() {
        return match behind.chars().next() {
            None => Got::More,
            Some('>') => Got::Done(Begun::Parts(name.to_owned(), text.len() - behind.len() + 1)),
            Some(_) => Got::Broken,
        };
    }
    match (partial(behind, tags.key), partial(behind, end)) {
        (Got::Done(_), _) | (_, Got::Done(_)) => Got::Done(Begun::Parts(name.to_owned(), text.len() - behind.len())),
        (Got::More, _) | (_, Got::More) => Got::More,
        (Got::Broken, Got::Broken) => Got::Broken,
    }
}

/// `NAME(`, or what a dialect has in its place.
fn called(text: &str, dialect: &Dialect) -> Got<Begun> {
    let rest = text.trim_start();
    let from = text.len() - rest.len();
    let rest = match partial(rest, dialect.before) {
        Got::Done(length) => &rest[length..],
        Got::More => return Got::More,
        Got::Broken => return Got::Broken,
    };
    let name = match name(rest) {
        Got::Done(name) => name,
        Got::More => return Got::More,
        Got::Broken => return Got::Broken,
    };
    if !rest[name.len()..].starts_with(dialect.open) {
        return Got::Broken;
    }
    Got::Done(Begun::Parts(name.to_owned(), from + dialect.before.len() + name.len() + 1))
}

enum Part {
    Value { key: String, value: Value, end: usize },
    End { end: usize },
}

/// A key with its value in markup, or the end of the call.
fn tag_part(held: &str, tags: &Tags, end: &str) -> Got<Part> {
    let text = held.trim_start();
    let from = held.len() - text.len();
    if let Some(rest) = text.strip_prefix(tags.key) {
        let Some(key_end) = rest.find(tags.key_end) else { return Got::More };
        let key = rest[..key_end].trim();
        let rest = rest[key_end + tags.key_end.len()..]
            .trim_start_matches(|c: char| !tags.value.is_empty() && c.is_whitespace());
        let rest = match partial(rest, tags.value) {
            Got::Done(length) => &rest[length..],
            Got::More => return Got::More,
            Got::Broken => return Got::Broken,
        };
        let Some(length) = rest.find(tags.value_end) else { return Got::More };
        let value = typed(&rest[..length], tags.value.is_empty());
        let end = held.len() - (rest.len() - length - tags.value_end.len());
        return Got::Done(Part::Value { key: key.to_owned(), value, end });
    }
    if !tags.close.is_empty() && text.starts_with(tags.close) {
        return Got::Done(Part::End { end: from + tags.close.len() });
    }
    if text.starts_with(end) {
        return Got::Done(Part::End { end: from });
    }
    let waiting = [tags.key, tags.close, end].iter().any(|marker| marker.starts_with(text));
    if waiting { Got::More } else { Got::Broken }
}

/// A value in markup: what reads as a number, a constant, a list or an object is one, anything else a text.
/// The lines around a value are no part of it where the form puts it `on_lines` of its own.
fn typed(raw: &str, on_lines: bool) -> Value {
    let text = if on_lines {
        let text = raw.strip_prefix('\n').unwrap_or(raw);
        text.strip_suffix('\n').unwrap_or(text)
    } else {
        raw
    };
    match serde_json::from_str(text.trim()) {
        Ok(Value::String(_)) | Err(_) => Value::String(text.to_owned()),
        Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))) => value,
    }
}

/// A key with its value as a program writes it, or the end of the call.
fn written_part(held: &str, dialect: &Dialect, first: bool) -> Got<Part> {
    let text = held.trim_start();
    if let Some(rest) = text.strip_prefix(dialect.close) {
        return Got::Done(Part::End { end: held.len() - rest.len() });
    }
    let text = match (first, text.strip_prefix(',')) {
        (false, Some(rest)) => rest.trim_start(),
        (true, _) => text,
        (false, None) if text.is_empty() => return Got::More,
        (false, None) => return Got::Broken,
    };
    let Some(key_end) = text.find(|c: char| !(is_name(c) && c != dialect.is)) else { return Got::More };
    let (key, rest) = (&text[..key_end], text[key_end..].trim_start());
    match rest.chars().next() {
        None => return Got::More,
        Some(c) if c == dialect.is && !key.is_empty() => {}
        Some(_) => return Got::Broken,
    }
    let rest = &rest[1..];
    match written::value(rest, dialect) {
        Got::Done((value, length)) => {
            Got::Done(Part::Value { key: key.to_owned(), value, end: held.len() - rest.len() + length })
        }
        Got::More => Got::More,
        Got::Broken => Got::Broken,
    }
}
