//! Finding passages: by words, by meaning, or both fused.
//!
//! Words and vectors each name candidates; then every candidate gets both kinds of evidence, exactly,
//! and their order is made of both (docs/decisions/0025-ranking.md).

mod facets;
mod fuse;
mod like;
mod rerank;
mod shown;

use crate::{
    Library, LibraryError, Passage, asking,
    cite::matter,
    embedding::Loaded,
    faults,
    index::{Found, Terms, TextIndex, parse},
    library::{Inner, blocking},
    snippet::snippet,
    vectors::{dot, normalise},
    words::language,
};
use facets::facets;
use fuse::{Evidence, Listed, fuse, sort, spread};
use protocol::{AlsoIn, DocumentId, Facets, SearchMode, SearchReply};
use shown::{is_only_a_name, passage, reply};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};
use store::StoredPassage;

/// A hit that has none of the query's words must be at least this near in meaning: the nearest of all
/// passages is near to nothing where there is nothing to find (docs/decisions/0008-search.md).
const LEAST_MEANING: f32 = 0.3;
/// A passage with fewer letters and digits says nothing that could be near: a model of meaning puts it anywhere.
const LEAST_TEXT: usize = 12;
/// How many candidates each way of searching names, at least.
const DEPTH: usize = 100;
/// The most hits of one search.
const MOST_HITS: usize = 500;
/// The longest query that is read.
const LONGEST_QUERY: usize = 2_000;
/// How long a search waits for the model to embed its query; then it goes by words.
const QUERY_TIME: Duration = Duration::from_secs(4);
/// How long a question of an agent waits.
const QUESTION_TIME: Duration = Duration::from_secs(30);
/// How long a search waits for a reranker; then the order is without it.
const RANK_TIME: Duration = Duration::from_millis(1_500);
/// How long a question of an agent does: its answer takes longer.
const RANK_QUESTION_TIME: Duration = Duration::from_secs(5);

/// What is searched for.
#[derive(Clone, Debug, Default)]
pub struct SearchQuery {
    /// Words, `"phrases"`, `-words` to leave out, AND, OR, NOT, `field:value`.
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
    also: Vec<AlsoIn>,
}

/// What a search found.
struct Outcome {
    scored: Vec<Scored>,
    mode: SearchMode,
    terms: Terms,
    facets: Facets,
}

/// What is looked for, in every form.
struct Wish {
    terms: Terms,
    /// What the evidence of a hit is measured by, where that is not the whole query.
    evidence: Option<Terms>,
    vector: Option<Arc<[f32]>>,
    /// The language that it is in, where that can be told.
    language: Option<String>,
    mode: SearchMode,
    limit: usize,
    documents: Vec<DocumentId>,
    /// Not in this one.
    except: Option<DocumentId>,
    /// Whether hits that are near to nothing are shown as well.
    all: bool,
    /// How long to wait for a reranker, where one is wanted.
    patience: Option<Duration>,
}

impl Library {
    /// Finds passages and says how it searched.
    pub async fn search(&self, query: &SearchQuery) -> Result<SearchReply, LibraryError> {
        let began = Instant::now();
        let found = self.inner.find(query, None, QUERY_TIME).await?;
        Ok(reply(found, began))
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
        // A question is words, not a query: no phrase, no operator, nothing to leave out.
        let plain = |text: &str| text.replace(['"', '“', '”', '«', '»', '-', ':', '(', ')', '*', '~'], " ");
        let asked = plain(&matter(&asking(question)));
        let lower = |text: String| text.replace(" AND ", " and ").replace(" OR ", " or ").replace(" NOT ", " not ");
        let text = lower(plain(question));
        let query = SearchQuery { text, mode: SearchMode::Reranked, limit, documents: documents.to_vec() };
        let found = self.inner.find(&query, Some(&lower(asked)), QUESTION_TIME).await?;
        // A file's name says nothing about its text, which could not be read.
        Ok(found.scored.into_iter().filter(|one| !is_only_a_name(&one.passage)).map(passage).collect())
    }
}

impl Inner {
    /// Searches. `asked` is what the evidence of a hit is measured by, where that is not the whole query.
    async fn find(
        &self,
        query: &SearchQuery,
        asked: Option<&str>,
        patience: Duration,
    ) -> Result<Outcome, LibraryError> {
        self.follow().await?;
        let text: String = query.text.chars().take(LONGEST_QUERY).collect();
        let languages = self.index.languages();
        let terms = parse(&text, &languages);
        if terms.is_empty() {
            // Nothing to look for; what must not be there looks for nothing.
            return Ok(Outcome { scored: Vec::new(), mode: query.mode, terms, facets: Facets::default() });
        }
        // What is told around a question helps to find its page by words; meaning it would only blur.
        let evidence = asked.map(|asked| parse(asked, &languages)).filter(|terms| !terms.is_empty());
        let vector = match query.mode {
            SearchMode::Text => None,
            _ if terms.newest => None,
            SearchMode::Hybrid | SearchMode::Vector | SearchMode::Reranked => {
                self.embed_query(&evidence.as_ref().unwrap_or(&terms).plain, patience).await
            }
        };
        let (mode, patience) = match (query.mode, &vector) {
            (_, None) => (SearchMode::Text, None),
            (SearchMode::Reranked, Some(_)) => {
                (SearchMode::Hybrid, Some(if asked.is_some() { RANK_QUESTION_TIME } else { RANK_TIME }))
            }
            (mode, Some(_)) => (mode, None),
        };
        // A question has its own measure of what is near enough; what only meets conditions has none.
        let all = asked.is_some() || terms.only_conditions();
        let documents = query.documents.clone();
        let limit = query.limit;
        let language = language(&evidence.as_ref().unwrap_or(&terms).plain).map(str::to_owned);
        self.look(Wish { terms, evidence, vector, language, mode, limit, documents, except: None, all, patience }).await
    }

    async fn look(&self, wish: Wish) -> Result<Outcome, LibraryError> {
        let Wish { mut terms, mut evidence, vector, language, mut mode, limit, documents, except, all, patience } =
            wish;
        let limit = limit.clamp(1, MOST_HITS);
        let depth = DEPTH.max(limit * 2);
        let (index, vectors, query) = (self.index.clone(), self.vectors.clone(), vector.clone());
        let (terms, evidence, weights, rarity, mut found) = blocking(move || {
            terms.expand(&index)?;
            if let Some(evidence) = &mut evidence {
                evidence.expand(&index)?;
            }
            let weights = evidence.as_ref().unwrap_or(&terms).weights(&index)?;
            let rarity: f32 = terms.weights(&index)?.iter().sum();
            let mut found: HashMap<i64, Evidence> = HashMap::new();
            if let Some(vector) = query.as_deref() {
                // Meaning knows no phrases and no exclusions: the index says what may be found.
                let admitted = terms.admitted(&index)?.map(|query| index.matching(&*query)).transpose()?;
                let vectors = vectors.read().unwrap_or_else(PoisonError::into_inner);
                let near = vectors.search(vector, depth, &documents, admitted.as_ref());
                found.extend(near.into_iter().map(|one| (one.chunk, Evidence::default())));
            }
            if mode != SearchMode::Vector {
                for one in by_words(&terms, &index, &documents, depth, &found)? {
                    found.entry(one.chunk).or_default().words = Some(one.score);
                }
            }
            Ok((terms, evidence, weights, rarity, found))
        })
        .await?;
        if let Some(vector) = vector.as_deref() {
            self.compare(vector, language.as_deref(), &mut found).await?;
        }
        let ranked = rank(&found, mode, rarity);
        let ids: Vec<i64> = ranked.iter().map(|(id, _)| *id).collect();
        let mut stored: HashMap<i64, StoredPassage> =
            self.derived.passages(&ids).await?.into_iter().map(|p| (p.id, p)).collect();
        stored.retain(|_, passage| except != Some(passage.document));
        // Only what would be listed is counted: a neighbour that is not near enough is not.
        // Words that stand in the name or the heading alone count as well.
        let listed = |passage: &&StoredPassage| {
            let evidence = found.get(&passage.id).copied().unwrap_or_default();
            all || evidence.words.is_some_and(|words| words > 0.0) || is_near(passage, evidence.meaning)
        };
        let facets = facets(stored.values().filter(listed));
        let best = ranked.first().map_or(1.0, |(_, score)| if *score > 0.0 { *score } else { 1.0 });
        let ordered = ranked.into_iter().filter_map(|(id, score)| Some((stored.remove(&id)?, score / best)));
        let mut ordered: Vec<(StoredPassage, f32)> = ordered.collect();
        if let Some(patience) = patience.filter(|_| !terms.only_conditions()) {
            let asked = &evidence.as_ref().unwrap_or(&terms).plain;
            if self.rerank(asked, &mut ordered, patience).await {
                mode = SearchMode::Reranked;
            }
        }
        let spread = self.untouched(spread(ordered, limit)).await?;
        let by = evidence.as_ref().unwrap_or(&terms);
        let scored = spread.into_iter().map(|Listed { passage, score, also }| {
            let around = snippet(&passage.text, passage.language.as_deref(), by, &weights);
            let meaning = found.get(&passage.id).and_then(|evidence| evidence.meaning).map(|near| near.clamp(0.0, 1.0));
            // What the cells of a table are about stands in its header row.
            let words = passage.header.as_ref().map_or(around.share, |header| {
                let whole = format!("{header}\n{}", passage.text);
                snippet(&whole, passage.language.as_deref(), by, &weights).share
            });
            Scored { score, words, meaning, snippet: around, also, passage }
        });
        // By meaning alone words were not asked; those that stand there count all the same.
        let scored = scored.filter(|hit| hit.words > 0.0 || listed(&&hit.passage)).collect();
        Ok(Outcome { scored, mode, terms, facets })
    }

    /// Compares candidates with the vector of a text in this language by the numbers that SQLite has: bytes only
    /// chose them.
    async fn compare(
        &self,
        vector: &[f32],
        language: Option<&str>,
        found: &mut HashMap<i64, Evidence>,
    ) -> Result<(), LibraryError> {
        let model = self.vectors.read().unwrap_or_else(PoisonError::into_inner).model().to_owned();
        let nearness = self.nearness(&model).await?;
        let ids: Vec<i64> = found.keys().copied().collect();
        for one in self.derived.vectors_with_languages(&model, &ids).await? {
            if let Some(evidence) = found.get_mut(&one.id).filter(|_| one.vector.len() == vector.len()) {
                let cosine = dot(vector, &one.vector);
                evidence.meaning = Some(nearness.near(cosine, [language, one.language.as_deref()]));
            }
        }
        Ok(())
    }

    /// The passages whose page is still the text that was read: other text is nobody's evidence. That a
    /// page was altered is told once.
    async fn untouched(&self, found: Vec<Listed>) -> Result<Vec<Listed>, LibraryError> {
        let mut pages: HashMap<(DocumentId, u32), bool> = HashMap::new();
        let mut untouched = Vec::with_capacity(found.len());
        for listed in found {
            let passage = &listed.passage;
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
                untouched.push(listed);
            }
        }
        Ok(untouched)
    }

    /// The query's vector; None without a model, without vectors, or when the model takes too long.
    async fn embed_query(&self, text: &str, patience: Duration) -> Option<Arc<[f32]>> {
        let embedder = self.embedder()?;
        if text.trim().is_empty() {
            return None;
        }
        let embed = async {
            // Right after the start the vectors are still being looked through.
            let mut loaded = self.loaded.subscribe();
            let known = |loaded: &Loaded| match loaded {
                Loaded::Not => false,
                Loaded::Model(model) => model == embedder.id(),
                Loaded::Failed => true,
            };
            let found = loaded.wait_for(known).await.map(|loaded| *loaded != Loaded::Failed);
            if !found.map_err(|error| error.to_string())?
                || self.vectors.read().unwrap_or_else(PoisonError::into_inner).len() == 0
            {
                return Ok(None);
            }
            embedder.embed_query(text.to_owned()).await.map(Some)
        };
        match tokio::time::timeout(patience, embed).await {
            Ok(Ok(None)) => None,
            Ok(Ok(Some(mut vector))) => normalise(&mut vector).then(|| vector.into()),
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

/// Whether a passage that holds none of the words is near enough in meaning to be shown.
fn is_near(passage: &StoredPassage, meaning: Option<f32>) -> bool {
    let says = passage.text.chars().filter(|c| c.is_alphanumeric()).nth(LEAST_TEXT - 1).is_some();
    says && meaning.is_some_and(|meaning| meaning >= LEAST_MEANING)
}

/// What is found by words, and how well; of passages that are found by meaning too, how well they match.
fn by_words(
    terms: &Terms,
    index: &TextIndex,
    documents: &[DocumentId],
    depth: usize,
    near: &HashMap<i64, Evidence>,
) -> Result<Vec<Found>, LibraryError> {
    if terms.newest {
        let newest = index.newest(&*terms.query(index, documents)?, depth)?;
        let placed = newest.into_iter().enumerate();
        return Ok(placed.map(|(at, one)| Found { score: 1.0 / (at + 1) as f32, ..one }).collect());
    }
    if terms.only_conditions() {
        return Ok(index.search(&*terms.query(index, documents)?, depth)?);
    }
    let near: Vec<i64> = near.keys().copied().collect();
    Ok(index.rank(terms, documents, depth, &near)?)
}

/// The order of the candidates, best first.
fn rank(found: &HashMap<i64, Evidence>, mode: SearchMode, rarity: f32) -> Vec<(i64, f32)> {
    let by = |value: fn(&Evidence) -> Option<f32>| {
        let mut list: Vec<(i64, f32)> = found.iter().filter_map(|(id, one)| Some((*id, value(one)?))).collect();
        sort(&mut list);
        list
    };
    match mode {
        SearchMode::Text => by(|evidence| evidence.words),
        SearchMode::Vector => by(|evidence| evidence.meaning),
        SearchMode::Hybrid | SearchMode::Reranked => fuse(found, rarity),
    }
}
