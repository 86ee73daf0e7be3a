//! What is shown of what was found: hits for people, passages for agents.

use super::{Outcome, Scored};
use crate::{Passage, extract};
use protocol::{DocumentId, SearchHit, SearchReply, Span};
use std::{collections::HashSet, time::Instant};
use store::StoredPassage;

/// The most parts of a query of which it is said that they were not understood.
const MOST_MISREAD: usize = 8;

/// Whether a document's text could not be read and its name stands for it.
pub(super) fn is_only_a_name(passage: &StoredPassage) -> bool {
    passage.text == extract::name_text(&passage.name)
}

/// What a search replies.
pub(super) fn reply(found: Outcome, began: Instant) -> SearchReply {
    let Outcome { scored, mode, mut terms, facets } = found;
    let documents: HashSet<DocumentId> = scored.iter().map(|s| s.passage.document).collect();
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    terms.misread.truncate(MOST_MISREAD);
    SearchReply {
        hits: scored.into_iter().map(hit).collect(),
        documents: documents.len() as u32,
        ms,
        mode,
        misread: terms.misread,
        instead: terms.instead,
        facets,
    }
}

fn hit(scored: Scored) -> SearchHit {
    let Scored { passage, score, words, meaning, snippet, also } = scored;
    SearchHit {
        unread: is_only_a_name(&passage),
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
        author: passage.author,
        dated: passage.dated,
        within: passage.within,
        also,
    }
}

/// A passage as evidence for an answer.
pub(super) fn passage(scored: Scored) -> Passage {
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
