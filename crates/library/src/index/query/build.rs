//! From what is looked for to the index's own queries.

use super::{Condition, Filter, How, Terms, Wanted};
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

/// How much the word as written counts beside its stem.
const EXACT: f32 = 0.25;
/// How much the word with its accents counts besides.
const ACCENTED: f32 = 0.25;
/// How much a word in the file's name or heading counts beside one in the text.
const TITLE: f32 = 0.35;
/// How much a word counts that the one that was typed was taken for.
const OTHER: f32 = 0.8;
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

    /// The words that count for the order.
    fn clauses(&self, fields: Fields) -> Vec<Clause> {
        let mut clauses: Vec<Clause> = Vec::new();
        let mut add = |query: Option<Box<dyn Query>>, by: f32| {
            clauses.extend(query.map(|query| (Occur::Should, if by == 1.0 { query } else { boost(query, by) })));
        };
        add(self.stems(fields.stem), 1.0);
        add(Some(term(fields.exact, &self.folded)), EXACT);
        add(self.accented.as_ref().map(|word| term(fields.exact, word)), ACCENTED);
        add(self.stems(fields.title), TITLE);
        add(best(self.others.iter().map(|other| row(fields.exact, other)).collect()), OTHER);
        clauses
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
        Box::new(BooleanQuery::new(clauses))
    }
}

impl Terms {
    /// The query, in these documents or (none given) in all.
    pub fn query(&self, index: &TextIndex, documents: &[DocumentId]) -> Result<Box<dyn Query>, IndexError> {
        let fields = index.fields();
        let wishes: Vec<Clause> = self.words.iter().flat_map(|wanted| wanted.clauses(fields)).collect();
        let wishes: Box<dyn Query> =
            if wishes.is_empty() { Box::new(AllQuery) } else { Box::new(BooleanQuery::new(wishes)) };
        let mut all: Vec<Clause> = self.admitted(index)?.into_iter().map(|admitted| (Occur::Must, admitted)).collect();
        if !documents.is_empty() {
            let terms = documents.iter().map(|d| Term::from_field_text(fields.document, &key(*d)));
            all.push((Occur::Must, boost(Box::new(TermSetQuery::new(terms)), 0.0)));
        }
        if all.is_empty() {
            return Ok(wishes);
        }
        all.push((Occur::Must, wishes));
        Ok(Box::new(BooleanQuery::new(all)))
    }

    /// The same for some passages alone: how well they match.
    pub fn query_of(&self, index: &TextIndex, chunks: &[i64]) -> Box<dyn Query> {
        let fields = index.fields();
        let wishes = self.words.iter().flat_map(|wanted| wanted.clauses(fields)).collect();
        let terms = chunks.iter().map(|chunk| Term::from_field_i64(fields.chunk, *chunk));
        Box::new(BooleanQuery::new(vec![
            (Occur::Must, boost(Box::new(TermSetQuery::new(terms)), 0.0)),
            (Occur::Must, Box::new(BooleanQuery::new(wishes))),
        ]))
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
            let stems = wanted.stems.iter().map(|stem| Term::from_field_text(fields.stem, stem));
            let others = wanted.others.iter().flatten().map(|word| Term::from_field_text(fields.exact, word));
            index.rarity(&stems.chain(others).collect::<Vec<_>>())
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
            Self::File(words) => {
                let mut clauses: Vec<Clause> = Vec::new();
                for word in words {
                    let known = index.beginnings(fields.name, word, MOST_BEGINNINGS)?;
                    let terms = known.iter().map(|(word, _)| Term::from_field_text(fields.name, word));
                    clauses.push((Occur::Must, Box::new(TermSetQuery::new(terms))));
                }
                Box::new(BooleanQuery::new(clauses))
            }
            Self::In(words) => row(fields.path, words),
            Self::Format(formats) => {
                Box::new(TermSetQuery::new(formats.iter().map(|one| Term::from_field_text(fields.format, one))))
            }
            Self::Language(language) => term(fields.language, language),
            Self::Added(from, to) if from >= to => Box::new(EmptyQuery),
            Self::Added(from, to) => Box::new(RangeQuery::new(
                Bound::Included(Term::from_field_i64(fields.added, *from)),
                Bound::Excluded(Term::from_field_i64(fields.added, *to)),
            )),
        })
    }
}
