//! Does the file find what an exact comparison finds, and does it come back from damage?

use super::*;
use proptest::prelude::*;

fn order(found: Vec<Near>) -> Vec<i64> {
    found.iter().map(|near| near.chunk).collect()
}

fn unit(seed: u64, dims: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    let mut vector: Vec<f32> = (0..dims).map(|_| next()).collect();
    normalise(&mut vector);
    vector
}

#[test]
fn nearest_first_filtered_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (DocumentId::new(), DocumentId::new());
    let mut vectors = Vectors::open(dir.path(), "m", 2).unwrap();
    for (chunk, document, vector) in [(5, a, [1.0, 0.0]), (1, b, [0.0, 1.0]), (3, a, [0.6, 0.8])] {
        vectors.put(chunk, document, &vector).unwrap();
    }
    assert_eq!(order(vectors.search(&[0.0, 1.0], 9, &[], None)), [1, 3, 5]);
    assert_eq!(order(vectors.search(&[0.0, 1.0], 2, &[], None)), [1, 3]);
    assert_eq!(order(vectors.search(&[0.0, 1.0], 9, &[a], None)), [3, 5]);
    assert_eq!(order(vectors.search(&[0.0, 1.0], 1, &[], Some(&HashSet::from([5, 7])))), [5], "however far");
    let cosine = vectors.search(&[1.0, 0.0], 2, &[], None)[1].cosine;
    assert!((cosine - 0.6).abs() < 0.01, "{cosine}");
    vectors.remove(a);
    assert_eq!((order(vectors.search(&[1.0, 0.0], 9, &[], None)), vectors.len()), (vec![1], 1));
    vectors.put(1, b, &[1.0, 0.0]).unwrap();
    assert!(vectors.search(&[1.0, 0.0], 1, &[], None)[0].cosine > 0.99);
    assert_eq!(vectors.search(&[1.0], 9, &[], None), []);
    vectors.remove_chunk(1);
    assert_eq!((vectors.len(), vectors.chunks().len()), (0, 0));
}

/// Opens a file with twenty rows of eight numbers, closed again.
fn twenty(dir: &Path) -> (DocumentId, std::path::PathBuf) {
    let document = DocumentId::new();
    let mut vectors = Vectors::open(dir, "m", 8).unwrap();
    for chunk in 1..=20 {
        vectors.put(chunk, document, &unit(chunk as u64, 8)).unwrap();
    }
    vectors.flush().unwrap();
    drop(vectors);
    (document, std::fs::read_dir(dir).unwrap().next().unwrap().unwrap().path())
}

#[test]
fn a_file_comes_back_whole_and_a_torn_row_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let (document, file) = twenty(dir.path());
    let again = Vectors::open(dir.path(), "m", 8).unwrap();
    assert_eq!(again.len(), 20);
    assert!((1..=20).all(|chunk| again.holds(chunk, document, &unit(chunk as u64, 8))));
    assert!(!again.holds(3, document, &unit(4, 8)) && !again.holds(21, document, &unit(21, 8)));
    drop(again);
    // A bit of the fourth row's numbers, and a cut in the twentieth row.
    let mut bytes = std::fs::read(&file).unwrap();
    let stride = (8 + 32usize).next_multiple_of(16);
    bytes[64 + 3 * stride + 2] ^= 1;
    bytes.truncate(64 + 19 * stride + 20);
    std::fs::write(&file, bytes).unwrap();
    let mut torn = Vectors::open(dir.path(), "m", 8).unwrap();
    let mut missing: Vec<i64> = (1..=20).filter(|chunk| !torn.chunks().contains_key(chunk)).collect();
    missing.sort_unstable();
    assert_eq!(missing, [4, 20]);
    for chunk in missing {
        torn.put(chunk, document, &unit(chunk as u64, 8)).unwrap();
    }
    drop(torn);
    let mended = Vectors::open(dir.path(), "m", 8).unwrap();
    assert!((1..=20).all(|chunk| mended.holds(chunk, document, &unit(chunk as u64, 8))));
}

#[test]
fn another_model_or_form_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (_, file) = twenty(dir.path());
    std::fs::write(&file, "no such file as it should be").unwrap();
    assert_eq!(Vectors::open(dir.path(), "m", 8).unwrap().len(), 0);
    let (_, file) = twenty(dir.path());
    assert_eq!(Vectors::open(dir.path(), "m", 9).unwrap().len(), 0, "another length");
    let other = Vectors::open(dir.path(), "other", 8).unwrap();
    assert!(other.len() == 0 && !file.exists());
}

#[test]
fn what_is_filtered_sparsely_is_found_as_by_a_full_scan() {
    let dir = tempfile::tempdir().unwrap();
    let mut vectors = Vectors::open(dir.path(), "m", 16).unwrap();
    let documents: Vec<DocumentId> = (0..50).map(|_| DocumentId::new()).collect();
    for chunk in 1..=2_000 {
        vectors.put(chunk, documents[chunk as usize % 50], &unit(chunk as u64, 16)).unwrap();
    }
    let query = unit(77_777, 16);
    let all = vectors.search(&query, 2_000, &[], None);
    let of = |which: usize| all.iter().filter(|near| near.chunk % 50 == which as i64).copied().collect::<Vec<_>>();
    assert_eq!(vectors.search(&query, 2_000, &documents[7..8], None), of(7));
    let some: HashSet<i64> = (1..=2_000).filter(|chunk| chunk % 50 == 9).collect();
    assert_eq!(vectors.search(&query, 2_000, &[], Some(&some)), of(9));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    /// Of the forty that the bytes choose, the ten nearest are those of the numbers.
    #[test]
    fn bytes_choose_what_numbers_find(seed in any::<u32>()) {
        let dir = tempfile::tempdir().unwrap();
        let document = DocumentId::new();
        let mut vectors = Vectors::open(dir.path(), "m", 64).unwrap();
        let all: Vec<Vec<f32>> = (0..1_000u64).map(|n| unit(n + u64::from(seed) * 1_000, 64)).collect();
        for (n, vector) in all.iter().enumerate() {
            vectors.put(n as i64 + 1, document, vector).unwrap();
        }
        let query = unit(u64::from(seed) ^ 0xabcdef, 64);
        let mut exact: Vec<Near> = all.iter().enumerate()
            .map(|(n, vector)| Near { chunk: n as i64 + 1, cosine: dot(&query, vector) }).collect();
        exact.sort();
        let mut chosen = vectors.search(&query, 40, &[], None);
        for near in &mut chosen {
            let truth = dot(&query, &all[near.chunk as usize - 1]);
            prop_assert!((near.cosine - truth).abs() < 0.02);
            near.cosine = truth;
        }
        chosen.sort();
        prop_assert_eq!(order(chosen[..10].to_vec()), order(exact[..10].to_vec()));
    }
}

#[test]
fn long_vectors_and_normalising() {
    let mut vector: Vec<f32> = (0..387).map(|n| n as f32 - 100.0).collect();
    let plain: f32 = vector.iter().map(|x| x * x).sum();
    assert!((dot(&vector, &vector) - plain).abs() < plain * 1e-5);
    assert!(normalise(&mut vector) && (dot(&vector, &vector) - 1.0).abs() < 1e-4);
    assert!(!normalise(&mut [0.0, 0.0]));
}
