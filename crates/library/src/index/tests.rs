//! Does the index keep what it was given, and nothing of what was purged?

use super::*;

fn passage(id: i64, document: DocumentId, text: &str) -> StoredPassage {
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

/// How many files under a folder hold these bytes.
fn holders(dir: &Path, word: &str) -> usize {
    let entries = std::fs::read_dir(dir).unwrap().flatten();
    entries
        .map(|entry| match entry.path() {
            path if path.is_dir() => holders(&path, word),
            path => usize::from(std::fs::read(path).unwrap().windows(word.len()).any(|at| at == word.as_bytes())),
        })
        .sum()
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
    let metas = index.index.searchable_segment_metas().unwrap();
    let old: Vec<String> =
        metas.iter().filter(|meta| meta.num_deleted_docs() > 0).map(|meta| meta.id().uuid_string()).collect();
    drop(metas);
    let files = || -> Vec<String> {
        let names = std::fs::read_dir(dir.path().join(format!("text-v{VERSION}"))).unwrap().flatten();
        names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    };
    let left = || files().into_iter().filter(|name| old.iter().any(|id| name.starts_with(id))).count();
    assert!(left() > 0 && holders(dir.path(), "zanzibar") > 0, "the word stands in files");
    index.expunge().unwrap();
    assert_eq!(left(), 0, "{old:?}");
    assert_eq!((holders(dir.path(), "zanzibar"), holders(dir.path(), "sleep")), (0, 0));
    assert!(!in_files(&index, "zanzibar") && !in_files(&index, "sleep") && in_files(&index, "wakes"));
    assert_eq!(found(&index, "walrus"), [3]);
    assert!(matches!(TextIndex::open(dir.path()), Err(IndexError::Tantivy(_))), "one writer at a time");
}
