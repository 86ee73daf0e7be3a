//! What the index's own dictionary says of a word: how rare it is, what begins with it, what is
//! written nearly like it, what it is short for.

use super::{IndexError, TextIndex};
use std::collections::HashMap;
use tantivy::{Searcher, Term, query::FuzzyTermQuery, schema::Field};

/// The most words of a dictionary that are looked at for one that was typed.
const MOST_LOOKED_AT: usize = 4_096;

impl TextIndex {
    /// How rare a term is (BM25's inverse document frequency); a term that is nowhere is the rarest.
    pub fn rarity(&self, terms: &[Term]) -> Result<f32, IndexError> {
        let searcher = self.searcher();
        let mut most = 0;
        for term in terms {
            most = most.max(searcher.doc_freq(term)?);
        }
        Ok(super::bm25::rarity(searcher.num_docs(), most))
    }

    /// In how many passages a word stands.
    pub fn frequency(&self, field: Field, word: &str) -> Result<u64, IndexError> {
        Ok(self.searcher().doc_freq(&Term::from_field_text(field, word))?)
    }

    /// The words of a field that begin so, with the number of passages that have each, most first.
    pub fn beginnings(&self, field: Field, beginning: &str, limit: usize) -> Result<Vec<(String, u64)>, IndexError> {
        let searcher = self.searcher();
        let mut counts = Counts::default();
        for segment in searcher.segment_readers() {
            let words = segment.inverted_index(field)?;
            let mut stream = words.terms().range().ge(beginning.as_bytes()).into_stream()?;
            while stream.advance()
                && counts.take(stream.key(), stream.value().doc_freq, |word| word.starts_with(beginning))
            {}
        }
        Ok(counts.most(limit))
    }

    /// The words of a field that are written nearly like one: `distance` letters other, more, fewer, or
    /// exchanged with their neighbour. The first letter is the same.
    pub fn alike(
        &self,
        field: Field,
        word: &str,
        distance: u8,
        limit: usize,
    ) -> Result<Vec<(String, u64)>, IndexError> {
        let searcher = self.searcher();
        let query = FuzzyTermQuery::new(Term::from_field_text(field, word), distance, true);
        let first: String = word.chars().take(1).collect();
        let mut counts = Counts::default();
        for segment in searcher.segment_readers() {
            let words = segment.inverted_index(field)?;
            let mut stream = words.terms().search(query.automaton()?).ge(first.as_bytes()).into_stream()?;
            while stream.advance()
                && counts.take(stream.key(), stream.value().doc_freq, |found| found.starts_with(&first))
            {}
        }
        counts.0.remove(word);
        Ok(counts.most(limit))
    }

    pub(super) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }
}

/// Words with the number of passages that have each.
#[derive(Default)]
struct Counts(HashMap<String, u64>);

impl Counts {
    /// Takes a word of a dictionary; false where no more is to be taken.
    fn take(&mut self, word: &[u8], passages: u32, fits: impl Fn(&str) -> bool) -> bool {
        let Ok(word) = std::str::from_utf8(word) else { return true };
        if !fits(word) || self.0.len() >= MOST_LOOKED_AT {
            return false;
        }
        *self.0.entry(word.to_owned()).or_default() += u64::from(passages);
        true
    }

    fn most(self, limit: usize) -> Vec<(String, u64)> {
        let mut all: Vec<(String, u64)> = self.0.into_iter().collect();
        all.sort_by(|(a, of_a), (b, of_b)| of_b.cmp(of_a).then_with(|| a.cmp(b)));
        all.truncate(limit);
        all
    }
}
