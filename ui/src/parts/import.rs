//! How far the import is, in words: over the documents and along the bottom.

use protocol::ImportProgress;

/// What the import says of itself, and the share of it that is done; None while there is none.
/// Documents are read first, then the rest of their passages for meaning.
pub fn import_words(now: &ImportProgress) -> Option<(String, f64)> {
    let (done, total, reading) = if now.done < now.total {
        (now.done, now.total, true)
    } else if now.embedded < now.passages {
        (now.embedded, now.passages, false)
    } else {
        return None;
    };
    let words = match (reading, now.paused) {
        (true, false) => t!("boundary.indexing", done = done, total = total),
        (true, true) => t!("boundary.import_paused", done = done, total = total),
        (false, false) => t!("boundary.meaning", done = done, total = total),
        (false, true) => t!("boundary.meaning_paused", done = done, total = total),
    };
    Some((words, f64::from(done) / f64::from(total) * 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_counted_first_and_then_passages() {
        let now = |done, total, embedded, passages, paused| {
            let now = ImportProgress { done, total, embedded, passages, paused, ..ImportProgress::default() };
            import_words(&now)
        };
        let (indexing, meaning) =
            (t!("boundary.indexing", done = 1, total = 4), t!("boundary.meaning", done = 30, total = 40));
        assert_eq!(now(1, 4, 30, 40, false), Some((indexing, 25.0)));
        assert_eq!(now(4, 4, 30, 40, false), Some((meaning.clone(), 75.0)));
        assert_eq!(now(0, 0, 30, 40, false), Some((meaning, 75.0)));
        let paused = Some((t!("boundary.meaning_paused", done = 30, total = 40), 75.0));
        assert_eq!(now(0, 0, 30, 40, true), paused);
        assert_eq!(now(4, 4, 40, 40, false), None);
    }
}
