//! How does each form begin a call, and what are the parts of its arguments?

use super::{
    calls::{Dialect, Tags, is_name},
    json::{Got, Head},
    written,
};
use serde_json::Value;

/// The longest name of a tool, in bytes.
const MAX_NAME: usize = 256;

/// What a call's beginning amounts to, and the bytes it takes.
pub(super) enum Begun {
    /// JSON follows, and behind it the rest of its object where that is so.
    Json { name: String, end: usize, tail: bool },
    /// A whole call.
    Whole(String, String, usize),
    /// Parts follow.
    Parts(String, usize),
}

pub(super) fn from_head(got: Got<Head>) -> Got<Begun> {
    match got {
        Got::Done(Head::Open { name, at }) => Got::Done(Begun::Json { name, end: at, tail: true }),
        Got::Done(Head::Whole { name, arguments, end }) => Got::Done(Begun::Whole(name, arguments, end)),
        Got::More => Got::More,
        Got::Broken => Got::Broken,
    }
}

/// Whether a text begins with another: its length then.
pub(super) fn partial(text: &str, wanted: &str) -> Got<usize> {
    if text.starts_with(wanted) {
        Got::Done(wanted.len())
    } else if wanted.starts_with(text) {
        Got::More
    } else {
        Got::Broken
    }
}

/// The name at the beginning of a text, once it is certain where it ends.
pub(super) fn name(text: &str) -> Got<&str> {
    match text.find(|c| !is_name(c)) {
        _ if text.len() > MAX_NAME && text[..].chars().take(MAX_NAME).all(is_name) => Got::Broken,
        None => Got::More,
        Some(0) => Got::Broken,
        Some(end) => Got::Done(&text[..end]),
    }
}

/// `NAME[CALL_ID]…[ARGS]{…}`, or `NAME{…}`.
pub(super) fn named(text: &str) -> Got<Begun> {
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
pub(super) fn lined(text: &str) -> Got<Begun> {
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

/// A name behind a mark, and where in the text it ends.
fn name_behind<'a>(text: &'a str, mark: &str) -> Got<(&'a str, usize)> {
    let rest = text.trim_start();
    let from = text.len() - rest.len() + mark.len();
    match partial(rest, mark) {
        Got::Done(length) => match name(&rest[length..]) {
            Got::Done(name) => Got::Done((name, from + name.len())),
            Got::More => Got::More,
            Got::Broken => Got::Broken,
        },
        Got::More => Got::More,
        Got::Broken => Got::Broken,
    }
}

/// `<function=NAME>`, or the name alone with a key or the end behind it.
pub(super) fn tagged(text: &str, tags: &Tags, end: &str) -> Got<Begun> {
    let (name, at) = match name_behind(text, tags.name) {
        Got::Done(found) => found,
        Got::More => return Got::More,
        Got::Broken => return Got::Broken,
    };
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
pub(super) fn called(text: &str, dialect: &Dialect) -> Got<Begun> {
    let (name, at) = match name_behind(text, dialect.before) {
        Got::Done(found) => found,
        Got::More => return Got::More,
        Got::Broken => return Got::Broken,
    };
    if !text[at..].starts_with(dialect.open) {
        return Got::Broken;
    }
    Got::Done(Begun::Parts(name.to_owned(), at + dialect.open.len_utf8()))
}

pub(super) enum Part {
    Value { key: String, value: Value, end: usize },
    End { end: usize },
}

/// A key with its value in markup, or the end of the call.
pub(super) fn tag_part(held: &str, tags: &Tags, end: &str) -> Got<Part> {
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
pub(super) fn typed(raw: &str, on_lines: bool) -> Value {
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
pub(super) fn written_part(held: &str, dialect: &Dialect, first: bool) -> Got<Part> {
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
