//! Which parts a query has: words, phrases, operators, conditions on the document.

use protocol::{Misread, MisreadAs};

/// A part of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    /// A phrase in quotes.
    Phrase(String),
    /// `field:value`.
    Field(Field, String),
    /// What stands between spaces.
    Word(String),
}

/// What a document can be chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    File,
    In,
    Author,
    Date,
    Added,
    Before,
    After,
    Language,
    Label,
    Type,
    Sort,
}

/// The names of the fields.
const FIELDS: &[(&str, Field)] = &[
    ("file", Field::File),
    ("name", Field::File),
    ("in", Field::In),
    ("folder", Field::In),
    ("author", Field::Author),
    ("by", Field::Author),
    ("from", Field::Author),
    ("date", Field::Date),
    ("added", Field::Added),
    ("before", Field::Before),
    ("after", Field::After),
    ("since", Field::After),
    ("lang", Field::Language),
    ("language", Field::Language),
    ("label", Field::Label),
    ("tag", Field::Label),
    ("type", Field::Type),
    ("format", Field::Type),
    ("sort", Field::Sort),
];

/// Fields that other programs have and this one does not: who types one should know.
const UNKNOWN: &[&str] = &["to", "subject", "title", "size", "page", "ext", "is"];

/// Quotation marks. Each opens or closes.
const QUOTES: [char; 5] = ['"', '“', '”', '«', '»'];

/// Cuts a query into its parts.
pub fn lex(text: &str, misread: &mut Vec<Misread>) -> Vec<Token> {
    let mut lexer = Lexer { chars: text.chars().collect(), at: 0, tokens: Vec::new(), misread };
    while lexer.at < lexer.chars.len() {
        lexer.next();
    }
    lexer.tokens
}

struct Lexer<'a> {
    chars: Vec<char>,
    at: usize,
    tokens: Vec<Token>,
    misread: &'a mut Vec<Misread>,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn next(&mut self) {
        let Some(c) = self.peek(0) else { return };
        match c {
            c if c.is_whitespace() => self.at += 1,
            '(' => self.sign(Token::Open),
            ')' => self.sign(Token::Close),
            '-' if self.denies() => self.sign(Token::Not),
            c if QUOTES.contains(&c) => self.phrase(),
            _ => self.piece(),
        }
    }

    fn sign(&mut self, token: Token) {
        self.tokens.push(token);
        self.at += 1;
    }

    /// A hyphen leaves out what follows it, where it stands before a word, a phrase or a group.
    fn denies(&self) -> bool {
        let begins = self.at == 0 || self.chars[self.at - 1].is_whitespace() || self.chars[self.at - 1] == '(';
        begins && self.peek(1).is_some_and(|c| c.is_alphanumeric() || c == '(' || QUOTES.contains(&c))
    }

    /// Reads to the closing quote. A quote that is never closed is no phrase.
    fn phrase(&mut self) {
        let open = self.at;
        match self.quoted() {
            Some(phrase) => self.tokens.push(Token::Phrase(phrase)),
            None => {
                let rest: String = self.chars[open..].iter().collect();
                self.misread.push(Misread { text: rest, why: MisreadAs::Quote });
                self.at = open + 1;
            }
        }
    }

    fn quoted(&mut self) -> Option<String> {
        let from = self.at + 1;
        let length = self.chars[from..].iter().position(|c| QUOTES.contains(c))?;
        self.at = from + length + 1;
        Some(self.chars[from..from + length].iter().collect())
    }

    fn piece(&mut self) {
        let from = self.at;
        while let Some(c) = self.peek(0) {
            let field = c == ':' && self.chars[from..self.at].iter().all(char::is_ascii_alphabetic);
            if field && let Some(token) = self.field(from) {
                self.tokens.push(token);
                return;
            }
            if c.is_whitespace() || QUOTES.contains(&c) || c == '(' || c == ')' {
                break;
            }
            self.at += 1;
        }
        let mut piece: String = self.chars[from..self.at].iter().collect();
        if self.misread.last().is_some_and(|last| last.why == MisreadAs::Field && last.text == piece) {
            piece = piece.replacen(':', " ", 1);
        }
        self.tokens.push(match piece.as_str() {
            "AND" => Token::And,
            "OR" => Token::Or,
            "NOT" => Token::Not,
            _ => Token::Word(piece),
        });
    }

    /// The field that ends at this colon, with its value; None where it is only a word with a colon.
    fn field(&mut self, from: usize) -> Option<Token> {
        let name: String = self.chars[from..self.at].iter().flat_map(|c| c.to_lowercase()).collect();
        let known = FIELDS.iter().find(|(field, _)| *field == name).map(|(_, field)| *field);
        let colon = self.at;
        let value = match self.peek(1) {
            Some(c) if QUOTES.contains(&c) => {
                self.at += 1;
                self.quoted()
            }
            Some(c) if !c.is_whitespace() => {
                self.at += 1;
                let from = self.at;
                while self.peek(0).is_some_and(|c| !c.is_whitespace() && c != ')') {
                    self.at += 1;
                }
                Some(self.chars[from..self.at].iter().collect())
            }
            Some(_) | None => None,
        };
        let token = known.zip(value.filter(|value| !value.is_empty())).map(|(field, value)| Token::Field(field, value));
        if token.is_none() {
            if UNKNOWN.contains(&name.as_str()) && self.at > colon {
                let text = self.chars[from..self.at].iter().collect();
                self.misread.push(Misread { text, why: MisreadAs::Field });
            }
            self.at = colon;
        }
        token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_what_people_type() {
        let word = |text: &str| Token::Word(text.to_owned());
        let phrase = |text: &str| Token::Phrase(text.to_owned());
        for (text, expected, misread) in [
            ("notice periods", vec![word("notice"), word("periods")], None),
            ("well-known -pets", vec![word("well-known"), Token::Not, word("pets")], None),
            ("-\"no pets\" 3 - 2", vec![Token::Not, phrase("no pets"), word("3"), word("-"), word("2")], None),
            ("« délai »", vec![phrase(" délai ")], None),
            (
                "(a OR b) AND NOT c",
                {
                    let group = [Token::Open, word("a"), Token::Or, word("b"), Token::Close];
                    group.into_iter().chain([Token::And, Token::Not, word("c")]).collect()
                },
                None,
            ),
            ("rent \"unclosed", vec![word("rent"), word("unclosed")], Some(MisreadAs::Quote)),
            (
                "file:\"annual report\" TYPE:pdf",
                { vec![Token::Field(Field::File, "annual report".into()), Token::Field(Field::Type, "pdf".into())] },
                None,
            ),
            (
                "see https://a.b/c: file: x",
                { vec![word("see"), word("https://a.b/c:"), word("file:"), word("x")] },
                None,
            ),
            ("subject:Smith", vec![word("subject Smith")], Some(MisreadAs::Field)),
            ("label:\"client A\"", vec![Token::Field(Field::Label, "client A".into())], None),
            ("author:Smith", vec![Token::Field(Field::Author, "Smith".into())], None),
            ("(type:pdf)", vec![Token::Open, Token::Field(Field::Type, "pdf".into()), Token::Close], None),
        ] {
            let mut unread = Vec::new();
            assert_eq!(lex(text, &mut unread), expected, "{text}");
            assert_eq!(unread.first().map(|misread| misread.why), misread, "{text}");
        }
    }
}
