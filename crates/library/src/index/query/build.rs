//! From what is looked for to the index's own queries.

use super::{Condition, Filter, How, Part, Terms, Wanted};
use crate::index::{Fields, IndexError, TextIndex, key};
use protocol::DocumentId;
use std::{collections::BTreeSet, ops::Bound};
use tantivy::{
    Term,
    query::{
        AllQuery, BooleanQuery, BoostQuery, DisjunctionMaxQuery, EmptyQuery, Occur, PhraseQuery, Query, RangeQuery,
        TermQuery, TermSetQuery,
    },
    schema::{Field, IndexRecordOption},
};

/// The most words that stand for one with a star.
const MOST_BEGINNINGS: usize = 64;

/// Words of a text that are read at once.
const PIECES: usize = 60;

type Clause = (Occur, Box<dyn Query>);

fn term(field: Field, text: &str) -> Box<dyn Query> {
    Box::new(TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::WithFreqs))
}

fn boost(query: Box<dyn Query>, by: f32) -> Box<dyn Query> {
    Box::new(BoostQuery::new(query, by))
}

/// The best of several; one of them needs no comparison.
fn best(mut queries: Vec<Box<dyn Query>>) -> Option<Box<dyn Query>> {
    if queries.len() > 1 { Some(Box::new(DisjunctionMaxQuery::new(queries))) } else { queries.pop() }
}

/// Words in a row; one word is a word.
fn row(field: Field, words: &[String]) -> Box<dyn Query> {
    match words {
        [one] => term(field, one),
        several => {
            let terms = several.iter().map(|word| Term::from_field_text(field, word)).collect();
            Box::new(PhraseQuery::new(terms))
        }
    }
}

/// What every one of these admits, and nothing of it counts.
fn only(clauses: Vec<Clause>) -> Box<dyn Query> {
    boost(Box::new(BooleanQuery::new(clauses)), 0.0)
}

impl Wanted {
    fn stems(&self, field: Field) -> Option<Box<dyn Query>> {
        best(self.stems.iter().map(|stem| term(field, stem)).collect())
    }

    /// Where all parts of a compound stand.
    fn taken_apart(&self, fields: Fields) -> Box<dyn Query> {
        let part = |part: &Part| {
            let stems = part.stems.iter().map(|stem| Term::from_field_text(fields.stem, stem));
            (Occur::Must, Box::new(TermSetQuery::new(stems)) as Box<dyn Query>)
        };
        Box::new(BooleanQuery::new(self.parts.iter().map(part).collect()))
    }

    /// Where it stands at all.
    fn anywhere(&self, fields: Fields) -> Box<dyn Query> {
        let mut clauses: Vec<Clause> = Vec::new();
        if self.how == How::Plain {
            let stems = [self.stems(fields.stem), self.stems(fields.title)];
            clauses.extend(stems.into_iter().flatten().map(|query| (Occur::Should, query)));
        }
        clauses.push((Occur::Should, term(fields.exact, &self.folded)));
        clauses.extend(self.others.iter().map(|other| (Occur::Should, row(fields.exact, other))));
        clauses.extend(self.longer.iter().map(|word| (Occur::Should, term(fields.exact, word))));
        if !self.parts.is_empty() {
            clauses.push((Occur::Should, self.taken_apart(fields)));
        }
        Box::new(BooleanQuery::new(clauses))
    }
}

impl Terms {
    /// What holds a word and may be found, in these documents or (none given) in all. Its order is not
    /// that of the words (`rank`): it is for what comes in another order.
    pub fn query(&self, index: &TextIndex, documents: &[DocumentId]) -> Result<Box<dyn Query>, IndexError> {
        let fields = index.fields();
        let words: Vec<Clause> = self.words.iter().map(|wanted| (Occur::Should, wanted.anywhere(fields))).collect();
        let words: Box<dyn Query> =
            if words.is_empty() { Box::new(AllQuery) } else { Box::new(BooleanQuery::new(words)) };
        Ok(match self.admitted_in(index, documents)? {
            None => words,
            Some(admitted) => Box::new(BooleanQuery::new(vec![(Occur::Must, admitted), (Occur::Must, words)])),
        })
    }

    /// The passages of these documents (none given: of all) that may be found at all. None where there is
    /// no condition.
    pub fn admitted_in(
        &self,
        index: &TextIndex,
        documents: &[DocumentId],
    ) -> Result<Option<Box<dyn Query>>, IndexError> {
        let admitted = self.admitted(index)?;
        if documents.is_empty() {
            return Ok(admitted);
        }
        let terms = documents.iter().map(|d| Term::from_field_text(index.fields().document, &key(*d)));
        let chosen = only(vec![(Occur::Must, Box::new(TermSetQuery::new(terms)))]);
        let all = admitted.into_iter().chain([chosen]).map(|query| (Occur::Must, query)).collect();
        Ok(Some(Box::new(BooleanQuery::new(all))))
    }

    /// The passages that may be found at all. None where the query sets no condition.
    pub fn admitted(&self, index: &TextIndex) -> Result<Option<Box<dyn Query>>, IndexError> {
        if self.conditions.is_empty() {
            return Ok(None);
        }
        let mut all = Vec::new();
        for condition in &self.conditions {
            all.push(condition.clause(index)?);
        }
        Ok(Some(only(taken_from_all(all))))
    }
}

impl Terms {
    /// The words that tell a text from others: those that are frequent in it and rare elsewhere.
    pub fn telling(
        text: &str,
        languages: &BTreeSet<String>,
        index: &TextIndex,
        limit: usize,
    ) -> Result<Self, IndexError> {
        let plain: String = text.chars().map(|c| if c.is_alphanumeric() || c == '\'' { c } else { ' ' }).collect();
        let (mut words, mut from) = (Vec::new(), 0);
        let pieces: Vec<&str> = plain.split_whitespace().collect();
        // A query has a limit of words; a text is read as several.
        while from < pieces.len() {
            let until = (from + PIECES).min(pieces.len());
            words.extend(super::parse(&pieces[from..until].join(" ").to_lowercase(), languages).words);
            from = until;
        }
        let mut counted: Vec<(Wanted, f32)> = Vec::new();
        for wanted in words {
            match counted.iter_mut().find(|(known, _)| known.folded == wanted.folded) {
                Some((_, count)) => *count += 1.0,
                None => counted.push((wanted, 1.0)),
            }
        }
        let mut terms = Self { words: counted.iter().map(|(wanted, _)| wanted.clone()).collect(), ..Self::default() };
        let weights = terms.weights(index)?;
        let mut order: Vec<usize> = (0..counted.len()).collect();
        let worth = |at: usize| weights[at] * (1.0 + counted[at].1.ln());
        order.sort_by(|a, b| worth(*b).total_cmp(&worth(*a)));
        order.truncate(limit);
        terms.words = order.into_iter().map(|at| counted[at].0.clone()).collect();
        Ok(terms)
    }

    /// How much each word counts: rare ones more.
    pub fn weights(&self, index: &TextIndex) -> Result<Vec<f32>, IndexError> {
        let fields = index.fields();
        let weight = |wanted: &Wanted| {
            let mut forms: Vec<Term> =
                wanted.stems.iter().map(|stem| Term::from_field_text(fields.stem, stem)).collect();
            for row in &wanted.others {
                // Words in a row are at least as rare as the rarest of them.
                let mut rarest: Option<(u64, &String)> = None;
                for word in row {
                    let often = index.frequency(fields.exact, word)?;
                    rarest = rarest.filter(|(least, _)| *least <= often).or(Some((often, word)));
                }
                forms.extend(rarest.map(|(_, word)| Term::from_field_text(fields.exact, word)));
            }
            index.rarity(&forms)
        };
        self.words.iter().map(weight).collect()
    }
}

/// What is left out, as a union with itself: tantivy 0.27 asks a phrase that has come to its end whether
/// it holds an earlier passage, which the phrase forbids (an assertion of its own) and a union does not.
fn excluded(query: Box<dyn Query>) -> Box<dyn Query> {
    let again = query.box_clone();
    Box::new(BooleanQuery::new(vec![(Occur::Should, query), (Occur::Should, again)]))
}

/// What must not be there can only be taken away from something.
fn taken_from_all(mut clauses: Vec<Clause>) -> Vec<Clause> {
    if clauses.iter().all(|(occur, _)| *occur == Occur::MustNot) {
        clauses.push((Occur::Must, Box::new(AllQuery)));
    }
    clauses
}

impl Condition {
    fn clause(&self, index: &TextIndex) -> Result<Clause, IndexError> {
        Ok(match self {
            Self::Not(condition) => (Occur::MustNot, excluded(condition.query(index)?)),
            Self::Word(_) | Self::Phrase(_) | Self::Document(_) | Self::All(_) | Self::Any(_) => {
                (Occur::Must, self.query(index)?)
            }
        })
    }

    fn query(&self, index: &TextIndex) -> Result<Box<dyn Query>, IndexError> {
        let fields = index.fields();
        Ok(match self {
            Self::Word(wanted) => wanted.anywhere(fields),
            Self::Phrase(words) => row(fields.exact, words),
            Self::Document(filter) => filter.query(index)?,
            Self::Not(_) => Box::new(BooleanQuery::new(taken_from_all(vec![self.clause(index)?]))),
            Self::All(conditions) => {
                let clauses: Result<Vec<_>, _> = conditions.iter().map(|one| one.clause(index)).collect();
                Box::new(BooleanQuery::new(taken_from_all(clauses?)))
            }
            Self::Any(conditions) => {
                let one = |condition: &Self| Ok((Occur::Should, condition.query(index)?));
                let clauses: Result<Vec<_>, IndexError> = conditions.iter().map(one).collect();
                Box::new(BooleanQuery::new(clauses?))
            }
        })
    }
}

impl Filter {
    fn query(&self, index: &TextIndex) -> Result<Box<dyn Query>, IndexError> {
        let fields = index.fields();
        Ok(match self {
            Self::File(words) => beginnings(index, fields.name, words)?,
            Self::Author(words) => beginnings(index, fields.author, words)?,
            Self::In(words) => row(fields.path, words),
            Self::Label(words) => term(fields.label, &words.join(" ")),
            Self::Format(formats) => {
                Box::new(TermSetQuery::new(formats.iter().map(|one| Term::from_field_text(fields.format, one))))
            }
            Self::Language(language) => term(fields.language, language),
            Self::Dated(from, to) => between(fields.dated, *from, *to),
            Self::Added(from, to) => between(fields.added, *from, *to),
        })
    }
}

/// Words that each begin one of a field's.
fn beginnings(index: &TextIndex, field: Field, words: &[String]) -> Result<Box<dyn Query>, IndexError> {
    let mut clauses: Vec<Clause> = Vec::new();
    for word in words {
        let known = index.beginnings(field, word, MOST_BEGINNINGS)?;
        let terms = known.iter().map(|(word, _)| Term::from_field_text(field, word));
        clauses.push((Occur::Must, Box::new(TermSetQuery::new(terms))));
    }
    Ok(Box::new(BooleanQuery::new(clauses)))
}

/// From a number on, and before another.
fn between(field: Field, from: i64, to: i64) -> Box<dyn Query> {
    if from >= to {
        return Box::new(EmptyQuery);
    }
    let term = |number| Term::from_field_i64(field, number);
    Box::new(RangeQuery::new(Bound::Included(term(from)), Bound::Excluded(term(to))))
}
