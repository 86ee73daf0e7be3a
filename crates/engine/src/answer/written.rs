//! Reading values as programs write them: `f(a=1, b='x', c=[True, None])` and Gemma's `{a:<|"|>x<|"|>}`.

use super::{calls::Dialect, json::Got};
use serde_json::{Map, Number, Value};

/// How deep lists and objects may nest.
const MAX_DEPTH: usize = 64;

macro_rules! there {
    ($got:expr) => {
        match $got {
            Got::Done(value) => value,
            Got::More => return Got::More,
            Got::Broken => return Got::Broken,
        }
    };
}

/// The value at the beginning of a text, and its length in bytes. What could go on, such as a number at
/// the very end, is not there yet.
pub(super) fn value(text: &str, dialect: &Dialect) -> Got<(Value, usize)> {
    let mut reader = Reader { text, at: 0, dialect };
    let value = there!(reader.value(0));
    Got::Done((value, reader.at))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    dialect: &'a Dialect,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }
    fn peek(&mut self) -> Got<char> {
        self.at = self.text.len() - self.rest().trim_start().len();
        self.rest().chars().next().map_or(Got::More, Got::Done)
    }

    fn value(&mut self, depth: usize) -> Got<Value> {
        if depth > MAX_DEPTH {
            return Got::Broken;
        }
        let first = there!(self.peek());
        if let Some(quote) = self.dialect.quote {
            if self.rest().starts_with(quote) {
                let from = self.at + quote.len();
                let Some(length) = self.text[from..].find(quote) else { return Got::More };
                self.at = from + length + quote.len();
                return Got::Done(Value::String(self.text[from..from + length].to_owned()));
            }
            if quote.starts_with(self.rest()) {
                return Got::More;
            }
        }
        match first {
            '[' => self.list(']', depth),
            '(' => self.list(')', depth),
            '{' => self.object(depth),
            '"' | '\'' => self.string(first).map(Value::String),
            _ => self.word(),
        }
    }

    fn list(&mut self, close: char, depth: usize) -> Got<Value> {
        self.at += 1;
        let mut all = Vec::new();
        loop {
            match there!(self.peek()) {
                c if c == close => {
                    self.at += 1;
                    return Got::Done(Value::Array(all));
                }
                ',' if !all.is_empty() => self.at += 1,
                _ => all.push(there!(self.value(depth + 1))),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Got<Value> {
        self.at += 1;
        let mut all = Map::new();
        loop {
            match there!(self.peek()) {
                '}' => {
                    self.at += 1;
                    return Got::Done(Value::Object(all));
                }
                ',' if !all.is_empty() => self.at += 1,
                _ => {
                    let key = match there!(self.value(depth + 1)) {
                        Value::String(key) => key,
                        key @ (Value::Number(_) | Value::Bool(_)) => key.to_string(),
                        Value::Null | Value::Array(_) | Value::Object(_) => return Got::Broken,
                    };
                    if there!(self.peek()) != ':' {
                        return Got::Broken;
                    }
                    self.at += 1;
                    all.insert(key, there!(self.value(depth + 1)));
                }
            }
        }
    }

    /// A text in quotes, one or three, with Python's escapes.
    fn string(&mut self, quote: char) -> Got<String> {
        let three: String = [quote; 3].iter().collect();
        let rest = self.rest();
        // Two quotes may be an empty text or the beginning of three.
        if rest.len() < 3 && three.starts_with(rest) {
            return Got::More;
        }
        let end = if rest.starts_with(&three) { three } else { quote.to_string() };
        let mut out = String::new();
        let mut chars = self.text[self.at + end.len()..].char_indices();
        let from = self.at + end.len();
        while let Some((at, c)) = chars.next() {
            if self.text[from + at..].starts_with(&end) {
                self.at = from + at + end.len();
                return Got::Done(out);
            }
            if c == quote && end.len() > 1 && end.starts_with(&self.text[from + at..]) {
                return Got::More;
            }
            if c != '\\' {
                out.push(c);
                continue;
            }
            let Some((_, escaped)) = chars.next() else { return Got::More };
            match escaped {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                '0' => out.push('\0'),
                '\n' => {}
                '\\' | '\'' | '"' => out.push(escaped),
                'x' | 'u' | 'U' => {
                    let digits = match escaped {
                        'x' => 2,
                        'u' => 4,
                        _ => 8,
                    };
                    let hex: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
                    if hex.chars().count() < digits {
                        return Got::More;
                    }
                    out.push(u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32).unwrap_or('\u{FFFD}'));
                }
                other => out.extend(['\\', other]),
            }
        }
        Got::More
    }

    /// A number, a constant, or a name without quotes.
    fn word(&mut self) -> Got<Value> {
        let rest = self.rest();
        let Some(length) = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '.' | '$')))
        else {
            return Got::More;
        };
        let word = rest[..length].to_owned();
        self.at += length;
        Got::Done(match word.as_str() {
            "" => return Got::Broken,
            "True" | "true" => Value::Bool(true),
            "False" | "false" => Value::Bool(false),
            "None" | "null" => Value::Null,
            _ => match serde_json::from_str::<Number>(&word) {
                Ok(number) => Value::Number(number),
                // A word without quotes names a key in Gemma's objects; Python has none.
                Err(_) if self.dialect.quote.is_some() => Value::String(word),
                Err(_) => match word.parse::<f64>().ok().and_then(Number::from_f64) {
                    Some(number) => Value::Number(number),
                    None => return Got::Broken,
                },
            },
        })
    }
}

impl<T> Got<T> {
    fn map<U>(self, change: impl FnOnce(T) -> U) -> Got<U> {
        match self {
            Self::Done(value) => Got::Done(change(value)),
            Self::More => Got::More,
            Self::Broken => Got::Broken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::calls::{BRACED, PYTHON},
        *,
    };
    use serde_json::json;

    #[test]
    fn values_become_json() {
        for (text, expected) in [
            ("1,", json!(1)),
            ("-2.5e3)", json!(-2500.0)),
            (".5)", json!(0.5)),
            ("True,", json!(true)),
            ("None)", json!(null)),
            (r#"'it\'s "x"\n',"#, json!("it's \"x\"\n")),
            (r"'\x41\u00e9\q',", json!("Aé\\q")),
            (r#""""a "quoted" line""","#, json!("a \"quoted\" line")),
            ("'',", json!("")),
            ("[1, 'a', (2, 3), {'k': [None]}]", json!([1, "a", [2, 3], {"k": [null]}])),
            ("{1: 'a'}", json!({"1": "a"})),
        ] {
            assert!(matches!(value(text, &PYTHON), Got::Done((found, _)) if found == expected), "{text}");
        }
        for (text, expected) in [
            (r#"<|"|>it's {x}<|"|>,"#, json!("it's {x}")),
            (r#"{a:<|"|>b<|"|>,c:[1,true]}"#, json!({"a": "b", "c": [1, true]})),
        ] {
            assert!(matches!(value(text, &BRACED), Got::Done((found, _)) if found == expected), "{text}");
        }
        assert_eq!(value("{a: 1}", &PYTHON), Got::Broken, "a name without quotes is no value");
        assert_eq!(value(&"[".repeat(100_000), &PYTHON), Got::Broken, "nothing may nest without end");
    }

    #[test]
    fn a_value_that_may_go_on_is_not_there_yet() {
        for text in ["1", "'a", "''", "'a\\", r"'\u00", "[1, ", "{'a': ", "\"\"\"a\"\"", ""] {
            assert_eq!(value(text, &PYTHON), Got::More, "{text}");
        }
        for text in ["<|\"", "<|\"|>a<|\"|", "{a:"] {
            assert_eq!(value(text, &BRACED), Got::More, "{text}");
        }
    }
}
