//! From what a person typed to a query: words in every language of the library, phrases, exclusions.

use super::{Fields, TextIndex, key};
use crate::words::{self, Stems};
use protocol::DocumentId;
use std::collections::BTreeSet;
use tantivy::{
    Term,
    query::{
        AllQuery, BooleanQuery, BoostQuery, DisjunctionMaxQuery, Occur, PhraseQuery, Query, TermQuery, TermSetQuery,
    },
    schema::{Field, IndexRecordOption},
};

/// More words than this are not looked for.
const MOST_WORDS: usize = 64;
/// How much the word as written counts beside its stem.
const EXACT_BOOST: f32 = 0.25;
/// How much a word in the file's name or heading counts beside one in the text.
const TITLE_BOOST: f32 = 0.35;

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The query in its own words, without marks and without what must not be there: what a model of
    /// meaning reads.
    pub plain: String,
    /// The words that matter, each with its folded form and its stems.
    pub words: Vec<Wanted>,
    /// Phrases that must be there, folded.
    phrases: Vec<Vec<String>>,
    /// Words that must not be there.
    without: Vec<Wanted>,
}

/// A word that is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// As written, folded.
    pub folded: String,
    /// Its stems in the languages of the library.
    pub stems: BTreeSet<String>,
}

/// Reads a query: `"words in a row"` must be there, `-word` must not, all else may.
pub fn parse(text: &str, languages: &BTreeSet<String>) -> Terms {
    let own = words::language(text).map(str::to_owned);
    let stemmers: Vec<Stems> =
        languages.iter().cloned().chain(own).collect::<BTreeSet<_>>().iter().map(|l| Stems::of(Some(l))).collect();
    let wanted = |folded: String| {
        let mut stems: BTreeSet<String> = stemmers.iter().map(|s| s.stem(&folded)).collect();
        stems.insert(folded.clone());
        Wanted { folded, stems }
    };
    let mut terms = Terms::default();
    let mut plain = String::new();
    for (n, part) in text.split(['"', '“', '”', '«', '»']).enumerate() {
        let phrase: Vec<String> = if n % 2 == 1 { folded(part).collect() } else { Vec::new() };
        // A phrase of one word is a word; a quote that is never closed is no phrase.
        if phrase.len() > 1 && terms.phrases.len() < MOST_WORDS {
            plain.push(' ');
            plain.push_str(part);
            terms.phrases.push(phrase);
            continue;
        }
        for piece in part.split_whitespace() {
            match piece.strip_prefix('-').filter(|rest| rest.starts_with(char::is_alphanumeric)) {
                Some(out) if terms.without.len() < MOST_WORDS => terms.without.extend(folded(out).map(wanted)),
                Some(_) | None => {
                    plain.push(' ');
                    plain.push_str(piece);
                }
            }
        }
    }
    let all: Vec<String> = folded(&plain).take(MOST_WORDS).collect();
    let content: Vec<String> = all.iter().filter(|w| !words::is_function_word(w)).cloned().collect();
    let mut seen = BTreeSet::new();
    let kept = if content.is_empty() { all } else { content };
    terms.words = kept.into_iter().filter(|w| seen.insert(w.clone())).map(wanted).collect();
    terms.plain = plain.trim().to_owned();
    terms
}

fn term(field: Field, text: &str) -> Box<dyn Query> {
    Box::new(TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::WithFreqs))
}

/// Any of a word's stems.
fn stems(field: Field, wanted: &Wanted) -> Box<dyn Query> {
    Box::new(DisjunctionMaxQuery::new(wanted.stems.iter().map(|s| term(field, s)).collect()))
}

fn folded(text: &str) -> impl Iterator<Item = String> {
    words::words(text).into_iter().map(|w| w.folded)
}

impl Terms {
    /// Nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.phrases.is_empty()
    }

    /// The query, in these documents or (none given) in all.
    pub fn query(&self, fields: Fields, documents: &[DocumentId]) -> Box<dyn Query> {
        let boost = |query, by| -> Box<dyn Query> { Box::new(BoostQuery::new(query, by)) };
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        for wanted in &self.words {
            clauses.push((Occur::Should, stems(fields.stem, wanted)));
            clauses.push((Occur::Should, boost(term(fields.exact, &wanted.folded), EXACT_BOOST)));
            clauses.push((Occur::Should, boost(stems(fields.title, wanted), TITLE_BOOST)));
        }
        let words: Box<dyn Query> =
            if clauses.is_empty() { Box::new(AllQuery) } else { Box::new(BooleanQuery::new(clauses)) };
        let mut all: Vec<(Occur, Box<dyn Query>)> = vec![(Occur::Must, words)];
        all.extend(self.conditions(fields));
        if !documents.is_empty() {
            let terms = documents.iter().map(|d| Term::from_field_text(fields.document, &key(*d)));
            let filter = BoostQuery::new(Box::new(TermSetQuery::new(terms)), 0.0);
            all.push((Occur::Must, Box::new(filter)));
        }
        Box::new(BooleanQuery::new(all))
    }

    /// The passages that may be found at all: those with every phrase and without what must not be
    /// there. None where the query sets no such condition.
    pub fn admitted(&self, fields: Fields) -> Option<Box<dyn Query>> {
        let mut all = self.conditions(fields);
        if all.is_empty() {
            return None;
        }
        // What must not be there can only be taken away from something.
        all.push((Occur::Must, Box::new(AllQuery)));
        Some(Box::new(BooleanQuery::new(all)))
    }

    fn conditions(&self, fields: Fields) -> Vec<(Occur, Box<dyn Query>)> {
        let mut all: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        for phrase in &self.phrases {
            let terms = phrase.iter().map(|w| Term::from_field_text(fields.exact, w)).collect();
            all.push((Occur::Must, Box::new(PhraseQuery::new(terms))));
        }
        for wanted in &self.without {
            all.push((Occur::MustNot, stems(fields.stem, wanted)));
        }
        all
    }

    /// How much each word counts: rare ones more.
    pub fn weights(&self, index: &TextIndex) -> Result<Vec<f32>, super::IndexError> {
        let field = index.fields().stem;
        self.words
            .iter()
            .map(|w| index.rarity(&w.stems.iter().map(|s| Term::from_field_text(field, s)).collect::<Vec<_>>()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type() {
        let languages = BTreeSet::from(["en".to_owned(), "fr".into(), "de".into()]);
        for (text, words, phrases, without, plain) in [
            ("notice periods", "notice periods", 0, 0, "notice periods"),
            ("What is the notice period?", "notice period", 0, 0, "What is the notice period?"),
            ("the who", "the who", 0, 0, "the who"),
            ("\"notice period\" lease -pets", "notice period lease", 1, 1, "notice period lease"),
            ("« délai de préavis »", "delai preavis", 1, 0, "délai de préavis"),
            ("well-known e-mail", "well known mail", 0, 0, "well-known e-mail"),
            ("rent \"unclosed", "rent unclosed", 0, 0, "rent unclosed"),
            ("rent rent Rent", "rent", 0, 0, "rent rent Rent"),
            ("-tenant -pets", "", 0, 2, ""),
            ("", "", 0, 0, ""),
        ] {
            let terms = parse(text, &languages);
            let folded: Vec<_> = terms.words.iter().map(|w| w.folded.as_str()).collect();
            assert_eq!(
                (folded.join(" ").as_str(), terms.phrases.len(), terms.without.len()),
                (words, phrases, without),
                "{text}"
            );
            assert_eq!(terms.plain.split_whitespace().collect::<Vec<_>>().join(" "), plain, "{text}");
        }
        assert!(parse("Kündigungen", &languages).words[0].stems.contains("kundig"));
    }
}
