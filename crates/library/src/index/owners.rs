//! Which document does each passage of a segment belong to, and how long are those documents?
//!
//! A document's passages are added together and merging keeps their order, so they stand in a row. (Where a
//! segment was full in the middle of a document, each of its halves counts as one.)

use super::{Fields, IndexError};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};
use tantivy::{DocSet, Searcher, SegmentReader, TERMINATED, index::SegmentId, schema::IndexRecordOption};

/// The documents of a segment, numbered from 0 within it.
pub struct Owners {
    /// The document of each passage that is alive.
    pub of: Vec<u32>,
    /// How many words each document has.
    pub lengths: Vec<f32>,
}

impl Owners {
    fn read(segment: &SegmentReader, fields: Fields) -> Result<Self, IndexError> {
        let norms = segment.get_fieldnorms_reader(fields.stem)?;
        let alive = segment.alive_bitset();
        let mut owners = Self { of: vec![0; segment.max_doc() as usize], lengths: Vec::new() };
        let keys = segment.inverted_index(fields.document)?;
        let mut documents = keys.terms().stream()?;
        while documents.advance() {
            let mut passages = keys.read_postings_from_terminfo(documents.value(), IndexRecordOption::Basic)?;
            let (number, mut length) = (owners.lengths.len() as u32, None);
            while passages.doc() != TERMINATED {
                let passage = passages.doc();
                if alive.is_none_or(|alive| alive.is_alive(passage)) {
                    owners.of[passage as usize] = number;
                    *length.get_or_insert(0.0) += norms.fieldnorm(passage) as f32;
                }
                passages.advance();
            }
            owners.lengths.extend(length);
        }
        Ok(owners)
    }
}

/// A segment as it is with what was deleted of it.
type Key = (SegmentId, Option<u64>);

/// What was read of the segments that there are: they never change, so it is read once.
#[derive(Default)]
pub struct Known(RwLock<HashMap<Key, Arc<Owners>>>);

impl Known {
    /// The owners of each segment, in the searcher's order.
    pub fn of(&self, searcher: &Searcher, fields: Fields) -> Result<Vec<Arc<Owners>>, IndexError> {
        let key = |segment: &SegmentReader| (segment.segment_id(), segment.delete_opstamp());
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut all = Vec::new();
        for segment in searcher.segment_readers() {
            all.push(match known.get(&key(segment)) {
                Some(owners) => owners.clone(),
                None => Arc::new(Owners::read(segment, fields)?),
            });
        }
        let now: HashMap<Key, Arc<Owners>> =
            searcher.segment_readers().iter().map(key).zip(all.iter().cloned()).collect();
        if now.len() != known.len() || now.keys().any(|key| !known.contains_key(key)) {
            *self.0.write().unwrap_or_else(PoisonError::into_inner) = now;
        }
        Ok(all)
    }
}
