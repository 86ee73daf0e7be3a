//! Which texts were read before? A new one that begins as one of them does need not read that again.

use crate::{arch::KvCache, error::Result};

/// Texts that are remembered at most; their memory is bounded by who keeps the shelf.
const MOST: usize = 64;

/// Texts whose keys and values are kept although nobody writes them on, the last used one at the end.
#[derive(Default)]
pub(super) struct Shelf(Vec<Text>);

/// A text and what was kept of it.
pub(super) struct Text {
    /// Its tokens, as many as the cache holds.
    pub tokens: Vec<u32>,
    pub cache: KvCache,
}

/// How many tokens two texts share at their beginning.
pub(super) fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

impl Shelf {
    /// The longest beginning of `text` that some kept text has.
    pub(super) fn longest(&self, text: &[u32]) -> usize {
        self.0.iter().map(|kept| common(&kept.tokens, text)).max().unwrap_or(0)
    }

    /// A cache of the first `length` tokens of `text`, which [`Shelf::longest`] has found.
    pub(super) fn take(&mut self, text: &[u32], length: usize) -> Result<Option<KvCache>> {
        let Some(at) = self.0.iter().rposition(|kept| common(&kept.tokens, text) >= length) else { return Ok(None) };
        let kept = self.0.remove(at);
        let fork = kept.cache.fork(length);
        self.0.push(kept);
        fork.map(Some)
    }

    /// Keeps a text. Those that are its beginning are no longer needed.
    pub(super) fn put(&mut self, mut tokens: Vec<u32>, mut cache: KvCache) {
        tokens.truncate(cache.len());
        cache.shrink(tokens.len());
        self.0.retain(|kept| !tokens.starts_with(&kept.tokens));
        if let Some(at) = self.0.iter().position(|kept| kept.tokens.starts_with(&tokens)) {
            let longer = self.0.remove(at);
            self.0.push(longer);
            return;
        }
        if self.0.len() == MOST {
            self.0.remove(0);
        }
        self.0.push(Text { tokens, cache });
    }

    /// Forgets the text that was not used for longest; false if there is none.
    pub(super) fn forget_one(&mut self) -> bool {
        if self.0.is_empty() {
            return false;
        }
        self.0.remove(0);
        true
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The texts, the last used one first.
    pub(super) fn texts(&self) -> impl Iterator<Item = &Text> {
        self.0.iter().rev()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernels::KvStore;

    fn cache(tokens: usize) -> KvCache {
        let mut store = KvStore::new(1, 1, 16).unwrap();
        store.reserve(0, tokens).unwrap();
        let mut cache = KvCache::new(10_000, store);
        cache.advance(tokens);
        cache
    }

    fn tokens(shelf: &Shelf) -> Vec<Vec<u32>> {
        shelf.texts().map(|text| text.tokens.clone()).collect()
    }

    #[test]
    fn the_longest_beginning_is_found_and_kept_as_last_used() {
        let mut shelf = Shelf::default();
        shelf.put(vec![1, 2, 3], cache(3));
        shelf.put(vec![1, 9], cache(2));
        assert_eq!(shelf.longest(&[1, 2, 4]), 2);
        assert_eq!(shelf.take(&[1, 2, 4], 2).unwrap().unwrap().len(), 2);
        assert_eq!(tokens(&shelf), [vec![1, 2, 3], vec![1, 9]], "used last");
        assert_eq!(shelf.longest(&[5]), 0);
        assert!(shelf.take(&[5], 1).unwrap().is_none());
        assert!(shelf.forget_one());
        assert_eq!(tokens(&shelf), [vec![1, 2, 3]]);
    }

    #[test]
    fn a_text_takes_the_place_of_its_beginnings() {
        let mut shelf = Shelf::default();
        shelf.put(vec![1, 2], cache(2));
        shelf.put(vec![1, 2, 3, 4], cache(3));
        assert_eq!(tokens(&shelf), [vec![1, 2, 3]], "only what the cache holds");
        shelf.put(vec![1], cache(1));
        assert_eq!(tokens(&shelf), [vec![1, 2, 3]]);
        for other in 0..100 {
            shelf.put(vec![7, other], cache(2));
        }
        assert_eq!(shelf.texts().count(), MOST);
    }
}
