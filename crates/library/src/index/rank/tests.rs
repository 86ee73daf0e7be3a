//! Do passages come in the order of what they and their documents say?

use super::*;
use crate::index::{
    parse,
    tests::{in_german, passage},
};
use store::StoredPassage;

/// An index with documents of one or more passages, numbered from 1 in the order given.
fn index_of(dir: &std::path::Path, documents: &[Vec<StoredPassage>]) -> (TextIndex, Vec<DocumentId>) {
    let (index, _) = TextIndex::open(dir).unwrap();
    let (mut number, mut ids) = (0, Vec::new());
    for passages in documents {
        let document = DocumentId::new();
        let numbered = passages.iter().map(|passage| {
            number += 1;
            StoredPassage { id: number, document, ..passage.clone() }
        });
        index.replace(document, &numbered.collect::<Vec<_>>()).unwrap();
        ids.push(document);
    }
    index.commit(1).unwrap();
    (index, ids)
}

fn texts(all: &[&str]) -> Vec<StoredPassage> {
    all.iter().map(|text| passage(0, DocumentId::new(), text)).collect()
}

fn ranked(index: &TextIndex, query: &str, documents: &[DocumentId], limit: usize, also: &[i64]) -> Vec<Found> {
    let mut terms = parse(query, &index.languages());
    terms.expand(index).unwrap();
    index.rank(&terms, documents, limit, also).unwrap()
}

fn chunks(found: &[Found]) -> Vec<i64> {
    found.iter().map(|found| found.chunk).collect()
}

const FILLER: &str = "The parties sign two copies of this agreement in good faith.";

#[test]
fn what_the_rest_of_the_document_says_counts() {
    let dir = tempfile::tempdir().unwrap();
    let documents = [
        texts(&["The deposit is paid on the first day.", "The tenant of the barn lives there."]),
        texts(&["The deposit is paid on the first day.", "The tenant of the mill lives there."]),
        texts(&[FILLER, FILLER, FILLER]),
    ];
    let (index, _) = index_of(dir.path(), &documents);
    assert_eq!(chunks(&ranked(&index, "deposit of the mill", &[], 10, &[])), [4, 3, 1]);
    let alone = ranked(&index, "deposit", &[], 10, &[]);
    assert_eq!(chunks(&alone), [1, 3], "a passage without a word of the query is not found for its document");
    assert_eq!(alone[0].score, alone[1].score);
}

#[test]
fn scores_of_further_passages_are_given_where_they_match_and_are_admitted() {
    let dir = tempfile::tempdir().unwrap();
    let documents = [texts(&["deposit deposit deposit"]), texts(&[&format!("deposit {FILLER}")]), texts(&[FILLER])];
    let (index, ids) = index_of(dir.path(), &documents);
    let found = ranked(&index, "deposit", &[], 1, &[1, 2, 3, 99]);
    assert_eq!(chunks(&found), [1, 2]);
    assert!(found[0].score > found[1].score);
    assert_eq!(chunks(&ranked(&index, "deposit", &ids[1..], 5, &[1])), [2], "only in these documents");
    assert_eq!(chunks(&ranked(&index, "deposit -agreement", &[], 5, &[2])), [1]);
}

#[test]
fn the_order_does_not_depend_on_how_the_index_is_laid_out() {
    let dir = tempfile::tempdir().unwrap();
    let documents: Vec<Vec<StoredPassage>> =
        (0..30).map(|n| texts(&[&format!("deposit number {} of the mill", n % 3), FILLER])).collect();
    let (index, ids) = index_of(dir.path(), &documents);
    let before = ranked(&index, "deposit mill", &[], 7, &[]);
    assert_eq!(before.len(), 7);
    for (at, (document, passages)) in ids.iter().zip(&documents).enumerate().rev() {
        let numbered = passages.iter().zip(1..).map(|(passage, n)| StoredPassage {
            id: at as i64 * 2 + n,
            document: *document,
            ..passage.clone()
        });
        index.replace(*document, &numbered.collect::<Vec<_>>()).unwrap();
        index.commit(2).unwrap();
    }
    index.expunge().unwrap();
    let after = ranked(&index, "deposit mill", &[], 7, &[]);
    assert_eq!(chunks(&before), chunks(&after));
    for (a, b) in before.iter().zip(&after) {
        assert!((a.score - b.score).abs() < 1e-4, "what was deleted counts for nothing: {a:?} {b:?}");
    }
}

#[test]
fn compounds_are_found_by_their_parts_and_by_their_ends() {
    let dir = tempfile::tempdir().unwrap();
    let german = |text: &str| vec![in_german(text)];
    let documents = [
        german("Der Wohnraummietvertrag endet im Mai."),
        german("Ein Mietvertrag über Wohnraum wird geschlossen."),
        german("Die Kündigungsfrist beträgt drei Monate."),
        german("Nach der Kündigung läuft eine Frist."),
    ];
    let (index, _) = index_of(dir.path(), &documents);
    let sorted = |query: &str| {
        let mut found = chunks(&ranked(&index, query, &[], 10, &[]));
        found.sort_unstable();
        found
    };
    assert_eq!(sorted("Mietvertrag"), [1, 2]);
    assert_eq!(sorted("Wohnraummietvertrag"), [1, 2]);
    assert_eq!(chunks(&ranked(&index, "Wohnraummietvertrag", &[], 10, &[]))[0], 1, "the word itself comes first");
    assert_eq!(sorted("Kündigungsfrist"), [3, 4]);
    assert_eq!(sorted("Mietvertragskündigung"), [2, 4], "a word that stands nowhere, by its parts");
    let mut terms = parse("Mietvertragskündigung", &index.languages());
    terms.expand(&index).unwrap();
    assert_eq!(
        (terms.instead[0].why, terms.instead[0].found.join(" ")),
        (protocol::InsteadOf::Compound, "mietvertrag kundigung".to_owned())
    );
}
