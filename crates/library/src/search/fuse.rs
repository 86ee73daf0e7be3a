//! How the evidence of words and of meaning becomes one order.

use protocol::DocumentId;
use std::collections::HashMap;
use std::collections::HashSet;
use store::StoredPassage;

/// How much meaning counts of what both say together (docs/decisions/0008-search.md has how it was set).
const MEANING: f32 = 0.4;

/// The scale of each kind of evidence ends with so many of the best: the order is the same however many
/// hits are asked for.
const SCALED: usize = 100;

/// What is known of a passage that may be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// BM25 of its words; None where it holds none.
    pub words: Option<f32>,
    /// The cosine; None where there is no vector.
    pub meaning: Option<f32>,
}

/// Puts passages in order, best first, with a score between 0 and 1. Where a query has both kinds of
/// evidence, each is brought to one scale by the best and the hundredth of this query's candidates: how
/// much nearer one passage is than the others says more than its rank.
pub fn fuse(all: &HashMap<i64, Evidence>) -> Vec<(i64, f32)> {
    let words = Scale::of(all.values().map(|evidence| evidence.words.unwrap_or(0.0)).collect());
    let meaning = Scale::of(all.values().filter_map(|evidence| evidence.meaning).collect());
    let weight = match (words, meaning) {
        (Some(_), Some(_)) => MEANING,
        (None, _) => 1.0,
        (_, None) => 0.0,
    };
    let score = |evidence: &Evidence| {
        let words = words.map_or(0.0, |scale| scale.place(evidence.words.unwrap_or(0.0)));
        let meaning = meaning.map_or(0.0, |scale| evidence.meaning.map_or(0.0, |cosine| scale.place(cosine)));
        (1.0 - weight) * words + weight * meaning
    };
    let mut fused: Vec<(i64, f32)> = all.iter().map(|(id, evidence)| (*id, score(evidence))).collect();
    sort(&mut fused);
    fused
}

/// Best first; equals in the order of the library.
pub fn sort(list: &mut [(i64, f32)]) {
    list.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
}

/// The range of one kind of evidence.
#[derive(Clone, Copy)]
struct Scale {
    least: f32,
    most: f32,
}

impl Scale {
    /// None where all are equal: that kind says nothing.
    fn of(mut all: Vec<f32>) -> Option<Self> {
        all.sort_by(|a, b| b.total_cmp(a));
        let (most, least) = (*all.first()?, *all.get(SCALED - 1).or(all.last())?);
        (most > least).then_some(Self { least, most })
    }

    /// Between 0 and 1; what is worse than the last that counts is no better than nothing.
    fn place(&self, x: f32) -> f32 {
        ((x - self.least) / (self.most - self.least)).max(0.0)
    }
}

/// The first `limit` passages, but no more than half of them (and three) of one document while
/// others wait; the same text is shown once.
pub fn spread(ordered: Vec<(StoredPassage, f32)>, limit: usize) -> Vec<(StoredPassage, f32)> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(words: Option<f32>, meaning: Option<f32>) -> Evidence {
        Evidence { words, meaning }
    }

    fn order(all: &[(i64, Evidence)]) -> Vec<i64> {
        fuse(&all.iter().copied().collect()).into_iter().map(|(id, _)| id).collect()
    }

    #[test]
    fn what_both_have_comes_first_and_one_kind_alone_decides_where_the_other_is_silent() {
        let both = [
            (1, evidence(Some(9.0), Some(0.1))),
            (2, evidence(Some(8.0), Some(0.6))),
            (3, evidence(None, Some(0.7))),
            (4, evidence(None, Some(0.2))),
        ];
        assert_eq!(order(&both), [2, 1, 3, 4]);
        assert_eq!(order(&[(1, evidence(Some(1.0), None)), (2, evidence(Some(2.0), None))]), [2, 1]);
        assert_eq!(order(&[(1, evidence(None, Some(0.1))), (2, evidence(None, Some(0.2)))]), [2, 1]);
        assert_eq!(order(&[(2, evidence(Some(1.0), None)), (1, evidence(Some(1.0), None))]), [1, 2]);
    }

    #[test]
    fn the_order_of_the_best_does_not_depend_on_how_many_are_asked_for() {
        // Whatever comes later is worse in both.
        let near = |n: i64| {
            if n > 120 {
                0.1
            } else if n % 7 == 0 {
                0.9
            } else {
                0.5 - n as f32 / 1e3
            }
        };
        let one = |n: i64| (n, evidence(Some(500.0 - n as f32), Some(near(n))));
        let few: Vec<_> = (1..=120).map(one).collect();
        let many: Vec<_> = (1..=400).map(one).collect();
        assert_eq!(order(&few)[..20], order(&many)[..20]);
        assert_eq!(order(&few)[..3], [7, 14, 21]);
    }

    #[test]
    fn one_document_does_not_fill_the_list() {
        let (a, b) = (DocumentId::new(), DocumentId::new());
        let passage = |id: i64, document, text: &str| StoredPassage {
            id,
            document,
            name: String::new(),
            format: String::new(),
            origin: String::new(),
            added: 0,
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
