//! Does the index keep what it was given, and nothing of what was purged?

use super::*;

pub(super) fn passage(id: i64, document: DocumentId, text: &str) -> StoredPassage {
    StoredPassage {
        id,
        document,
        name: "file.md".into(),
        format: "md".into(),
        origin: "/home/a/contracts/2024/file.md".into(),
        within: None,
        added: 1_700_000_000_000,
        author: None,
        dated: None,
        page: 1,
        start: 0,
        end: text.chars().count() as u32,
        section: None,
        language: Some("en".into()),
        text: text.into(),
        page_hash: String::new(),
        header: None,
        place: None,
        labels: Vec::new(),
    }
}

/// A passage of a German document.
pub(super) fn in_german(text: &str) -> StoredPassage {
    StoredPassage { language: Some("de".into()), ..passage(0, DocumentId::new(), text) }
}

fn asked(index: &TextIndex, text: &str) -> Terms {
    let mut terms = parse(text, &index.languages());
    terms.expand(index).unwrap();
    terms
}

/// What a query finds, best first.
fn ranked(index: &TextIndex, text: &str) -> Vec<i64> {
    let terms = asked(index, text);
    let found = match terms.only_conditions() {
        true => index.search(&*terms.query(index, &[]).unwrap(), 10),
        false => index.rank(&terms, &[], 10, &[]),
    };
    found.unwrap().iter().map(|f| f.chunk).collect()
}

fn found(index: &TextIndex, text: &str) -> Vec<i64> {
    let mut ids = ranked(index, text);
    ids.sort_unstable();
    ids
}

/// An index with these passages, numbered from 1, each of a document of its own.
fn index_of(dir: &Path, passages: Vec<StoredPassage>) -> TextIndex {
    let (index, _) = TextIndex::open(dir).unwrap();
    for (n, passage) in passages.into_iter().enumerate() {
        let document = DocumentId::new();
        index.replace(document, &[StoredPassage { id: n as i64 + 1, document, ..passage }]).unwrap();
    }
    index.commit(1).unwrap();
    index
}

fn text(text: &str) -> StoredPassage {
    passage(0, DocumentId::new(), text)
}

/// Whether the word is in the dictionary of any segment, deleted passages included.
fn in_files(index: &TextIndex, word: &str) -> bool {
    let term = Term::from_field_text(index.fields.exact, word);
    let searcher = index.reader.searcher();
    searcher.segment_readers().iter().any(|segment| {
        let words = segment.inverted_index(index.fields.exact).unwrap();
        words.get_term_info(&term).unwrap().is_some()
    })
}

#[test]
fn replaced_removed_expunged_and_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (DocumentId::new(), DocumentId::new());
    {
        let (index, number) = TextIndex::open(dir.path()).unwrap();
        assert_eq!(number, None);
        index.replace(a, &[passage(1, a, "The walruses sleep."), passage(2, a, "A zanzibar clause.")]).unwrap();
        index.replace(b, &[passage(3, b, "One walrus wakes.")]).unwrap();
        assert_eq!(found(&index, "walrus"), [0i64; 0], "not committed");
        index.commit(7).unwrap();
        assert_eq!((found(&index, "walrus"), found(&index, "zanzibar")), (vec![1, 3], vec![2]));
    }
    let (index, number) = TextIndex::open(dir.path()).unwrap();
    assert_eq!((number, index.languages()), (Some(7), BTreeSet::from(["en".to_owned()])));
    index.replace(a, &[passage(4, a, "The walruses sleep on.")]).unwrap();
    index.commit(8).unwrap();
    assert_eq!((found(&index, "walrus"), found(&index, "zanzibar")), (vec![3, 4], vec![]));
    index.replace(a, &[]).unwrap();
    index.commit(9).unwrap();
    let segments = || -> BTreeSet<String> {
        index.index.searchable_segment_metas().unwrap().iter().map(|meta| meta.id().uuid_string()).collect()
    };
    let old = segments();
    assert!(in_files(&index, "zanzibar"), "the word stands in files");
    index.expunge().unwrap();
    let now = segments();
    assert!(old.is_disjoint(&now), "every segment had deleted passages");
    for file in std::fs::read_dir(dir.path().join(format!("text-v{VERSION}"))).unwrap().flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        let segment = name.split('.').next().unwrap();
        // Beside the segments there are only the index's own notes.
        assert!(segment.len() != 32 || now.contains(segment), "{name} of an old segment is still there");
    }
    assert!(!in_files(&index, "zanzibar") && !in_files(&index, "sleep") && in_files(&index, "wakes"));
    assert_eq!(found(&index, "walrus"), [3]);
    assert!(matches!(TextIndex::open(dir.path()), Err(IndexError::Tantivy(_))), "one writer at a time");
}

#[test]
fn what_a_query_asks_of_words_is_what_it_finds() {
    let dir = tempfile::tempdir().unwrap();
    let index = index_of(
        dir.path(),
        vec![
            text("The tenant gives notice of ninety days."),
            text("Ninety tenants; a day of notice is given to the landlord."),
            text("Leasing companies lease cars."),
            text("Cats and dogs stay outside."),
        ],
    );
    for (query, expected) in [
        ("\"notice of ninety\"", vec![1]),
        ("notice -\"ninety days\"", vec![2]),
        ("leas*", vec![3]),
        ("lanldord~", vec![2]),
        ("tenants AND landlord", vec![2]),
        ("landlord OR cats", vec![2, 4]),
        ("(cars OR cats) -dogs", vec![3]),
        ("notice NOT landlord", vec![1]),
        ("notice \"tenants\"", vec![2]),
        ("notice nowhereatall", vec![1, 2]),
        ("cats AND nowhereatall", vec![]),
    ] {
        assert_eq!(found(&index, query), expected, "{query}");
    }
}

#[test]
fn what_a_query_asks_of_documents_is_what_it_finds() {
    let dir = tempfile::tempdir().unwrap();
    let other = StoredPassage {
        name: "Q3_annual-report.pdf".into(),
        origin: "/home/a/letters/Q3_annual-report.pdf".into(),
        format: "pdf".into(),
        added: 1_735_689_600_000,
        language: Some("de".into()),
        ..text("Bericht an alle")
    };
    let index = index_of(dir.path(), vec![text("a report to all"), other]);
    for (query, expected) in [
        ("type:pdf", vec![2]),
        ("type:text,pdf", vec![1, 2]),
        ("lang:german", vec![2]),
        ("file:annual", vec![2]),
        ("file:rep", vec![2]),
        ("file:\"q3 report\"", vec![2]),
        ("in:contracts/2024", vec![1]),
        ("in:2024/contracts", vec![]),
        ("date:2023", vec![1]),
        ("date:2023-11..2025", vec![1, 2]),
        ("after:2025-01-01", vec![2]),
        ("before:2025 -file:nothing", vec![1]),
        ("annual", vec![2]),
    ] {
        assert_eq!(found(&index, query), expected, "{query}");
    }
    let terms = asked(&index, "sort:new type:md,pdf");
    let newest = index.newest(&*terms.query(&index, &[]).unwrap(), 5).unwrap();
    assert_eq!(newest.iter().map(|f| f.chunk).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn slips_beginnings_and_abbreviations_find_what_was_meant() {
    use protocol::InsteadOf::{Abbreviation, Beginning, Typo};
    let dir = tempfile::tempdir().unwrap();
    let index = index_of(
        dir.path(),
        vec![
            text("The Net Asset Value (NAV) is told on every day."),
            text("Of the fund the net asset value counts."),
            text("The NAV of May."),
            text("The agreement on arbitration."),
        ],
    );
    for (query, expected, instead) in [
        ("arbitraton", vec![4], Some(("arbitraton", "arbitration", Typo))),
        ("arbitrat", vec![4], Some(("arbitrat", "arbitration", Beginning))),
        ("NAV", vec![1, 2, 3], Some(("nav", "net asset value", Abbreviation))),
        ("net asset value", vec![1, 2, 3], Some(("net asset value", "nav", Abbreviation))),
        ("fund", vec![2], None),
        ("xylophone", vec![], None),
        ("2031", vec![], None),
    ] {
        assert_eq!(found(&index, query), expected, "{query}");
        let said = asked(&index, query).instead;
        let said = said.first().map(|said| (said.typed.as_str(), said.found[0].as_str(), said.why));
        assert_eq!(said, instead, "{query}");
    }
}

#[test]
fn accents_are_folded_and_count_where_they_are_typed() {
    let dir = tempfile::tempdir().unwrap();
    let index =
        index_of(dir.path(), vec![text("Please resume the work soon."), text("Please send the résumé to us soon.")]);
    assert_eq!(ranked(&index, "résumé"), [2, 1]);
    assert_eq!(found(&index, "resume"), [1, 2]);
    assert_eq!(found(&index, "\"the resume\""), [2], "a phrase is folded, too");
}

#[test]
fn chinese_is_found_by_pairs_and_by_phrase() {
    let dir = tempfile::tempdir().unwrap();
    let chinese = |words: &str| StoredPassage { language: Some("zh".into()), ..text(words) };
    let index = index_of(
        dir.path(),
        vec![chinese("双方同意将争议提交仲裁。"), chinese("裁判仲夏夜之梦。"), chinese("房屋租赁合同的期限为三年。")],
    );
    assert_eq!(ranked(&index, "仲裁")[0], 1);
    assert_eq!(ranked(&index, "租赁合同期限")[0], 3);
    assert_eq!(found(&index, "\"仲裁\""), [1]);
}
