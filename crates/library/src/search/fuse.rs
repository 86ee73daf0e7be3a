//! How the evidence of words and of meaning becomes one order.

use protocol::{AlsoIn, DocumentId};
use std::collections::{HashMap, hash_map::Entry};
use store::StoredPassage;

/// How much nearness counts beside the share of what words could say (docs/decisions/0025-ranking.md has
/// how it was set).
const MEANING: f32 = 1.25;

/// What is known of a passage that may be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// BM25 of its words; None where it holds none.
    pub words: Option<f32>,
    /// How near it is in meaning: a cosine on the starter model's scale; None where there is no vector.
    pub meaning: Option<f32>,
}

/// Puts passages in order, best first. `rarity` is how rare the words that are looked for are together.
///
/// Neither kind of evidence is stretched to a range: what a passage holds of a question is a share of the
/// question, whatever other passages hold, and how near it is was measured for the model
/// (`embedding/nearness.rs`). So a model that knows the language, whose best passages stand out, decides more
/// than one to which all texts are alike; and where a question's words stand nowhere, their share is small, and
/// meaning decides.
pub fn fuse(all: &HashMap<i64, Evidence>, rarity: f32) -> Vec<(i64, f32)> {
    // A passage without a vector yet is taken for as far as the farthest.
    let unknown = all.values().filter_map(|evidence| evidence.meaning).reduce(f32::min).unwrap_or(0.0);
    let share = |words: f32| if rarity > 0.0 { words / rarity } else { words };
    let score =
        |evidence: &Evidence| share(evidence.words.unwrap_or(0.0)) + MEANING * evidence.meaning.unwrap_or(unknown);
    let mut fused: Vec<(i64, f32)> = all.iter().map(|(id, evidence)| (*id, score(evidence))).collect();
    sort(&mut fused);
    fused
}

/// Best first; equals in the order of the library.
pub fn sort(list: &mut [(i64, f32)]) {
    list.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
}

/// A passage that may be listed, and where else its text stands.
#[derive(Clone)]
pub struct Listed {
    pub passage: StoredPassage,
    pub score: f32,
    pub also: Vec<AlsoIn>,
}

/// Other documents of one passage that are told, at most.
const MOST_COPIES: usize = 20;

/// The first `limit` passages, but no more than half of them (and three) of one document while
/// others wait; the same text is listed once, with the other documents that hold it.
pub fn spread(ordered: Vec<(StoredPassage, f32)>, limit: usize) -> Vec<Listed> {
    let mut different: Vec<Listed> = Vec::with_capacity(ordered.len());
    let mut texts: HashMap<blake3::Hash, usize> = HashMap::new();
    for (passage, score) in ordered {
        match texts.entry(blake3::hash(passage.text.as_bytes())) {
            Entry::Vacant(new) => {
                new.insert(different.len());
                different.push(Listed { passage, score, also: Vec::new() });
            }
            Entry::Occupied(known) => different[*known.get()].add(passage),
        }
    }
    let most = (limit / 2).max(3);
    let mut of: HashMap<DocumentId, usize> = HashMap::new();
    let (mut first, later): (Vec<_>, Vec<_>) = different.into_iter().partition(|listed| {
        let count = of.entry(listed.passage.document).or_default();
        *count += 1;
        *count <= most
    });
    first.truncate(limit);
    let room = limit - first.len();
    first.extend(later.into_iter().take(room));
    first.sort_by(|a, b| b.score.total_cmp(&a.score));
    first
}

impl Listed {
    /// Another place of the same text; one in a document that is named already says nothing new.
    fn add(&mut self, copy: StoredPassage) {
        let known = copy.document == self.passage.document || self.also.iter().any(|one| one.document == copy.document);
        if !known && self.also.len() < MOST_COPIES {
            self.also.push(AlsoIn { document: copy.document, name: copy.name, page: copy.page });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(words: Option<f32>, meaning: Option<f32>) -> Evidence {
        Evidence { words, meaning }
    }

    fn order(all: &[(i64, Evidence)], rarity: f32) -> Vec<i64> {
        fuse(&all.iter().copied().collect(), rarity).into_iter().map(|(id, _)| id).collect()
    }

    #[test]
    fn what_both_have_comes_first_and_one_kind_alone_decides_where_the_other_is_silent() {
        let both = [
            (1, evidence(Some(9.0), Some(0.1))),
            (2, evidence(Some(8.0), Some(0.6))),
            (3, evidence(None, Some(0.7))),
            (4, evidence(None, Some(0.2))),
        ];
        assert_eq!(order(&both, 9.0), [2, 1, 3, 4]);
        assert_eq!(order(&[(1, evidence(Some(1.0), None)), (2, evidence(Some(2.0), None))], 1.0), [2, 1]);
        assert_eq!(order(&[(1, evidence(None, Some(0.1))), (2, evidence(None, Some(0.2)))], 0.0), [2, 1]);
        assert_eq!(order(&[(2, evidence(Some(1.0), None)), (1, evidence(Some(1.0), None))], 1.0), [1, 2]);
    }

    #[test]
    fn of_a_question_whose_words_stand_nowhere_meaning_decides() {
        let both = [(1, evidence(Some(2.0), Some(0.3))), (2, evidence(None, Some(0.5)))];
        assert_eq!(order(&both, 4.0), [1, 2], "half of what is looked for stands there");
        assert_eq!(order(&both, 40.0), [2, 1], "a twentieth does");
    }

    #[test]
    fn a_passage_without_a_vector_is_as_far_as_the_farthest() {
        let all =
            [(1, evidence(Some(4.0), None)), (2, evidence(Some(4.0), Some(0.2))), (3, evidence(Some(4.0), Some(0.1)))];
        assert_eq!(order(&all, 8.0), [2, 1, 3]);
    }

    #[test]
    fn what_is_worse_changes_nothing_for_what_is_better() {
        let one = |n: i64| (n, evidence(Some(500.0 - n as f32), Some(if n % 7 == 0 { 0.9 } else { 0.5 })));
        let few: Vec<_> = (1..=40).map(one).collect();
        let many: Vec<_> = (1..=400).map(one).collect();
        assert_eq!(order(&few, 400.0)[..5], order(&many, 400.0)[..5]);
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
            within: None,
            added: 0,
            author: None,
            dated: None,
            page: 1,
            start: 0,
            end: 1,
            section: None,
            language: None,
            text: text.into(),
            page_hash: String::new(),
            header: None,
            place: None,
            labels: Vec::new(),
        };
        let list = vec![
            (passage(1, a, "1"), 1.0),
            (passage(2, a, "2"), 0.9),
            (passage(3, a, "3"), 0.8),
            (passage(4, a, "4"), 0.7),
            (passage(5, b, "1"), 0.6),
            (passage(6, b, "6"), 0.5),
        ];
        let listed = spread(list.clone(), 4);
        assert_eq!(listed.iter().map(|one| one.passage.id).collect::<Vec<_>>(), [1, 2, 3, 6]);
        let also = |one: &Listed| one.also.iter().map(|other| other.document).collect::<Vec<_>>();
        assert_eq!(listed.iter().map(also).collect::<Vec<_>>(), [vec![b], vec![], vec![], vec![]]);
        assert_eq!(spread(list, 9).len(), 5);
    }
}
