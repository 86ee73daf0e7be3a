//! Reading JSON that is still being written: is a value there yet, and where does it end?

use serde_json::Value;

/// What can be said of a text so far.
#[derive(Debug, PartialEq)]
pub(super) enum Got<T> {
    /// It may still become one.
    More,
    /// It never will.
    Broken,
    /// It is.
    Done(T),
}

/// The beginning of an object that calls a tool.
#[derive(Debug, PartialEq)]
pub(super) enum Head {
    /// The name is known and its arguments begin at `at`.
    Open { name: String, at: usize },
    /// The object is whole and `end` bytes long.
    Whole { name: String, arguments: String, end: usize },
}

/// Bytes within which a name must have come: a longer text is no call.
const LIMIT: usize = 16 << 10;

/// A place in a text.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    pub(super) at: usize,
}

/// Gives up where the value is not there.
macro_rules! there {
    ($got:expr) => {
        match $got {
            Got::Done(value) => value,
            Got::More => return Got::More,
            Got::Broken => return Got::Broken,
        }
    };
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
    /// The next character that is no blank.
    fn peek(&mut self) -> Got<char> {
        self.at = self.text.len() - self.rest().trim_start().len();
        self.rest().chars().next().map_or(Got::More, Got::Done)
    }
    fn take(&mut self, wanted: char) -> Got<()> {
        if there!(self.peek()) != wanted {
            return Got::Broken;
        }
        self.at += wanted.len_utf8();
        Got::Done(())
    }
    /// A text in quotes.
    fn string(&mut self) -> Got<String> {
        if there!(self.peek()) != '"' {
            return Got::Broken;
        }
        let raw = there!(self.value());
        serde_json::from_str(raw).map_or(Got::Broken, Got::Done)
    }
    /// Any value, as it stands.
    fn value(&mut self) -> Got<&'a str> {
        let first = there!(self.peek());
        let start = self.at;
        let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
        for (at, c) in self.rest().char_indices() {
            let end = start + at + c.len_utf8();
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => {
                    quoted = !quoted;
                    if !quoted && depth == 0 {
                        self.at = end;
                        return Got::Done(&self.text[start..end]);
                    }
                }
                _ if quoted => {}
                '{' | '[' => depth += 1,
                '}' | ']' if depth > 0 => {
                    depth -= 1;
                    if depth == 0 {
                        self.at = end;
                        return Got::Done(&self.text[start..end]);
                    }
                }
                ',' | '}' | ']' if depth == 0 => {
                    self.at = start + at;
                    let scalar = !matches!(first, '{' | '[' | '"') && at > 0;
                    return if scalar { Got::Done(&self.text[start..self.at]) } else { Got::Broken };
                }
                _ => {}
            }
        }
        Got::More
    }

    /// A call's object up to its arguments. Nothing but what calls consist of may stand before the name in
    /// one that only its keys tell from an answer in JSON (`strict`).
    pub(super) fn head(&mut self, strict: bool) -> Got<Head> {
        match self.members(strict) {
            Got::More if self.text.len() > LIMIT => Got::Broken,
            got => got,
        }
    }

    fn members(&mut self, strict: bool) -> Got<Head> {
        there!(self.take('{'));
        let (mut name, mut arguments) = (None::<String>, None::<String>);
        loop {
            match there!(self.peek()) {
                ',' if name.is_some() || arguments.is_some() || !strict => self.at += 1,
                '}' => {
                    self.at += 1;
                    let Some(name) = name else { return Got::Broken };
                    return Got::Done(Head::Whole {
                        name,
                        arguments: arguments.unwrap_or_else(|| "{}".to_owned()),
                        end: self.at,
                    });
                }
                _ => {}
            }
            let key = there!(self.string());
            let known = matches!(key.as_str(), "name" | "tool_name" | "arguments" | "parameters" | "type" | "id");
            if strict && !known {
                return Got::Broken;
            }
            there!(self.take(':'));
            let first = there!(self.peek());
            match key.as_str() {
                "name" | "tool_name" => name = Some(there!(self.string())),
                "arguments" | "parameters" if first == '{' && name.is_some() => {
                    return Got::Done(Head::Open { name: name.unwrap_or_default(), at: self.at });
                }
                "arguments" | "parameters" => match serde_json::from_str(there!(self.value()).trim()) {
                    Ok(Value::Null) => {}
                    Ok(Value::String(text)) => arguments = Some(text),
                    Ok(object @ Value::Object(_)) => arguments = Some(object.to_string()),
                    Ok(Value::Bool(_) | Value::Number(_) | Value::Array(_)) | Err(_) => return Got::Broken,
                },
                _ => {
                    there!(self.value());
                }
            }
        }
    }

    /// An object whose first key is the tool's name, up to its arguments.
    pub(super) fn by_name(&mut self) -> Got<Head> {
        there!(self.take('{'));
        let name = there!(self.string());
        there!(self.take(':'));
        if there!(self.peek()) != '{' {
            return Got::Broken;
        }
        Got::Done(Head::Open { name, at: self.at })
    }

    /// What follows a call's arguments, up to the end of its object.
    pub(super) fn tail(&mut self) -> Got<()> {
        loop {
            match there!(self.peek()) {
                '}' => {
                    self.at += 1;
                    return Got::Done(());
                }
                ',' => {
                    self.at += 1;
                    there!(self.string());
                    there!(self.take(':'));
                    there!(self.value());
                }
                _ => return Got::Broken,
            }
        }
    }
}

/// An object on its way through: it is passed on as it comes, and its end is noticed.
#[derive(Default)]
pub(super) struct Through {
    depth: usize,
    quoted: bool,
    escaped: bool,
}

impl Through {
    /// Moves what belongs to the object from `text` to `out`, and says whether the object has ended.
    /// Line ends inside texts, which models write and JSON forbids, are escaped.
    pub(super) fn pass(&mut self, text: &mut String, out: &mut String) -> bool {
        let mut end = None;
        for (at, c) in text.char_indices() {
            if self.quoted {
                match c {
                    '\n' => out.push_str(if self.escaped { "n" } else { "\\n" }),
                    '\r' => out.push_str(if self.escaped { "r" } else { "\\r" }),
                    '\t' => out.push_str(if self.escaped { "t" } else { "\\t" }),
                    c => out.push(c),
                }
                (self.quoted, self.escaped) = (self.escaped || c != '"', !self.escaped && c == '\\');
                continue;
            }
            match c {
                '"' => self.quoted = true,
                '{' | '[' => self.depth += 1,
                '}' | ']' => self.depth = self.depth.saturating_sub(1),
                ',' | ':' | '+' | '-' | '.' => {}
                c if c.is_ascii_alphanumeric() || c.is_whitespace() => {}
                // No JSON any more: what follows is no part of it.
                _ => {
                    end = Some(at);
                    break;
                }
            }
            out.push(c);
            if self.depth == 0 {
                end = Some(at + c.len_utf8());
                break;
            }
        }
        text.drain(..end.unwrap_or(text.len()));
        end.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_known_as_soon_as_they_can_be() {
        let open = |name: &str, at| Got::Done(Head::Open { name: name.to_owned(), at });
        let whole = |name: &str, arguments: &str, end| {
            Got::Done(Head::Whole { name: name.to_owned(), arguments: arguments.to_owned(), end })
        };
        for (text, strict, expected) in [
            (r#"{"name": "f", "arguments": {"a"#, true, open("f", 27)),
            (r#"{"name": "f", "arguments": "#, true, Got::More),
            (r#"{"name": "f"}"#, true, whole("f", "{}", 13)),
            (r#"{"arguments": {"a": 1}, "name": "f"} "#, true, whole("f", r#"{"a":1}"#, 36)),
            (r#"{"name": "f", "arguments": "{\"a\":1}"}"#, true, whole("f", r#"{"a":1}"#, 39)),
            (r#"{"id": 1, "name": "f", "parameters": null}"#, false, whole("f", "{}", 42)),
            (r#"{"capital": "#, true, Got::Broken),
            (r#"{"capital": "#, false, Got::More),
            (r#"{"name": 3}"#, true, Got::Broken),
            (r#"{"name": "f", "arguments": [1]}"#, true, Got::Broken),
            (r"{name", true, Got::Broken),
            (r"[", true, Got::Broken),
        ] {
            assert_eq!(Cursor::new(text).head(strict), expected, "{text}");
        }
        let endless = format!(r#"{{"arguments": {{"a": "{}"#, "x".repeat(LIMIT));
        assert_eq!(Cursor::new(&endless).head(true), Got::Broken);
    }

    #[test]
    fn objects_pass_through_to_their_end() {
        for (text, passed, left, ended) in [
            (r#"{"a": "}\"{"} rest"#, r#"{"a": "}\"{"}"#, " rest", true),
            ("{\"a\": \"x\ny\"}", r#"{"a": "x\ny"}"#, "", true),
            (r#"{"a": [1, {"b": 2"#, r#"{"a": [1, {"b": 2"#, "", false),
            (r#"{"a": 1</tool_call>"#, r#"{"a": 1"#, "</tool_call>", true),
        ] {
            let (mut held, mut out) = (text.to_owned(), String::new());
            assert_eq!(Through::default().pass(&mut held, &mut out), ended, "{text}");
            assert_eq!((out.as_str(), held.as_str()), (passed, left), "{text}");
        }
    }
}
