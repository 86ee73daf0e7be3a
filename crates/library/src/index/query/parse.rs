//! From the parts of a query to what is wished for and what must hold.
//!
//! Words beside one another are wishes: the more of them a passage holds, the better. Everything that
//! was written with a sign (quotes, a hyphen, AND, OR, NOT, a field) is a condition.

use super::{
    Condition, How, Terms, Wanted,
    filter::{self, Asked},
    lex::{Token, lex},
};
use crate::words::{self, Stems};
use protocol::{Misread, MisreadAs};
use std::collections::BTreeSet;

/// More words than this are not looked for.
const MOST_WORDS: usize = 64;
/// Groups in groups deeper than this are read as if they were not there.
const DEEPEST: usize = 16;

enum Node {
    Word(String),
    Phrase(String),
    Filter(filter::Filter),
    Not(Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
    /// Side by side.
    Group(Vec<Node>),
}

/// Reads a query. Its words are stemmed in these languages and in its own.
pub fn parse(text: &str, languages: &BTreeSet<String>) -> Terms {
    let mut terms = Terms::default();
    let tokens = lex(text, &mut terms.misread);
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0, terms };
    let mut nodes = parser.group();
    while parser.at < tokens.len() {
        // Only a parenthesis that closes nothing stops a group here.
        parser.misread(")", MisreadAs::Parenthesis);
        parser.at += 1;
        nodes.extend(parser.group());
    }
    let mut terms = parser.terms;
    let own = words::language(text).map(str::to_owned);
    let languages: BTreeSet<String> = languages.iter().cloned().chain(own).collect();
    let stemmers: Vec<Stems> = languages.iter().map(|l| Stems::of(Some(l))).collect();
    let mut reader = Reader { stemmers: &stemmers, wished: Vec::new(), plain: String::new() };
    for node in nodes {
        reader.wish(node, &mut terms);
    }
    let Reader { mut wished, plain, .. } = reader;
    join_account_numbers(&mut wished);
    let content: Vec<Wanted> = wished.iter().filter(|w| w.is_content()).cloned().collect();
    let mut seen = BTreeSet::new();
    let kept = if content.is_empty() { wished } else { content };
    terms.words = kept.into_iter().filter(|w| seen.insert((w.folded.clone(), w.how))).take(MOST_WORDS).collect();
    terms.plain = plain.trim().to_owned();
    terms
}

/// An account number in groups is one word, as if it was typed in one piece; what stands in groups is found by it.
fn join_account_numbers(wished: &mut Vec<Wanted>) {
    let folded: Vec<&str> = wished.iter().map(|wanted| &*wanted.folded).collect();
    for (at, number) in words::account_numbers(&folded).into_iter().rev() {
        let mut one = wished[at.start].clone();
        one.stems = BTreeSet::from([number.clone()]);
        (one.folded, one.accented) = (number, None);
        wished.splice(at, [one]);
    }
}

/// The rows of words that a phrase may stand as: one word where a line's end has parted it at its hyphen, and an
/// account number in groups or in one piece.
fn rows(text: &str) -> Vec<Vec<String>> {
    let folded = |text: &str| -> Vec<String> { words::words(text).into_iter().map(|word| word.folded).collect() };
    let phrase = folded(text);
    let joined: String = text.split_inclusive(' ').map(without_hyphens).collect();
    let mut in_one = phrase.clone();
    let all: Vec<&str> = phrase.iter().map(String::as_str).collect();
    for (at, number) in words::account_numbers(&all).into_iter().rev() {
        in_one.splice(at, [number]);
    }
    let in_groups = phrase.iter().flat_map(|word| words::account_groups(word).unwrap_or_else(|| vec![word.clone()]));
    let mut rows: Vec<Vec<String>> = Vec::new();
    for row in [folded(&joined), in_one, in_groups.collect(), phrase] {
        if !row.is_empty() && !rows.contains(&row) {
            rows.push(row);
        }
    }
    rows
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    terms: Terms,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn misread(&mut self, text: &str, why: MisreadAs) {
        self.terms.misread.push(Misread { text: text.to_owned(), why });
    }

    /// What stands side by side, to the end or to a closing parenthesis.
    fn group(&mut self) -> Vec<Node> {
        let mut nodes = Vec::new();
        while self.peek().is_some_and(|token| *token != Token::Close) {
            nodes.extend(self.any());
        }
        nodes
    }

    fn any(&mut self) -> Option<Node> {
        self.joined(&Token::Or, "OR", Self::all, Node::Any)
    }

    fn all(&mut self) -> Option<Node> {
        self.joined(&Token::And, "AND", Self::one, Node::All)
    }

    fn joined(
        &mut self,
        sign: &Token,
        name: &str,
        part: impl Fn(&mut Self) -> Option<Node>,
        whole: impl Fn(Vec<Node>) -> Node,
    ) -> Option<Node> {
        let mut nodes: Vec<Node> = part(self).into_iter().collect();
        while self.peek() == Some(sign) {
            self.at += 1;
            let next = part(self);
            if next.is_none() || nodes.is_empty() {
                self.misread(name, MisreadAs::Operator);
            }
            nodes.extend(next);
        }
        if nodes.len() > 1 { Some(whole(nodes)) } else { nodes.pop() }
    }

    fn one(&mut self) -> Option<Node> {
        let token = self.peek()?.clone();
        let node = match token {
            // The operators are read by who joins; a parenthesis by who opened it.
            Token::Close | Token::And | Token::Or => return None,
            Token::Open => {
                self.at += 1;
                return self.parentheses();
            }
            Token::Not => {
                self.at += 1;
                if self.depth >= DEEPEST {
                    return None;
                }
                self.depth += 1;
                let denied = self.one();
                self.depth -= 1;
                if denied.is_none() {
                    self.misread("NOT", MisreadAs::Operator);
                }
                return denied.map(|node| Node::Not(Box::new(node)));
            }
            Token::Phrase(text) => Node::Phrase(text),
            Token::Word(text) => Node::Word(text),
            Token::Field(field, value) => match filter::read(field, &value) {
                Ok(Asked::Filter(filter)) => Node::Filter(filter),
                Ok(Asked::Newest) => {
                    self.terms.newest = true;
                    Node::Group(Vec::new())
                }
                Err(why) => {
                    self.misread(&value, why);
                    match why {
                        // Nobody looks for the words of a date that is none.
                        MisreadAs::Date | MisreadAs::Language => Node::Group(Vec::new()),
                        MisreadAs::Field | MisreadAs::Operator | MisreadAs::Parenthesis | MisreadAs::Quote => {
                            Node::Word(value)
                        }
                    }
                }
            },
        };
        self.at += 1;
        Some(node)
    }

    fn parentheses(&mut self) -> Option<Node> {
        if self.depth >= DEEPEST {
            return None;
        }
        self.depth += 1;
        let nodes = self.group();
        self.depth -= 1;
        if self.peek() == Some(&Token::Close) {
            self.at += 1;
        } else {
            self.misread("(", MisreadAs::Parenthesis);
        }
        Some(Node::Group(nodes))
    }
}

/// A word with hyphens as one, folded: `non-compete` is `noncompete` where a line ended after `non-`.
fn without_hyphen(piece: &str) -> Option<String> {
    let joined = without_hyphens(piece);
    let [word] = &words::words(&joined)[..] else { return None };
    (joined != piece).then(|| word.folded.clone())
}

/// A text without the hyphens between two letters.
fn without_hyphens(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let between = |at: usize| {
        let letter = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|c| c.is_alphabetic());
        letter(at.checked_sub(1)) && letter(Some(at + 1))
    };
    let kept = chars.iter().enumerate().filter(|(at, c)| !(matches!(c, '-' | '\u{2010}') && between(*at)));
    kept.map(|(_, c)| *c).collect()
}

struct Reader<'a> {
    stemmers: &'a [Stems],
    wished: Vec<Wanted>,
    plain: String,
}

impl Reader<'_> {
    /// Takes a part of the query that stands by itself.
    fn wish(&mut self, node: Node, terms: &mut Terms) {
        match node {
            Node::Word(text) => {
                self.say(&text);
                let words = self.wanted(&text);
                self.wished.extend(words);
            }
            Node::Group(nodes) => nodes.into_iter().for_each(|node| self.wish(node, terms)),
            node @ (Node::Phrase(_) | Node::Filter(_) | Node::Not(_) | Node::All(_) | Node::Any(_)) => {
                let condition = self.condition(node, true);
                terms.conditions.extend(condition);
            }
        }
    }

    /// What must hold. Words of it that are wanted count for the order, too.
    fn condition(&mut self, node: Node, wanted: bool) -> Option<Condition> {
        match node {
            Node::Word(text) => {
                let words = self.wanted(&text);
                if wanted {
                    self.say(&text);
                    self.wished.extend(words.iter().cloned());
                }
                // "The" in "the AND lease" is no condition.
                let content: Vec<Wanted> = words.iter().filter(|w| w.is_content()).cloned().collect();
                let words = if content.is_empty() { words } else { content };
                Condition::all(words.into_iter().map(Condition::Word).collect())
            }
            Node::Phrase(text) => {
                if wanted {
                    self.say(&text);
                    let words = self.plain_words(&text);
                    self.wished.extend(words);
                }
                let mut rows = rows(&text);
                match rows.len() {
                    0 | 1 => rows.pop().map(Condition::Phrase),
                    _ => Some(Condition::Any(rows.into_iter().map(Condition::Phrase).collect())),
                }
            }
            Node::Filter(filter) => Some(Condition::Document(filter)),
            Node::Not(node) => self.condition(*node, false).map(|denied| Condition::Not(Box::new(denied))),
            Node::All(nodes) | Node::Group(nodes) => {
                Condition::all(nodes.into_iter().filter_map(|node| self.condition(node, wanted)).collect())
            }
            Node::Any(nodes) => {
                let any: Vec<_> = nodes.into_iter().filter_map(|node| self.condition(node, wanted)).collect();
                (!any.is_empty()).then_some(Condition::Any(any))
            }
        }
    }

    fn say(&mut self, text: &str) {
        self.plain.push(' ');
        self.plain.push_str(text.trim_end_matches(['*', '~']));
    }

    /// The words of a piece; the last one may stand for all that begin with it, or are written like it.
    fn wanted(&self, piece: &str) -> Vec<Wanted> {
        let how = match piece.chars().last() {
            Some('*') => How::Beginning,
            Some('~') => How::Alike,
            Some(_) | None => How::Plain,
        };
        let mut words = self.plain_words(piece);
        // A line's end may have parted it at its hyphen, which then is not there any more.
        if let Some(joined) = without_hyphen(piece) {
            words.iter_mut().for_each(|word| word.others.push(vec![joined.clone()]));
        }
        if let Some(last) = words.last_mut().filter(|last| last.folded.chars().count() > 1) {
            last.how = how;
        }
        words
    }

    fn plain_words(&self, text: &str) -> Vec<Wanted> {
        let chars = words::Chars::of(text);
        let unit = |word: words::Word| {
            let mut stems: BTreeSet<String> = self.stemmers.iter().map(|s| s.stem(&word.folded)).collect();
            stems.insert(word.folded.clone());
            let accented = words::accented(chars.slice(word.span), &word.folded);
            Wanted {
                folded: word.folded,
                accented,
                stems,
                how: How::Plain,
                others: Vec::new(),
                parts: Vec::new(),
                longer: Vec::new(),
            }
        };
        words::units(text).into_iter().map(unit).collect()
    }
}
