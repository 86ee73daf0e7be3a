//! Finding passages: by words, by meaning, or both fused by their ranks.
//!
//! Reciprocal rank fusion adds 1/(60 + rank) of each list, so that scores of different kinds need
//! not be compared (docs/decisions/0008-search.md).

use crate::{
    Library, LibraryError, Passage, asking,
    cite::matter,
    faults,
    index::{Found, Terms, TextIndex, parse},
    library::{Inner, blocking},
    snippet::snippet,
    vectors::{Near, normalise},
};
use protocol::{DocumentId, SearchHit, SearchMode, SearchReply, Span};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};
use store::StoredPassage;

/// A hit that has none of the query's words must be at least this near in meaning: the nearest of all
/// passages is near to nothing where there is nothing to find (docs/decisions/0008-search.md).
const LEAST_MEANING: f32 = 0.3;
/// The constant of reciprocal rank fusion; 60 is what its authors found to serve everywhere.
const FUSION: f32 = 60.0;
/// How many passages each way of searching gives to the fusion, at least.
const DEPTH: usize = 100;
/// The most hits of one search.
const MOST_HITS: usize = 500;
/// The longest query that is read.
const LONGEST_QUERY: usize = 2_000;
/// How long a search waits for the model to embed its query; then it goes by words.
const QUERY_TIME: Duration = Duration::from_secs(4);
/// How long a question of an agent waits.
const QUESTION_TIME: Duration = Duration::from_secs(30);

/// What is searched for.
#[derive(Clone, Debug, Default)]
pub struct SearchQuery {
    /// Words, `"phrases"`, `-words` to leave out.
    pub text: String,
    /// How to search.
    pub mode: SearchMode,
    /// The most hits.
    pub limit: usize,
    /// Only in these documents; none: in all.
    pub documents: Vec<DocumentId>,
}

/// A passage with its evidence.
struct Scored {
    passage: StoredPassage,
    score: f32,
    words: f32,
    meaning: Option<f32>,
    snippet: crate::snippet::Snippet,
}

impl Library {
    /// Finds passages and says how it searched.
    pub async fn search(&self, query: &SearchQuery) -> Result<SearchReply, LibraryError> {
        let began = Instant::now();
        let (scored, mode) = self.inner.find(query, None, QUERY_TIME).await?;
        let documents: HashSet<DocumentId> = scored.iter().map(|s| s.passage.document).collect();
        let hits = scored.into_iter().map(hit).collect();
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(SearchReply { hits, documents: documents.len() as u32, ms, mode })
    }

    /// The passages that may answer a question, best first; none where the evidence is below the
    /// measured threshold: the documents do not answer it.
    pub async fn retrieve(
        &self,
        question: &str,
        limit: usize,
        documents: &[DocumentId],
    ) -> Result<Vec<Passage>, LibraryError> {
        let passages = self.candidates(question, limit, documents).await?;
        Ok(if crate::score(&passages).answers() { passages } else { Vec::new() })
    }

    /// The best passages for a question, whether they answer it or not.
    pub async fn candidates(
        &self,
        question: &str,
        limit: usize,
        documents: &[DocumentId],
    ) -> Result<Vec<Passage>, LibraryError> {
        // A question is words, not a query: no phrase, nothing to leave out.
        let plain = |text: &str| text.replace(['"', '“', '”', '«', '»', '-'], " ");
        let asked = plain(&matter(&asking(question)));
        let query =
            SearchQuery { text: plain(question), mode: SearchMode::Hybrid, limit, documents: documents.to_vec() };
        let (scored, _) = self.inner.find(&query, Some(&asked), QUESTION_TIME).await?;
        Ok(scored.into_iter().map(passage).collect())
    }
}

impl Inner {
    /// Searches. `asked` is what the evidence of a hit is measured by, where that is not the whole query.
    async fn find(
        &self,
        query: &SearchQuery,
        asked: Option<&str>,
        patience: Duration,
    ) -> Result<(Vec<Scored>, SearchMode), LibraryError> {
        let limit = query.limit.clamp(1, MOST_HITS);
        let depth = DEPTH.max(limit * 2);
        let text: String = query.text.chars().take(LONGEST_QUERY).collect();
        let terms = parse(&text, &self.index.languages());
        if terms.is_empty() {
            // Nothing to look for; what must not be there looks for nothing.
            return Ok((Vec::new(), query.mode));
        }
        // What is told around a question helps to find its page by words; meaning it would only blur.
        let evidence = asked.map(|asked| parse(asked, &self.index.languages())).filter(|terms| !terms.is_empty());
        let evidence = evidence.unwrap_or_else(|| terms.clone());
        let vector = match query.mode {
            SearchMode::Text => None,
            SearchMode::Hybrid | SearchMode::Vector => self.embed_query(&evidence.plain, patience).await,
        };
        let mode = if vector.is_some() { query.mode } else { SearchMode::Text };
        let by_words = mode != SearchMode::Vector;
        let (index, vectors, documents) = (self.index.clone(), self.vectors.clone(), query.documents.clone());
        let (evidence, weights, ranked, vector) = blocking(move || {
            let weights = evidence.weights(&index)?;
            let words = if by_words { search_words(&index, &terms, depth, &documents)? } else { Vec::new() };
            let near = match vector.as_deref() {
                Some(vector) => {
                    // Meaning knows no phrases and no exclusions: the index says what may be found.
                    let admitted = terms.admitted(index.fields()).map(|q| index.matching(&*q)).transpose()?;
                    let vectors = vectors.read().unwrap_or_else(PoisonError::into_inner);
                    vectors.search(vector, depth, &documents, admitted.as_ref())
                }
                None => Vec::new(),
            };
            Ok((evidence, weights, fuse(&words, &near), vector))
        })
        .await?;
        let ids: Vec<i64> = ranked.iter().map(|(id, _)| *id).collect();
        let mut stored: HashMap<i64, StoredPassage> =
            self.derived.passages(&ids).await?.into_iter().map(|p| (p.id, p)).collect();
        let best = ranked.first().map_or(1.0, |(_, score)| *score);
        let ordered = ranked.into_iter().filter_map(|(id, score)| Some((stored.remove(&id)?, score / best)));
        let spread = self.untouched(spread(ordered.collect(), limit)).await?;
        let vectors = self.vectors.read().unwrap_or_else(PoisonError::into_inner);
        let scored = spread.into_iter().map(|(passage, score)| {
            let around = snippet(&passage.text, passage.language.as_deref(), &evidence, &weights);
            let meaning = vector.as_deref().and_then(|v| vectors.cosine(v, passage.id)).map(|cosine| cosine.max(0.0));
            // What the cells of a table are about stands in its header row.
            let words = passage.header.as_ref().map_or(around.share, |header| {
                let whole = format!("{header}\n{}", passage.text);
                snippet(&whole, passage.language.as_deref(), &evidence, &weights).share
            });
            Scored { score, words, meaning, snippet: around, passage }
        });
        // A question has its own measure of what is near enough.
        let is_near = |hit: &Scored| hit.words > 0.0 || hit.meaning.is_some_and(|meaning| meaning >= LEAST_MEANING);
        Ok((scored.filter(|hit| asked.is_some() || is_near(hit)).collect(), mode))
    }

    /// The passages whose page is still the text that was read: other text is nobody's evidence. That a
    /// page was altered is told once.
    async fn untouched(&self, found: Vec<(StoredPassage, f32)>) -> Result<Vec<(StoredPassage, f32)>, LibraryError> {
        let mut pages: HashMap<(DocumentId, u32), bool> = HashMap::new();
        let mut untouched = Vec::with_capacity(found.len());
        for (passage, score) in found {
            let place = (passage.document, passage.page);
            let intact = match pages.get(&place) {
                Some(intact) => *intact,
                None => {
                    let intact = match self.derived.page(place.0, place.1).await {
                        Ok(page) => page.is_intact(),
                        // It was removed while it was being found.
                        Err(store::StoreError::NotFound { .. }) => continue,
                        Err(error) => return Err(error.into()),
                    };
                    if !intact && self.altered.lock().unwrap_or_else(PoisonError::into_inner).insert(place) {
                        self.tell_trouble(faults::page_altered(&passage.name, passage.page));
                    }
                    pages.insert(place, intact);
                    intact
                }
            };
            if intact {
                untouched.push((passage, score));
            }
        }
        Ok(untouched)
    }

    /// The query's vector; None without a model, without vectors, or when the model takes too long.
    async fn embed_query(&self, text: &str, patience: Duration) -> Option<Arc<[f32]>> {
        let embedder = self.embedder()?;
        if text.trim().is_empty() || self.vectors.read().unwrap_or_else(PoisonError::into_inner).len() == 0 {
            return None;
        }
        match tokio::time::timeout(patience, embedder.embed_query(text.to_owned())).await {
            Ok(Ok(mut vector)) => normalise(&mut vector).then(|| vector.into()),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the query could not be embedded; searching by words");
                None
            }
            Err(_) => {
                tracing::warn!("the embedding model takes too long; searching by words");
                None
            }
        }
    }
}

fn search_words(
    index: &TextIndex,
    terms: &Terms,
    depth: usize,
    documents: &[DocumentId],
) -> Result<Vec<Found>, LibraryError> {
    Ok(index.search(&*terms.query(index.fields(), documents), depth)?)
}

/// Reciprocal rank fusion of two ranked lists, best first.
fn fuse(words: &[Found], near: &[Near]) -> Vec<(i64, f32)> {
    let mut scores: HashMap<i64, f32> = HashMap::new();
    let ranks = |n: usize| 1.0 / (FUSION + n as f32 + 1.0);
    for (rank, found) in words.iter().enumerate() {
        *scores.entry(found.chunk).or_default() += ranks(rank);
    }
    for (rank, near) in near.iter().enumerate() {
        *scores.entry(near.chunk).or_default() += ranks(rank);
    }
    let mut fused: Vec<(i64, f32)> = scores.into_iter().collect();
    fused.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    fused
}

/// The first `limit` passages, but no more than half of them (and three) of one document while
/// others wait; the same text is shown once.
fn spread(ordered: Vec<(StoredPassage, f32)>, limit: usize) -> Vec<(StoredPassage, f32)> {
    let most = (limit / 2).max(3);
    let mut of: HashMap<DocumentId, usize> = HashMap::new();
    let mut texts = HashSet::new();
    let (mut first, mut later) = (Vec::new(), Vec::new());
    for (passage, score) in ordered {
        if !texts.insert(blake3::hash(passage.text.as_bytes())) {
            continue;
        }
        let count = of.entry(passage.document).or_default();
        *count += 1;
        if *count <= most { first.push((passage, score)) } else { later.push((passage, score)) }
    }
    first.truncate(limit);
    let room = limit - first.len();
    first.extend(later.into_iter().take(room));
    first.sort_by(|a, b| b.1.total_cmp(&a.1));
    first
}

fn hit(scored: Scored) -> SearchHit {
    let Scored { passage, score, words, meaning, snippet } = scored;
    SearchHit {
        document: passage.document,
        name: passage.name,
        format: passage.format,
        page: passage.page,
        start: passage.start,
        end: passage.end,
        section: passage.section,
        score,
        words,
        meaning: meaning.unwrap_or_default(),
        snippet: snippet.text,
        marks: snippet.marks,
        language: passage.language,
        place: passage.place,
    }
}

fn passage(scored: Scored) -> Passage {
    let Scored { passage, score, words, meaning, .. } = scored;
    Passage {
        document: passage.document,
        name: passage.name,
        page: passage.page,
        start: passage.start,
        end: passage.end,
        hash: blake3::hash(passage.text.as_bytes()).to_hex().to_string(),
        text: passage.text,
        section: passage.section,
        language: passage.language,
        score,
        words,
        meaning,
        page_hash: passage.page_hash,
        header: passage.header,
        place: passage.place,
    }
}

impl Passage {
    /// Where it stands in its page's text.
    pub fn span(&self) -> Span {
        Span { start: self.start, end: self.end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fusion_prefers_what_both_lists_have() {
        let words = [1, 2, 3].map(|chunk| Found { chunk, score: 1.0 });
        let near = [4, 3, 5].map(|chunk| Near { chunk, cosine: 0.5 });
        let order: Vec<i64> = fuse(&words, &near).into_iter().map(|(id, _)| id).collect();
        assert_eq!(order, [3, 1, 4, 2, 5]);
    }

    #[test]
    fn one_document_does_not_fill_the_list() {
        let (a, b) = (DocumentId::new(), DocumentId::new());
        let passage = |id: i64, document, text: &str| StoredPassage {
            id,
            document,
            name: String::new(),
            format: String::new(),
            page: 1,
            start: 0,
            end: 1,
            section: None,
            language: None,
            text: text.into(),
            page_hash: String::new(),
            header: None,
            place: None,
        };
        let list = vec![
            (passage(1, a, "1"), 1.0),
            (passage(2, a, "2"), 0.9),
            (passage(3, a, "3"), 0.8),
            (passage(4, a, "4"), 0.7),
            (passage(5, b, "1"), 0.6),
            (passage(6, b, "6"), 0.5),
        ];
        let ids: Vec<i64> = spread(list.clone(), 4).iter().map(|(p, _)| p.id).collect();
        assert_eq!(ids, [1, 2, 3, 6]);
        assert_eq!(spread(list, 9).len(), 5);
    }
}
