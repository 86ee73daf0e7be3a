//! Which passages stand together: those of one document, where the best of them stands.

use protocol::{DocumentId, SearchHit};
use std::collections::BTreeSet;

/// The passages of one document that were found, by their places among all that were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// The document.
    pub document: DocumentId,
    /// The places of its passages, the best first. There is at least one.
    pub hits: Vec<usize>,
}

/// Puts passages of one document together. Documents come in the order of their best passages.
pub(super) fn groups(hits: &[SearchHit]) -> Vec<Group> {
    let mut all: Vec<Group> = Vec::new();
    for (at, hit) in hits.iter().enumerate() {
        match all.iter_mut().find(|group| group.document == hit.document) {
            Some(group) => group.hits.push(at),
            None => all.push(Group { document: hit.document, hits: vec![at] }),
        }
    }
    all
}

/// The places of the passages that are on the screen, from top to bottom: the best of each document, and
/// the others of those that are open.
pub(super) fn visible(groups: &[Group], open: &BTreeSet<DocumentId>) -> Vec<usize> {
    let shown = |group: &Group| if open.contains(&group.document) { group.hits.len() } else { 1 };
    groups.iter().flat_map(|group| group.hits.iter().take(shown(group)).copied()).collect()
}

/// The passage so many steps below one (above for negative steps), of those on the screen.
pub(super) fn step(visible: &[usize], from: usize, by: isize) -> Option<usize> {
    let last = visible.len().checked_sub(1)?;
    let at = visible.iter().position(|at| *at == from).unwrap_or(0);
    visible.get(at.saturating_add_signed(by).min(last)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(documents: &[u8]) -> Vec<SearchHit> {
        let one = |n: &u8| {
            serde_json::from_value(serde_json::json!({
                "document": format!("00000000-0000-7000-8000-0000000000{n:02x}"), "name": "a.pdf", "format": "pdf",
                "page": 1, "start": 0, "end": 1, "section": null, "score": 1.0, "words": 1.0, "meaning": 0.0,
                "snippet": "", "marks": [], "language": null,
            }))
            .unwrap()
        };
        documents.iter().map(one).collect()
    }

    #[test]
    fn passages_of_a_document_stand_where_its_best_one_stands() {
        let places =
            |documents: &[u8]| groups(&hits(documents)).into_iter().map(|group| group.hits).collect::<Vec<_>>();
        assert_eq!(places(&[1, 2, 1, 3, 2, 1]), [vec![0, 2, 5], vec![1, 4], vec![3]]);
        assert_eq!(places(&[]), Vec::<Vec<usize>>::new());
    }

    #[test]
    fn keys_go_through_what_is_on_the_screen() {
        let groups = groups(&hits(&[1, 2, 1, 3]));
        let closed = visible(&groups, &BTreeSet::new());
        assert_eq!(closed, [0, 1, 3]);
        let open = visible(&groups, &BTreeSet::from([groups[0].document]));
        assert_eq!(open, [0, 2, 1, 3]);
        assert_eq!((step(&closed, 0, 1), step(&open, 0, 1)), (Some(1), Some(2)));
        assert_eq!((step(&closed, 3, 1), step(&closed, 0, -1)), (Some(3), Some(0)), "the ends hold");
        assert_eq!(step(&closed, 2, 1), Some(1), "one that was put away counts as the first");
        assert_eq!(step(&[], 0, 1), None);
    }
}
