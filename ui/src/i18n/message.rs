//! How a message is written down, and how its values get into it.

use super::{Lang, intl};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A value of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    /// Formatted by the language, and able to choose a plural form.
    Number(f64),
    /// As it is.
    Text(String),
}

macro_rules! numbers {
    ($($ty:ty),*) => {$(
        impl From<$ty> for Arg {
            fn from(n: $ty) -> Self {
                Arg::Number(n as f64)
            }
        }
    )*};
}
numbers!(u8, u32, u64, usize, i32, i64, f32, f64);

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Arg::Text(text.to_owned())
    }
}
impl From<String> for Arg {
    fn from(text: String) -> Self {
        Arg::Text(text)
    }
}
impl From<&String> for Arg {
    fn from(text: &String) -> Self {
        Arg::Text(text.clone())
    }
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Words.
    Words(String),
    /// A value, with its name and its text.
    Value(String, String),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Message {
    Plain(String),
    /// By the value that decides, then by its plural category. A form may depend on another value again.
    Plural(BTreeMap<String, BTreeMap<String, Message>>),
}

impl Message {
    fn forms<'a>(&'a self, found: &mut Vec<&'a str>) {
        match self {
            Message::Plain(text) => found.push(text),
            Message::Plural(by) => by.values().flat_map(BTreeMap::values).for_each(|form| form.forms(found)),
        }
    }

    fn chosen(&self, lang: Lang, args: &[(&str, Arg)]) -> Option<&str> {
        match self {
            Message::Plain(text) => Some(text),
            Message::Plural(by) => {
                let (name, forms) = by.first_key_value()?;
                let category = match args.iter().find(|(arg, _)| arg == name) {
                    Some((_, Arg::Number(n))) => intl::plural(lang, *n),
                    Some((_, Arg::Text(_))) | None => "other".to_owned(),
                };
                forms.get(&category).or_else(|| forms.get("other"))?.chosen(lang, args)
            }
        }
    }
}

/// All messages of a language.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Catalogue(BTreeMap<String, Message>);

impl Catalogue {
    /// Reads a file of `locales/`.
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// Every key, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Every form of a message: one, or one for each plural category.
    pub fn forms(&self, key: &str) -> Vec<&str> {
        let mut found = Vec::new();
        if let Some(message) = self.0.get(key) {
            message.forms(&mut found);
        }
        found
    }

    /// The text with its values.
    pub fn text(&self, lang: Lang, key: &str, args: &[(&str, Arg)]) -> Option<String> {
        self.0.get(key)?;
        let pieces = self.pieces(lang, key, args);
        Some(pieces.into_iter().map(|(Piece::Words(text) | Piece::Value(_, text))| text).collect())
    }

    /// The text in pieces.
    pub fn pieces(&self, lang: Lang, key: &str, args: &[(&str, Arg)]) -> Vec<Piece> {
        match self.0.get(key) {
            None => vec![],
            Some(message) => fill(lang, message.chosen(lang, args).unwrap_or_default(), args),
        }
    }
}

fn fill(lang: Lang, form: &str, args: &[(&str, Arg)]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = form;
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}').map(|at| open + at) else { break };
        let name = &rest[open + 1..close];
        if open > 0 {
            pieces.push(Piece::Words(rest[..open].to_owned()));
        }
        let value = match args.iter().find(|(arg, _)| *arg == name) {
            Some((_, Arg::Number(n))) => intl::number_in(lang, *n),
            Some((_, Arg::Text(text))) => text.clone(),
            None => rest[open..=close].to_owned(),
        };
        pieces.push(Piece::Value(name.to_owned(), value));
        rest = &rest[close + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Words(rest.to_owned()));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_plurals() {
        let json = r#"{"hello": "Hello {name}", "docs": {"n": {"one": "{n} doc of {name}", "other": "{n} docs"}},
            "found": {"n": {"one": "{n} hit", "other": {"m": {"one": "{n} hits in {m} doc", "other": "{n} hits in {m} docs"}}}}}"#;
        let catalogue = Catalogue::parse(json).unwrap();
        #[allow(clippy::type_complexity)] // one row of the table below: what goes in, what comes out
        let table: &[(Lang, &str, &[(&str, Arg)], Option<&str>)] = &[
            (Lang::En, "hello", &[("name", Arg::Text("Ada".into()))], Some("Hello Ada")),
            (Lang::En, "hello", &[], Some("Hello {name}")),
            (Lang::En, "docs", &[("n", Arg::Number(1.0)), ("name", Arg::Text("x".into()))], Some("1 doc of x")),
            (Lang::En, "docs", &[("n", Arg::Number(0.0))], Some("0 docs")),
            (Lang::Fr, "docs", &[("n", Arg::Number(0.0)), ("name", Arg::Text("x".into()))], Some("0 doc of x")),
            (Lang::En, "found", &[("n", Arg::Number(1.0)), ("m", Arg::Number(1.0))], Some("1 hit")),
            (Lang::En, "found", &[("n", Arg::Number(2.0)), ("m", Arg::Number(1.0))], Some("2 hits in 1 doc")),
            (Lang::En, "found", &[("n", Arg::Number(2.0)), ("m", Arg::Number(2.0))], Some("2 hits in 2 docs")),
            (Lang::En, "nothing", &[], None),
        ];
        for (lang, key, args, expected) in table {
            assert_eq!(catalogue.text(*lang, key, args).as_deref(), *expected, "{key}");
        }
    }
}
