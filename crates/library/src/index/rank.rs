//! How well do passages match by words? What a passage says itself, and what its whole document says.
//!
//! A passage of two hundred words seldom holds all that a question asks: half of it stands in the paragraph
//! before, or in the title. So each word counts twice, by BM25 over passages and by BM25 over documents, and
//! a passage has its own evidence and its document's (docs/decisions/0025-ranking.md has what that gave).
//! Both are exact: every passage that holds a word is looked at, none is pruned.

use super::{
    Fields, Found, IndexError, Terms, TextIndex, Wanted,
    bm25::{Lengths, fullness, rarity},
    owners::Owners,
};
use protocol::DocumentId;
use std::{collections::HashSet, sync::Arc};
use tantivy::{
    DocId, DocSet, Searcher, SegmentReader, TERMINATED, Term,
    fieldnorm::FieldNormReader,
    postings::Postings,
    query::{EnableScoring, PhraseQuery, Query},
    schema::{Field, IndexRecordOption},
};

/// How much the evidence of a passage's whole document counts beside its own.
const DOCUMENT: f32 = 1.0;
/// How much the word as written counts beside its stem.
const EXACT: f32 = 0.25;
/// How much the word with its accents counts besides.
const ACCENTED: f32 = 0.25;
/// How much a word in the file's name or heading counts beside one in the text.
const TITLE: f32 = 0.35;
/// How much a word counts that the one that was typed was taken for.
const OTHER: f32 = 0.8;
/// How much the parts of a compound count together.
const PARTS: f32 = 0.5;
/// How much a compound counts that ends with the word.
const LONGER: f32 = 0.5;

impl TextIndex {
    /// The best passages for what is looked for, best first; `also` are passages whose score is wanted
    /// wherever they come: those of them that match and are admitted follow.
    pub fn rank(
        &self,
        terms: &Terms,
        documents: &[DocumentId],
        limit: usize,
        also: &[i64],
    ) -> Result<Vec<Found>, IndexError> {
        let searcher = self.searcher();
        let mut tally = Tally::new(self, &searcher)?;
        for wanted in &terms.words {
            tally.add(wanted)?;
        }
        let admitted = terms.admitted_in(self, documents)?;
        tally.found(admitted.as_deref(), limit.max(1), also)
    }
}

/// A sum for each of some things, of what each word says for it.
#[derive(Clone)]
struct Sums {
    all: Vec<f32>,
    /// The most that a form of the word at hand says; 0 but for those in `touched`.
    word: Vec<f32>,
    touched: Vec<u32>,
}

impl Sums {
    fn new(count: usize) -> Self {
        Self { all: vec![0.0; count], word: vec![0.0; count], touched: Vec::new() }
    }

    /// A form of the word says so much; the most counts.
    fn raise(&mut self, at: u32, to: f32) {
        let word = &mut self.word[at as usize];
        if *word == 0.0 {
            self.touched.push(at);
        }
        *word = word.max(to);
    }

    /// All forms of the word have said what they say.
    fn settle(&mut self, by: f32) {
        for at in self.touched.drain(..) {
            self.all[at as usize] += by * std::mem::take(&mut self.word[at as usize]);
        }
    }
}

struct Tally<'a> {
    searcher: &'a Searcher,
    fields: Fields,
    owners: Vec<Arc<Owners>>,
    /// For each segment, its passages.
    passages: Vec<Sums>,
    /// For each segment, its documents.
    documents: Vec<Sums>,
    /// How many documents there are, and how long they are.
    count: u64,
    lengths: Lengths,
}

impl<'a> Tally<'a> {
    fn new(index: &TextIndex, searcher: &'a Searcher) -> Result<Self, IndexError> {
        let owners = index.owners.of(searcher, index.fields)?;
        let passages = searcher.segment_readers().iter().map(|segment| Sums::new(segment.max_doc() as usize));
        let documents = owners.iter().map(|owners| Sums::new(owners.lengths.len()));
        let count = owners.iter().map(|owners| owners.lengths.len() as u64).sum();
        let words: f64 = owners.iter().flat_map(|owners| &owners.lengths).map(|length| f64::from(*length)).sum();
        let (passages, documents) = (passages.collect(), documents.collect());
        let lengths = Lengths::new(words, count);
        Ok(Self { searcher, fields: index.fields, owners, passages, documents, count, lengths })
    }

    /// Adds what a word says, in each of its forms.
    fn add(&mut self, wanted: &Wanted) -> Result<(), IndexError> {
        let Fields { stem, exact, title, .. } = self.fields;
        for one in &wanted.stems {
            self.raise(stem, one, true)?;
        }
        self.settle(1.0);
        self.raise(exact, &wanted.folded, false)?;
        self.settle(EXACT);
        if let Some(accented) = &wanted.accented {
            self.raise(exact, accented, false)?;
            self.settle(ACCENTED);
        }
        for one in &wanted.stems {
            self.raise(title, one, false)?;
        }
        self.settle(TITLE);
        for other in &wanted.others {
            match &other[..] {
                [one] => self.raise(exact, one, true)?,
                several => self.raise_row(several)?,
            }
        }
        self.settle(OTHER);
        for part in &wanted.parts {
            for one in &part.stems {
                self.raise(stem, one, true)?;
            }
            self.settle(PARTS / wanted.parts.len() as f32);
        }
        for longer in &wanted.longer {
            self.raise(exact, longer, false)?;
        }
        self.settle(LONGER);
        Ok(())
    }

    fn settle(&mut self, by: f32) {
        self.passages.iter_mut().for_each(|sums| sums.settle(by));
        self.documents.iter_mut().for_each(|sums| sums.settle(by * DOCUMENT));
    }

    /// What a term says for each passage and, with `whole`, for each document.
    fn raise(&mut self, field: Field, text: &str, whole: bool) -> Result<(), IndexError> {
        let term = Term::from_field_text(field, text);
        let (mut tokens, mut all, mut with) = (0, 0, 0);
        for segment in self.searcher.segment_readers() {
            let words = segment.inverted_index(field)?;
            tokens += words.total_num_tokens();
            all += u64::from(segment.max_doc());
            with += u64::from(words.doc_freq(&term)?);
        }
        let (rare, lengths) = (rarity(all, with), Lengths::new(tokens as f64, all));
        // Of each document, how often the term stands in it: its passages come in a row.
        let mut runs: Vec<(usize, u32, u32)> = Vec::new();
        for (at, segment) in self.searcher.segment_readers().iter().enumerate() {
            let words = segment.inverted_index(field)?;
            let Some(mut postings) = words.read_postings(&term, IndexRecordOption::WithFreqs)? else { continue };
            let norms = segment.get_fieldnorms_reader(field)?;
            let halves: Vec<f32> =
                (0..=u8::MAX).map(|id| lengths.half(FieldNormReader::id_to_fieldnorm(id) as f32)).collect();
            let (alive, owners, sums) = (segment.alive_bitset(), &self.owners[at], &mut self.passages[at]);
            let mut passage = postings.doc();
            while passage != TERMINATED {
                if alive.is_none_or(|alive| alive.is_alive(passage)) {
                    let often = postings.term_freq();
                    let half = halves[usize::from(norms.fieldnorm_id(passage))];
                    sums.raise(passage, rare * fullness(often as f32, half));
                    let document = owners.of[passage as usize];
                    match runs.last_mut() {
                        Some((segment, last, sum)) if *segment == at && *last == document => *sum += often,
                        Some(_) | None => runs.push((at, document, often)),
                    }
                }
                passage = postings.advance();
            }
        }
        if whole {
            let rare = rarity(self.count, runs.len() as u64);
            for (at, document, often) in runs {
                let half = self.lengths.half(self.owners[at].lengths[document as usize]);
                self.documents[at].raise(document, rare * fullness(often as f32, half));
            }
        }
        Ok(())
    }

    /// What words in a row say for each passage.
    fn raise_row(&mut self, words: &[String]) -> Result<(), IndexError> {
        let terms = words.iter().map(|word| Term::from_field_text(self.fields.exact, word)).collect();
        let weight = PhraseQuery::new(terms).weight(EnableScoring::enabled_from_searcher(self.searcher))?;
        for (at, segment) in self.searcher.segment_readers().iter().enumerate() {
            let (alive, sums) = (segment.alive_bitset(), &mut self.passages[at]);
            weight.for_each(segment, &mut |passage, score| {
                if alive.is_none_or(|alive| alive.is_alive(passage)) {
                    sums.raise(passage, score);
                }
            })?;
        }
        Ok(())
    }

    /// What a passage has in all; None where it holds none of the words.
    fn score(&self, at: usize, passage: DocId) -> Option<f32> {
        let own = self.passages[at].all[passage as usize];
        let document = self.owners[at].of[passage as usize] as usize;
        (own > 0.0).then(|| own + self.documents[at].all.get(document).copied().unwrap_or(0.0))
    }

    fn found(&self, admitted: Option<&dyn Query>, limit: usize, also: &[i64]) -> Result<Vec<Found>, IndexError> {
        let mut all: Vec<(f32, usize, DocId)> = Vec::new();
        let mut more: Vec<(f32, usize, DocId)> = Vec::new();
        for (at, segment) in self.searcher.segment_readers().iter().enumerate() {
            let mask = admitted.map(|query| mask(self.searcher, segment, query)).transpose()?;
            let fits = |passage: DocId| mask.as_ref().is_none_or(|mask| mask[passage as usize]);
            let scored = |passage: DocId| Some((self.score(at, passage).filter(|_| fits(passage))?, at, passage));
            all.extend((0..segment.max_doc()).filter_map(scored));
            for passage in numbered(segment, self.fields, also)? {
                more.extend(scored(passage));
            }
        }
        // Those that are as good as the last one stay until their order is known: it does not depend on
        // how the index is laid out.
        if all.len() > limit {
            let (_, last, _) = all.select_nth_unstable_by(limit - 1, |a, b| b.0.total_cmp(&a.0));
            let least = last.0;
            all.retain(|(score, ..)| *score >= least);
        }
        let mut best = self.numbers(all)?;
        best.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
        best.truncate(limit);
        let known: HashSet<i64> = best.iter().map(|found| found.chunk).collect();
        best.extend(self.numbers(more)?.into_iter().filter(|found| !known.contains(&found.chunk)));
        Ok(best)
    }

    fn numbers(&self, scored: Vec<(f32, usize, DocId)>) -> Result<Vec<Found>, IndexError> {
        let columns: Result<Vec<_>, _> =
            self.searcher.segment_readers().iter().map(|segment| segment.fast_fields().i64("chunk")).collect();
        let columns = columns?;
        let number =
            |(score, at, passage): (f32, usize, DocId)| columns[at].first(passage).map(|chunk| Found { chunk, score });
        Ok(scored.into_iter().filter_map(number).collect())
    }
}

/// Which passages of a segment a query admits.
fn mask(searcher: &Searcher, segment: &SegmentReader, query: &dyn Query) -> Result<Vec<bool>, IndexError> {
    let mut mask = vec![false; segment.max_doc() as usize];
    let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
    weight.for_each_no_score(segment, &mut |passages| {
        passages.iter().for_each(|passage| mask[*passage as usize] = true);
    })?;
    Ok(mask)
}

/// The passages of a segment with these numbers that are alive.
fn numbered(segment: &SegmentReader, fields: Fields, chunks: &[i64]) -> Result<Vec<DocId>, IndexError> {
    let words = segment.inverted_index(fields.chunk)?;
    let alive = segment.alive_bitset();
    let mut found = Vec::new();
    for chunk in chunks {
        let term = Term::from_field_i64(fields.chunk, *chunk);
        let Some(mut postings) = words.read_postings(&term, IndexRecordOption::Basic)? else { continue };
        while postings.doc() != TERMINATED {
            if alive.is_none_or(|alive| alive.is_alive(postings.doc())) {
                found.push(postings.doc());
            }
            postings.advance();
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
