//! Does the index keep what it was given, and nothing of what was purged?

use super::*;

pub(super) fn passage(id: i64, document: DocumentId, text: &str) -> StoredPassage {
    StoredPassage {
        id,
        document,
        name: "file.md".into(),
        format: "md".into(),
        page: 1,
        start: 0,
        end: text.chars().count() as u32,
        section: None,
        language: Some("en".into()),
        text: text.into(),
        page_hash: String::new(),
        header: None,
        place: None,
    }
}

fn found(index: &TextIndex, text: &str) -> Vec<i64> {
    let terms = parse(text, &index.languages());
    let mut ids: Vec<i64> =
        index.search(&*terms.query(index.fields(), &[]), 10).unwrap().iter().map(|f| f.chunk).collect();
    ids.sort_unstable();
    ids
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
