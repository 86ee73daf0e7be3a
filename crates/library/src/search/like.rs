//! More like this: passages that say the like of one that a person looks at.

use super::{Wish, shown::reply};
use crate::{Library, LibraryError, faults, index::Terms, library::blocking};
use protocol::{DocumentId, SearchMode, SearchReply};
use std::{sync::PoisonError, time::Instant};

/// How many of a passage's words are looked for: its rarest.
const WORDS: usize = 12;

impl Library {
    /// Passages of other documents that are like the one that begins there.
    pub async fn more_like(
        &self,
        document: DocumentId,
        page: u32,
        start: u32,
        limit: usize,
    ) -> Result<SearchReply, LibraryError> {
        let began = Instant::now();
        let inner = &self.inner;
        inner.follow().await?;
        let all = inner.derived.passages_of(document).await?;
        let passage = all
            .into_iter()
            .find(|passage| passage.page == page && (passage.start..passage.end).contains(&start))
            .ok_or_else(|| LibraryError::Refused(faults::not_here()))?;
        let model = inner.vectors.read().unwrap_or_else(PoisonError::into_inner).model().to_owned();
        let stored = inner.derived.vectors_of(&model, &[passage.id]).await?;
        let vector = stored.into_iter().next().map(|one| one.vector.into());
        let language = passage.language.clone();
        let (index, languages) = (inner.index.clone(), inner.index.languages());
        let terms = blocking(move || Ok(Terms::telling(&passage.text, &languages, &index, WORDS)?)).await?;
        let mode = if vector.is_some() { SearchMode::Hybrid } else { SearchMode::Text };
        let (evidence, documents, except) = (None, Vec::new(), Some(document));
        let wish =
            Wish { terms, evidence, vector, language, mode, limit, documents, except, all: false, patience: None };
        Ok(reply(inner.look(wish).await?, began))
    }
}
